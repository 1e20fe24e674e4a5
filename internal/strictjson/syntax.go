package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/modelgate/modelgate/internal/phrase"
)

// SyntaxError is the first mistake in a document.
type SyntaxError struct {
	Offset       int    // in bytes, from 0
	Line, Column int    // from 1; the column in characters
	Pointer      string // RFC 6901, the innermost value that contains the mistake
	Message      string
	expected     bool // Message says what was expected, but not yet what is there
}

func (e *SyntaxError) Error() string {
	return phrase.Sprintf("%q: %s", e.Pointer, e.text())
}

func (e *SyntaxError) text() string {
	return phrase.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// fail returns an error at the scanner's position.
func (s *scanner) fail(message string) *SyntaxError {
	return &SyntaxError{Offset: s.i, Message: message}
}

// expected is fail for something else than what the grammar has here.
func (s *scanner) expected(what string) *SyntaxError {
	return &SyntaxError{Offset: s.i, Message: "expected " + what, expected: true}
}

// explain adds to an error its line and column, what is there, and a hint.
func (e *SyntaxError) explain(doc string) {
	before, rest := doc[:e.Offset], doc[e.Offset:]
	e.Line = 1 + strings.Count(before, "\n")
	e.Column = 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	if !e.expected {
		return
	}
	e.Message += "; got " + firstOf(rest)
	if text := hint(before, rest); text != "" {
		e.Message += " (" + text + ")"
	}
}

// firstOf names the first character; more of the text could be a secret.
func firstOf(rest string) string {
	switch r, _ := utf8.DecodeRuneInString(rest); {
	case rest == "":
		return "the end of the document"
	case r == '\'':
		return `"'"`
	default:
		return strconv.QuoteRune(r)
	}
}

// foreign are values that other languages have, and what to say of them.
var foreign = []struct{ word, hint string }{
	{"NaN", "JSON has no NaN"},
	{"Infinity", "JSON has no Infinity"},
	{"undefined", "JSON has no undefined"},
	{"True", "write true"},
	{"False", "write false"},
	{"None", "write null"},
}

// hint recognizes a common mistake by the text before and after its place.
func hint(before, rest string) string {
	has := func(prefix string) bool { return strings.HasPrefix(rest, prefix) }
	before = strings.TrimRight(before, " \t\r\n")
	switch {
	case looksLikeYAML(strings.TrimSpace(before + rest)):
		return "this looks like YAML; it must be JSON"
	case has("//"), has("/*"), has("#"):
		return "JSON has no comments"
	case strings.HasSuffix(before, ",") && (has("]") || has("}")):
		return "remove the comma before it"
	case strings.HasSuffix(before, `\`):
		return `a backslash is written \\`
	case has("'"):
		return "write double quotes"
	}
	for _, f := range foreign {
		if has(f.word) {
			return f.hint
		}
	}
	return ""
}

// looksLikeYAML reports whether a text begins as YAML does: with "---", a list's
// "- ", or a word and a colon in one line.
func looksLikeYAML(doc string) bool {
	first, _, _ := strings.Cut(doc, "\n")
	letter := first != "" && (first[0]|0x20 >= 'a' && first[0]|0x20 <= 'z')
	return strings.HasPrefix(first, "---") || strings.HasPrefix(first, "- ") || letter && strings.Contains(first, ":")
}
