// Package forms compares functions that check the form of a name with regular
// expressions. The product has loops: package regexp makes the module larger.
package forms

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// Compare reports a text for which form and the regular expression disagree. It
// tries every byte after each of the beginnings, and random sequences of the
// pieces with a random byte here and there. The form must accept some of them.
func Compare(t *testing.T, name string, form func(string) bool, pattern string, beginnings, pieces []string) {
	t.Helper()
	reference, random, accepted := regexp.MustCompile(pattern), rand.New(rand.NewPCG(1, 2)), 0
	compare := func(s string) {
		if got, want := form(s), reference.MatchString(s); got != want {
			t.Fatalf("%s(%q) = %v, want %v", name, s, got, want)
		} else if got {
			accepted++
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
	if accepted == 0 {
		t.Errorf("%s accepted nothing", name)
	}
}
