package scan

import "unicode/utf8"

// fast reads space, separators in their place and what nobody watches: most of
// a large body. Of other tokens it takes only those that are sound and whole,
// and leaves the first that is not, and what concerns a watched object, to step.
// So whatever it reads of them, step reads alike when chunks are single bytes.
// That it calls little matters in WebAssembly, where a call of Go is dear.
func (j *JSON) fast(b []byte) int {
	s, n := j.state, 0
	for s <= wantNext && n < len(b) {
		c := b[n]
		watched := j.depth == len(j.levels)
		switch {
		case space(c):
		case c == ',' && s == wantNext:
			s = wantValue
			if j.objects&1 == 1 {
				s = wantName
			}
		case c == ':' && s == wantColon:
			s = wantValue
		case c == '"' && (s <= wantItem && j.leaf == nil && j.depth > 0 || (s == wantName || s == wantMember) && !watched):
			size, whole := sound(b[n+1:])
			n += size
			j.isName, j.keep = s > wantItem, nil
			switch {
			case !whole:
				s = inString
			case j.isName:
				s = wantColon
			default:
				s, j.member = wantNext, j.member && !watched
			}
		case (c == '[' || c == '{') && s <= wantItem && j.leaf == nil && j.depth > 0 && j.depth < j.limits.Depth:
			j.depth++
			s, j.objects = wantItem, j.objects<<1
			if c == '{' {
				s, j.objects = wantMember, j.objects|1
			}
		case !watched && (c == ']' && j.objects&1 == 0 && (s == wantNext || s == wantItem) || c == '}' && j.objects&1 == 1 && (s == wantNext || s == wantMember)):
			j.depth--
			j.objects >>= 1
			s, j.member = wantNext, j.member && j.depth != len(j.levels)
		case s <= wantItem && j.leaf == nil && j.depth > 0 && firstOfNumber(c) != 0:
			s = firstOfNumber(c)
			for n+1 < len(b) && after[s-inNumber][class[b[n+1]]] != 0 {
				n++
				s = after[s-inNumber][class[b[n]]]
			}
			if n+1 < len(b) && ends(s) {
				s, j.member = wantNext, j.member && !watched
			}
		default:
			j.state = s
			return n
		}
		n++
	}
	j.state = s
	return n
}

// sound is the length of what b has of a string whose opening quote lies before
// it: up to and with the closing quote (whole), or up to what needs a closer
// look: an escape of a code unit, a fault, the end of b.
func sound(b []byte) (n int, whole bool) {
	for n < len(b) {
		switch c := b[n]; {
		case c == '"':
			return n + 1, true
		case c == '\\':
			if n+1 == len(b) || !short[b[n+1]] {
				return n, false
			}
			n += 2
		case c < 0x20:
			return n, false
		case c < 0x80:
			n += plain(b[n:])
		case c > 0xe0 && c < 0xf0 && c != 0xed && n+2 < len(b) && b[n+1]&0xc0 == 0x80 && b[n+2]&0xc0 == 0x80:
			n += 3 // most of what is not ASCII, by Unicode's table 3-7
		default:
			_, size := utf8.DecodeRune(b[n:])
			if size == 1 {
				return n, false
			}
			n += size
		}
	}
	return n, false
}

// short are the second bytes of the two-byte escapes.
var short = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true}
