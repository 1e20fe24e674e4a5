package strictjson

import (
	"errors"
	"strconv"
	"strings"
)

// Pointer is a parsed JSON Pointer (RFC 6901): its reference tokens, unescaped.
// The configuration addresses claims by it and not in a path language, in which
// dots, '@', '#' and '*' are operators and may be part of a claim's name.
type Pointer []string

// ParsePointer parses a pointer to a value inside a document. It refuses the empty
// pointer, which means the whole document.
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

// String returns the pointer as ParsePointer reads it.
func (p Pointer) String() string {
	s := ""
	for _, token := range p {
		s += "/" + escape(token)
	}
	return s
}

// In returns the value in a checked document; one that does not exist if there is
// none. It allocates only if a name or a string that it passes has an escape.
func (p Pointer) In(doc Result) Result {
	for _, token := range p {
		doc = child(doc, token)
	}
	return doc
}

// child returns the member of that name, or the item of that index.
func child(v Result, token string) (found Result) {
	switch {
	case v.IsObject():
		return v.Get(token)
	case v.IsArray():
		var n int64
		var digits [20]byte
		v.ForEach(func(_, value Result) bool {
			if string(strconv.AppendInt(digits[:0], n, 10)) == token { // RFC 6901 section 4: without leading zeros
				found = value
				return false
			}
			n++
			return true
		})
	}
	return found
}

// escape returns a name as a reference token.
func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
