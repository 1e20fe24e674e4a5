package inference

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

func TestPathBounds(t *testing.T) {
	path := func(n int) string { return "/" + strings.Repeat("a", n-1) }
	for _, c := range []struct {
		name, raw string
		ok        bool
	}{
		{"the longest path", path(maxPath), true},
		{"a longer one", path(maxPath + 1), false},
		{"the longest query", path(maxPath) + "?" + strings.Repeat("q", maxTarget-maxPath-1), true},
		{"a longer query", path(10) + "?" + strings.Repeat("q", maxTarget-10), false},
		{"a long path before a query", path(maxPath+1) + "?q", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, ok := splitPath(c.raw); ok != c.ok {
				t.Errorf("splitPath(%d bytes) = %v, want %v", len(c.raw), ok, c.ok)
			}
		})
	}
}

func TestHasQueryToken(t *testing.T) {
	for raw, want := range map[string]bool{
		"/":                            false,
		"/access_token":                false,
		"/?access_token":               true,
		"/?access_token=":              true,
		"/?access_token=x":             true,
		"/?a=1&access_token=x":         true,
		"/?a=1;access_token=x":         true,
		"/?access_token=x&a":           true,
		"/?%61ccess_token=x":           true,
		"/?access%5ftoken=x":           true,
		"/?access%5Ftoken":             true,
		"/?" + encoded("access_token"): true,
		"/?access_token%3Dx":           false,
		"/?access_toke":                false,
		"/?access_tokens":              false,
		"/?Access_token":               false,
		"/?xaccess_token":              false,
		"/?a=access_token":             false,
		"/?access_token%":              false,
		"/?access_token%2":             false,
		"/?access%5":                   false,
		"/?access%zztoken":             false,
		"/?access+token":               false,
		"/?a?access_token":             false,
		"/?" + strings.Repeat("&", maxTarget-20) + "access_token": true,
		"/?" + strings.Repeat("&", maxTarget) + "access_token":    false, // no path: see splitPath
	} {
		t.Run(raw[:min(len(raw), 40)], func(t *testing.T) {
			if got := HasQueryToken(raw); got != want {
				t.Errorf("HasQueryToken(%.60q) = %v, want %v", raw, got, want)
			}
		})
	}
}

// encoded percent-encodes every byte.
func encoded(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15])))
	}
	return b.String()
}

// TestQueryTokenAgainstNetURL compares HasQueryToken with a reader that unescapes each
// name by net/url.
func TestQueryTokenAgainstNetURL(t *testing.T) {
	pieces := []string{"access_token", "access", "_", "token", "%5f", "%5F", "%61", "a", "%", "%2", "%zz", "&", ";", "=", "?", "+", "x",
		"%26", "%3d"}
	random, found := rand.New(rand.NewPCG(3, 4)), 0
	for range 200_000 {
		raw := "/?"
		for range 1 + random.IntN(8) {
			raw += pieces[random.IntN(len(pieces))]
		}
		want := false
		_, query, _ := strings.Cut(raw, "?")
		for _, parameter := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
			name, _, _ := strings.Cut(parameter, "=")
			plain, err := url.QueryUnescape(name)
			want = want || err == nil && plain == "access_token"
		}
		if got := HasQueryToken(raw); got != want {
			t.Fatalf("HasQueryToken(%q) = %v, want %v", raw, got, want)
		}
		if want {
			found++
		}
	}
	if found < 1000 {
		t.Errorf("%d tokens, want at least 1000", found)
	}
}

func TestAuthorityAndMethodBounds(t *testing.T) {
	host := strings.Repeat("a.", maxAuthority)
	for n, want := range map[int]bool{maxAuthority - 6: true, maxAuthority: true, maxAuthority + 1: false} {
		if _, ok := splitAuthority(host[:n-1] + "a"); ok != want {
			t.Errorf("splitAuthority(%d bytes) = %v, want %v", n, ok, want)
		}
	}
	if _, ok := splitAuthority(host[:252] + "a:65535"); !ok {
		t.Error("splitAuthority(the longest host and port) = false, want true")
	}
	routes := &Routes{}
	for n, want := range map[int]int{maxMethod: 1, maxMethod + 1: 0} {
		asked := 0
		routes.routes = []*Route{{match: func(*parsedRequest) (Match, reason.Reason) { asked++; return Match{}, reason.PathUnknown }}}
		r := Request{Method: strings.Repeat("X", n), Authority: "a", Path: "/a"}
		if _, why := routes.Match(r); why != reason.PathUnknown || asked != want {
			t.Errorf("Match(a method of %d bytes) = %s after %d routes, want path_unknown after %d", n, why, asked, want)
		}
	}
}
