package authz

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

const lower = "abcdefghijklmnopqrstuvwxyz0123456789"

// domainForm reports whether s is lower-case letters, digits, dots and hyphens,
// with a letter or digit at both ends.
func domainForm(s string) bool {
	return s != "" && strings.Trim(s[:1]+s[len(s)-1:], lower) == "" && strings.Trim(s, lower+".-") == ""
}

// splitPool cuts a name below //iam.googleapis.com after its pool.
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
