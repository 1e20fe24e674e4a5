package analysis

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// slot is a claim that rules or an issuer read.
type slot struct {
	pointer strictjson.Pointer
	kinds   []kind
	bits    []bit // what a kind that is a list may have, in any selection

	at     int     // its number in the space
	chosen []z.Lit // of the kinds: exactly one is true
	set    []z.Lit // of the bits: true only if the chosen kind has such
}

// kind is a value of a claim, or a list of which the bits say what is in it.
type kind struct {
	raw           string // JSON; "" if the claim is missing
	list          listForm
	before, after string // what a string of words begins and ends with
	tab           bool   // it has other white space than spaces
	isObject      bool   // claims inside may exist
	elsewhere     bool   // the token says that the claim is told in another place
}

// listForm is how a kind has its bits.
type listForm uint8

const (
	noList  listForm = iota
	inArray          // as items
	inWords          // as words of a string
	inNames          // as names of an object's members
)

// bit is an item, as JSON, or a word or a name, as text.
type bit struct {
	form listForm
	text string
}

// filler is text that no rule mentions.
const filler = "unmentioned"

func (s *slot) addKind(k kind) {
	if !slices.Contains(s.kinds, k) {
		s.kinds = append(s.kinds, k)
	}
}

func (s *slot) addBit(form listForm, text string) {
	if b := (bit{form, text}); !slices.Contains(s.bits, b) && text != "" {
		s.bits = append(s.bits, b)
	}
}

// isMissing reports whether a token with the kind does not have the claim.
func (s *slot) isMissing(k int) bool { return s.kinds[k].raw == "" && s.kinds[k].list == noList }

// bitsOf returns the numbers of the bits that a kind may have.
func (s *slot) bitsOf(k int) (list []int) {
	if form := s.kinds[k].list; form != noList {
		for i, b := range s.bits {
			if b.form == form {
				list = append(list, i)
			}
		}
	}
	return list
}

// value returns the JSON of a kind with some of the bits.
func (s *slot) value(k int, bits []int) string {
	var texts []string
	for _, i := range bits {
		texts = append(texts, s.bits[i].text)
	}
	switch s.kinds[k].list {
	case inArray:
		return "[" + strings.Join(texts, ",") + "]"
	case inNames:
		for i := range texts {
			texts[i] = quote(texts[i]) + ":{}"
		}
		return "{" + strings.Join(texts, ",") + "}"
	case inWords:
		return quote(s.kinds[k].words(texts))
	}
	return s.kinds[k].raw
}

// words returns a string that begins and ends as the kind does, and has the words.
func (k *kind) words(words []string) string {
	var parts []string
	if k.before != "" {
		parts = append(parts, k.before+filler)
	}
	parts = append(parts, words...)
	if k.tab {
		parts = append(parts, filler+"\t"+filler)
	}
	if k.after != "" {
		parts = append(parts, filler+k.after)
	}
	if len(parts) == 0 {
		parts = []string{filler}
	}
	return strings.Join(parts, " ")
}

func quote(s string) string {
	text, _ := json.Marshal(s) // a string always has a JSON form
	return string(text)
}
