package document

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// parseJSON reads a JSON document strictly, as the gate does. place tells where in a file
// a place of the text is.
func parseJSON(text string, place func(Place) Place) (*node, error) {
	if err := strictjson.Check(text); err != nil {
		e := err.(*strictjson.SyntaxError)
		return nil, Problems{{place(Place{e.Line, e.Column}), e.Pointer, e.Message}}
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	r := jsonReader{text: text, tokens: d, place: place, line: 1}
	return r.value(), nil
}

// jsonReader reads the values of a text that strictjson has checked.
type jsonReader struct {
	text   string
	tokens *json.Decoder
	place  func(Place) Place
	// The place of seen, which moves forward only.
	seen, line, lineStart int
}

// next returns the next token and where it stands.
func (r *jsonReader) next() (token json.Token, raw string, at Place) {
	start := int(r.tokens.InputOffset())
	for strings.IndexByte(" \t\r\n,:", r.text[start]) >= 0 {
		start++
	}
	token, err := r.tokens.Token()
	if err != nil {
		panic(fmt.Sprintf("encoding/json must read what strictjson reads; got %v", err))
	}
	if skipped := r.text[r.seen:start]; strings.Contains(skipped, "\n") {
		r.line += strings.Count(skipped, "\n")
		r.lineStart = r.seen + strings.LastIndexByte(skipped, '\n') + 1
	}
	r.seen = start
	column := 1 + utf8.RuneCountInString(r.text[r.lineStart:start])
	return token, r.text[start:r.tokens.InputOffset()], r.place(Place{r.line, column})
}

// value reads a value.
func (r *jsonReader) value() *node {
	token, raw, at := r.next()
	n := &node{at: at}
	switch token := token.(type) {
	case json.Delim:
		n.kind = array
		if token == '{' {
			n.kind = object
		}
		for r.tokens.More() {
			if n.kind == array {
				n.items = append(n.items, r.value())
				continue
			}
			name, _, at := r.next()
			n.members = append(n.members, member{name.(string), at, r.value()})
		}
		r.next() // the closing bracket
	case string:
		n.json, n.text, n.isText = raw, token, true
	default:
		n.json = raw
	}
	return n
}
