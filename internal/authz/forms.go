package authz

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
)

const lowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"

// domainForm reports whether s consists of lower-case letters, digits, dots and
// hyphens, and begins and ends with a letter or a digit.
func domainForm(s string) bool {
	return s != "" && strings.Trim(s[:1]+s[len(s)-1:], lowerAlphanumeric) == "" && strings.Trim(s, lowerAlphanumeric+".-") == ""
}

// addressForm reports whether s has one '@', with something before and after it.
// authn asks more of the addresses in tokens. A rule must be able to name an
// address that no issuer verifies: a deny applies to it.
func addressForm(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	return ok && local != "" && host != "" && !strings.Contains(host, "@")
}

// accountForm reports whether s is NAMESPACE/NAME of a Kubernetes service account: a label
// and a subdomain of RFC 1123 (ValidateNamespaceName and ValidateServiceAccountName of
// k8s.io/apimachinery, pkg/api/validation/generic.go).
func accountForm(s string) bool {
	ns, name, ok := strings.Cut(s, "/")
	return ok && inference.IsLabel(ns) && domainForm(name) && len(name) <= 253
}

// splitPool splits a name below //iam.googleapis.com/ into its pool and the rest.
func splitPool(name string) (pool, rest string, ok bool) {
	path, ok := strings.CutPrefix(name, "//iam.googleapis.com/")
	depth := 4 // locations/global/workforcePools/POOL
	if strings.HasPrefix(path, "projects/") {
		depth = 6 // projects/NUMBER/locations/global/workloadIdentityPools/POOL
	}
	parts := strings.SplitN(path, "/", depth+1)
	if !ok || len(parts) <= depth {
		return "", "", false
	}
	pool, rest = strings.Join(parts[:depth], "/"), parts[depth]
	return pool, rest, authn.IsPool(pool) && rest != "" && !strings.Contains(rest, "\n")
}
