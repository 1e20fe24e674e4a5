package authn

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// TestForms holds each form to a regular expression, over text put together at
// random out of pieces of what it takes.
func TestForms(t *testing.T) {
	for name, x := range map[string]struct {
		form    func(string) bool
		pattern string
		pieces  []string
	}{
		"header":    {headerForm, `^[a-z0-9!#$%&'*+.^|~-]+$`, nil},
		"scheme":    {schemeForm, `^[A-Za-z0-9-]+$`, nil},
		"attribute": {attributeForm, `^[a-z0-9_]{1,100}$`, []string{strings.Repeat("a", 49), strings.Repeat("_9", 25)}},
		"pool": {PoolForm, `^(locations/global/workforcePools/[a-z0-9-]+|projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+)$`,
			[]string{"locations/global/workforcePools/", "projects/", "/locations/global/workloadIdentityPools/", "locations/", "global/", "12", "p-1", "/"}},
		"IAP's audience": {audienceOfIAP, `^/projects/[0-9]+/(apps/[a-z0-9.:-]+|global/backendServices/[0-9]+|` +
			`[a-z0-9-]+/backendServices/[0-9]+|locations/[a-z0-9-]+/services/[a-z0-9-]+)$`,
			[]string{"/projects/", "12", "/apps/", "a.b:c", "/global", "/eu-1", "/backendServices/", "7", "/locations/", "/services/", "s-1", "/"}},
	} {
		reference, random, taken := regexp.MustCompile(x.pattern), rand.New(rand.NewPCG(1, 2)), 0
		compare := func(s string) {
			if got, want := x.form(s), reference.MatchString(s); got != want {
				t.Fatalf("%s: %q is taken: %v, want %v", name, s, got, want)
			} else if got {
				taken++
			}
		}
		compare("")
		for c := range 256 {
			compare(string([]byte{byte(c)}))
			compare(string([]byte{'a', byte(c)}))
			compare(string([]byte{byte(c), 'a'}))
			compare(string([]byte{'a', byte(c), 'a'}))
			compare(string(rune(c)))
		}
		for range 100000 {
			var s strings.Builder
			for range 1 + random.IntN(7) {
				if len(x.pieces) > 0 && random.IntN(40) > 0 {
					s.WriteString(x.pieces[random.IntN(len(x.pieces))])
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
}
