package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// tenantPlaceholder stands in an iss for the tenant, as Microsoft Entra ID writes it in the
// discovery document and the key set that all its tenants have in common
// (learn.microsoft.com/entra/identity-platform/v2-protocols-oidc).
const tenantPlaceholder = "{tenantid}"

// maxTenants bounds the memory of a configuration.
const maxTenants = 100_000

// compileIss reads "issuer", "tenants" and "trustDomain": what tells the issuer's tokens
// from those of others.
func (is *Issuer) compileIss(o strictjson.Object) {
	iss, tenants, domain := o.Get("issuer"), o.Get("tenants"), o.Get("trustDomain")
	if domain.Exists() {
		is.trustDomain = compileTrustDomainName(domain)
	}
	switch {
	case is.iss != nil: // of the preset
	case iss.Exists() || o.Get("preset").JSON().Str != "spiffe":
		is.iss = []string{o.Need("issuer").Text()}
	}
	placeholders := 0
	for _, iss := range is.iss {
		placeholders += strings.Count(iss, tenantPlaceholder)
	}
	switch {
	case placeholders == 0 && tenants.Exists():
		tenants.Fail(`needs %s in "issuer"`, tenantPlaceholder)
	case placeholders == 0:
	case placeholders != len(is.iss):
		iss.MustBe("an iss with %s in one place", tenantPlaceholder)
	default:
		is.compileTenants(o.Need("tenants"))
	}
}

func (is *Issuer) compileTenants(v strictjson.Value) {
	is.tenants = map[string]bool{}
	items := v.Items()
	if len(items) > maxTenants {
		v.Fail("must have at most %d tenants; got %d", maxTenants, len(items))
		return
	}
	for _, item := range items {
		switch tenant := item.Text(); {
		case tenant == "": // reported
		case !only(tenant, alphanumeric+"._-"):
			item.MustBe("a tenant of letters, digits, dots, hyphens and underscores, such as 87654321-4321-4321-4321-987654321cba")
		case is.tenants[tenant]:
			item.Fail("%q is there twice", tenant)
		default:
			is.tenants[tenant] = true
		}
	}
}

// tenantOf returns the tenant in an iss, if it has one of the issuer's forms.
func (is *Issuer) tenantOf(iss string) (tenant string, ok bool) {
	for _, form := range is.iss {
		before, after, _ := strings.Cut(form, tenantPlaceholder)
		rest, hasBefore := strings.CutPrefix(iss, before)
		if tenant, ok = strings.CutSuffix(rest, after); ok && hasBefore {
			return tenant, true
		}
	}
	return "", false
}

// hasIss reports whether an iss is one of the issuer's tokens.
func (is *Issuer) hasIss(iss string) bool {
	if is.tenants == nil {
		return slices.Contains(is.iss, iss)
	}
	tenant, ok := is.tenantOf(iss)
	return ok && is.tenants[tenant]
}

// overlaps reports whether a token's iss could be of both issuers.
func (is *Issuer) overlaps(other *Issuer) bool {
	switch {
	case is.tenants == nil:
		return slices.ContainsFunc(is.iss, other.hasIss)
	case other.tenants == nil:
		return slices.ContainsFunc(other.iss, is.hasIss)
	}
	for _, form := range is.iss {
		for tenant := range is.tenants {
			if other.hasIss(strings.Replace(form, tenantPlaceholder, tenant, 1)) {
				return true
			}
		}
	}
	return false
}

// issuerOf returns the issuer whose token the claims say that it is.
func (s *schemeIssuers) issuerOf(c claims) (*Issuer, fault) {
	v := c.get("iss")
	switch {
	case v.Exists() && (v.Type != strictjson.String || v.Str == ""):
		return nil, faultAt(reason.ClaimsInvalid, issClaim)
	case s.byIss[v.Str] != nil:
		return s.byIss[v.Str], none()
	}
	for _, is := range s.tenanted {
		if is.hasIss(v.Str) {
			return is, none()
		}
	}
	if len(s.byDomain) > 0 {
		sub, _ := c.text("sub")
		if is := s.byDomain[trustDomainOf(sub)]; is != nil {
			return is, none()
		}
	}
	if !v.Exists() {
		return nil, faultAt(reason.ClaimsInvalid, issClaim)
	}
	return nil, faultAt(reason.IssuerUnknown, issClaim)
}
