package authn

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/forms"
)

// TestForms compares each form with a regular expression, for texts made at random of
// pieces that the form accepts.
func TestForms(t *testing.T) {
	for name, x := range map[string]struct {
		form    func(string) bool
		pattern string
		pieces  []string
	}{
		"header":    {isHeaderName, `^[a-z0-9!#$%&'*+.^|~-]+$`, nil},
		"scheme":    {isScheme, `^[A-Za-z0-9-]+$`, nil},
		"attribute": {isAttributeName, `^[a-z0-9_]{1,100}$`, []string{strings.Repeat("a", 49), strings.Repeat("_9", 25)}},
		"pool": {IsPool, `^(locations/global/workforcePools/[a-z0-9-]+|projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+)$`,
			[]string{"locations/global/workforcePools/", "projects/", "/locations/global/workloadIdentityPools/",
				"locations/", "global/", "12", "p-1", "/"}},
		"IAP's audience": {isIAPAudience, `^/projects/[0-9]+/(apps/[a-z0-9.:-]+|global/backendServices/[0-9]+|` +
			`[a-z0-9-]+/backendServices/[0-9]+|locations/[a-z0-9-]+/services/[a-z0-9-]+)$`,
			[]string{"/projects/", "12", "/apps/", "a.b:c", "/global", "/eu-1", "/backendServices/", "7", "/locations/", "/services/", "s-1", "/"}},
	} {
		forms.Compare(t, name, x.form, x.pattern, nil, x.pieces)
	}
}

// TestBase64URL: line breaks, which encoding/base64 skips, are refused at each place,
// whatever the length of the rest.
func TestBase64URL(t *testing.T) {
	for n := range 12 {
		text := b64(make([]byte, n))
		if got, ok := decodeBase64URL(text); !ok || len(got) != n {
			t.Errorf("decodeBase64URL(%q) = %x, %v", text, got, ok)
		}
		for at := range len(text) + 1 {
			for _, breaks := range []string{"\n", "\r", "\r\n", "\n\n\n", "\n\n\n\n", "=", " "} {
				bad := text[:at] + breaks + text[at:]
				if got, ok := decodeBase64URL(bad); ok {
					t.Errorf("decodeBase64URL(%q) = %x, want none", bad, got)
				}
			}
		}
	}
}
