package edit

import (
	"runtime"
	"testing"
)

const doc = `{"a":{"b":[1,"<"]},"c/d":null}`

func TestEdit(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"a member", Set(t, doc, "/a/b", `2`), `{"a":{"b":2},"c/d":null}`},
		{"a new member", Set(t, doc, "/a/x", `{}`), `{"a":{"b":[1,"<"],"x":{}},"c/d":null}`},
		{"an item", Set(t, doc, "/a/b/1", `3`), `{"a":{"b":[1,3]},"c/d":null}`},
		{"a new item", Set(t, doc, "/a/b/-", `3`), `{"a":{"b":[1,"<",3]},"c/d":null}`},
		{"an item before the first", Insert(t, doc, "/a/b/0", `3`), `{"a":{"b":[3,1,"<"]},"c/d":null}`},
		{"an item before the second", Insert(t, doc, "/a/b/1", `3`), `{"a":{"b":[1,3,"<"]},"c/d":null}`},
		{"an escaped name", Set(t, doc, "/c~1d", `1e3`), `{"a":{"b":[1,"<"]},"c/d":1e3}`},
		{"a deleted member", Delete(t, doc, "/c~1d"), `{"a":{"b":[1,"<"]}}`},
		{"a deleted item", Delete(t, doc, "/a/b/0"), `{"a":{"b":["<"]},"c/d":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got %s, want %s", c.got, c.want)
			}
		})
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Fatal(...any) { r.stop() }

func (r *recorder) Fatalf(string, ...any) { r.stop() }

func (r *recorder) stop() {
	r.failed = true
	runtime.Goexit()
}

func TestAnEditWithoutEffectFails(t *testing.T) {
	for name, edit := range map[string]func(testing.TB){
		"the same value":      func(t testing.TB) { Set(t, doc, "/a/b/0", `1`) },
		"a missing member":    func(t testing.TB) { Delete(t, doc, "/a/z") },
		"a missing parent":    func(t testing.TB) { Set(t, doc, "/z/y", `1`) },
		"an item beyond":      func(t testing.TB) { Set(t, doc, "/a/b/2", `1`) },
		"an item before none": func(t testing.TB) { Insert(t, doc, "/a/b/2", `1`) },
		"an item of no array": func(t testing.TB) { Insert(t, doc, "/a/0", `1`) },
		"a scalar's member":   func(t testing.TB) { Set(t, doc, "/a/b/0/c", `1`) },
		"no pointer":          func(t testing.TB) { Set(t, doc, "a", `1`) },
		"a value not of JSON": func(t testing.TB) { Set(t, doc, "/a", `x`) },
	} {
		t.Run(name, func(t *testing.T) {
			r, done := &recorder{}, make(chan struct{})
			go func() {
				defer close(done)
				edit(r)
			}()
			if <-done; !r.failed {
				t.Error("it does not fail")
			}
		})
	}
}
