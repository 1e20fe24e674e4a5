package authz

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
)

// TestForms compares each form with a regular expression, on random sequences of
// pieces of what it accepts.
func TestForms(t *testing.T) {
	pool := regexp.MustCompile(`^//iam\.googleapis\.com/((?:locations/global/workforcePools|` +
		`projects/[0-9]+/locations/global/workloadIdentityPools)/[a-z0-9-]+)/(.+)$`)
	domain := regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	namespace := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	account := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	domains, namespaces, pools, accounts := 0, 0, 0, 0
	compare := func(s string) {
		if got, want := domainForm(s), domain.MatchString(s); got != want {
			t.Fatalf("domainForm(%q) = %v, want %v", s, got, want)
		} else if got {
			domains++
		}
		if got, want := inference.IsLabel(s), namespace.MatchString(s); got != want {
			t.Fatalf("inference.IsLabel(%q) = %v, want %v", s, got, want)
		} else if got {
			namespaces++
		}
		if got, want := accountForm(s), account.MatchString(s); got != want {
			t.Fatalf("accountForm(%q) = %v, want %v", s, got, want)
		} else if got {
			accounts++
		}
		m := pool.FindStringSubmatch(s)
		if got, rest, ok := splitPool(s); ok != (m != nil) || ok && (got != m[1] || rest != m[2]) {
			t.Fatalf("splitPool(%q) = %q, %q, %v, want %q", s, got, rest, ok, m)
		} else if ok {
			pools++
		}
	}
	compare("")
	for c := range 256 {
		for _, s := range []string{"", "a", "a/b", "//iam.googleapis.com/locations/global/workforcePools/p/"} {
			compare(s + string([]byte{byte(c)}))
			compare(string([]byte{byte(c)}) + s)
			compare(s + string([]byte{byte(c), 'a'}))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"//iam.googleapis.com/", "locations/global/workforcePools/", "projects/12/", "projects/",
		"locations/global/workloadIdentityPools/", "p-1", "7", "/",
		"subject/ana", "*", "\n", "é", "a", "-", ".", strings.Repeat("a", 20), strings.Repeat("b", 61)}
	for range 300000 {
		var s strings.Builder
		if random.IntN(2) == 0 {
			s.WriteString(pieces[0] + pieces[1+random.IntN(2)])
		}
		for range 1 + random.IntN(6) {
			s.WriteString(pieces[random.IntN(len(pieces))])
		}
		compare(s.String())
	}
	if domains == 0 || namespaces == 0 || pools == 0 || accounts == 0 {
		t.Errorf("accepted %d domains, %d namespaces, %d names in pools and %d accounts, want some of each", domains, namespaces, pools, accounts)
	}
}
