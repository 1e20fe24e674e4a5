package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Type is what a Result is.
type Type uint8

// The types. A Result that does not exist is Null without text.
const (
	Null Type = iota
	False
	Number
	String
	True
	Composite // an object or an array
)

// Result is a place in a document that Check has accepted. It reads what
// github.com/tidwall/gjson reads, to which the tests hold it: linked into the
// module, gjson's modifiers bring encoding/json and more, 0.8 MB that each proxy
// would compile at each start. Of a document that Check has not accepted its
// methods mean nothing. What it refers to is the document's own memory, but for
// a string with an escape.
type Result struct {
	Type Type
	Raw  string  // its text
	Str  string  // of a String, unescaped
	Num  float64 // of a Number: the nearest, infinite where there is none
}

// Read is the root of a document that Check has accepted.
func Read(doc string) Result {
	s := scanner{doc: doc}
	s.space()
	return s.read()
}

// Exists reports whether the document has this place.
func (r Result) Exists() bool { return r.Raw != "" }

// IsObject reports whether it is an object.
func (r Result) IsObject() bool { return r.Type == Composite && r.Raw[0] == '{' }

// IsArray reports whether it is an array.
func (r Result) IsArray() bool { return r.Type == Composite && r.Raw[0] == '[' }

// IsBool reports whether it is true or false.
func (r Result) IsBool() bool { return r.Type == True || r.Type == False }

// Bool reports whether it is true.
func (r Result) Bool() bool { return r.Type == True }

// String is what a scalar says: a string unescaped, an integer as it is written,
// another number without an exponent, "" for null.
func (r Result) String() string {
	switch r.Type {
	case Null:
		return ""
	case String:
		return r.Str
	case Number:
		if strings.ContainsAny(r.Raw, ".eE") {
			return strconv.FormatFloat(r.Num, 'f', -1, 64)
		}
	}
	return r.Raw
}

// Get is the member of an object with exactly that name.
func (r Result) Get(name string) (found Result) {
	if !r.IsObject() {
		return found
	}
	r.ForEach(func(n, value Result) bool {
		if n.Str == name {
			found = value
			return false
		}
		return true
	})
	return found
}

// ForEach hands over the members of an object, or the items of an array without
// a name, in order, until it is told to stop. It does nothing with other types.
func (r Result) ForEach(yield func(name, value Result) bool) {
	if r.Type != Composite {
		return
	}
	s := scanner{doc: r.Raw, i: 1}
	closing := s.doc[0] + 2 // in ASCII, of both
	for {
		for s.peek() == ',' || s.peek() != 0 && s.peek() <= ' ' {
			s.i++
		}
		if s.i >= len(s.doc) || s.peek() == closing {
			return
		}
		var name Result
		if closing == '}' {
			name = s.read()
			s.space()
			s.word(":")
			s.space()
		}
		if !yield(name, s.read()) {
			return
		}
	}
}

// read reads the value that begins here.
func (s *scanner) read() Result {
	start, escapes := s.i, false
	switch s.peek() {
	case '"':
		escapes = s.skipString()
	case '{', '[':
		s.skipComposite()
	default: // a number, or a word
		for s.i < len(s.doc) && s.doc[s.i] > ' ' && s.doc[s.i] != ',' && s.doc[s.i] != ']' && s.doc[s.i] != '}' {
			s.i++
		}
	}
	if s.i == start {
		return Result{}
	}
	return result(s.doc[start:s.i], escapes)
}

// result is the value with this text; a string may have escapes.
func result(raw string, escapes bool) Result {
	r := Result{Raw: raw}
	switch raw[0] {
	case '"':
		r.Type, r.Str = String, raw[1:len(raw)-1]
		if escapes {
			r.Str = unescape(r.Str)
		}
	case '{', '[':
		r.Type = Composite
	case 't':
		r.Type = True
	case 'f':
		r.Type = False
	case 'n':
	default:
		r.Type, r.Num = Number, float(raw)
	}
	return r
}

// float is the nearest number, infinite where there is none. Most are integers
// that are exact.
func float(raw string) float64 {
	n := 0
	for i := 0; i < len(raw); i++ {
		if raw[i] < '0' || raw[i] > '9' || i == 15 {
			f, _ := strconv.ParseFloat(raw, 64)
			return f
		}
		n = n*10 + int(raw[i]-'0')
	}
	return float64(n)
}

// skipString goes beyond a string, and says whether there are escapes in it.
func (s *scanner) skipString() (escapes bool) {
	for s.i++; s.i < len(s.doc); s.i++ {
		switch s.doc[s.i] {
		case '\\':
			s.i++
			escapes = true
		case '"':
			s.i++
			return escapes
		}
	}
	return escapes
}

// skipComposite goes beyond an object or an array.
func (s *scanner) skipComposite() {
	for depth := 0; s.i < len(s.doc); {
		switch s.peek() {
		case '"':
			s.skipString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.i++; depth == 0 {
			return
		}
	}
}

// unescape takes the escapes of RFC 8259 section 7 out of the inside of a string.
func unescape(s string) string {
	const escapes, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	b := make([]byte, 0, len(s))
	for {
		plain, rest, escaped := strings.Cut(s, `\`)
		if b = append(b, plain...); !escaped {
			return string(b)
		}
		s = rest[1:]
		if rest[0] != 'u' {
			b = append(b, meant[strings.IndexByte(escapes, rest[0])])
			continue
		}
		r, s2 := unit(s)
		if utf16.IsSurrogate(r) {
			low, s3 := unit(s2[2:])
			r, s2 = utf16.DecodeRune(r, low), s3
		}
		b, s = utf8.AppendRune(b, r), s2
	}
}

// unit reads the four digits of a UTF-16 code unit.
func unit(s string) (rune, string) {
	n, _ := strconv.ParseUint(s[:4], 16, 16)
	return rune(n), s[4:]
}
