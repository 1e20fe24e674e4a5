package signature

import (
	"encoding/base64"
	"strconv"
)

// The one form of what a fieldReader has read (RFC 9651 section 4.1), which goes into
// signature bases.

func appendBare(b []byte, v bare) []byte {
	switch v.kind {
	case isInteger:
		return strconv.AppendInt(b, v.number, 10)
	case isString:
		b = append(b, '"')
		for i := range len(v.text) {
			if c := v.text[i]; c == '"' || c == '\\' {
				b = append(b, '\\')
			}
			b = append(b, v.text[i])
		}
		return append(b, '"')
	case isToken:
		return append(b, v.text...)
	case isBytes:
		return append(base64.StdEncoding.AppendEncode(append(b, ':'), []byte(v.text)), ':')
	default: // isBoolean
		return append(b, '?', '0'+byte(v.number))
	}
}

func appendItem(b []byte, i item) []byte {
	return appendParameters(appendBare(b, i.bare), i.parameters)
}

func appendParameters(b []byte, parameters []parameter) []byte {
	for _, p := range parameters {
		b = append(append(b, ';'), p.name...)
		if p.bare != isTrue {
			b = appendBare(append(b, '='), p.bare)
		}
	}
	return b
}

// isTrue is what is left out where it is a member's or parameter's value.
var isTrue = bare{kind: isBoolean, number: 1}

// appendValue appends the value of a member (RFC 9421 section 2.1.2).
func appendValue(b []byte, m *member) []byte {
	if !m.inner {
		return appendItem(b, m.item)
	}
	b = append(b, '(')
	for i := range m.list {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendItem(b, m.list[i])
	}
	return appendParameters(append(b, ')'), m.parameters)
}

// appendDictionary appends a whole dictionary (RFC 9421 section 2.1.1).
func appendDictionary(b []byte, members []member) []byte {
	for i := range members {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, members[i].name...)
		if m := &members[i]; m.inner || m.bare != isTrue {
			b = append(b, '=')
			b = appendValue(b, m)
		} else {
			b = appendParameters(b, m.parameters)
		}
	}
	return b
}
