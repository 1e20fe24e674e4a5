package strictjson

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is one thing wrong with a document that is valid JSON.
type Problem struct {
	Pointer string // RFC 6901, "" for the whole document
	Message string
}

// Problems are all the things wrong with a document, in the order found.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = fmt.Sprintf("%s: %s", strconv.Quote(x.Pointer), x.Message)
	}
	return strings.Join(lines, "\n")
}

// Value is a place in a checked document. Reading it reports what is wrong
// with it to the document's list of problems and goes on, so that all of them
// are found at once; a reader that must not go on looks at the list.
type Value struct {
	json     Result
	parent   *Value
	token    string
	problems *Problems
}

// Parse checks a document and returns its root. Problems found later, while
// reading, are added to problems.
func Parse(doc string, problems *Problems) (Value, bool) {
	v := Value{problems: problems}
	if err := Check(doc); err != nil {
		e := err.(*SyntaxError)
		*problems = append(*problems, Problem{e.Pointer, fmt.Sprintf("%s at byte %d", e.Message, e.Offset)})
		return v, false
	}
	v.json = Read(doc)
	return v, true
}

// Exists reports whether the document has this value.
func (v Value) Exists() bool { return v.json.Exists() }

// JSON is the value's own text.
func (v Value) JSON() Result { return v.json }

// Pointer is where the value stands.
func (v Value) Pointer() string {
	if v.parent == nil {
		return ""
	}
	return v.parent.Pointer() + "/" + escape(v.token)
}

// Problems are those found in the document so far.
func (v Value) Problems() Problems { return *v.problems }

// Fail adds a problem with this value.
func (v Value) Fail(format string, args ...any) {
	*v.problems = append(*v.problems, Problem{v.Pointer(), fmt.Sprintf(format, args...)})
}

// MustBe adds the problem that the value is not what it must be, and says what
// was found: "must be viewer, invoker or admin; got \"invokers\"".
func (v Value) MustBe(format string, args ...any) {
	v.Fail("must be %s; got %s", fmt.Sprintf(format, args...), v.found())
}

// maxFound bounds what a problem shows of a value, in bytes.
const maxFound = 80

// found is the value as it is written, cut to maxFound; of an object, an array or
// what may be a secret only what it is.
func (v Value) found() string {
	switch raw := v.json.Raw; {
	case !v.Exists():
		return "nothing"
	case v.json.IsObject():
		return "an object"
	case v.json.IsArray():
		return "an array"
	case v.secret():
		return "a secret, which must not stand here"
	case len(raw) > maxFound:
		return strings.ToValidUTF8(raw[:maxFound], "") + "…"
	default:
		return raw
	}
}

// secret reports whether a secret may have been written here by mistake.
func (v Value) secret() bool {
	return v.token == "symmetric" || v.parent != nil && v.parent.secret()
}

// is reports whether the value exists as the JSON type named by what; a value
// of another type is a problem.
func (v Value) is(ok bool, what string) bool {
	if v.Exists() && !ok {
		v.MustBe("%s", what)
	}
	return v.Exists() && ok
}

// Text reads a string that is not empty; "" where there is none.
func (v Value) Text() string {
	if !v.is(v.json.Type == String, "a string") {
		return ""
	}
	if v.json.Str == "" {
		v.Fail("is empty; leave it out instead")
	}
	return v.json.Str
}

// Bool reads true or false.
func (v Value) Bool() bool {
	return v.is(v.json.IsBool(), "true or false") && v.json.Bool()
}

// Instant reads a time in RFC 3339 as seconds since 1970; 0 where there is none.
func (v Value) Instant() int64 {
	if !v.Exists() {
		return 0
	}
	t, err := time.Parse(time.RFC3339, v.Text())
	if err != nil || t.Unix() <= 0 {
		v.MustBe("a time such as 2026-12-31T00:00:00Z")
		return 0
	}
	return t.Unix()
}

// Duration reads a duration from least to most, such as "30s"; 0 where there is
// none.
func (v Value) Duration(least, most time.Duration) time.Duration {
	if !v.Exists() {
		return 0
	}
	d, err := time.ParseDuration(v.Text())
	if err != nil || d < least || d > most {
		v.MustBe("a duration from %s to %s, such as \"30s\"", least, most)
		return 0
	}
	return d
}

// Items reads an array that is not empty: an absent list does not constrain,
// and an empty one could be taken to mean either all or nothing.
func (v Value) Items() []Value {
	if !v.is(v.json.IsArray(), "an array") {
		return nil
	}
	var items []Value
	v.json.ForEach(func(_, item Result) bool {
		items = append(items, Value{item, &v, strconv.Itoa(len(items)), v.problems})
		return true
	})
	if items == nil {
		v.Fail("is empty; leave it out instead")
	}
	return items
}

// Texts reads an array of strings without repeats.
func (v Value) Texts() []string {
	var texts []string
	seen := map[string]bool{}
	for _, item := range v.Items() {
		s := item.Text()
		if seen[s] {
			item.Fail("%q stands twice", s)
		}
		seen[s] = true
		texts = append(texts, s)
	}
	return texts
}

// Object is an object and its members in order.
type Object struct {
	Value
	Members []Member
}

// Member is one name of an object and its value.
type Member struct {
	Name  string
	Value Value
}

// Object reads an object whose names are all among known; another name is a
// problem. Without known every name is taken, but then there must be one.
func (v Value) Object(known ...string) Object {
	o := Object{Value: v}
	if !v.is(v.json.IsObject(), "an object") {
		return o
	}
	v.json.ForEach(func(name, value Result) bool {
		m := Member{name.Str, Value{value, &v, name.Str, v.problems}}
		o.Members = append(o.Members, m)
		if len(known) > 0 && !slices.Contains(known, m.Name) {
			m.Value.Fail("unknown field; known are %s", strings.Join(known, ", "))
		}
		return true
	})
	if len(known) == 0 && o.Members == nil {
		v.Fail("is empty; leave it out instead")
	}
	return o
}

// Get is the member of that name, or a value that does not exist.
func (o Object) Get(name string) Value {
	for _, m := range o.Members {
		if m.Name == name {
			return m.Value
		}
	}
	return Value{parent: &o.Value, token: name, problems: o.problems}
}

// Need is Get for a member that must be there.
func (o Object) Need(name string) Value {
	v := o.Get(name)
	if !v.Exists() && o.json.IsObject() {
		o.Fail("%q is missing", name)
	}
	return v
}
