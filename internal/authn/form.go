package authn

import "strings"

// Sets of characters that names are made of.
const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz" + digits
	letter = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only reports whether s is not empty and holds nothing but characters of set.
func only(s, set string) bool { return s != "" && strings.Trim(s, set) == "" }

// headerForm is a header name of RFC 9110 section 5.6.2 in lower case, without '_'.
func headerForm(s string) bool { return only(s, lower+"!#$%&'*+.^|~-") }

func schemeForm(s string) bool { return only(s, letter+"-") }

// attributeForm is the name of a pool's attribute.
func attributeForm(s string) bool { return only(s, lower+"_") && len(s) <= 100 }

// IsPool reports whether s is a workforce or a workload identity pool.
func IsPool(s string) bool {
	if pool, ok := strings.CutPrefix(s, "locations/global/workforcePools/"); ok {
		return only(pool, lower+"-")
	}
	s, ok := strings.CutPrefix(s, "projects/")
	project, pool, _ := strings.Cut(s, "/locations/global/workloadIdentityPools/")
	return ok && only(project, digits) && only(pool, lower+"-")
}

// audienceOfIAP is one of the forms of aud in IAP's assertions: an App Engine
// application, a backend service, global or of a region, a Cloud Run service.
func audienceOfIAP(s string) bool {
	p := strings.Split(s, "/")
	var ok bool
	switch {
	case len(p) == 5 && p[3] == "apps":
		ok = only(p[4], lower+".:-")
	case len(p) == 6 && p[4] == "backendServices":
		ok = only(p[3], lower+"-") && only(p[5], digits)
	case len(p) == 7 && p[3] == "locations" && p[5] == "services":
		ok = only(p[4], lower+"-") && only(p[6], lower+"-")
	}
	return ok && p[0] == "" && p[1] == "projects" && only(p[2], digits)
}
