package schema_test

import (
	"encoding/json"
	"flag"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
)

// full tries every mutant. Without it one of four is tried, the same ones each time.
var full = flag.Bool("full", false, "try every mutant")

// TestParserAcceptsImpliesSchemaAccepts changes every accepted configuration in
// every place, in each of many ways.
func TestParserAcceptsImpliesSchemaAccepts(t *testing.T) {
	s := compile(t)
	fields := map[string]any{} // a value of each field of any configuration
	var docs []any
	for _, doc := range accepted(t) {
		if len(doc) < maxMutated {
			docs = append(docs, parse(t, doc))
		}
		// Of a copy: a document is changed in place while others borrow its fields.
		collect(parse(t, doc), fields)
	}
	owner := owners(docs)
	var tried, taken atomic.Int64
	t.Run("configurations", func(t *testing.T) {
		for i, doc := range docs {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				seen := map[string]bool{}
				mutate(doc, fields, func(part string) bool { return owner[part] == i }, func(whole any) {
					mutant := text(whole)
					if seen[mutant] || !*full && crc32.ChecksumIEEE([]byte(mutant))%4 != 0 {
						return
					}
					seen[mutant] = true
					tried.Add(1)
					if _, err := gate.New(mutant, secret); err != nil {
						return
					}
					taken.Add(1)
					if err := validate(s, mutant); err != nil {
						t.Errorf("the parser accepts what the schema refuses:\n%s\n%v", mutant, err)
					}
				})
			})
		}
	})
	t.Logf("%d mutants, %d of them accepted", tried.Load(), taken.Load())
	if tried.Load() < 10_000 || taken.Load() < 1_000 {
		t.Error("too few mutants to prove anything")
	}
}

// maxMutated bounds the documents that are changed, in bytes: the time is as the square of
// their size. The testdata has each field in a smaller document.
const maxMutated = 10_000

func parse(t *testing.T, doc string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// collect keeps the longest value of each field.
func collect(v any, fields map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if len(text(fields[name])) < len(text(member)) && len(text(member)) < 400 {
				fields[name] = member
			}
			collect(member, fields)
		}
	case []any:
		for _, item := range v {
			collect(item, fields)
		}
	}
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// owners returns, for each part of any document, the first one that has it: a part that
// several have in the same place, such as an issuer, is changed in one of them.
func owners(docs []any) map[string]int {
	owner := map[string]int{}
	for i, doc := range docs {
		var visit func(place string, v any)
		visit = func(place string, v any) {
			if _, known := owner[place+text(v)]; known {
				return
			}
			owner[place+text(v)] = i
			for name, member := range members(v) {
				visit(place+"/"+name, member)
			}
		}
		visit("", doc)
	}
	return owner
}

// members returns the members of an object by their names, and the items of an array.
// Places in an array are alike.
func members(v any) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if !yield(name, v[name]) {
					return
				}
			}
		case []any:
			for _, item := range v {
				if !yield("-", item) {
					return
				}
			}
		}
	}
}

// mutate calls yield with the whole document for each change of any part that is own.
func mutate(whole any, fields map[string]any, own func(part string) bool, yield func(any)) {
	var visit func(place string, v any, put func(any))
	visit = func(place string, v any, put func(any)) {
		if !own(place + text(v)) {
			return
		}
		for _, changed := range changes(v, fields) {
			put(changed)
			yield(whole)
		}
		put(v)
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				visit(place+"/"+name, v[name], func(x any) { v[name] = x })
			}
		case []any:
			for i := range v {
				visit(place+"/-", v[i], func(x any) { v[i] = x })
			}
		}
	}
	visit("", whole, func(x any) { whole = x })
}

// changes are values to put in v's place.
func changes(v any, fields map[string]any) (list []any) {
	list = append(list, nil, true, false, 0, 1, 1.5, "", "x", "a/b", "/a", []any{}, map[string]any{}, []any{v}, []any{v, v},
		map[string]any{"x": v})
	switch v := v.(type) {
	case string:
		for _, s := range []string{"*", ".", "/", "-", "~", "@", " ", "\n", "é", "A", "{issuer}", strings.Repeat("a", 300)} {
			list = append(list, v+s)
		}
		for _, s := range []string{"*", "/", "-", ".", " ", "A"} {
			list = append(list, s+v)
		}
		list = append(list, strings.ToUpper(v), strings.ToLower(v), strings.TrimRight(v, "/*"), v[min(1, len(v)):], v[:max(len(v)-1, 0)],
			strings.Replace(v, "/", "", 1), strings.Replace(v, ":", "", 1))
	case []any:
		for i := range v {
			list = append(list, slices.Delete(slices.Clone(v), i, i+1), append(slices.Clone(v), v[i]))
		}
		for _, other := range fields {
			if o, ok := other.([]any); ok {
				list = append(list, append(slices.Clone(v), o...))
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			dropped := maps.Clone(v)
			delete(dropped, name)
			list = append(list, dropped)
			for _, other := range []string{strings.ToUpper(name), name + "s", "x", ""} {
				renamed := maps.Clone(dropped)
				renamed[other] = v[name]
				list = append(list, renamed)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			more := maps.Clone(v)
			more[name] = fields[name]
			list = append(list, more)
		}
	}
	return list
}
