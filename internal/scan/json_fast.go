package scan

import "unicode/utf8"

// fast reads white space, separators, and the tokens outside of watched objects:
// most of a large body. It also continues a string of which nothing is kept and that a
// chunk's end has cut. It leaves to step every token that is at fault, that a
// chunk's end has cut, or that belongs to a watched object. Each case follows one
// rule of step, named beside it, and the tests feed both the same documents, to
// step in chunks of one byte. fast is one function because a call of a Go function
// is slow in WebAssembly; the predicates that it calls are inlined.
func (j *JSON) fast(b []byte) int {
	s, n := j.state, 0
	if s == inString && j.keep == nil { // endString
		n, s = j.fastString(b, j.isName, j.depth == len(j.levels))
	}
	for s <= wantNext && n < len(b) {
		c := b[n]
		watched := j.depth == len(j.levels) // the innermost object is
		switch {
		case space(c):
		case c == ',' && s == wantNext: // step
			s = j.afterComma()
		case c == ':' && s == wantColon: // step
			s = wantValue
		case c == '"' && (s.wantsValue() && j.anyType() || s.wantsName() && !watched): // beginText, beginName
			var size int
			size, s = j.fastString(b[n+1:], s.wantsName(), watched)
			n += size
		case s.wantsValue() && j.anyType() && firstOfNumber(c) != 0: // number
			s = firstOfNumber(c)
			for n+1 < len(b) && s.after(b[n+1]) != 0 {
				n++
				s = s.after(b[n])
			}
			if n+1 < len(b) && ends(s) {
				s, j.member = wantNext, j.member && !watched
			}
		case (c == '[' || c == '{') && s.wantsValue() && j.anyType() && j.depth < j.limits.Depth: // open
			s = j.fastOpen(c)
		case !watched && s.mayEnd(c, j.objects&1 == 1): // closes
			j.depth--
			j.objects >>= 1
			s, j.member = wantNext, j.member && j.depth != len(j.levels)
		case s.wantsValue() && j.anyType() && wordAt(b[n:]) > 0: // literal
			n += wordAt(b[n:]) - 1
			s, j.member = wantNext, j.member && !watched
		default:
			j.state = s
			return n
		}
		n++
	}
	j.state = s
	return n
}

// wordAt returns the length of the true, false or null at the beginning of b; 0 if there
// is none.
func wordAt(b []byte) int {
	switch {
	case len(b) >= 4 && (string(b[:4]) == "true" || string(b[:4]) == "null"):
		return 4
	case len(b) >= 5 && string(b[:5]) == "false":
		return 5
	}
	return 0
}

// fastOpen begins an array or an object that is not watched.
func (j *JSON) fastOpen(c byte) state {
	j.depth++
	j.objects <<= 1
	if c == '[' {
		return wantItem
	}
	j.objects |= 1
	return wantMember
}

// wantsValue reports whether a value may follow.
func (s state) wantsValue() bool { return s <= wantItem }

// anyType reports whether a value of any type may follow, where one may.
func (j *JSON) anyType() bool { return j.leaf == nil && j.depth > 0 }

// wantsName reports whether the name of a member may follow.
func (s state) wantsName() bool { return s == wantMember || s == wantName }

// mayEnd reports whether c may end the innermost object, or array, in state s.
func (s state) mayEnd(c byte, object bool) bool {
	return c == ']' && !object && (s == wantNext || s == wantItem) ||
		c == '}' && object && (s == wantNext || s == wantMember)
}

// afterComma returns the state after a comma: a member's name or a value follows.
func (j *JSON) afterComma() state {
	if j.objects&1 == 1 {
		return wantName
	}
	return wantValue
}

// fastString reads a string of which nothing is kept, after its opening quote, and
// returns how much of b it is and the state after it: up to and including the
// closing quote, or up to what step must read, which is a fault, an escape that a chunk's
// end has cut, or the end of b.
func (j *JSON) fastString(b []byte, isName, watched bool) (n int, s state) {
	j.isName, j.keep = isName, nil
	for n < len(b) {
		switch c := b[n]; {
		case c == '"':
			if isName {
				return n + 1, wantColon
			}
			j.member = j.member && !watched
			return n + 1, wantNext
		case c == '\\':
			switch {
			case n+1 == len(b):
				return n, inString
			case short[b[n+1]]:
				n += 2
			default:
				size := escapeAt(b[n:])
				if size == 0 {
					return n, inString
				}
				n += size
			}
		case c < 0x20:
			return n, inString
		case c < 0x80:
			n += plain(b[n:])
		case c > 0xe0 && c < 0xf0 && c != 0xed && n+2 < len(b) && b[n+1]&0xc0 == 0x80 && b[n+2]&0xc0 == 0x80:
			n += 3 // most of what is not ASCII, by Unicode's table 3-7
		default:
			_, size := utf8.DecodeRune(b[n:])
			if size == 1 {
				return n, inString
			}
			n += size
		}
	}
	return n, inString
}

// short are the second bytes of the two-byte escapes.
var short = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true}

// escapeAt returns the length of the escape \uXXXX, or of two that are a pair of
// surrogates, at the beginning of b; 0 if there is no whole and valid one.
func escapeAt(b []byte) int {
	if len(b) < 6 || b[1] != 'u' {
		return 0
	}
	unit := hexDigits[b[2]]<<12 | hexDigits[b[3]]<<8 | hexDigits[b[4]]<<4 | hexDigits[b[5]]
	switch {
	case unit > 0xffff:
		return 0
	case unit < 0xd800 || unit >= 0xe000:
		return 6
	case unit >= 0xdc00 || len(b) < 12 || b[6] != '\\' || b[7] != 'u':
		return 0
	}
	if low := hexDigits[b[8]]<<12 | hexDigits[b[9]]<<8 | hexDigits[b[10]]<<4 | hexDigits[b[11]]; low < 0xdc00 || low >= 0xe000 {
		return 0
	}
	return 12
}

// hexDigits has the value of each hexadecimal digit, and for every other byte one that
// makes any sum of four digits more than 0xffff.
var hexDigits = func() (table [256]uint32) {
	for i := range table {
		table[i] = 1 << 16
	}
	for i, c := range []byte("0123456789") {
		table[c] = uint32(i)
	}
	for i, c := range []byte("abcdef") {
		table[c], table[c-'a'+'A'] = uint32(10+i), uint32(10+i)
	}
	return table
}()
