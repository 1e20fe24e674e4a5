package scan

import "strings"

// Boundary returns the boundary that a Content-Type of multipart/form-data gives. ok is
// false for another media type, and where two readers could find different boundaries.
//
// The only other parameter may be charset=utf-8: some readers decode names and values by
// it. RFC 2046 section 5.1.1 lets a boundary have '()+_,-./:=? and spaces, most of them in quotes
// only. Of these cpp-httplib splits at =, others strip ' or split at a comma, and no common
// client writes any but + _ - and the dot.
func Boundary(contentType string) (boundary string, ok bool) {
	rest, ok := strings.CutPrefix(contentType, "multipart/form-data")
	charset := ""
	for ok && rest != "" {
		var name, value string
		if name, value, rest, ok = cutTypeParameter(rest); !ok {
			break
		}
		switch {
		case name == "boundary" && boundary == "":
			boundary, ok = value, isBoundary(value)
		case name == "charset" && charset == "":
			charset, ok = value, strings.EqualFold(value, "utf-8")
		default:
			ok = false
		}
	}
	if !ok {
		return "", false
	}
	return boundary, boundary != ""
}

// cutTypeParameter cuts a parameter off the beginning of s, which is what follows a media
// type.
func cutTypeParameter(s string) (name, value, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, ";")
	name, value, found := strings.Cut(strings.TrimPrefix(s, " "), "=")
	if after, quoted := strings.CutPrefix(value, `"`); quoted {
		value, rest, found = strings.Cut(after, `"`)
	} else if i := strings.IndexByte(value, ';'); i >= 0 {
		value, rest = value[:i], value[i:]
	}
	return name, value, rest, ok && found && value != ""
}

// isBoundary reports whether all readers take s for a boundary. One of dashes only is in the
// dashes before it, too.
func isBoundary(s string) bool {
	return len(s) <= maxBoundary && strings.Trim(s, "-") != "" && isText([]byte(s), "-_.+")
}
