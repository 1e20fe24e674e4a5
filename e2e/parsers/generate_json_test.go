package parsers

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// writer makes documents: as a client would, and then with lies.
type writer struct{ *rand.Rand }

func pick[T any](w writer, of ...T) T { return of[w.IntN(len(of))] }

// names that a model or its member might have, and what might be taken for it.
var names = []string{
	"model", "model", "model", "Model", "MODEL", "mod\u00e9l", "mode", "models", "model ", " model", "model_name", "m", "", "parameters",
	"parameters", "Parameters", "parameter\u017f",
	"model\x00", "id", "messages", "stream", "a/b", "a~b", "a.b", "model.name", "ｍodel", "mоdel", "\u212aelvin",
}

var texts = []string{"allowed", "secret", "", "a/b", "publishers/ns/models/m", "mod\u00e8le", "模型", "😀", "a\nb", "\\", "\"", "\x00",
	"\u2028", "\x7f", "\ufeff", "\ufffd", strings.Repeat("x", 1024), strings.Repeat("x", 1025)}

// document is an object with some members, more often honest than not.
func (w writer) document() []byte {
	var b strings.Builder
	b.WriteString(w.space())
	w.object(&b, 0)
	b.WriteString(w.space())
	doc := []byte(b.String())
	for range pick(w, 0, 0, 0, 1, 1, 2) {
		doc = w.spoil(doc)
	}
	return doc
}

func (w writer) object(b *strings.Builder, depth int) {
	used := map[string]bool{}
	b.WriteString("{" + w.space())
	for i := range w.IntN(6) {
		name := pick(w, names...)
		if depth == 0 && i == 0 && w.IntN(4) > 0 {
			name = "model"
		} else if w.IntN(8) > 0 && (used[name] || name != "model" && name != "parameters") {
			name = "n" + strconv.Itoa(i) // no lie
		}
		if len(used) > 0 {
			b.WriteString("," + w.space())
		}
		used[name] = true
		b.WriteString(w.quote(name, 20) + w.space() + ":" + w.space())
		switch honest := w.IntN(12) > 0; {
		case name == "model" && honest:
			b.WriteString(w.quote(pick(w, texts...), 3))
		case name == "parameters" && honest && depth < 3:
			w.object(b, depth+1)
		default:
			w.value(b, depth+1)
		}
		b.WriteString(w.space())
	}
	b.WriteString("}")
}

func (w writer) value(b *strings.Builder, depth int) {
	switch n := w.IntN(8); {
	case n == 0 && depth < 6:
		w.object(b, depth)
	case n == 1 && depth < 6:
		b.WriteString("[")
		for i := range w.IntN(4) {
			if i > 0 {
				b.WriteString("," + w.space())
			}
			w.value(b, depth+1)
		}
		b.WriteString("]")
	case n < 4:
		b.WriteString(w.quote(pick(w, texts...), 3))
	case n == 4 && w.IntN(20) == 0:
		deep := 50 + w.IntN(20)
		b.WriteString(strings.Repeat("[", deep) + strings.Repeat("]", deep))
	default:
		b.WriteString(pick(w, "null", "true", "false", "0", "-0", "1", "-1.5e+10", "1e400", "123456789012345678901234567890", "0.1", "1E5"))
	}
}

func (w writer) space() string {
	return pick(w, "", "", "", "", " ", "\n  ", "\t", "\r\n")
}

// quote writes a string; one character in so many that need no escape has one.
func (w writer) quote(s string, oneIn int) string {
	b := []byte{'"'}
	for _, r := range s {
		switch short := strings.IndexRune("\"\\/\b\f\n\r\t", r); {
		case short >= 0 && w.IntN(2) == 0:
			b = append(b, '\\', `"\/bfnrt`[short])
		case r < 0x20 || r == '"' || r == '\\' || w.IntN(10*oneIn) == 0:
			for _, unit := range utf16.Encode([]rune{r}) {
				hex := strconv.FormatUint(0x10000|uint64(unit), 16)[1:]
				b = append(b, `\u`+pick(w, hex, strings.ToUpper(hex))...)
			}
		default:
			b = append(b, string(r)...)
		}
	}
	return string(append(b, '"'))
}

// pieces that are put into a document somewhere.
var pieces = []string{
	`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, `0`, `-`, `.`, `e`, ` `, "\n", "\x00", "\x1f", "\xff", "\xc3", "é", `\u0041`, `\ud83d`, `\ude00`,
	"\ufeff", `'`, `//`, `/**/`, `NaN`, `Infinity`, `null`, `1`,
	`"model":"secret",`, `,"model":"secret"`, `"MODEL":"secret",`, `,"m\u006fdel":"secret"`, `"parameters":{"model":"secret"},`,
	`"mode\u006C":null,`, `{"model":"secret"}`, `"model\u0000":"secret",`,
}

// spoil puts a lie into a document.
func (w writer) spoil(doc []byte) []byte {
	i := w.IntN(len(doc) + 1)
	j := min(len(doc), i+w.IntN(4))
	structure := []byte("{},:[]\"")
	switch w.IntN(8) {
	case 0:
		return slices.Insert(doc, i, []byte(pick(w, pieces...))...)
	case 1:
		return slices.Delete(doc, i, j)
	case 2:
		return slices.Replace(doc, i, j, []byte(pick(w, pieces...))...)
	case 3: // right after a byte of the structure, where it may fit
		for k := range doc {
			if at := (i + k) % len(doc); slices.Contains(structure, doc[at]) {
				return slices.Insert(doc, at+1, []byte(pick(w, pieces...))...)
			}
		}
		return doc
	case 4:
		return append(doc, pick(w, pieces...)...)
	case 5:
		return slices.Insert(doc, 0, []byte(pick(w, pieces...))...)
	case 6: // another encoding
		if w.IntN(4) > 0 {
			return doc
		}
		var wide []byte
		for _, unit := range utf16.Encode([]rune(pick(w, "", "\ufeff") + string(doc))) {
			wide = pick[binary.AppendByteOrder](w, binary.LittleEndian, binary.BigEndian).AppendUint16(wide, unit)
		}
		return wide
	default:
		return doc[:j]
	}
}
