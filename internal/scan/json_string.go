package scan

import (
	"math/bits"
	"unicode/utf8"
)

// beginText begins a string that is a value.
func (j *JSON) beginText() {
	j.state, j.isName, j.escaped, j.keep = inString, false, false, nil
	if j.leaf != nil && j.depth == len(j.levels) {
		j.text = j.text[:0]
		j.keep = &j.text
	}
}

// beginName begins a string that is the name of a member.
func (j *JSON) beginName() {
	j.state, j.isName, j.escaped, j.keep = inString, true, false, nil
	if j.depth == len(j.levels) {
		j.name = j.name[:0]
		j.keep = &j.name
	}
}

// str continues a string, up to its end, an escape or the end of b.
func (j *JSON) str(b []byte) int {
	n := 0
	for {
		run := plain(b[n:])
		if j.keep != nil && !j.add(b[n:n+run], n) {
			return n
		}
		if n += run; n == len(b) {
			return n
		}
		switch c := b[n]; {
		case c == '"':
			j.endString(n)
			return n + 1
		case c == '\\':
			j.state, j.escaped = inEscape, true
			return n + 1
		case c < 0x20:
			j.fail(Syntax, "control character in a string", n)
			return n
		}
		size := j.wide(b[n:], n)
		if n += size; j.state != inString || j.err != nil {
			return n
		}
	}
}

// plain returns the length of b up to the first byte that has a meaning in a string
// or is not ASCII. It compares eight bytes at a time, by the tests for a byte that is
// zero, or less than 0x20, of Warren, Hacker's Delight, chapter 6.
func plain(b []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		_ = b[i+7]
		w := uint64(b[i]) | uint64(b[i+1])<<8 | uint64(b[i+2])<<16 | uint64(b[i+3])<<24 |
			uint64(b[i+4])<<32 | uint64(b[i+5])<<40 | uint64(b[i+6])<<48 | uint64(b[i+7])<<56
		quote, slash := w^('"'*ones), w^('\\'*ones)
		// The lowest of the bits is right. One above it may be wrong, by a borrow.
		if found := ((w-0x20*ones)&^w | (quote-ones)&^quote | (slash-ones)&^slash | w) & high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' && b[i] < 0x80 {
		i++
	}
	return i
}

// wide reads the characters beyond ASCII at the beginning of b, which is ahead bytes
// after j.at.
func (j *JSON) wide(b []byte, ahead int) int {
	n := 0
	for n < len(b) && b[n] >= 0x80 {
		_, size := utf8.DecodeRune(b[n:])
		if size == 1 { // a rune that is no ASCII has more
			if utf8.FullRune(b[n:]) {
				j.fail(Encoding, "not UTF-8", ahead+n)
				return n
			}
			j.partial = copy(j.part[:], b[n:])
			j.state = inRune
			return len(b)
		}
		if j.keep != nil && !j.add(b[n:n+size], ahead+n) {
			return n
		}
		n += size
	}
	return n
}

// rune continues a UTF-8 sequence that the end of a chunk has cut.
func (j *JSON) rune(c byte) int {
	before := j.partial
	j.part[before] = c
	j.partial++
	sequence := j.part[:j.partial]
	if !utf8.FullRune(sequence) {
		return 1
	}
	j.state = inString
	if _, size := utf8.DecodeRune(sequence); size == 1 {
		j.fail(Encoding, "not UTF-8", -before)
	} else if j.keep != nil {
		j.add(sequence, -before)
	}
	return 1
}

// escape continues an escape sequence (RFC 8259 section 7).
func (j *JSON) escape(c byte) int {
	switch {
	case j.state == inHex:
		j.hex(c)
	case j.state == inPair && c == '\\':
		j.state = inPairU
	case j.state == inPairU && c == 'u', j.state == inEscape && c == 'u':
		j.state, j.unit, j.digits = inHex, 0, 0
	case j.state != inEscape:
		j.fail(Encoding, "lone surrogate", 0)
	default:
		j.short(c)
	}
	return 1
}

// short reads the second byte of a two-byte escape.
func (j *JSON) short(c byte) {
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	default:
		j.fail(Syntax, "unknown escape", 0)
		return
	}
	j.char(rune(c))
}

// hex reads a digit of \uXXXX and, after the last one, adds the character.
func (j *JSON) hex(c byte) {
	switch lower := c | 0x20; {
	case c-'0' < 10:
		j.unit = j.unit<<4 | uint32(c-'0')
	case lower >= 'a' && lower <= 'f':
		j.unit = j.unit<<4 | uint32(lower-'a'+10)
	default:
		j.fail(Syntax, "four hexadecimal digits expected", 0)
		return
	}
	if j.digits++; j.digits < 4 {
		return
	}
	high, low := j.unit >= 0xd800 && j.unit < 0xdc00, j.unit >= 0xdc00 && j.unit < 0xe000
	switch {
	case (j.high != 0) != low:
		j.fail(Encoding, "lone surrogate", 0)
	case high:
		j.high, j.state = j.unit, inPair
	case low:
		r := 0x10000 + (j.high-0xd800)<<10 + j.unit - 0xdc00
		j.high = 0
		j.char(rune(r))
	default:
		j.char(rune(j.unit))
	}
}

// char ends an escape sequence that means r.
func (j *JSON) char(r rune) {
	j.state = inString
	if j.keep != nil {
		var b [utf8.UTFMax]byte
		j.add(b[:utf8.EncodeRune(b[:], r)], 0)
	}
}
