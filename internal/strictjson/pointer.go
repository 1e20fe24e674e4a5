package strictjson

import (
	"errors"
	"strconv"
	"strings"
)

// Pointer is a compiled JSON Pointer (RFC 6901): its reference tokens,
// unescaped. Claims are addressed by it and never by a path language, in which
// dots, '@', '#' and '*' are operators and may be part of a claim's name.
type Pointer []string

// ParsePointer compiles a pointer to something inside a document. The empty
// pointer, which means the whole document, is refused.
func ParsePointer(s string) (Pointer, error) {
	if !strings.HasPrefix(s, "/") {
		return nil, errors.New(`must be a JSON Pointer, such as "/groups"`)
	}
	tokens := strings.Split(s[1:], "/")
	for i, t := range tokens {
		for j := 0; j < len(t); j++ {
			if t[j] == '~' && (j+1 == len(t) || t[j+1] != '0' && t[j+1] != '1') {
				return nil, errors.New(`must be a JSON Pointer, in which "~" is followed by 0 or 1`)
			}
		}
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens, nil
}

// In finds the value in a checked document. The result does not exist where
// the pointer leads nowhere. It allocates only where a name or a string value
// on the way is escaped.
func (p Pointer) In(doc Result) Result {
	for _, token := range p {
		doc = child(doc, token)
	}
	return doc
}

func child(v Result, token string) (found Result) {
	switch {
	case v.IsObject():
		v.ForEach(func(name, value Result) bool {
			if name.Str == token {
				found = value
				return false
			}
			return true
		})
	case v.IsArray():
		var n int64
		var digits [20]byte
		v.ForEach(func(_, value Result) bool {
			if string(strconv.AppendInt(digits[:0], n, 10)) == token { // canonical digits only, as RFC 6901 section 4 demands
				found = value
				return false
			}
			n++
			return true
		})
	}
	return found
}

// escape makes a name a reference token.
func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
