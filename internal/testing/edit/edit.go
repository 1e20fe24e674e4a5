// Package edit changes JSON documents for tests. A change that changes nothing
// fails the test: a case that means to differ from its base does differ.
package edit

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Set returns doc with value, which is JSON, at pointer (RFC 6901): in the place of
// what is there, as a new member of an object, or after an array's last item ("-").
func Set(t testing.TB, doc, pointer, value string) string {
	t.Helper()
	return change(t, doc, pointer, func(parent any, token string) any {
		v := decode(t, value)
		switch p := parent.(type) {
		case map[string]any:
			p[token] = v
			return p
		case []any:
			if token == "-" {
				return append(p, v)
			}
			p[index(t, p, pointer, token)] = v
			return p
		}
		t.Fatalf("edit: %s has no parent that is an object or an array", pointer)
		return nil
	})
}

// Insert returns doc with value, which is JSON, as an item of an array, before the one at
// pointer.
func Insert(t testing.TB, doc, pointer, value string) string {
	t.Helper()
	return change(t, doc, pointer, func(parent any, token string) any {
		p, ok := parent.([]any)
		if !ok {
			t.Fatalf("edit: the parent of %s is no array", pointer)
		}
		return slices.Insert(p, index(t, p, pointer, token), decode(t, value))
	})
}

// Delete returns doc without the member or item at pointer.
func Delete(t testing.TB, doc, pointer string) string {
	t.Helper()
	return change(t, doc, pointer, func(parent any, token string) any {
		switch p := parent.(type) {
		case map[string]any:
			delete(p, token)
			return p
		case []any:
			i := index(t, p, pointer, token)
			return slices.Delete(p, i, i+1)
		}
		t.Fatalf("edit: %s has no parent that is an object or an array", pointer)
		return nil
	})
}

// change rebuilds the document with what f makes of the parent of pointer's place.
func change(t testing.TB, doc, pointer string, f func(parent any, token string) any) string {
	t.Helper()
	tokens := strings.Split(pointer, "/")
	if len(tokens) < 2 || tokens[0] != "" {
		t.Fatalf("edit: %q is no pointer to something inside the document", pointer)
	}
	for i := range tokens {
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(tokens[i])
	}
	before := encode(t, decode(t, doc))
	after := encode(t, descend(t, decode(t, doc), pointer, tokens[1:], f))
	if before == after {
		t.Fatalf("edit: nothing changes at %s of %s", pointer, doc)
	}
	return after
}

func descend(t testing.TB, v any, pointer string, tokens []string, f func(any, string) any) any {
	t.Helper()
	if len(tokens) == 1 {
		return f(v, tokens[0])
	}
	switch p := v.(type) {
	case map[string]any:
		if next, ok := p[tokens[0]]; ok {
			p[tokens[0]] = descend(t, next, pointer, tokens[1:], f)
			return p
		}
	case []any:
		i := index(t, p, pointer, tokens[0])
		p[i] = descend(t, p[i], pointer, tokens[1:], f)
		return p
	}
	t.Fatalf("edit: %s: the document has no %q there", pointer, tokens[0])
	return nil
}

func index(t testing.TB, list []any, pointer, token string) int {
	t.Helper()
	i, err := strconv.Atoi(token)
	if err != nil || i < 0 || i >= len(list) {
		t.Fatalf("edit: %s: %q is no index of an array of %d", pointer, token, len(list))
	}
	return i
}

func decode(t testing.TB, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil || d.More() {
		t.Fatalf("edit: %s is not JSON: %v", text, err)
	}
	return v
}

func encode(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
