package keys

import (
	"fmt"
	"testing"

	"github.com/modelgate/modelgate/internal/strictjson"
)

func TestTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"https://keys.example":           {"", "https", "keys.example", "/"},
		"https://keys.example/a/b?c=d&e": {"", "https", "keys.example", "/a/b?c=d&e"},
		"http://127.0.0.1:8080/k":        {"", "http", "127.0.0.1:8080", "/k"},
		"https://[::1]:8443/k":           {"", "https", "[::1]:8443", "/k"},
	} {
		if got, ok := parseTarget(text); !ok || got != want {
			t.Errorf("parseTarget(%s) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "keys.example", "/k", "ftp://a/", "https:///k", "https://:80/k", "https://a b/", "https://a/\n", "https://a/é",
		"https://u@a/", "https://u:p@a/", "https://a/#f", "https://A/", "https:k", "https://a:x/", "https://[::1/",
	} {
		if got, ok := parseTarget(text); ok {
			t.Errorf("parseTarget(%q) = %v, want none", text, got)
		}
	}
}

func TestSourceID(t *testing.T) {
	seen := map[string]string{}
	for _, x := range []struct {
		doc, issuer string
		algorithms  []string
	}{
		{`{"uri":"https://a/","cluster":"a"}`, "i", nil},
		{`{"uri":"https://b/","cluster":"a"}`, "i", nil},
		{`{"uri":"https://a/","cluster":"b"}`, "i", nil},
		{`{"uri":"https://a/","cluster":"a","refresh":"1m"}`, "i", nil},
		{`{"uri":"https://a/","cluster":"a"}`, "j", nil},
		{`{"uri":"https://a/","cluster":"a"}`, "i", []string{"ES256"}},
		{`{"uri":"https://a/","cluster":"a"}`, "i", []string{"ES256", "RS256"}},
	} {
		var problems strictjson.Problems
		v, _ := strictjson.Parse(x.doc, &problems)
		s, again := Compile(v, x.issuer, environment, x.algorithms...), Compile(v, x.issuer, environment, x.algorithms...)
		name := fmt.Sprint(x)
		if other, ok := seen[s.ID]; ok || s.ID != again.ID || len(s.ID) != 32 {
			t.Errorf("%s has the ID of %s, or not twice the same", name, other)
		}
		seen[s.ID] = name
	}
}

// TestSameSource: how a source is written does not matter, and neither does saying what is
// the default.
func TestSameSource(t *testing.T) {
	const discovery = `{"discovery":"https://a/","cluster":"a","jwksClusters":{"b":"b","c":"c"}}`
	for _, x := range []struct{ name, doc, same string }{
		{"spaces", `{"uri":"https://a/","cluster":"a"}`, "{ \"uri\" : \"https://a/\",\n\t\"cluster\": \"a\" }"},
		{"order", `{"uri":"https://a/","cluster":"a"}`, `{"cluster":"a","uri":"https://a/"}`},
		{"escapes", `{"uri":"https://a/","cluster":"a"}`, `{"uri":"https:\/\/a\/","cluster":"\u0061"}`},
		{"defaults", `{"uri":"https://a/","cluster":"a"}`, `{"uri":"https://a/","cluster":"a","refresh":"5m","timeout":"5s","wait":"10s"}`},
		{"units", `{"uri":"https://a/","cluster":"a","wait":"60s"}`, `{"uri":"https://a/","cluster":"a","wait":"1m"}`},
		{"order of clusters", discovery, `{"discovery":"https://a/","cluster":"a","jwksClusters":{"c":"c","b":"b"}}`},
	} {
		t.Run(x.name, func(t *testing.T) {
			if a, b := compile(t, x.doc, "i"), compile(t, x.same, "i"); a.ID != b.ID {
				t.Errorf("%s and %s have different IDs", x.doc, x.same)
			}
		})
	}
	for _, x := range []struct{ name, doc string }{
		{"other clusters", `{"discovery":"https://a/","cluster":"a","jwksClusters":{"b":"c","c":"b"}}`},
		{"fewer clusters", `{"discovery":"https://a/","cluster":"a","jwksClusters":{"b":"b"}}`},
		{"a key set", `{"uri":"https://a/","cluster":"a"}`},
	} {
		t.Run(x.name, func(t *testing.T) {
			if a, b := compile(t, discovery, "i"), compile(t, x.doc, "i"); a.ID == b.ID {
				t.Errorf("%s and %s have the same ID", discovery, x.doc)
			}
		})
	}
}
