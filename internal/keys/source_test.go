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
		s, again := Compile(v, x.issuer, x.algorithms...), Compile(v, x.issuer, x.algorithms...)
		name := fmt.Sprint(x)
		if other, ok := seen[s.ID]; ok || s.ID != again.ID || len(s.ID) != 32 {
			t.Errorf("%s has the ID of %s, or not twice the same", name, other)
		}
		seen[s.ID] = name
	}
}
