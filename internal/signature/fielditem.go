package signature

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// bare reads a bare item (section 4.2.3.1).
func (r *fieldReader) bare() (bare, bool) {
	if r.rest == "" {
		return bare{}, false
	}
	switch c := r.rest[0]; {
	case c == '-' || c >= '0' && c <= '9':
		return r.integer()
	case c == '"':
		return r.text()
	case c == ':':
		return r.bytes()
	case c == '?':
		if len(r.rest) < 2 || r.rest[1] != '0' && r.rest[1] != '1' {
			return bare{}, false
		}
		b := bare{kind: isBoolean, number: int64(r.rest[1] - '0')}
		r.rest = r.rest[2:]
		return b, true
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '*':
		n := 1
		for n < len(r.rest) && (isTokenByte(r.rest[n]) || r.rest[n] == ':' || r.rest[n] == '/') {
			n++
		}
		b := bare{kind: isToken, text: r.rest[:n]}
		r.rest = r.rest[n:]
		return b, true
	}
	return bare{}, false
}

// integer reads an integer of at most 15 digits (section 4.2.4).
func (r *fieldReader) integer() (bare, bool) {
	sign, n := 0, 0
	if r.rest[0] == '-' {
		sign = 1
	}
	for sign+n < len(r.rest) && r.rest[sign+n] >= '0' && r.rest[sign+n] <= '9' {
		n++
	}
	if n == 0 || n > 15 || sign+n < len(r.rest) && r.rest[sign+n] == '.' {
		return bare{}, false
	}
	number, err := strconv.ParseInt(r.rest[:sign+n], 10, 64)
	r.rest = r.rest[sign+n:]
	return bare{kind: isInteger, number: number}, err == nil
}

// text reads a string (section 4.2.5).
func (r *fieldReader) text() (bare, bool) {
	end := strings.IndexByte(r.rest[1:], '"')
	if end < 0 {
		return bare{}, false
	}
	read := make([]byte, 0, end) // not of all that follows: a header can have a thousand strings
	for i := 1; i < len(r.rest); i++ {
		c := r.rest[i]
		if c == '"' {
			r.rest = r.rest[i+1:]
			return bare{kind: isString, text: string(read)}, true
		}
		if c == '\\' {
			if i++; i == len(r.rest) || r.rest[i] != '"' && r.rest[i] != '\\' {
				break
			}
			c = r.rest[i]
		}
		if c < ' ' || c > '~' {
			break
		}
		read = append(read, c)
	}
	return bare{}, false
}

// bytes reads a byte sequence (section 4.2.7). It takes the one spelling that writers must
// use: padded, and nothing set in the bits that the padding leaves.
func (r *fieldReader) bytes() (bare, bool) {
	encoded, rest, ok := strings.Cut(r.rest[1:], ":")
	if !ok || strings.ContainsAny(encoded, "\r\n") { // which base64 would pass over
		return bare{}, false
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
	r.rest = rest
	return bare{kind: isBytes, text: string(decoded)}, err == nil
}

// isTokenByte reports whether c may be in a token of HTTP (RFC 9110 section 5.6.2).
func isTokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c != 0 && strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
