package strictjson

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Result is a value of a document, as gjson reads it. Its methods are correct only
// if Check has accepted the document. It is a type of its own, so that it has none
// of gjson's path lookups: in a path, dots, '@', '#' and '*' are operators, but they
// may be part of a claim's name.
//
// Raw is the value's text. Str is a string, unescaped; it shares the document's
// memory unless there was an escape. Num is the nearest float64 to a number,
// infinite if there is none.
type Result gjson.Result

// The types of a Result. A Result that does not exist has type Null and no text.
const (
	Null   = gjson.Null
	False  = gjson.False
	Number = gjson.Number
	String = gjson.String
	True   = gjson.True
)

// Read returns the root of a document that Check has accepted.
func Read(doc string) Result {
	return Result(gjson.Parse(strings.TrimRight(doc, " \t\r\n"))) // gjson keeps in Raw what follows an object or an array
}

// Exists reports whether the document has this value.
func (r Result) Exists() bool { return gjson.Result(r).Exists() }

// IsObject reports whether the value is an object.
func (r Result) IsObject() bool { return gjson.Result(r).IsObject() }

// IsArray reports whether the value is an array.
func (r Result) IsArray() bool { return gjson.Result(r).IsArray() }

// IsBool reports whether the value is true or false.
func (r Result) IsBool() bool { return gjson.Result(r).IsBool() }

// Bool reports whether the value is true. To gjson "true" and 1 are true as well.
func (r Result) Bool() bool { return r.Type == True }

// String returns a string unescaped, an integer as it is written, another number
// without an exponent, "" for null, and the text of everything else.
func (r Result) String() string { return gjson.Result(r).String() }

// ForEach calls yield with each member of an object, or each item of an array, in
// order, until yield returns false. An item's name means nothing. For another
// type it does nothing, where gjson would yield the value itself.
func (r Result) ForEach(yield func(name, value Result) bool) {
	if r.Type != gjson.JSON {
		return
	}
	gjson.Result(r).ForEach(func(name, value gjson.Result) bool { return yield(Result(name), Result(value)) })
}

// Get returns the member of an object with exactly that name.
func (r Result) Get(name string) (found Result) {
	if !r.IsObject() {
		return found
	}
	r.ForEach(func(n, value Result) bool {
		if n.Str == name {
			found = value
			return false
		}
		return true
	})
	return found
}
