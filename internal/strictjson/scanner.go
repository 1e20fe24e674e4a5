package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/modelgate/modelgate/internal/phrase"
)

// scanner reads a document by the grammar of RFC 8259. Its methods read from i on
// and stop behind what they have read.
type scanner struct {
	doc   string
	i     int
	names nameStack // of all open objects, the innermost last

	allNames int // of all objects that were begun
	maxNames int // the most that are read; 0 for any number
}

// begin checks the encoding and reads the space before the value.
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
	return s.fail(phrase.Sprintf("must be UTF-8; got the byte 0x%02x", s.doc[s.i]))
}

// end reads the space after the value.
func (s *scanner) end() *SyntaxError {
	if s.space(); s.i < len(s.doc) {
		return s.expected("the end of the document")
	}
	return nil
}

// peek returns the next byte, and 0 at the end.
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

// value reads a value that is inside depth arrays and objects.
func (s *scanner) value(depth int) *SyntaxError {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return s.fail(phrase.Sprintf("must not be nested deeper than %d", MaxDepth))
		}
		s.i++
		if c == '{' {
			return s.object(depth + 1)
		}
		return s.array(depth + 1)
	case c == '"':
		return s.stringValue()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case s.accept("true"), s.accept("false"), s.accept("null"):
		return nil
	}
	return s.expected("a value")
}

// accept reads text if it is next.
func (s *scanner) accept(text string) bool {
	if !strings.HasPrefix(s.doc[s.i:], text) {
		return false
	}
	s.i += len(text)
	return true
}

func (s *scanner) object(depth int) *SyntaxError {
	o := openObject{base: s.names.n}
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

// openObject is an object that is being read.
type openObject struct {
	base    int             // the index of its first name in the scanner's names
	members int             // so far
	seen    map[string]bool // its names, if they are many
}

// member reads the next member up to its value, or the end of the object: then
// more is false.
func (s *scanner) member(o *openObject) (name string, more bool, err *SyntaxError) {
	s.space()
	if o.members == 0 && s.accept("}") {
		return "", false, nil
	}
	if o.members > 0 {
		if done, err := s.comma('}'); done || err != nil {
			return "", false, err
		}
		s.space()
	}
	o.members++
	if s.allNames++; s.maxNames > 0 && s.allNames > s.maxNames {
		return "", false, s.fail(phrase.Sprintf("must not have more than %d names", s.maxNames))
	}
	start := s.i
	if name, err = s.name(); err == nil && !s.names.add(o, name) {
		s.i = start
		err = s.fail(strconv.Quote(name) + " is there twice")
	}
	return name, true, err
}

// name reads `"name" :` and the space before the value.
func (s *scanner) name() (string, *SyntaxError) {
	if s.peek() != '"' {
		return "", s.expected("a name in double quotes")
	}
	start := s.i
	if err := s.stringValue(); err != nil {
		return "", err
	}
	quoted := s.doc[start:s.i]
	s.space()
	if !s.accept(":") {
		return "", s.expected("':'")
	}
	s.space()
	return gjson.Parse(quoted).Str, nil
}

func (s *scanner) array(depth int) *SyntaxError {
	s.space()
	if s.accept("]") {
		return nil
	}
	for n := 0; ; n++ {
		s.space()
		if err := s.value(depth); err != nil {
			err.Pointer = phrase.Sprintf("/%d%s", n, err.Pointer)
			return err
		}
		if done, err := s.comma(']'); done || err != nil {
			return err
		}
	}
}

// comma reads the comma before a further member, or the closing byte: then it
// returns true.
func (s *scanner) comma(closing byte) (done bool, err *SyntaxError) {
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
