package inference_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// declaredPaths are resources, narrowest first, each of a service of its own.
var declaredPaths = []string{
	"/", "/a", "/a/b:c", "/a/b/", "/c/b/x", "/c/{model}/x", "/c/{model}", "/a/b/*", "/a/*", "/c/*", "/*",
}

// readings are what servers make of a path before they route it.
var readings = map[string]func(path string) string{
	"as it is": func(path string) string { return path },
	"decoded": func(path string) string {
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return path
		}
		return decoded
	},
	"lower case":        strings.ToLower,
	"without its slash": func(path string) string { return strings.TrimSuffix(path, "/") },
	"with a slash":      func(path string) string { return strings.TrimSuffix(path, "/") + "/" },
}

// TestNoServerReadsANarrowerResource asks for random paths. What the gate allows for one
// resource is that of no narrower one, however a router reads the path: as it is, decoded, in
// lower case, with or without a slash at its end, and by any two of these.
func TestNoServerReadsANarrowerResource(t *testing.T) {
	var rows []string
	var routers []*regexp.Regexp
	for i, path := range declaredPaths {
		opening := ""
		pattern := regexp.QuoteMeta(path)
		if strings.HasSuffix(path, "*") {
			opening = `, "encoded": true, "trailingSlash": true`
			pattern = strings.TrimSuffix(pattern, `\*`) + ".*"
		}
		rows = append(rows, fmt.Sprintf(`{"path": %q, "methods": ["GET"], "verb": "predict", "service": "a/s%d"%s}`, path, i, opening))
		pattern = strings.ReplaceAll(pattern, `\{model\}`, "[^/]+")
		routers = append(routers, regexp.MustCompile("^"+pattern+"$"))
	}
	route := func(path string) int {
		return slices.IndexFunc(routers, func(r *regexp.Regexp) bool { return r.MatchString(path) })
	}
	rs := compile(t, `[{"protocol": "http", "hosts": ["`+kubeflowHost+`"], "resources": [`+strings.Join(rows, ",")+`]}]`)
	random, allowed := rand.New(rand.NewPCG(1, 2)), make([]int, len(declaredPaths))
	parts := []string{"a", "b", "c", "x", "a", "b", "c", "x", "A", "B", "b:c", "b%3Ac", "b%3ac",
		"%41", "a%2fb", "%C3%A9", "%20", "..", "%2e", "v1", ""}
	for range 100_000 {
		path := ""
		for range random.IntN(5) {
			path += "/" + parts[random.IntN(len(parts))]
		}
		if path == "" || random.IntN(3) == 0 {
			path += "/"
		}
		m, why := rs.Match(inference.Request{Method: "GET", Path: path, Authority: kubeflowHost})
		if why != reason.Allowed {
			continue
		}
		i, err := strconv.Atoi(m.Call.Models[0].Service[1:])
		if err != nil {
			t.Fatal(err)
		}
		allowed[i]++
		for first, read := range readings {
			for second, again := range readings {
				if got := route(again(read(path))); got >= 0 && got < i {
					t.Fatalf("Match(%q) is %s, and for a server that reads it %s, %s, it is %s",
						path, declaredPaths[i], first, second, declaredPaths[got])
				}
			}
		}
	}
	for i, path := range declaredPaths {
		if allowed[i] == 0 {
			t.Errorf("no request for %s is allowed: too few to prove anything", path)
		}
	}
}
