// Package watch checks the tables of what a scan watches. Package scan presupposes
// that they are usable; a test calls CheckKeys or CheckFields for each table.
package watch

import (
	"fmt"
	"strings"

	"github.com/modelgate/modelgate/internal/scan"
)

// The most that scan.JSON and scan.Proto can hold: a set of bits has one for each
// key or field.
const (
	maxWatched = 64 // keys in an object, fields in a message
	maxNested  = 8  // objects or messages within each other
	maxName    = 32 // bytes of a key
	maxNumber  = 1<<29 - 1
)

// CheckKeys returns an error for a table of keys that is not usable: more than 64
// keys in an object, objects nested more than 8 deep, an object without keys, a
// name of more than 32 bytes, or two names that a scan takes for the same.
func CheckKeys(keys []scan.Key) error { return checkKeys(keys, 1) }

func checkKeys(keys []scan.Key, depth int) error {
	if depth > maxNested || len(keys) == 0 || len(keys) > maxWatched {
		return fmt.Errorf("watch: %d keys at depth %d, want 1 to %d keys in at most %d objects", len(keys), depth, maxWatched, maxNested)
	}
	for i, k := range keys {
		if len(k.Name) > maxName {
			return fmt.Errorf("watch: key %q has more than %d bytes", k.Name, maxName)
		}
		for _, other := range keys[:i] {
			if strings.EqualFold(other.Name, k.Name) {
				return fmt.Errorf("watch: key %q is there twice", k.Name)
			}
		}
		if k.Each && k.Keys == nil {
			return fmt.Errorf("watch: key %q is an array of no objects", k.Name)
		}
		if k.Keys != nil {
			if err := checkKeys(k.Keys, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckFields returns an error for a table of fields that is not usable: a number
// that is no field number or is there twice, more than 64 fields in a message,
// messages nested more than 8 deep, a Message without fields, or a leaf that has
// fields or is repeated.
func CheckFields(fields []scan.Field) error { return checkFields(fields, 1) }

func checkFields(fields []scan.Field, depth int) error {
	if len(fields) == 0 || len(fields) > maxWatched || depth > maxNested {
		return fmt.Errorf("watch: %d fields at depth %d, want 1 to %d fields in at most %d messages", len(fields), depth, maxWatched, maxNested)
	}
	for i, f := range fields {
		leaf := f.Shape != scan.Message
		switch {
		case f.Number < 1 || f.Number > maxNumber:
			return fmt.Errorf("watch: field %d: no such number", f.Number)
		case f.Shape > scan.Message:
			return fmt.Errorf("watch: field %d: no such shape", f.Number)
		case leaf && (f.Repeated || f.Fields != nil):
			return fmt.Errorf("watch: field %d: a leaf that is repeated or has fields", f.Number)
		}
		for _, other := range fields[:i] {
			if other.Number == f.Number {
				return fmt.Errorf("watch: field %d is there twice", f.Number)
			}
		}
		if leaf {
			continue
		}
		if err := checkFields(f.Fields, depth+1); err != nil {
			return err
		}
	}
	return nil
}
