package strictjson

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/modelgate/modelgate/internal/phrase"
)

// Problem is one mistake in a document.
type Problem struct {
	Pointer string // RFC 6901, "" for the whole document
	Message string
}

// Problems are all the mistakes in a document, in the order found.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = phrase.Sprintf("%s: %s", strconv.Quote(x.Pointer), x.Message)
	}
	return strings.Join(lines, "\n")
}

// Value is a value of a checked document. A method that reads it adds what is
// wrong with it to the document's problems, and returns the zero value, so that
// one reading finds all problems. A reader that must stop looks at Problems.
//
// It is one pointer: what configures a gate hands Values around so often that as a
// struct they cost the module 0.1 MB of copying.
type Value struct{ *place }

// place is where a value is in its document.
type place struct {
	json     Result
	parent   *place // nil for the root
	token    string // of the pointer: the value's name or index in its parent
	problems *Problems
}

// Parse checks a document and returns its root; ok is false where its syntax is
// wrong. All problems, also those found while reading, are added to problems.
func Parse(doc string, problems *Problems) (root Value, ok bool) {
	v := Value{&place{problems: problems}}
	if err := Check(doc); err != nil {
		e := err.(*SyntaxError)
		*problems = append(*problems, Problem{e.Pointer, e.text()})
		return v, false
	}
	v.json = Read(doc)
	return v, true
}

// Exists reports whether the document has this value. Like Get it is called in many
// places while a configuration is read: inlined, they add 60 kB to the module.
//
//go:noinline
func (v Value) Exists() bool { return v.place != nil && v.json.Exists() }

// JSON returns the value as it is written.
func (v Value) JSON() Result {
	if v.place == nil {
		return Result{}
	}
	return v.json
}

// Pointer returns the value's JSON Pointer.
func (v Value) Pointer() string { return v.pointer() }

func (p *place) pointer() string {
	if p.parent == nil {
		return ""
	}
	return p.parent.pointer() + "/" + escape(p.token)
}

// Problems returns what was found in the document so far.
func (v Value) Problems() Problems { return *v.problems }

// Fail adds a problem with this value.
func (v Value) Fail(format string, args ...any) {
	*v.problems = append(*v.problems, Problem{v.Pointer(), phrase.Sprintf(format, args...)})
}

// MustBe adds the problem that the value is not what it must be, and says what
// was found: "must be viewer, invoker or admin; got \"invokers\"".
func (v Value) MustBe(format string, args ...any) {
	v.Fail("must be %s; got %s", phrase.Sprintf(format, args...), v.found())
}

// maxFound bounds what a problem shows of a value, in bytes.
const maxFound = 80

// found returns the value as it is written, cut to maxFound; of an object, an
// array or a possible secret it returns only what that is.
func (v Value) found() string {
	switch raw := v.JSON().Raw; {
	case !v.Exists():
		return "nothing"
	case v.json.IsObject():
		return "an object"
	case v.json.IsArray():
		return "an array"
	case v.secret():
		return "a value that may be a secret"
	case len(raw) > maxFound:
		return printable(strings.ToValidUTF8(raw[:maxFound], "")) + "…"
	default:
		return printable(raw)
	}
}

// printable replaces what a terminal would act on or hide, such as DEL and marks of
// direction: JSON may hold them, and an error is read in a log.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, s)
}

// secret reports whether a secret may have been written here by mistake.
func (p *place) secret() bool {
	if p.token == "symmetric" || p.token == "private" {
		return true
	}
	return p.parent != nil && (p.token == "headers" && p.parent.token == "remote" || p.parent.secret())
}

// is reports whether the value exists and is ok; one that is not ok must be what.
func (v Value) is(ok func(Result) bool, what string) bool {
	if !v.Exists() {
		return false
	}
	if !ok(v.json) {
		v.MustBe("%s", what)
		return false
	}
	return true
}

func isText(r Result) bool { return r.Type == String }

// Text reads a string, which must not be empty. It returns "" if there is none.
func (v Value) Text() string {
	if !v.is(isText, "a string") {
		return ""
	}
	if v.json.Str == "" {
		v.Fail("must not be empty; leave it out instead")
	}
	return v.json.Str
}

// Bool reads true or false.
func (v Value) Bool() bool {
	return v.is(Result.IsBool, "true or false") && v.json.Bool()
}

// Integer reads a number from least to most, in digits only; 0 if there is none.
func (v Value) Integer(least, most int) int {
	if !v.Exists() {
		return 0
	}
	n, err := strconv.Atoi(v.json.Raw)
	if err != nil || n < least || n > most {
		v.MustBe("a whole number from %d to %d", least, most)
		return 0
	}
	return n
}

// Duration reads a duration from least to most, such as "30s"; 0 if there is none.
func (v Value) Duration(least, most time.Duration) time.Duration {
	if !v.Exists() {
		return 0
	}
	d, err := time.ParseDuration(v.json.Str)
	if err != nil || d < least || d > most {
		v.MustBe("a duration from %s to %s, such as \"30s\"", least, most)
		return 0
	}
	return d
}

// Items reads an array, which must not be empty: an absent list does not
// constrain, and an empty one could mean all or nothing.
func (v Value) Items() []Value {
	if !v.is(Result.IsArray, "an array") {
		return nil
	}
	var items []Value
	v.json.ForEach(func(_, item Result) bool {
		items = append(items, Value{&place{item, v.place, strconv.Itoa(len(items)), v.problems}})
		return true
	})
	if items == nil {
		v.Fail("must not be empty; leave it out instead")
	}
	return items
}

// Texts reads an array of strings without repeats.
func (v Value) Texts() []string {
	var texts []string
	seen := map[string]bool{}
	for _, item := range v.Items() {
		s := item.Text()
		if s != "" && seen[s] {
			item.Fail("%q is there twice", s)
		}
		seen[s] = true
		texts = append(texts, s)
	}
	return texts
}

// Object is an object with its members in order.
type Object struct {
	Value
	Members []Member
}

// Member is a name and its value.
type Member struct {
	Name  string
	Value Value
}

// Object reads an object, whose names must all be known. Without known it accepts
// every name, but there must be one.
func (v Value) Object(known ...string) Object {
	o := Object{Value: v}
	if !v.is(Result.IsObject, "an object") {
		return o
	}
	v.json.ForEach(func(name, value Result) bool {
		m := Member{name.Str, Value{&place{value, v.place, name.Str, v.problems}}}
		o.Members = append(o.Members, m)
		if len(known) > 0 && !slices.Contains(known, m.Name) {
			m.Value.Fail("%s", unknown(m.Name, known))
		}
		return true
	})
	if len(known) == 0 && o.Members == nil {
		v.Fail("must not be empty; leave it out instead")
	}
	return o
}

// Get returns the member of that name, or a value that does not exist.
//
//go:noinline
func (o Object) Get(name string) Value {
	for _, m := range o.Members {
		if m.Name == name {
			return m.Value
		}
	}
	if o.place == nil {
		return Value{}
	}
	return Value{&place{parent: o.place, token: name, problems: o.problems}}
}

// Need is Get for a member that must exist.
func (o Object) Need(name string) Value {
	v := o.Get(name)
	if !v.Exists() && o.JSON().IsObject() {
		o.Fail("needs %q", name)
	}
	return v
}
