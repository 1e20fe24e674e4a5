package inference

import (
	"net/url"
	"strings"
)

// maxPath bounds :path in bytes, its query included.
const maxPath = 8 << 10

// IsCanonicalPath reports whether a path (without its query) can be read in one
// way only: it is absolute and of unescaped RFC 3986 characters, and has no empty
// segments, no dot segments and no parameters. Envoy, a router, a framework and a
// model server would each normalise these in their own way.
func IsCanonicalPath(path string) bool {
	// pathBytes are pchar of RFC 3986 section 3.3 without '%' and ';', and '/'.
	rest, absolute := strings.CutPrefix(path, "/")
	return absolute && consistsOf(path, pathBytes) && eachPart(rest, '/', func(segment string) bool {
		return segment != "" && segment != "." && segment != ".."
	})
}

// splitPath cuts :path at its query, which keeps its '?'. ok is false where :path
// is longer than maxPath, the path is not canonical, or the query has a byte that
// no query may have.
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
	return path, query, IsCanonicalPath(path)
}

// HasQueryToken reports whether :path has an access token in its query (RFC 6750
// section 2.3). Every proxy on the way would log it, and a caller who sends one
// expects that it is used.
func HasQueryToken(raw string) bool {
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
