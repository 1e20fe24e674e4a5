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
// infinite if there is none. It is as much of a gjson.Result as is needed: results are
// handed on by value, and what they weigh is copied each time.
type Result struct {
	Type     gjson.Type
	Raw, Str string
	Num      float64
}

func resultOf(r gjson.Result) Result { return Result{r.Type, r.Raw, r.Str, r.Num} }

// gjson returns the value with gjson's methods.
func (r Result) gjson() gjson.Result {
	return gjson.Result{Type: r.Type, Raw: r.Raw, Str: r.Str, Num: r.Num}
}

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
	return resultOf(gjson.Parse(strings.TrimRight(doc, " \t\r\n"))) // gjson keeps in Raw what follows an object or an array
}

// Exists reports whether the document has this value.
//
//go:noinline
func (r Result) Exists() bool { return r.Type != gjson.Null || r.Raw != "" }

// IsObject reports whether the value is an object.
//
//go:noinline
func (r Result) IsObject() bool { return r.Type == gjson.JSON && strings.HasPrefix(r.Raw, "{") }

// IsArray reports whether the value is an array.
//
//go:noinline
func (r Result) IsArray() bool { return r.Type == gjson.JSON && strings.HasPrefix(r.Raw, "[") }

// IsBool reports whether the value is true or false.
func (r Result) IsBool() bool { return r.Type == gjson.True || r.Type == gjson.False }

// Bool reports whether the value is true. To gjson "true" and 1 are true as well.
func (r Result) Bool() bool { return r.Type == True }

// String returns a string unescaped, an integer as it is written, another number
// without an exponent, "" for null, and the text of everything else.
func (r Result) String() string { return r.gjson().String() }

// ForEach calls yield with each member of an object, or each item of an array, in
// order, until yield returns false. An item's name means nothing. For another
// type it does nothing, where gjson would yield the value itself.
func (r Result) ForEach(yield func(name, value Result) bool) {
	if r.Type != gjson.JSON {
		return
	}
	r.gjson().ForEach(func(name, value gjson.Result) bool { return yield(resultOf(name), resultOf(value)) })
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
