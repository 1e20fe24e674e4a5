package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// listedModel is an item of a listing.
type listedModel struct {
	item          strictjson.Result // a JSON object or string
	name, version string
	shown         bool
}

// nameSet are the names of the models that a listing does not show.
type nameSet map[string]bool

func hiddenNames(items []listedModel) nameSet {
	hidden := nameSet{}
	for i := range items {
		if !items[i].shown {
			hidden[items[i].name] = true
		}
	}
	for i := range items {
		if items[i].shown {
			delete(hidden, items[i].name) // of another version
		}
	}
	return hidden
}

// append appends the item without the members that name another model. key is the
// member that has its own name, where the item is an object.
func (m *listedModel) append(to []byte, key string, hidden nameSet, shown showModel) []byte {
	v := itemView{own: m.name, hidden: hidden, shown: shown}
	if !m.item.IsObject() || v.mayShow(m.item, false, key) {
		return append(to, m.item.Raw...)
	}
	to = append(to, '{')
	first := true
	m.item.ForEach(func(name, value strictjson.Result) bool {
		if name.Str != key && !v.mayShowMember(name.Str, value, false) {
			return true
		}
		if !first {
			to = append(to, ',')
		}
		first = false
		to = append(append(append(to, name.Raw...), ':'), value.Raw...)
		return true
	})
	return append(to, '}')
}

// itemView says what of an item may be shown.
type itemView struct {
	own    string // the item's name
	hidden nameSet
	shown  showModel
}

// mayShow reports whether nothing in a value names another model. names reports
// whether strings in it are names of models. ignored is a member that is not looked at.
func (v *itemView) mayShow(value strictjson.Result, names bool, ignored string) (ok bool) {
	switch {
	case value.Type == strictjson.String && names:
		return value.Str == "" || value.Str == v.own || v.shown(value.Str, "")
	case value.Type == strictjson.String:
		return !v.hidden.isNamedIn(value.Str)
	}
	ok = true
	if isObject := value.IsObject(); isObject || value.IsArray() {
		value.ForEach(func(name, member strictjson.Result) bool {
			switch {
			case !isObject:
				ok = v.mayShow(member, names, "")
			case ignored == "" || name.Str != ignored:
				ok = v.mayShowMember(name.Str, member, names)
			}
			return ok
		})
	}
	return ok
}

func (v *itemView) mayShowMember(name string, value strictjson.Result, names bool) bool {
	return !v.hidden.isNamedIn(name) && v.mayShow(value, names || namesModels(name), "")
}

// namesModels reports whether a member of an item has the names of models: root and
// parent (vLLM, vllm/entrypoints/openai/protocol.py: ModelCard), and what would
// choose a model in a request.
func namesModels(member string) bool {
	folded := string(foldKey(nil, []byte(member)))
	return folded == "root" || folded == "parent" ||
		slices.ContainsFunc(choosingFragments, func(fragment string) bool { return strings.Contains(folded, fragment) })
}

// maxListedText is the longest text in an item that is looked through for names, in bytes.
const maxListedText = 64 << 10

// isNamedIn reports whether a text has one of the names in it, between characters of which
// no part of a name consists. A text that is too long may have one.
func (s nameSet) isNamedIn(text string) bool {
	if len(s) == 0 {
		return false
	}
	if s[text] || len(text) > maxListedText {
		return true
	}
	isSeparator := func(r rune) bool { return r >= 0x80 || r != '/' && !freeNameBytes[r] }
	for word := range strings.FieldsFuncSeq(text, isSeparator) {
		if s.isPartOf(strings.TrimRight(word, ".")) { // of a sentence
			return true
		}
	}
	return false
}

// isPartOf reports whether one of the names is a part of a word: of llama3:8b these are
// llama3, 8b and llama3:8b.
func (s nameSet) isPartOf(word string) bool {
	const most = 200 // of the parts of a word: one with more is no name, and is not shown
	n := 0
	for begin := range len(word) {
		if begin > 0 && nameBytes[word[begin-1]] && word[begin] != '/' {
			continue
		}
		for end := begin + 1; end <= len(word) && end-begin <= maxName; end++ {
			if end < len(word) && nameBytes[word[end]] {
				continue
			}
			if n++; n > most || s[word[begin:end]] {
				return true
			}
		}
	}
	return false
}
