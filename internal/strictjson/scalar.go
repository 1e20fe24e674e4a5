package strictjson

import (
	"strconv"

	"github.com/modelgate/modelgate/internal/phrase"
)

const loneSurrogate = `surrogates (\ud800 to \udfff) must be in pairs, a high one and then a low one`

// stringValue reads a string with its quotes.
func (s *scanner) stringValue() *SyntaxError {
	start := s.i
	for s.i++; s.i < len(s.doc); s.i++ {
		switch c := s.doc[s.i]; {
		case c == '"':
			s.i++
			return nil
		case c < 0x20:
			return s.fail(control(c))
		case c == '\\':
			s.i++
			if err := s.escapeSequence(); err != nil {
				return err
			}
		}
	}
	s.i = start
	return s.fail("the string has no closing quote")
}

// control says how to write a control character in a string.
func control(c byte) string {
	switch c {
	case '\n', '\r':
		return `a string must not contain a line break; write it as \n`
	case '\t':
		return `a string must not contain a tab; write it as \t`
	}
	return phrase.Sprintf(`a string must not contain a control character; write it as \u%04x`, c)
}

// escapeSequence reads what follows a backslash, and stops at its last byte.
func (s *scanner) escapeSequence() *SyntaxError {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return s.expected(`one of "\/bfnrtu after a backslash`)
	}
	unit, ok := s.hex4(s.i + 1)
	switch {
	case !ok:
		return s.fail(`\u must be followed by four hexadecimal digits`)
	case unit >= 0xdc00 && unit < 0xe000:
		return s.fail(loneSurrogate)
	case unit >= 0xd800 && unit < 0xdc00:
		low, ok := s.hex4(s.i + 7)
		if !ok || s.doc[s.i+5:s.i+7] != `\u` || low < 0xdc00 || low >= 0xe000 {
			return s.fail(loneSurrogate)
		}
		s.i += 6
	}
	s.i += 4
	return nil
}

// hex4 returns the number in the four hexadecimal digits at offset i.
func (s *scanner) hex4(i int) (uint64, bool) {
	if i+4 > len(s.doc) {
		return 0, false
	}
	for _, c := range []byte(s.doc[i : i+4]) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return 0, false // ParseUint would also take a sign or an underscore
		}
	}
	n, err := strconv.ParseUint(s.doc[i:i+4], 16, 16)
	return n, err == nil
}

// number reads a number (RFC 8259 section 6).
func (s *scanner) number() *SyntaxError {
	s.accept("-")
	if !s.accept("0") && s.digits() == 0 {
		return s.expected("a digit")
	}
	if s.accept(".") && s.digits() == 0 {
		return s.expected("a digit after the point")
	}
	if s.accept("e") || s.accept("E") {
		if !s.accept("+") {
			s.accept("-")
		}
		if s.digits() == 0 {
			return s.expected("a digit in the exponent")
		}
	}
	return nil
}

// digits reads n digits.
func (s *scanner) digits() (n int) {
	for s.i < len(s.doc) && s.doc[s.i] >= '0' && s.doc[s.i] <= '9' {
		s.i++
		n++
	}
	return n
}
