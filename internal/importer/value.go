package importer

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/modelgate/modelgate/internal/document"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// value is a value of a document, and where it stands. Names are found by ForEach and never by
// a path of gjson's, in which the dots of a name would be operators. internal/document has
// found each document free of repeated names.
type value struct {
	json     gjson.Result
	file     string
	document document.Document
	pointer  string
}

func newValue(file string, d document.Document) value {
	return value{json: gjson.Parse(d.JSON), file: file, document: d}
}

// exists reports whether the value is there and not null.
func (v value) exists() bool { return v.json.Exists() && v.json.Type != gjson.Null }

func (v value) isObject() bool { return v.json.IsObject() }
func (v value) isArray() bool  { return v.json.IsArray() }

// found says what a value is, for messages.
func (v value) found() string {
	switch {
	case !v.exists():
		return "nothing"
	case v.isObject():
		return "an object"
	case v.isArray():
		return "a list"
	}
	return v.json.Raw
}

// get returns the member of a name, which protobuf's JSON may write in camel case. If there is
// none, it is a value that does not exist, at the place of the object.
func (v value) get(name string) value {
	missing := v
	missing.json = gjson.Result{}
	if !v.isObject() {
		return missing
	}
	other := camel(name)
	v.json.ForEach(func(key, member gjson.Result) bool {
		if key.Str == name || key.Str == other {
			missing = v.child(key.Str, member)
			return false
		}
		return true
	})
	return missing
}

// member returns the member of exactly this name.
func (v value) member(name string) value {
	for _, f := range v.fields() {
		if f.name == name {
			return f.value
		}
	}
	return v.child(name, gjson.Result{})
}

// first returns the first of several members that exists.
func (v value) first(names ...string) (member value) {
	for _, name := range names {
		if member = v.get(name); member.exists() {
			return member
		}
	}
	return member
}

func (v value) child(token string, json gjson.Result) value {
	c := v
	c.json, c.pointer = json, v.pointer+strictjson.Pointer{token}.String()
	return c
}

// camel returns a name in snake case as protobuf's JSON writes it.
func camel(name string) string {
	head, tail, more := strings.Cut(name, "_")
	for more {
		var part string
		part, tail, more = strings.Cut(tail, "_")
		if part != "" {
			head += strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return head
}

// items returns the items of an array. Another value has none.
func (v value) items() (list []value) {
	if !v.isArray() {
		return nil
	}
	v.json.ForEach(func(_, item gjson.Result) bool {
		list = append(list, v.child(strconv.Itoa(len(list)), item))
		return true
	})
	return list
}

// field is a member of an object.
type field struct {
	name  string
	value value
}

// fields returns the members of an object that are not null.
func (v value) fields() (list []field) {
	if !v.isObject() {
		return nil
	}
	v.json.ForEach(func(key, member gjson.Result) bool {
		if member.Type != gjson.Null {
			list = append(list, field{key.Str, v.child(key.Str, member)})
		}
		return true
	})
	return list
}

// others returns the members whose names are not among these.
func (v value) others(known ...string) (list []field) {
	for _, f := range v.fields() {
		isKnown := false
		for _, name := range known {
			isKnown = isKnown || f.name == name || f.name == camel(name)
		}
		if !isKnown {
			list = append(list, f)
		}
	}
	return list
}

// text returns what a string says, and "" for another value.
func (v value) text() string {
	if v.json.Type != gjson.String {
		return ""
	}
	return v.json.Str
}

// texts returns what the strings of an array say.
func (v value) texts() (list []string) {
	for _, item := range v.items() {
		list = append(list, item.text())
	}
	return list
}

// scalar returns a string, or a number or a boolean as it is written.
func (v value) scalar() string {
	if v.json.Type == gjson.String {
		return v.json.Str
	}
	if v.isObject() || v.isArray() || !v.exists() {
		return ""
	}
	return v.json.Raw
}

func (v value) isTrue() bool { return v.json.Type == gjson.True || v.text() == "true" }

// problem returns an error with the place of the value.
func (v value) problem(format string, args ...any) error {
	return &FileError{v.file, document.Problems{{
		Place: v.document.Find(v.pointer), Pointer: v.pointer, Message: fmt.Sprintf(format, args...),
	}}}
}
