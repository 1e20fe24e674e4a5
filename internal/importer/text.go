package importer

import (
	"regexp"
	"strings"
)

// textTest is a condition on a text.
type textTest struct {
	kind textKind
	text string
	fold bool           // in any case
	re   *regexp.Regexp // of the whole text
	head string         // with which every text begins that re matches
}

type textKind uint8

const (
	exactly textKind = iota
	begins
	ends
	present // not empty
	matches
)

// starTest reads a text of Istio: "*" is any, one at the beginning or at the end stands for
// anything.
func starTest(text string) textTest {
	switch {
	case text == "*":
		return textTest{kind: present}
	case strings.HasPrefix(text, "*"):
		return textTest{kind: ends, text: text[1:]}
	case strings.HasSuffix(text, "*"):
		return textTest{kind: begins, text: strings.TrimSuffix(text, "*")}
	}
	return textTest{text: text}
}

// pattern returns the test for a regular expression of the whole text. Envoy's are RE2, as Go's.
func pattern(text string) (textTest, error) {
	re, err := regexp.Compile("^(?s:" + text + ")$")
	if err != nil {
		return textTest{}, err
	}
	begin, _ := regexp.MustCompile("(?s:" + text + ")").LiteralPrefix()
	other := textTest{kind: matches, text: text, re: re, head: begin}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "^"), "$")
	for _, rest := range []string{".*", ".+"} {
		head, found := strings.CutSuffix(text, rest)
		switch {
		case !found || regexp.QuoteMeta(head) != head && regexp.QuoteMeta(unescape(head)) != head:
		case head == "":
			return textTest{kind: present}, nil
		case rest == ".*":
			return textTest{kind: begins, text: unescape(head)}, nil
		}
	}
	if plain := unescape(text); regexp.QuoteMeta(plain) == text {
		return textTest{text: plain}, nil
	}
	return other, nil
}

func unescape(text string) string { return strings.ReplaceAll(text, `\`, "") }

// holds reports whether a text is as the test says.
func (t textTest) holds(s string) bool {
	text := t.text
	if t.fold {
		s, text = strings.ToLower(s), strings.ToLower(text)
	}
	switch t.kind {
	case begins:
		return strings.HasPrefix(s, text)
	case ends:
		return strings.HasSuffix(s, text)
	case present:
		return s != ""
	case matches:
		return t.re.MatchString(s)
	}
	return s == text
}

// below returns what the test says of all texts that begin with a text, but for those that
// have a test of their own: the text that is exactly the test's, and for a beginning at the
// end of a segment what is below it.
func (t textTest) below(begin string, apart func(path string, rest bool) bool) truth {
	text := t.text
	if t.fold {
		begin, text = strings.ToLower(begin), strings.ToLower(text)
	}
	switch t.kind {
	case present:
		return yes
	case begins:
		switch {
		case strings.HasPrefix(begin, text):
			return yes
		case !strings.HasPrefix(text, begin):
			return no
		case !t.fold && strings.HasSuffix(text, "/") && apart(strings.TrimSuffix(text, "/"), true):
			return no
		}
	case exactly:
		if !strings.HasPrefix(text, begin) || !t.fold && apart(text, false) {
			return no
		}
	case matches:
		if !strings.HasPrefix(t.head, begin) && !strings.HasPrefix(begin, t.head) {
			return no
		}
	}
	return maybe
}

// String writes the test for a message.
func (t textTest) String() string {
	switch t.kind {
	case begins:
		return t.text + "*"
	case ends:
		return "*" + t.text
	case present:
		return "*"
	}
	return t.text
}
