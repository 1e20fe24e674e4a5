package keys

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// environment is the environment of the VM in the tests.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"TOKEN": "Bearer eyJ0eXAi.x.y\n", "OTHER": "Bearer b", "EMPTY": " \n", "LINES": "a\r\nx-evil: 1", "UMLAUT": "ü",
	}[name]
	return value, ok
}

// TestFetchHeaders: the headers go to the cluster of the configuration's URI, and to no other
// to which a discovery document points.
func TestFetchHeaders(t *testing.T) {
	const clusters = `"jwksClusters":{"10.0.0.1:6443":"kubernetes","keys.example":"other"},`
	const headers = `"headers":{"authorization":{"env":"TOKEN"},"x-tenant":{"env":"OTHER"}}`
	s := compile(t, `{"discovery":"https://kubernetes.default.svc/d","cluster":"kubernetes",`+clusters+headers+`}`, "iss")
	want := fmt.Sprint([][2]string{{"authorization", "Bearer eyJ0eXAi.x.y"}, {"x-tenant", "Bearer b"}})
	for uri, sent := range map[string]bool{
		"https://kubernetes.default.svc/k": true,
		"https://10.0.0.1:6443/k":          true,
		"https://keys.example/k":           false,
	} {
		r := NewRefresher(s, usable, 7)
		out, _ := r.Tick(now, "")
		if got := fmt.Sprint(out.Fetch.Headers); got != want {
			t.Errorf("the discovery document is fetched with %s, want %s", got, want)
		}
		doc := `{"issuer":"iss","jwks_uri":"` + uri + `"}`
		next, _, err := r.HandleAnswer(now, string(out.Store), out.Fetch, Answer{Headers: [][2]string{{":status", "200"}}, Body: doc})
		if err != nil || (fmt.Sprint(next.Fetch.Headers) == want) != sent || !sent && next.Fetch.Headers != nil {
			t.Errorf("%s is fetched with %v, %v, want the headers: %v", uri, next.Fetch.Headers, err, sent)
		}
	}
	plain := compile(t, `{"uri":"https://a/","cluster":"a"}`, "i")
	one := compile(t, `{"uri":"https://a/","cluster":"a","headers":{"authorization":{"env":"TOKEN"}}}`, "i")
	other := compile(t, `{"uri":"https://a/","cluster":"a","headers":{"authorization":{"env":"OTHER"}}}`, "i")
	if plain.ID == one.ID || one.ID == other.ID {
		t.Error("sources with other headers have the same ID")
	}
}

// TestFetchHeadersRefused: no error shows a value.
func TestFetchHeadersRefused(t *testing.T) {
	const value = "must name a variable with the value of a header, in visible ASCII, as its value"
	for headers, want := range map[string]string{
		`{}`:                                `/headers": must not be empty`,
		`[]`:                                `/headers": must be an object`,
		`{"Authorization":{"env":"TOKEN"}}`: `/Authorization": must have a header's name in lower case as its name; got "Authorization"`,
		`{":path":{"env":"TOKEN"}}`:         `must have a header's name in lower case`,
		`{"host":{"env":"TOKEN"}}`:          `must have a header's name in lower case`,
		`{"":{"env":"TOKEN"}}`:              `must have a header's name in lower case`,
		`{"authorization":"Bearer s3cret"}`: `/authorization": must be an object; got a value that may be a secret`,
		`{"authorization":{}}`:              `/authorization": needs "env"`,
		`{"authorization":{"env":""}}`:      `/env": must not be empty`,
		`{"authorization":{"value":"s3"}}`:  `unknown field "value"`,
		`{"authorization":{"env":"NONE"}}`:  `/env": must name an environment variable of the VM; there is none of this name`,
		`{"authorization":{"env":"EMPTY"}}`: value,
		`{"authorization":{"env":"LINES"}}`: value,
		`{"a":{"env":"UMLAUT"}}`:            value,
	} {
		t.Run(headers, func(t *testing.T) {
			var problems strictjson.Problems
			v, ok := strictjson.Parse(`{"remote":{"uri":"https://a/","cluster":"a","headers":`+headers+`}}`, &problems)
			if !ok {
				t.Fatal(problems)
			}
			Compile(v.Object().Get("remote"), "i", environment)
			if got := problems.Error(); !strings.Contains(got, want) || strings.Contains(got, "s3") && !strings.Contains(want, "value") {
				t.Errorf("Compile = %s, want %s", got, want)
			}
		})
	}
}

// FuzzFetchHeaders: what compiles is sent as one line of visible ASCII, under a name that is
// no pseudo-header, and no problem shows a value of the environment.
func FuzzFetchHeaders(f *testing.F) {
	for _, headers := range []string{
		`{"authorization":{"env":"TOKEN"}}`, `{"a":{"env":"LINES"},"b":{"env":"OTHER"}}`, `{":path":{"env":"TOKEN"}}`, `{"a":"Bearer b"}`,
	} {
		f.Add(headers)
	}
	f.Fuzz(func(t *testing.T, headers string) {
		var problems strictjson.Problems
		v, ok := strictjson.Parse(`{"remote":{"uri":"https://a/","cluster":"a","headers":`+headers+`}}`, &problems)
		if !ok {
			return
		}
		s := Compile(v.Object().Get("remote"), "i", environment)
		if strings.Contains(problems.Error(), "eyJ0eXAi") && !strings.Contains(headers, "eyJ0eXAi") {
			t.Errorf("Compile(%q) shows a value: %v", headers, problems)
		}
		for _, h := range s.headers {
			if problems == nil && (h[0] == "" || strings.ContainsAny(h[0], ":_ \r\n") || h[1] == "" || strings.ContainsAny(h[1], "\r\n\x00")) {
				t.Errorf("Compile(%q) sends %q", headers, h)
			}
		}
	})
}
