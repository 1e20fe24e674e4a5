package inference

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// TestForms holds each form to a regular expression, over text put together at
// random out of pieces of what it takes.
func TestForms(t *testing.T) {
	const name = `[A-Za-z_][A-Za-z0-9_]*`
	for what, x := range map[string]struct {
		form    func(string) bool
		pattern string
	}{
		"prefix":  {prefixForm, `^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`},
		"method":  {identifier, `^` + name + `$`},
		"service": {serviceForm, `^(` + name + `\.)*` + name + `$`},
	} {
		reference, random, taken := regexp.MustCompile(x.pattern), rand.New(rand.NewPCG(1, 2)), 0
		compare := func(s string) {
			if got, want := x.form(s), reference.MatchString(s); got != want {
				t.Fatalf("%s: %q is taken: %v, want %v", what, s, got, want)
			} else if got {
				taken++
			}
		}
		compare("")
		for c := range 256 {
			for _, s := range []string{"", "/", "/a", "a", "a."} {
				compare(s + string([]byte{byte(c)}))
				compare(s + string([]byte{byte(c), 'a'}))
			}
		}
		pieces := []string{"/", "/", ".", "a", "Z", "_", "0", "~", "-", "echo", "Echo", "/v1", "%", "é", "\n", "*"}
		for range 100000 {
			var s strings.Builder
			for range 1 + random.IntN(7) {
				s.WriteString(pieces[random.IntN(len(pieces))])
			}
			compare(s.String())
		}
		if taken == 0 {
			t.Errorf("%s: nothing is taken", what)
		}
	}
}
