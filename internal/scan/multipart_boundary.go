package scan

import "strings"

// Boundary returns the boundary that a Content-Type of multipart/form-data gives. ok is
// false for another media type, and where two readers could find different boundaries.
//
// The only other parameter may be charset=utf-8: some readers decode names and values by
// it. RFC 2046 section 5.1.1 lets a boundary have '()+_,-./:=? and spaces. Of these some
// readers strip ' and split at a comma, so that no common client writes them; and =/:? must be in
// quotes (RFC 2045 section 5.1).
func Boundary(contentType string) (boundary string, ok bool) {
	rest, ok := strings.CutPrefix(contentType, "multipart/form-data")
	charset := ""
	for ok && rest != "" {
		var name, value string
		var quoted bool
		if name, value, quoted, rest, ok = cutTypeParameter(rest); !ok {
			break
		}
		switch {
		case name == "boundary" && boundary == "":
			boundary, ok = value, isBoundary(value, quoted)
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
func cutTypeParameter(s string) (name, value string, quoted bool, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, ";")
	name, value, found := strings.Cut(strings.TrimPrefix(s, " "), "=")
	if value, quoted = strings.CutPrefix(value, `"`); quoted {
		value, rest, found = strings.Cut(value, `"`)
	} else if i := strings.IndexByte(value, ';'); i >= 0 {
		value, rest = value[:i], value[i:]
	}
	return name, value, quoted, rest, ok && found && value != ""
}

// isBoundary reports whether all readers take s for a boundary. One of dashes only is in the
// dashes before it, too.
func isBoundary(s string, quoted bool) bool {
	signs := "-_.+"
	if quoted {
		signs = "-_.+=/:?"
	}
	return len(s) <= maxBoundary && strings.Trim(s, "-") != "" && isText([]byte(s), signs)
}
