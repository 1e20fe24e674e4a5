package inference

import (
	"strings"
	"unicode/utf8"
)

// resourcePath is the path of a resource as the configuration writes it: segments, each
// exact or one of {namespace}, {service} and {model}, and then nothing or "*".
type resourcePath struct {
	segments []string // the last is "" where the path ends with a slash
	rest     bool     // ends with "*", which is one segment or more
	cut      int      // segments that the gate cuts off: of a public prefix
}

const modelPlace = "{model}"

// pathParts are what a path has in the places of a resourcePath.
type pathParts struct {
	namespace, service, model string
	own                       int // where the path on the server begins
}

// isPlace reports whether a segment of a resourcePath stands for any segment.
func isPlace(segment string) bool { return segment != "" && segment[0] == '{' }

// match reports whether a path is one of p's. Loosely, a path in another case is too, and
// one that has a slash at its end too many or too few.
func (p *resourcePath) match(path string, loosely bool, parts *pathParts) bool {
	rest, more := path, path != ""
	for i, segment := range p.segments {
		if !more {
			return loosely && segment == ""
		}
		if i == p.cut {
			parts.own = len(path) - len(rest)
		}
		var s string
		if s, rest, more = strings.Cut(rest[1:], "/"); more {
			rest = path[len(path)-len(rest)-1:]
		}
		switch {
		case isPlace(segment):
			parts.set(segment, s)
			if s == "" {
				return false
			}
		case s != segment && !(loosely && strings.EqualFold(s, segment)):
			return false
		}
	}
	if p.cut == len(p.segments) {
		parts.own = len(path) - len(rest)
	}
	return more == p.rest || loosely && p.rest
}

func (p *pathParts) set(place, s string) {
	switch place {
	case namespacePlace:
		p.namespace = s
	case servicePlace:
		p.service = s
	case modelPlace:
		p.model = s
	}
}

// has reports whether a segment of the path is a place.
func (p *resourcePath) has(place string) bool {
	for _, segment := range p.segments {
		if segment == place {
			return true
		}
	}
	return false
}

// isExact reports whether p is one path.
func (p *resourcePath) isExact() bool {
	for _, segment := range p.segments {
		if isPlace(segment) {
			return false
		}
	}
	return !p.rest
}

// overlaps reports whether some path is both one of p's and one of q's.
func (p *resourcePath) overlaps(q *resourcePath) bool {
	for i := range min(len(p.segments), len(q.segments)) {
		a, b := p.segments[i], q.segments[i]
		if a != b && (!isPlace(a) && !isPlace(b) || a == "" || b == "") {
			return false
		}
	}
	switch {
	case len(p.segments) < len(q.segments):
		return p.rest
	case len(p.segments) > len(q.segments):
		return q.rest
	}
	return p.rest == q.rest
}

// contains reports whether every path of q, which overlaps with p, is one of p's.
func (p *resourcePath) contains(q *resourcePath) bool {
	if len(p.segments) > len(q.segments) || q.rest && !p.rest {
		return false
	}
	for i, segment := range p.segments {
		if isPlace(q.segments[i]) && !isPlace(segment) {
			return false
		}
	}
	return true
}

// compare orders paths so that of two, one of which contains the other, the narrower comes
// first: exact segments before places before "*".
func (p *resourcePath) compare(q *resourcePath) int {
	for i := 0; i < len(p.segments) || i < len(q.segments); i++ {
		a, b := p.rank(i), q.rank(i)
		if a != b {
			return a - b
		}
		if a == 0 && p.segments[i] != q.segments[i] {
			return strings.Compare(p.segments[i], q.segments[i])
		}
	}
	return p.rank(len(p.segments)) - q.rank(len(q.segments))
}

// rank is 0 for an exact segment, 1 for a place, 2 for "*" and what is behind the end.
func (p *resourcePath) rank(i int) int {
	switch {
	case i >= len(p.segments):
		return 2
	case isPlace(p.segments[i]):
		return 1
	}
	return 0
}

// pathForm says in which way a path is not canonical, and can be declared all the same.
type pathForm uint8

const (
	slashForm   pathForm = 1 << iota // ends with a slash
	encodedForm                      // has percent-encoded bytes that are no separators
	otherForm                        // cannot be declared
)

// formOf returns the form of a path without its query that is not canonical.
func formOf(path string) (form pathForm) {
	if path == "" {
		return otherForm
	}
	if strings.HasSuffix(path, "/") {
		form, path = slashForm, path[:len(path)-1]
	}
	if strings.IndexByte(path, '%') >= 0 {
		if _, ok := decodePath(path); !ok {
			return otherForm
		}
		form, path = form|encodedForm, strings.ReplaceAll(path, "%", "_")
	}
	if path != "" && !IsCanonicalPath(path) {
		return otherForm
	}
	return form
}

// decodePath decodes what is percent-encoded in a path. ok is false where servers that
// decode it, once or twice, could read other segments or other names: for an invalid
// encoding, for encoded separators, dots, controls and percents, for letters and digits,
// which nobody needs to encode (RFC 3986 section 6.2.2.2), and for what is no UTF-8.
func decodePath(path string) (decoded string, ok bool) {
	b := make([]byte, 0, len(path))
	for len(path) > 0 {
		c, size := firstByte(path)
		if size == 0 || size > 1 && (unreservedBytes[c] || c < ' ' || c == 0x7f || strings.IndexByte(`/\?#%;`, c) >= 0) {
			return "", false
		}
		b, path = append(b, c), path[size:]
	}
	return string(b), utf8.Valid(b)
}
