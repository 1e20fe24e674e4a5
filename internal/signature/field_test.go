package signature

import (
	"strings"
	"testing"
)

// acceptedFields are dictionaries, and their one form.
var acceptedFields = []struct{ value, want string }{
	{``, ``},
	{`  a=1  `, `a=1`},
	{`a=1,b=2`, `a=1, b=2`},
	{"a=1 \t,\t b=2", `a=1, b=2`},
	{`a`, `a`},
	{`a=?1`, `a`},
	{`a=?0`, `a=?0`},
	{`a;x;y=?1;z=?0`, `a;x;y;z=?0`},
	{`a=1; x=2;  y`, `a=1;x=2;y`},
	{`*a.b-c_d*9=1`, `*a.b-c_d*9=1`},
	{`a=007`, `a=7`},
	{`a=-0`, `a=0`},
	{`a=-12`, `a=-12`},
	{`a=999999999999999`, `a=999999999999999`},
	{`a="x y"`, `a="x y"`},
	{`a="\"\\"`, `a="\"\\"`},
	{`a="x\"y\\z"`, `a="x\"y\\z"`},
	{`a=""`, `a=""`},
	{`a=tok/en:x`, `a=tok/en:x`},
	{`a=*x`, `a=*x`},
	{`a=A`, `a=A`},
	{`a=::`, `a=::`},
	{`a=:AA==:`, `a=:AA==:`},
	{`a=:+/+/:;p="x"`, `a=:+/+/:;p="x"`},
	{`a=()`, `a=()`},
	{`a=(  )`, `a=()`},
	{`a=( "x"   "y" )`, `a=("x" "y")`},
	{`a=("x";req "y";name="z" 1 t :AA==: ?0);created=1;nonce="n"`, `a=("x";req "y";name="z" 1 t :AA==: ?0);created=1;nonce="n"`},
	// RFC 9421 sections 2.1.1 and 2.1.2
	{`  a=1,    b=2;x=1;y=2,   c=(a   b   c)`, `a=1, b=2;x=1;y=2, c=(a b c)`},
	{`  a=1, b=2;x=1;y=2, c=(a   b    c), d`, `a=1, b=2;x=1;y=2, c=(a b c), d`},
}

// refusedFields are none, or more than this package reads.
var refusedFields = []string{
	`a=1,`, `a=1, `, `,a=1`, `a=1,,b=2`, `a=1 b=2`, `a=1;b=2 c`, // commas
	`A=1`, `1=1`, `-a=1`, `=1`, `a =1`, `a= 1`, `ä=1`, `"a"=1`, `a.B=1`, // names
	`a=1, a=2`, `a=1;p=1;p=1`, `a=("x";p;p)`, `a, b, a`, // twice
	`a=`, `a=;p`, `a=1;`, `a=1; `, `a=1;P`, `a=1;p=`, `a=1;p=(1)`, `a=1;=1`, `a=1;;p`, `a=1 ;p`, // values and parameters
	`a=1000000000000000`, `a=-1000000000000000`, `a=--1`, `a=-`, `a=+1`, `a=0x1`, `a=1e1`, // integers
	`a=1.0`, `a=1.`, `a=.5`, `a=-1.5`, // decimals
	`a=@1`, `a=%"x"`, // dates, display strings
	`a="`, `a="x`, `a="x\"`, `a="\x"`, `a="\n"`, "a=\"\n\"", "a=\"\t\"", "a=\"\x7f\"", "a=\"\x00\"", `a="ä"`, // strings
	`a=?2`, `a=?`, `a=?true`, `a=?10`, // booleans
	`a=:`, `a=:AA==`, `a=:AA:`, `a=:AA=:`, `a=:AA===:`, `a=:AB==:`, `a=:A:`, `a=:-_-_:`, `a=:AA= =:`, "a=:AA\n==:", `a=:"":`, // bytes
	`a=(`, `a=)`, `a=("x"`, `a=("x""y")`, `a=("x","y")`, "a=(\"x\"\t\"y\")", `a=(("x"))`, `a=("x")1`, `a=("x";)`, // inner lists
	"a=1\x00", "\ta=1", "a=1\r\nb=2", `a={}`, `a=[1]`, `a='x'`, `a=#`,
}

func TestDictionary(t *testing.T) {
	for _, tt := range acceptedFields {
		members, ok := dictionary(tt.value, 8)
		if got := writeDictionary(members); !ok || got != tt.want {
			t.Errorf("dictionary(%q) = %q, %v, want %q", tt.value, got, ok, tt.want)
		}
	}
	for _, value := range refusedFields {
		if members, ok := dictionary(value, 8); ok {
			t.Errorf("dictionary(%q) = %q, want none", value, writeDictionary(members))
		}
	}
}

func TestDictionaryBounds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value func(n int) string
		most  int
	}{
		{"members", func(n int) string { return "a" + strings.Join(names(n), ", a") }, 8},
		{"parameters", func(n int) string { return "a" + strings.Join(append([]string{""}, names(n)...), ";a") }, maxParameters},
		{"components", func(n int) string { return "a=(" + strings.Repeat("1 ", n) + ")" }, MaxComponents},
		{"digits", func(n int) string { return "a=" + strings.Repeat("1", n) }, 15},
	} {
		if _, ok := dictionary(tt.value(tt.most), 8); !ok {
			t.Errorf("%s: %d are refused", tt.name, tt.most)
		}
		if _, ok := dictionary(tt.value(tt.most+1), 8); ok {
			t.Errorf("%s: %d are accepted", tt.name, tt.most+1)
		}
	}
}

// names returns n names.
func names(n int) []string {
	var all []string
	for i := range n {
		all = append(all, string(rune('a'+i)))
	}
	return all
}

// FuzzDictionary checks that what is written is read as the same.
func FuzzDictionary(f *testing.F) {
	for _, tt := range acceptedFields {
		f.Add(tt.value)
	}
	for _, value := range refusedFields {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		members, ok := dictionary(value, 8)
		if !ok {
			return
		}
		written := writeDictionary(members)
		again, ok := dictionary(written, 8)
		if rewritten := writeDictionary(again); !ok || rewritten != written {
			t.Fatalf("%q is written as %q, and that as %q, %v", value, written, rewritten, ok)
		}
	})
}
