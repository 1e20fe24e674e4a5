package signature

import (
	"strings"
)

// Structured fields (RFC 9651), as far as the headers of this package need them:
// dictionaries of items and of inner lists with parameters. Decimals, dates and display
// strings occur in none of them and are refused.
//
// The reader is our own and not a library's, because it must be stricter than RFC 9651 asks
// of readers: a name that occurs twice in a dictionary or among parameters is refused, and not
// overwritten; base64 has one spelling; numbers of members, items and parameters are bounded.
// Of libraries for Go, dunglas/httpsfv does none of it, and links reflection and fmt. Tests
// compare the two.

// kind is the type of a bare item (RFC 9651 section 3.3).
type kind byte

const (
	isInteger kind = 'i'
	isString  kind = 's'
	isToken   kind = 't'
	isBytes   kind = 'b'
	isBoolean kind = '?'
)

// bare is a bare item.
type bare struct {
	kind   kind
	text   string // of a string, token or byte sequence: what it stands for
	number int64  // of an integer; of a boolean: 0 or 1
}

// parameter is one parameter of an item or an inner list.
type parameter struct {
	name string
	bare
}

// item is an item with its parameters.
type item struct {
	bare
	parameters []parameter
}

// member is one member of a dictionary: an item, or an inner list with parameters.
type member struct {
	name  string
	inner bool   // the value is an inner list
	list  []item // of an inner list
	item         // of an inner list: its parameters
}

// maxParameters is the most parameters of an item or an inner list. RFC 9421 defines six for
// a signature.
const maxParameters = 8

// fieldReader reads a structured field from the front. A method that reads reports whether
// the rest begins with what it is named for.
type fieldReader struct{ rest string }

// dictionary reads a whole value (RFC 9651 section 4.2.2) with at most limit members.
func dictionary(value string, limit int) ([]member, bool) {
	r := fieldReader{strings.Trim(value, " ")}
	var members []member
	for r.rest != "" {
		var m member
		if len(members) == limit || !r.member(&m) || memberNamed(members, m.name) != nil {
			return nil, false
		}
		members = append(members, m)
		r.rest = strings.TrimLeft(r.rest, " \t")
		if r.rest == "" {
			break
		}
		if !r.take(',') {
			return nil, false
		}
		if r.rest = strings.TrimLeft(r.rest, " \t"); r.rest == "" { // a comma at the end
			return nil, false
		}
	}
	return members, true
}

// memberNamed returns the member of that name, or nil.
func memberNamed(members []member, name string) *member {
	for i := range members {
		if members[i].name == name {
			return &members[i]
		}
	}
	return nil
}

func (r *fieldReader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *fieldReader) member(m *member) (ok bool) {
	if m.name, ok = r.name(); !ok {
		return false
	}
	switch {
	case !r.take('='): // RFC 9651 section 3.2: the value is true
		m.bare = bare{kind: isBoolean, number: 1}
	case strings.HasPrefix(r.rest, "("):
		m.inner = true
		if m.list, ok = r.innerList(); !ok {
			return false
		}
	default:
		if m.bare, ok = r.bare(); !ok {
			return false
		}
	}
	m.parameters, ok = r.parameters()
	return ok
}

// innerList reads an inner list (section 4.2.1.2) without its parameters.
func (r *fieldReader) innerList() ([]item, bool) {
	r.take('(')
	var list []item
	for {
		r.rest = strings.TrimLeft(r.rest, " ")
		if r.take(')') {
			return list, true
		}
		var i item
		var ok bool
		if i.bare, ok = r.bare(); !ok || len(list) == MaxComponents {
			return nil, false
		}
		if i.parameters, ok = r.parameters(); !ok {
			return nil, false
		}
		if list = append(list, i); !strings.HasPrefix(r.rest, " ") && !strings.HasPrefix(r.rest, ")") {
			return nil, false
		}
	}
}

// parameters reads the parameters of an item or an inner list (section 4.2.3.2).
func (r *fieldReader) parameters() ([]parameter, bool) {
	var read []parameter
	for r.take(';') {
		r.rest = strings.TrimLeft(r.rest, " ")
		p := parameter{bare: bare{kind: isBoolean, number: 1}}
		var ok bool
		if p.name, ok = r.name(); !ok || len(read) == maxParameters {
			return nil, false
		}
		for i := range read {
			if read[i].name == p.name {
				return nil, false
			}
		}
		if r.take('=') {
			if p.bare, ok = r.bare(); !ok {
				return nil, false
			}
		}
		read = append(read, p)
	}
	return read, true
}

// isName reports whether all of the rest is a key.
func (r *fieldReader) isName() bool {
	_, ok := r.name()
	return ok && r.rest == ""
}

// name reads a key (section 4.2.3.3).
func (r *fieldReader) name() (string, bool) {
	n := 0
	for n < len(r.rest) {
		c := r.rest[n]
		if !(c >= 'a' && c <= 'z' || c == '*' || n > 0 && (c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.')) {
			break
		}
		n++
	}
	name := r.rest[:n]
	r.rest = r.rest[n:]
	return name, n > 0
}
