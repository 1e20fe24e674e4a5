// Package forms holds the forms of names, which are checked by loops, to the
// regular expressions that say what they are.
package forms

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// Compare holds a form to a pattern: after each of the beginnings for every byte,
// and over text put together at random out of pieces of what the form takes, with an
// byte of any value here and there. It must take something.
func Compare(t *testing.T, name string, form func(string) bool, pattern string, beginnings, pieces []string) {
	t.Helper()
	reference, random, taken := regexp.MustCompile(pattern), rand.New(rand.NewPCG(1, 2)), 0
	compare := func(s string) {
		if got, want := form(s), reference.MatchString(s); got != want {
			t.Fatalf("%s: %q is taken: %v, want %v", name, s, got, want)
		} else if got {
			taken++
		}
	}
	compare("")
	for c := range 256 {
		for _, s := range append([]string{"", "a"}, beginnings...) {
			compare(s + string([]byte{byte(c)}))
			compare(s + string([]byte{byte(c), 'a'}))
		}
		compare(string(rune(c)))
	}
	for range 100000 {
		var s strings.Builder
		for range 1 + random.IntN(7) {
			if len(pieces) > 0 && random.IntN(40) > 0 {
				s.WriteString(pieces[random.IntN(len(pieces))])
			} else {
				s.WriteByte(byte(random.IntN(256)))
			}
		}
		compare(s.String())
	}
	if taken == 0 {
		t.Errorf("%s: nothing is taken", name)
	}
}
