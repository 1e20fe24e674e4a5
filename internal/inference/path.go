package inference

import (
	"net/url"
	"strings"
)

// maxPath bounds :path in bytes, the query included.
const maxPath = 8 << 10

// Canonical reports whether a path (without its query) can be read in one way
// only: absolute, of unescaped RFC 3986 characters, without empty or dot
// segments, without parameters. What Envoy, a router, a framework and a model
// server would each normalise in their own way is refused here for all.
func Canonical(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	for i := 1; i < len(path); i++ {
		if !pathByte(path[i]) {
			return false
		}
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// pathByte is pchar of RFC 3986 section 3.3 without '%' and ';', and '/'.
func pathByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,=:@/", c) >= 0
}

// splitPath cuts :path at the query, which it keeps with its '?'. ok is false
// where either holds a byte that does not belong there.
func splitPath(raw string) (path, query string, ok bool) {
	if len(raw) > maxPath {
		return "", "", false
	}
	path = raw
	if i := strings.IndexByte(raw, '?'); i >= 0 {
		path, query = raw[:i], raw[i:]
	}
	for i := 0; i < len(query); i++ {
		if c := query[i]; c <= ' ' || c >= 0x7f || c == '#' || c == '\\' {
			return "", "", false
		}
	}
	return path, query, Canonical(path)
}

// QueryToken reports whether :path carries an access token in its query (RFC
// 6750 section 2.3): it would be logged by everyone on the way, and a caller
// that sends one expects it to count.
func QueryToken(raw string) bool {
	_, query, _ := strings.Cut(raw, "?")
	for query != "" {
		var parameter string
		if i := strings.IndexAny(query, "&;"); i >= 0 {
			parameter, query = query[:i], query[i+1:]
		} else {
			parameter, query = query, ""
		}
		name, _, _ := strings.Cut(parameter, "=")
		if plain, err := url.QueryUnescape(name); err == nil && plain == "access_token" {
			return true
		}
	}
	return false
}
