package signature_test

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	. "github.com/modelgate/modelgate/internal/signature"
)

// headersOf makes headers of lines such as "signature: a=:AA==:".
func headersOf(lines ...string) (headers [][2]string) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		headers = append(headers, [2]string{name, value})
	}
	return headers
}

// acceptedInputs are values of Signature-Input with one label, and how its components and parameters are read.
var acceptedInputs = []struct{ input, components, params string }{
	{`a=()`, ``, `{}`},
	{`a=("@method")`, `"@method"`, `{}`},
	{`a=( "@method"  "@path" )`, `"@method" "@path"`, `{}`},
	{`a=("@method" "@target-uri" "@authority" "@scheme" "@request-target" "@path" "@query" "@status")`,
		`"@method" "@target-uri" "@authority" "@scheme" "@request-target" "@path" "@query" "@status"`, `{}`},
	{`a=(` + queryParams(8) + `)`, queryParams(8), `{}`},
	{`a=("@query-param";name="x" "@query-param";name="y")`, `"@query-param";name="x" "@query-param";name="y"`, `{}`},
	{`a=("@query-param";name="x";req "@query-param";req;name="y")`, `"@query-param";name="x";req "@query-param";req;name="y"`, `{}`},
	{`a=("content-type" "content-type";req "x-a";bs)`, `"content-type" "content-type";req "x-a";bs`, `{}`},
	{`a=("x";bs=?1;req=?1)`, `"x";bs;req`, `{}`},
	{`a=("x" "x";bs "x";key="a" "x";key="b")`, `"x" "x";bs "x";key="a" "x";key="b"`, `{}`},
	{`a=("content-digest" "content-digest";sf "content-digest";key="sha-256")`,
		`"content-digest" "content-digest";sf "content-digest";key="sha-256"`, `{}`},
	{`a=();created=1`, ``, `{created 1}`},
	{`a=();created=1;expires=2;nonce="n";alg="ed25519";keyid="k";tag="t"`, ``, `{k ed25519 n t created 1 expires 2}`},
	{`a=();tag="t";keyid="k"`, ``, `{k t}`},
	{`a=(); created=1; keyid="k"`, ``, `{k created 1}`},
	{`a=();keyid="with \"quotes\" and \\"`, ``, `{with "quotes" and \}`},
	{`a=();created=999999999999999`, ``, `{created 999999999999999}`},
	{`a=();keyid="` + strings.Repeat("k", 256) + `"`, ``, `{` + strings.Repeat("k", 256) + `}`},
}

// queryParams returns so many components.
func queryParams(n int) string {
	var all []string
	for i := range n {
		all = append(all, `"@query-param";name="`+string(rune('a'+i))+`"`)
	}
	return strings.Join(all, " ")
}

// parts returns so many members of a dictionary as components.
func parts(n int) string { return strings.ReplaceAll(queryParams(n), `"@query-param";name`, `"x";key`) }

// show writes parameters as {keyid alg nonce tag created expires}, without what is absent.
func show(p Params) string {
	s := strings.Join([]string{p.KeyID, p.Algorithm, p.Nonce, p.Tag}, " ")
	if p.Created != 0 {
		s += fmt.Sprint(" created ", p.Created)
	}
	if p.Expires != 0 {
		s += fmt.Sprint(" expires ", p.Expires)
	}
	return "{" + strings.Join(strings.Fields(s), " ") + "}"
}

// refusedInputs are values of Signature-Input, and why they are refused.
var refusedInputs = []struct{ input, want string }{
	{``, "signature-input: malformed"},
	{`a`, "signature-input: malformed"},
	{`a="x"`, "signature-input: malformed"},
	{`a=:AA==:`, "signature-input: malformed"},
	{`a=("x"`, "signature-input: malformed"},
	{`a=(), a=()`, "signature-input: malformed"},
	{`a=();created=1;created=1`, "signature-input: malformed"},
	{`a=();created=1.5`, "signature-input: malformed"},
	{`a=();created=@1`, "signature-input: malformed"},
	{`a=(x)`, `x: malformed`},
	{`a=(1)`, `1: malformed`},
	{`a=("")`, `"": malformed`},
	{`a=("@")`, `"@": malformed`},
	{`a=("X")`, `"X": malformed`},
	{`a=("x y")`, `"x y": malformed`},
	{`a=("x:")`, `"x:": malformed`},
	{`a=("@Method")`, `"@Method": malformed`},
	{`a=("@method" "@method")`, `"@method": malformed`},
	{`a=("x" "y" "x")`, `"x": malformed`},
	{`a=("x";req;bs "x";bs;req)`, `"x";bs;req: malformed`},
	{`a=("@query-param";name="x" "@query-param";name="x")`, `"@query-param";name="x": malformed`},
	{`a=("@unknown")`, `"@unknown": unsupported`},
	{`a=("@signature-params")`, `"@signature-params": unsupported`},
	{`a=("@request-response")`, `"@request-response": unsupported`},
	{`a=("@method @path")`, `"@method @path": malformed`},
	{`a=("@query-param")`, `"@query-param": unsupported`},
	{`a=("@query-param";name)`, `"@query-param";name: unsupported`},
	{`a=("@query-param";name=x)`, `"@query-param";name=x: unsupported`},
	{`a=("@query-param";key="x")`, `"@query-param";key="x": unsupported`},
	{`a=("@query-param";name="x";bs)`, `"@query-param";name="x";bs: unsupported`},
	{`a=("@method";name="x")`, `"@method";name="x": unsupported`},
	{`a=("@method";sf)`, `"@method";sf: unsupported`},
	{`a=("@method";bs)`, `"@method";bs: unsupported`},
	{`a=("@method";key="x")`, `"@method";key="x": unsupported`},
	{`a=("@method";tr)`, `"@method";tr: unsupported`},
	{`a=("x";tr)`, `"x";tr: unsupported`},
	{`a=("x";sf)`, `"x";sf: unsupported`},
	{`a=("content-digest";sf;key="a")`, `"content-digest";sf;key="a": unsupported`},
	{`a=("x";bs;key="a")`, `"x";bs;key="a": unsupported`},
	{`a=("x";key)`, `"x";key: unsupported`},
	{`a=("x";key=1)`, `"x";key=1: unsupported`},
	{`a=("x";name="y")`, `"x";name="y": unsupported`},
	{`a=("x";bs=?0)`, `"x";bs=?0: unsupported`},
	{`a=("x";req=?0)`, `"x";req=?0: unsupported`},
	{`a=("x";req=1)`, `"x";req=1: unsupported`},
	{`a=("x";unknown)`, `"x";unknown: unsupported`},
	{`a=(` + queryParams(9) + `)`, `"@query-param";name="i": malformed`},
	{`a=("content-digest";sf ` + parts(8) + `)`, `"x";key="h": malformed`},
	{`a=();created`, "created: malformed"},
	{`a=();created="1"`, "created: malformed"},
	{`a=();created=0`, "created: malformed"},
	{`a=();created=-1`, "created: malformed"},
	{`a=();expires=?1`, "expires: malformed"},
	{`a=();nonce=n`, "nonce: malformed"},
	{`a=();nonce=1`, "nonce: malformed"},
	{`a=();nonce=:AA==:`, "nonce: malformed"},
	{`a=();nonce=""`, "nonce: malformed"},
	{`a=();alg=ed25519`, "alg: malformed"},
	{`a=();keyid`, "keyid: malformed"},
	{`a=();keyid=""`, "keyid: malformed"},
	{`a=();tag=?1`, "tag: malformed"},
	{`a=();keyid="` + strings.Repeat("k", 257) + `"`, "keyid: malformed"},
	{`a=();unknown=1`, "unknown: unsupported"},
	{`a=();context="x"`, "context: unsupported"},
	{`a=(` + strings.Repeat(`"x" `, 33) + `)`, "signature-input: malformed"},
	{`a=("` + strings.Repeat("x", 8<<10) + `")`, "signature-input: malformed"},
}

func TestParse(t *testing.T) {
	for _, tt := range acceptedInputs {
		signatures, err := Parse(headersOf("signature-input: "+tt.input, "signature: a=:AQI=:"))
		if err != nil || len(signatures) != 1 {
			t.Errorf("Parse(%s) = %v, %v", tt.input, signatures, err)
			continue
		}
		s := signatures[0]
		var components []string
		for _, c := range s.Components {
			components = append(components, c.String())
		}
		if got := strings.Join(components, " "); got != tt.components || show(s.Params) != tt.params {
			t.Errorf("Parse(%s) = %s, %s, want %s, %s", tt.input, got, show(s.Params), tt.components, tt.params)
		}
		if s.Label != "a" || string(s.Value) != "\x01\x02" {
			t.Errorf("Parse(%s) = %s, %v", tt.input, s.Label, s.Value)
		}
	}
	for _, tt := range refusedInputs {
		if _, err := Parse(headersOf("signature-input: "+tt.input, "signature: a=:AQI=:")); text(err) != "signature: "+tt.want {
			t.Errorf("Parse(%s) = %v, want %s", tt.input, err, tt.want)
		}
	}
}

// Both headers must have the same labels, and there may be four.
func TestParseLabels(t *testing.T) {
	for _, tt := range []struct {
		headers []string
		want    string // the labels, or the error
	}{
		{nil, ""},
		{[]string{"x: signature"}, ""},
		{[]string{"signature-input: a=()", "signature: a=:AA==:"}, "a"},
		{[]string{"signature-input: a=(), b=()", "signature: b=:AA==:, a=:AA==:"}, "a b"},
		{[]string{"signature-input: a=()", "signature-input: b=()", "signature: a=:AA==:", "signature: b=:AA==:"}, "a b"},
		{[]string{"signature-input: a=(),b=(),c=(),d=()", "signature: a=:AA==:,b=:AA==:,c=:AA==:,d=:AA==:"}, "a b c d"},
		{[]string{"signature-input: a=(),b=(),c=(),d=(),e=()", "signature: a=:AA==:"}, "signature: signature-input: malformed"},
		{[]string{"signature-input: a=()", "signature: a=::,b=::,c=::,d=::,e=::"}, "signature: signature: malformed"},
		{[]string{"signature-input: a=()"}, "signature: signature: malformed"},
		{[]string{"signature: a=:AA==:"}, "signature: signature-input: malformed"},
		{[]string{"signature-input: ", "signature: "}, "signature: signature-input: malformed"},
		{[]string{"signature-input: a=()", "signature: b=:AA==:"}, "signature: signature: malformed"},
		{[]string{"signature-input: a=()", "signature: a=:AA==:, b=:AA==:"}, "signature: signature: malformed"},
		{[]string{"signature-input: a=(), b=()", "signature: a=:AA==:"}, "signature: signature: malformed"},
		{[]string{"signature-input: a=()", "signature-input: a=()", "signature: a=:AA==:"}, "signature: signature-input: malformed"},
		{[]string{"signature-input: a=()", "signature: a=:AA==:", "signature: a=:AA==:"}, "signature: signature: malformed"},
		{[]string{"signature-input: a=()", `signature: a="AA=="`}, "signature: signature: malformed"},
		{[]string{"signature-input: a=()", "signature: a"}, "signature: signature: malformed"},
		{[]string{"signature-input: a=()", "signature: a=:AA==:;x=1"}, "signature: signature: malformed"},
		{[]string{"signature-input: a=()", "signature: a=(:AA==:)"}, "signature: signature: malformed"},
		{[]string{"signature-input: a=()", "signature: a=:AA:"}, "signature: signature: malformed"},
	} {
		signatures, err := Parse(headersOf(tt.headers...))
		got := text(err)
		for i, s := range signatures {
			got += " "[:min(i, 1)] + s.Label
		}
		if got != tt.want {
			t.Errorf("Parse(%q) = %q, want %q", tt.headers, got, tt.want)
		}
	}
}

func TestParseAccept(t *testing.T) {
	// RFC 9421 section 5.1
	got, err := ParseAccept(headersOf(`accept-signature: sig1=("@method" "@target-uri" "@authority" "content-digest" "cache-control");` +
		`keyid="test-key-rsa-pss";created;tag="app-123"`))
	if err != nil || len(got) != 1 || got[0].Label != "sig1" || len(got[0].Components) != 5 ||
		!reflect.DeepEqual(got[0].Params, Params{KeyID: "test-key-rsa-pss", Tag: "app-123", Created: 1}) {
		t.Errorf("ParseAccept = %+v, %v", got, err)
	}
	for _, tt := range []struct{ value, want string }{
		{`a=("@status")`, ""},
		{`a=("@status");created;expires;nonce="n";alg="ed25519"`, ""},
		{`a=(), b=()`, ""},
		{`a=();created=1`, "created: malformed"},
		{`a=();created=?0`, "created: malformed"},
		{`a=();unknown`, "unknown: unsupported"},
		{`a=("@status" "@status")`, `"@status": malformed`},
		{`a="x"`, "accept-signature: malformed"},
		{`a=(`, "accept-signature: malformed"},
		{``, "accept-signature: malformed"},
	} {
		if _, err := ParseAccept(headersOf("accept-signature: " + tt.value)); strings.TrimPrefix(text(err), "signature: ") != tt.want {
			t.Errorf("ParseAccept(%s) = %v, want %s", tt.value, err, tt.want)
		}
	}
	if got, err := ParseAccept(nil); got != nil || err != nil {
		t.Error(got, err)
	}
}

func TestParseComponent(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`@method`, `"@method"`},
		{`content-digest`, `"content-digest"`},
		{`"content-digest"`, `"content-digest"`},
		{`"content-digest";key="sha-256"`, `"content-digest";key="sha-256"`},
		{`"@path";req`, `"@path";req`},
		{`"@query-param"; name="x"`, `"@query-param";name="x"`},
	} {
		if c, err := ParseComponent(tt.text); err != nil || c.String() != tt.want {
			t.Errorf("ParseComponent(%s) = %s, %v, want %s", tt.text, c, err, tt.want)
		}
	}
	for _, text := range []string{
		``, `@`, `@unknown`, `@query-param`, `Content-Digest`, `a b`, `@path;req`, `"@path`, `"@path" `, `"@path";`, `"@path";tr`, ` @path`,
	} {
		if c, err := ParseComponent(text); err == nil {
			t.Errorf("ParseComponent(%s) = %s, want an error", text, c)
		}
	}
}

// FuzzParse checks that what is accepted has one strict form, which is accepted as the same.
func FuzzParse(f *testing.F) {
	for _, tt := range acceptedInputs {
		f.Add(tt.input, "a=:AQI=:")
	}
	for _, tt := range refusedInputs {
		if len(tt.input) < 1000 {
			f.Add(tt.input, "a=:AQI=:")
		}
	}
	for _, v := range vectors {
		for _, h := range readMessage(f, v.file).Headers {
			if h[0] == "signature-input" {
				f.Add(h[1], "sig1=:AA==:")
			}
		}
	}
	f.Fuzz(func(t *testing.T, input, value string) {
		signatures, err := Parse([][2]string{{"signature-input", input}, {"signature", value}})
		if err != nil {
			return
		}
		if len(signatures) == 0 || len(signatures) > MaxSignatures {
			t.Fatalf("%d signatures", len(signatures))
		}
		for _, s := range signatures {
			signer, _ := NewSigner(HMACSHA256, make([]byte, 32), nil)
			s.Algorithm = ""
			m := request("/p?x=y")
			if _, err := s.Base(m); err != nil {
				continue
			}
			made, madeValue, err := signer.Sign(m, s.Label, s.Components, s.Params)
			if err != nil {
				t.Fatalf("%s: %v", input, err)
			}
			read, err := Parse([][2]string{{"signature-input", made}, {"signature", madeValue}})
			if err != nil || !reflect.DeepEqual(read[0].Components, s.Components) || read[0].Params != s.Params {
				t.Fatalf("%s: %s: %v", input, made, err)
			}
		}
	})
}

// TestParseMemory: a header of many strings takes memory in proportion to its length. Anybody
// can send one.
func TestParseMemory(t *testing.T) {
	item := `"x"`
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		item += ";" + name + `="b"`
	}
	list := "(" + strings.TrimSpace(strings.Repeat(item+" ", MaxComponents)) + ")"
	value := "a=" + list + ", b=" + list + ", c=" + list + ", d=" + list
	headers := [][2]string{{"signature-input", value}, {"signature", "a=:AA==:"}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = Parse(headers)
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, 64*uint64(len(value)); got > most {
		t.Errorf("a header of %d bytes takes %d bytes of memory, want at most %d", len(value), got, most)
	}
}
