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
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// MaxDepth is the deepest nesting of arrays and objects that Check accepts.
const MaxDepth = 32

// Check reports the first violation of RFC 8259 in doc, and beyond it: a byte
// order mark, invalid UTF-8, a lone surrogate (RFC 8259 section 8.2 leaves its
// meaning open), a name that occurs twice in one object after unescaping, and
// nesting deeper than MaxDepth. It returns nil or a *SyntaxError.
func Check(doc string) error {
	s := scanner{doc: doc}
	err := s.begin()
	if err == nil {
		err = s.value(0)
	}
	if err = s.end(err); err == nil {
		return nil // err itself would be an error that is not nil
	}
	err.explain(doc)
	return err
}

// Field is a member of an object.
type Field struct {
	Name  string
	Value Result
}

// Fields checks a document that is to be an object, and appends its members to
// fields as it comes by them: the document is read once. The object itself does
// not exist where Check would report something, or where it is none.
func Fields(doc string, fields []Field) (Result, []Field) {
	s := scanner{doc: doc}
	if s.begin() != nil || s.peek() != '{' {
		return Result{}, fields
	}
	first := s.i
	s.i++
	for o := (open{}); ; {
		name, more, err := s.member(&o)
		if !more || err != nil {
			object := doc[first:s.i]
			if s.end(err) != nil {
				return Result{}, fields
			}
			return Result(gjson.Parse(object)), fields
		}
		start := s.i
		if s.value(1) != nil {
			return Result{}, fields
		}
		fields = append(fields, Field{name, Result(gjson.Parse(doc[start:s.i]))})
	}
}

type scanner struct {
	doc   string
	i     int
	names names // of all open objects, innermost last
}

// begin goes to where the document's value begins.
func (s *scanner) begin() *SyntaxError {
	if strings.HasPrefix(s.doc, "\ufeff") {
		return s.fail("must not begin with a byte order mark")
	}
	if !utf8.ValidString(s.doc) {
		return s.notUTF8()
	}
	s.space()
	return nil
}

// notUTF8 returns an error at the first byte that is no part of a character.
func (s *scanner) notUTF8() *SyntaxError {
	for i, r := range s.doc {
		if r == utf8.RuneError && !strings.HasPrefix(s.doc[i:], "\ufffd") {
			s.i = i
			break
		}
	}
	return s.fail(fmt.Sprintf("must be UTF-8; got the byte 0x%02x", s.doc[s.i]))
}

// end is what is wrong with the document, if it is nothing in its value.
func (s *scanner) end(err *SyntaxError) *SyntaxError {
	if err != nil {
		return err
	}
	if s.space(); s.i < len(s.doc) {
		return s.expected("the end of the document")
	}
	return nil
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
			return s.fail(fmt.Sprintf("must not be nested deeper than %d", MaxDepth))
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
	return s.expected("a value")
}

func (s *scanner) word(w string) bool {
	if !strings.HasPrefix(s.doc[s.i:], w) {
		return false
	}
	s.i += len(w)
	return true
}

func (s *scanner) object(depth int) *SyntaxError {
	o := open{base: s.names.n}
	for {
		name, more, err := s.member(&o)
		if !more || err != nil {
			s.names.n = o.base
			return err
		}
		if err := s.value(depth); err != nil {
			err.Pointer = "/" + escape(name) + err.Pointer
			return err
		}
	}
}

// open is an object that is being read.
type open struct {
	base    int             // its first name in the scanner's
	members int             // so far
	seen    map[string]bool // its names, where they are many
}

// member reads the next member up to its value; more is false at the end.
func (s *scanner) member(o *open) (name string, more bool, err *SyntaxError) {
	s.space()
	if o.members == 0 && s.word("}") {
		return "", false, nil
	} else if o.members > 0 {
		if done, err := s.next('}'); done || err != nil {
			return "", false, err
		}
		s.space()
	}
	o.members++
	start := s.i
	if name, err = s.name(); err == nil && !s.names.add(o, name) {
		s.i = start
		err = s.fail(strconv.Quote(name) + " is there twice")
	}
	return name, true, err
}

// name reads `"name" :` and the space around it.
func (s *scanner) name() (string, *SyntaxError) {
	if s.peek() != '"' {
		return "", s.expected("a name in double quotes")
	}
	start := s.i
	if err := s.str(); err != nil {
		return "", err
	}
	quoted := s.doc[start:s.i]
	s.space()
	if !s.word(":") {
		return "", s.expected("':'")
	}
	s.space()
	return gjson.Parse(quoted).Str, nil
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
	return false, s.expected("',' or '" + string(closing) + "'")
}
