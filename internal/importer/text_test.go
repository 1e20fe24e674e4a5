package importer

import (
	"testing"
)

// TestPattern: regular expressions that say a whole text or its beginning are read as that.
func TestPattern(t *testing.T) {
	for _, c := range []struct {
		re   string
		kind textKind
		text string
	}{
		{".*", present, ""},
		{".+", present, ""},
		{"/a", exactly, "/a"},
		{"^/a$", exactly, "/a"},
		{`/a\.json`, exactly, "/a.json"},
		{"/a/.*", begins, "/a/"},
		{`/a\.b/.*`, begins, "/a.b/"},
		{"/a.b", matches, "/a.b"},
		{"/a/.+", matches, "/a/.+"},
		{"/a|/b.*", matches, "/a|/b.*"},
		{`\d.*`, matches, `\d.*`},
		{`/a\$`, matches, `/a\$`},
	} {
		got, err := pattern(c.re)
		if err != nil || got.kind != c.kind || got.text != c.text {
			t.Errorf("pattern(%q) = %d %q, %v; want %d %q", c.re, got.kind, got.text, err, c.kind, c.text)
		}
	}
	if _, err := pattern("("); err == nil {
		t.Error("pattern of half an expression has no error")
	}
}

// TestBelow: what a test says of all paths below one.
func TestBelow(t *testing.T) {
	re, err := pattern("/r/[0-9]+")
	if err != nil {
		t.Fatal(err)
	}
	own := func(text string, rest bool) bool { return text == "/a/b" }
	for _, c := range []struct {
		test  textTest
		begin string
		want  truth
	}{
		{textTest{kind: present}, "/", yes},
		{textTest{kind: begins, text: "/a"}, "/a/", yes},
		{textTest{kind: begins, text: "/a/b/"}, "/a/", no}, // it has a cell of its own
		{textTest{kind: begins, text: "/a/c/"}, "/a/", maybe},
		{textTest{kind: begins, text: "/a/bc"}, "/a/", maybe},
		{textTest{kind: begins, text: "/b"}, "/a/", no},
		{textTest{kind: begins, text: "/A", fold: true}, "/a/", yes},
		{textTest{text: "/a/b"}, "/a/", no},
		{textTest{text: "/a/c"}, "/a/", maybe},
		{textTest{text: "/A/B", fold: true}, "/a/", maybe},
		{textTest{text: "/b"}, "/a/", no},
		{textTest{kind: ends, text: ".json"}, "/a/", maybe},
		{re, "/r/", maybe},
		{re, "/", maybe},
		{re, "/q/", no},
	} {
		if got := c.test.below(c.begin, own); got != c.want {
			t.Errorf("%q below %q = %d, want %d", c.test, c.begin, got, c.want)
		}
	}
}

// TestTerms: what a condition and its contrary are as terms, and that there is a bound.
func TestTerms(t *testing.T) {
	a, b, c := is(&literal{why: "a"}), is(&literal{why: "b"}), is(&literal{why: "c"})
	for _, x := range []struct {
		e    expr
		not  bool
		want string
	}{
		{all(), false, "()"},
		{all(), true, ""},
		{either(), false, ""},
		{either(), true, "()"},
		{all(a, either(b, c)), false, "(a b)(a c)"},
		{all(a, either(b, c)), true, "(!a)(!b !c)"},
		{not(all(a, b)), false, "(!a)(!b)"},
		{all(a, a), false, "(a)"},
	} {
		terms, err := x.e.terms(x.not)
		got := ""
		for _, term := range terms {
			got += "("
			for i, l := range term.literals {
				if i > 0 {
					got += " "
				}
				if l.not {
					got += "!"
				}
				got += l.is.why
			}
			got += ")"
		}
		if err != nil || got != x.want {
			t.Errorf("terms = %s, %v; want %s", got, err, x.want)
		}
	}
	many := all()
	for range 12 {
		many.parts = append(many.parts, either(is(&literal{}), is(&literal{})))
	}
	if _, err := many.terms(false); err == nil {
		t.Error("4096 terms have no error")
	}
}
