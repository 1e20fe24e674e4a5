package inference

import "strings"

// The bounds of :path in bytes. They are checked before anything reads the path. A name
// of a model or a version has maxName bytes at most, so that no path needs more.
const (
	maxTarget = 8 << 10 // with the query
	maxPath   = 2 << 10 // without it
)

// IsCanonicalPath reports whether a path (without its query) can be read in one
// way only: it is absolute and of unescaped RFC 3986 characters, and has no empty
// segments, no dot segments and no parameters. Envoy, a router, a framework and a
// model server would each normalise these in their own way.
func IsCanonicalPath(path string) bool {
	// pathBytes are pchar of RFC 3986 section 3.3 without '%' and ';', and '/'.
	if path == "" || path[0] != '/' {
		return false
	}
	segment := 1 // where it begins
	for i := 1; i < len(path); i++ {
		switch c := path[i]; {
		case !pathBytes[c]:
			return false
		case c == '/':
			if isDotSegment(path[segment:i]) {
				return false
			}
			segment = i + 1
		}
	}
	return !isDotSegment(path[segment:])
}

// isDotSegment reports whether a segment is empty, "." or "..", which are removed where a
// path is normalised (RFC 3986 section 5.2.4).
func isDotSegment(s string) bool { return s == "" || s == "." || s == ".." }

// splitPath cuts :path at its query, which keeps its '?'. ok is false where :path
// is too long, or the query has a byte that no query may have.
func splitPath(raw string) (path, query string, ok bool) {
	if len(raw) > maxTarget {
		return "", "", false
	}
	path = raw
	if i := strings.IndexByte(raw, '?'); i >= 0 {
		path, query = raw[:i], raw[i:]
	}
	if len(path) > maxPath {
		return "", "", false
	}
	for i := 0; i < len(query); i++ {
		if c := query[i]; c <= ' ' || c >= 0x7f || c == '#' || c == '\\' {
			return "", "", false
		}
	}
	return path, query, true
}

// HasQueryToken reports whether :path has an access token in its query (RFC 6750
// section 2.3), whichever of its bytes are percent-encoded. Every proxy on the way would
// log it, and a caller who sends one expects that it is used. It reports false where :path
// is longer than maxTarget, without reading it: splitPath refuses such a path.
func HasQueryToken(raw string) bool {
	if len(raw) > maxTarget {
		return false
	}
	query := strings.IndexByte(raw, '?')
	if query < 0 {
		return false
	}
	for begin, i := query+1, query+1; i <= len(raw); i++ {
		if i == len(raw) || raw[i] == '&' || raw[i] == ';' {
			if i-begin >= len(tokenParameter) && namesToken(raw[begin:i]) {
				return true
			}
			begin = i + 1
		}
	}
	return false
}

const tokenParameter = "access_token"

// namesToken reports whether a parameter, name=value or a name alone, has the name
// access_token once percent-encoded bytes are decoded (RFC 3986 section 2.1).
func namesToken(parameter string) bool {
	for i := range len(tokenParameter) {
		c, size := firstByte(parameter)
		if c != tokenParameter[i] {
			return false
		}
		parameter = parameter[size:]
	}
	return parameter == "" || parameter[0] == '='
}

// firstByte returns the byte that s begins with, and how many bytes of s it takes: three
// where it is percent-encoded. It returns 0 for "" and for an invalid encoding.
func firstByte(s string) (c byte, size int) {
	switch {
	case s == "":
		return 0, 0
	case s[0] != '%':
		return s[0], 1
	case len(s) < 3 || !hexBytes[s[1]] || !hexBytes[s[2]]:
		return 0, 0
	}
	return hexValue(s[1])<<4 | hexValue(s[2]), 3
}

// hexValue returns the value of a hexadecimal digit.
func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&0xf + 9
}
