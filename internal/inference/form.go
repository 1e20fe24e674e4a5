package inference

import "strings"

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// identifier reports whether s is a name of the Protocol Buffers language.
func identifier(s string) bool {
	return s != "" && !(s[0] >= '0' && s[0] <= '9') && strings.Trim(s, alphanumeric+"_") == ""
}

// serviceForm reports whether s is identifiers with dots between them.
func serviceForm(s string) bool {
	for name := range strings.SplitSeq(s, ".") {
		if !identifier(name) {
			return false
		}
	}
	return true
}

// prefixForm reports whether s is a path of segments of RFC 3986's unreserved
// characters, none of which begins with a dot.
func prefixForm(s string) bool {
	rest, ok := strings.CutPrefix(s, "/")
	for segment := range strings.SplitSeq(rest, "/") {
		ok = ok && segment != "" && segment[0] != '.' && strings.Trim(segment, alphanumeric+"._~-") == ""
	}
	return ok
}
