package inference_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// betweenSegments are put in the place of a slash, and withinSegments after any
// byte: what proxies, frameworks and servers are known to read differently.
var (
	betweenSegments = []string{
		"//", "///", "/./", "/../", "/x/../", "/%2e/", "/%2e%2e/", "/%2E%2E/", "/..;/", "/.;/", "/;/",
		"%2F", "%2f", "%5C", "%5c", "\\", "/\\", "%252F", "%c0%af", "%u002f", "/%00", "/ ", "\t/",
	}
	withinSegments = []string{
		";v=1", ";", "%00", "%0a", "%0d%0a", "\x00", "\n", "\r\n", " ", "\x7f", "\x80", "é",
		"#", "#f", "%", "%zz", "|", "^", "`", "<", "\"", "{", "[",
	}
)

// hostilePaths returns variants of a whole path.
func hostilePaths(path string) []string {
	return []string{
		"", "*", path[1:], "http://models.example.com" + path, "//models.example.com" + path, " " + path,
		path + "/", path + "/.", path + "/..", path + "#f", path + "#f?x", path + "?x#f",
		path + "?x y", path + "?\x00", path + "?\x80", path + "?x\\y",
		path + "?" + strings.Repeat("x", 64<<10), path + strings.Repeat("x", 64<<10), "/" + strings.Repeat("a/", 32<<10) + "a",
	}
}

// TestHostilePaths changes every accepted path in every place.
func TestHostilePaths(t *testing.T) {
	routes := compile(t, everyRoute)
	tried := 0
	refused := func(r inference.Request, path string) {
		t.Helper()
		tried++
		r.Path = path
		if m, why := routes.Match(r); why != reason.PathInvalid {
			t.Errorf("Match(%s %q on %s) = %s %s, want path_invalid", r.Method, path, r.Authority, why, callText(m.Call))
		}
	}
	for _, g := range accepted {
		for _, c := range g.cases {
			r := request(c.request, c.host)
			path, _, _ := strings.Cut(r.Path, "?")
			for i := range path {
				if path[i] == '/' {
					for _, s := range betweenSegments {
						refused(r, path[:i]+s+path[i+1:])
					}
				}
				refused(r, path[:i]+fmt.Sprintf("%%%02X", path[i])+path[i+1:])
				for _, s := range withinSegments {
					refused(r, path[:i+1]+s+path[i+1:])
				}
			}
			for _, p := range hostilePaths(path) {
				refused(r, p)
			}
		}
	}
	t.Logf("%d hostile paths", tried)
}

// TestSpellings checks for the paths of every protocol that other spellings are
// refused: escaped, or with a slash, a dot segment or a parameter too many.
func TestSpellings(t *testing.T) {
	tried := 0
	for _, g := range acceptedByProtocol {
		routes := compile(t, g.routes)
		for _, c := range g.cases {
			r := request(c.request, g.host)
			path, query, hasQuery := strings.Cut(r.Path, "?")
			for _, spelling := range spellings(path) {
				tried++
				if r.Path = spelling; hasQuery {
					r.Path += "?" + query
				}
				if m, why := routes.Match(r); why != reason.PathInvalid {
					t.Errorf("Match(%s %s on %s) = %s %s, want path_invalid", r.Method, r.Path, g.host, why, matchText(r, m))
				}
			}
		}
	}
	if tried < 3_000 {
		t.Errorf("%d spellings tried, want 3000 or more", tried)
	}
}

func spellings(path string) (list []string) {
	for i := 1; i < len(path); i++ {
		before, after := path[:i], path[i:]
		if path[i] == '/' {
			list = append(list, before+"/"+after, before+"%2f"+after[1:], before+"/."+after, before+";x"+after)
		}
		list = append(list, before+fmt.Sprintf("%%%02x", path[i])+after[1:])
	}
	return append(list, path+"/", "/"+path, path+"%00", path+"%20", path+" ", path+"\\")
}

// hostileHosts are no hosts, or more than one.
var hostileHosts = []string{
	// Ports, dots and empty parts.
	"", ":", ":80", "a:", "a:b", "a:80:80", "a:123456", "a: 80", "a:+80", "a:８０",
	"models.example.com.", "models.example.com.:80", ".models", "a..b", ".",
	// Userinfo, lists, spaces and control characters.
	"user@models.example.com", "user:pass@models.example.com", "models.example.com,other",
	"a b", " a", "a ", "a\t", "a\x00b", "a\r\nb", "é.example", "a\xff",
	// Parts of a URL, patterns and other characters.
	"a/b", "a?b", "a#b", "a\\b", "a%2eb", "a%00", "http://a", "//a", "*", "*.example.com", "a;b", "a'b", `"a"`, "a|b", "<a>", "(a)",
	"a!", "a$", "a&b", "a+b", "a=b", "a~b",
	// IPv6.
	"::1", "[::1", "::1]", "[]", "[]:80", "[::1]x", "[::1]:", "[::1]:x", "[::g]", "[v1.a]", "[fe80::1%25eth0]", "x[::1]", "[[::1]]",
}

func TestHostileHosts(t *testing.T) {
	routes := compile(t, everyRoute)
	for _, host := range hostileHosts {
		for _, line := range []string{"POST /kfserving/prod/fraud:predict", "POST /v1/models/fraud:predict", "gRPC /echo.EchoServer/Echo"} {
			if _, why := routes.Match(request(line, host)); why != reason.HostInvalid {
				t.Errorf("Match(%s on %q) = %s, want host_invalid", line, host, why)
			}
		}
	}
}
