// Package strictjson reads JSON that decides something: tokens, key sets and
// the configuration. A document is first scanned as a whole (Check); only then
// are single values taken out of it, by exact name or by JSON Pointer. So two
// readers cannot understand one document differently: no duplicate name
// survives to be first for one of them and last for another.
//
// It knows nothing of what the documents mean.
package strictjson

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxDepth is the deepest nesting of arrays and objects that Check accepts.
const MaxDepth = 32

// SyntaxError is the first thing wrong with a document.
type SyntaxError struct {
	Offset  int    // bytes from the start
	Pointer string // RFC 6901, the value in which the fault lies
	Message string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s (at %q, byte %d)", e.Message, e.Pointer, e.Offset)
}

// Check reports the first violation of RFC 8259 in doc, and beyond it: a byte
// order mark, invalid UTF-8, a lone surrogate (RFC 8259 section 8.2 leaves its
// meaning open), a name that occurs twice in one object after unescaping, and
// nesting deeper than MaxDepth. It returns nil or a *SyntaxError.
func Check(doc string) error {
	if strings.HasPrefix(doc, "\ufeff") {
		return &SyntaxError{Message: "byte order mark"}
	}
	if !utf8.ValidString(doc) {
		return &SyntaxError{Message: "not UTF-8"}
	}
	s := scanner{doc: doc}
	s.space()
	err := s.value(0)
	if err == nil {
		s.space()
		if s.i < len(doc) {
			err = s.fail("data after the document")
		}
	}
	if err != nil { // a typed nil must not become a non-nil error
		return err
	}
	return nil
}

type scanner struct {
	doc   string
	i     int
	names []string // of all open objects, innermost last
}

func (s *scanner) fail(message string) *SyntaxError {
	return &SyntaxError{Offset: s.i, Message: message}
}

func (s *scanner) peek() byte {
	if s.i < len(s.doc) {
		return s.doc[s.i]
	}
	return 0
}

func (s *scanner) space() {
	for s.i < len(s.doc) {
		switch s.doc[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

func (s *scanner) value(depth int) *SyntaxError {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return s.fail("nested too deeply")
		}
		s.i++
		if c == '{' {
			return s.object(depth + 1)
		}
		return s.array(depth + 1)
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case s.word("true"), s.word("false"), s.word("null"):
		return nil
	}
	return s.fail("a JSON value expected")
}

func (s *scanner) word(w string) bool {
	if !strings.HasPrefix(s.doc[s.i:], w) {
		return false
	}
	s.i += len(w)
	return true
}

func (s *scanner) object(depth int) *SyntaxError {
	base := len(s.names)
	defer func() { s.names = s.names[:base] }()
	var seen map[string]bool
	s.space()
	if s.word("}") {
		return nil
	}
	for {
		name, err := s.name()
		if err != nil {
			return err
		}
		if seen = s.remember(base, name, seen); seen != nil && seen[name] {
			return s.fail(fmt.Sprintf("name %q occurs twice", name))
		} else if seen != nil {
			seen[name] = true
		}
		if err := s.value(depth); err != nil {
			err.Pointer = "/" + escape(name) + err.Pointer
			return err
		}
		if done, err := s.next('}'); done || err != nil {
			return err
		}
		s.space()
	}
}

// remember adds name to the open object's names. It returns the set of the
// names before it, which is built only when the object grows beyond a handful
// or name is among them: claims and configuration objects are small.
func (s *scanner) remember(base int, name string, seen map[string]bool) map[string]bool {
	const few = 16
	if seen != nil {
		return seen
	}
	names := s.names[base:]
	twice := false
	for _, n := range names {
		twice = twice || n == name
	}
	s.names = append(s.names, name)
	if !twice && len(names) < few {
		return nil
	}
	seen = make(map[string]bool, 2*few)
	for _, n := range names {
		seen[n] = true
	}
	return seen
}

// name reads `"name" :` and the space around it.
func (s *scanner) name() (string, *SyntaxError) {
	if s.peek() != '"' {
		return "", s.fail("a name in quotes expected")
	}
	start := s.i
	if err := s.str(); err != nil {
		return "", err
	}
	quoted := s.doc[start:s.i]
	s.space()
	if !s.word(":") {
		return "", s.fail("':' expected")
	}
	s.space()
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	return Read(quoted).Str, nil
}

func (s *scanner) array(depth int) *SyntaxError {
	s.space()
	if s.word("]") {
		return nil
	}
	for n := 0; ; n++ {
		s.space()
		if err := s.value(depth); err != nil {
			err.Pointer = fmt.Sprintf("/%d%s", n, err.Pointer)
			return err
		}
		if done, err := s.next(']'); done || err != nil {
			return err
		}
	}
}

// next reads the comma before a further member, or the closing byte.
func (s *scanner) next(closing byte) (done bool, err *SyntaxError) {
	s.space()
	switch s.peek() {
	case closing:
		s.i++
		return true, nil
	case ',':
		s.i++
		return false, nil
	}
	return false, s.fail(fmt.Sprintf("',' or '%c' expected", closing))
}
