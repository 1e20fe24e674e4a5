package authn

import "strings"

// Sets of characters.
const (
	digits            = "0123456789"
	lowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz" + digits
	alphanumeric      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + lowerAlphanumeric
)

// only reports whether s is not empty and has no character outside the set.
func only(s, set string) bool { return s != "" && strings.Trim(s, set) == "" }

// isHeaderName reports whether s is a field name (RFC 9110 section 5.6.2) in lower
// case without '_'. Tokens come in any such header; the gate itself writes only
// headers of letters, digits and hyphens.
func isHeaderName(s string) bool { return only(s, lowerAlphanumeric+"!#$%&'*+.^|~-") }

func isScheme(s string) bool { return only(s, alphanumeric+"-") }

// isAttributeName reports whether s names an attribute of an identity pool.
func isAttributeName(s string) bool { return only(s, lowerAlphanumeric+"_") && len(s) <= 100 }

const workforcePools = "locations/global/workforcePools/"

// IsPool reports whether s is a workforce or a workload identity pool.
func IsPool(s string) bool {
	if pool, ok := strings.CutPrefix(s, workforcePools); ok {
		return only(pool, lowerAlphanumeric+"-")
	}
	s, ok := strings.CutPrefix(s, "projects/")
	project, pool, _ := strings.Cut(s, "/locations/global/workloadIdentityPools/")
	return ok && only(project, digits) && only(pool, lowerAlphanumeric+"-")
}

// isIAPAudience reports whether s has one of the forms of aud in IAP's assertions:
// an App Engine application, a backend service, global or of a region, or a Cloud
// Run service.
func isIAPAudience(s string) bool {
	p := strings.Split(s, "/")
	var ok bool
	switch {
	case len(p) == 5 && p[3] == "apps":
		ok = only(p[4], lowerAlphanumeric+".:-")
	case len(p) == 6 && p[4] == "backendServices":
		ok = only(p[3], lowerAlphanumeric+"-") && only(p[5], digits)
	case len(p) == 7 && p[3] == "locations" && p[5] == "services":
		ok = only(p[4], lowerAlphanumeric+"-") && only(p[6], lowerAlphanumeric+"-")
	}
	return ok && p[0] == "" && p[1] == "projects" && only(p[2], digits)
}

// isEmailAddress reports whether s is visible ASCII with exactly one '@' and
// something on both sides of it. So nobody can read it as two addresses, and it is
// safe in a header.
func isEmailAddress(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@")
}
