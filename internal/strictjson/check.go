// Package strictjson reads JSON that decides something: tokens, key sets and
// the configuration. Check reads a document as a whole; only then are values taken
// out of it, by exact name or by JSON Pointer. No name may occur
// twice, because some readers use its first value and others its last. So two
// readers cannot understand one document differently.
//
// Package scan has the same rules for request bodies, and says why there are two.
//
// The package does not know what a document means.
package strictjson

import "github.com/tidwall/gjson"

// MaxDepth is the deepest nesting of arrays and objects that Check accepts.
const MaxDepth = 32

// Check returns a *SyntaxError for the first violation of RFC 8259 in doc, or nil.
// It also refuses a byte order mark, invalid UTF-8, a lone surrogate (RFC 8259
// section 8.2 leaves its meaning open), a name that occurs twice in one object
// after unescaping, and nesting deeper than MaxDepth.
func Check(doc string) error {
	s := scanner{doc: doc}
	err := s.begin()
	if err == nil {
		err = s.value(0)
	}
	if err == nil {
		err = s.end()
	}
	if err == nil {
		return nil // returning err would make an error that is not nil
	}
	err.explain(doc)
	return err
}

// Field is a member of an object.
type Field struct {
	Name  string
	Value Result
}

// FieldLimits bound what Fields reads, before anybody has vouched for the document.
type FieldLimits struct {
	Members int // of the document itself
	Names   int // of all objects together, the document's members included
}

// Fields checks a document that must be an object, appends its members to fields
// and returns the object, all in one pass. The object does not exist if Check would
// return an error, or if the document is not an object, or if it exceeds a limit: tooMany
// reports only that.
func Fields(doc string, limits FieldLimits, fields []Field) (object Result, _ []Field, tooMany bool) {
	s := scanner{doc: doc, maxNames: limits.Names}
	if s.begin() != nil || s.peek() != '{' {
		return Result{}, fields, false
	}
	first := s.i
	s.i++
	for o := (openObject{}); ; {
		name, more, err := s.member(&o)
		if tooMany = s.allNames > limits.Names || o.members > limits.Members; err != nil || tooMany {
			return Result{}, fields, tooMany
		}
		if !more {
			object := doc[first:s.i]
			if s.end() != nil {
				return Result{}, fields, false
			}
			return resultOf(gjson.Parse(object)), fields, false
		}
		start := s.i
		if s.value(1) != nil {
			return Result{}, fields, s.allNames > limits.Names
		}
		fields = append(fields, Field{name, resultOf(gjson.Parse(doc[start:s.i]))})
	}
}
