package authn

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// attribute maps a claim to an attribute of a workload or workforce identity
// pool, for principalSet://…/attribute.NAME/VALUE.
type attribute struct {
	name    string
	pointer strictjson.Pointer
}

// compilePool reads the identity pool whose principal:// and principalSet://
// identifiers the issuer's tokens have.
func (is *Issuer) compilePool(o strictjson.Object) {
	pool, attributes := o.Get("pool"), o.Get("attributes")
	if pool.Exists() {
		if is.pool = pool.Text(); !IsPool(is.pool) {
			pool.MustBe("locations/global/workforcePools/POOL or projects/NUMBER/locations/global/workloadIdentityPools/POOL")
		} else if is.workforce && !strings.HasPrefix(is.pool, workforcePools) {
			pool.MustBe("a workforce pool, locations/global/workforcePools/POOL: IAP has no others")
		}
	}
	if !attributes.Exists() {
		return
	}
	if !pool.Exists() {
		attributes.Fail(`needs "pool", whose attributes they are`)
	}
	for _, m := range attributes.Object().Members {
		if !isAttributeName(m.Name) {
			m.Value.Fail("must have a name of letters a-z, digits and underscores; got %q", m.Name)
		}
		is.attributes = append(is.attributes, attribute{m.Name, compilePointer(m.Value)})
	}
}

const iamPrincipal = "principal://iam.googleapis.com/"

// readPool reads who the caller is in the issuer's pool.
func (is *Issuer) readPool(c claims, p *Principal) {
	switch {
	case is.pool != "" && is.workforce:
		is.readWorkforceIdentity(c, p)
	case is.pool != "":
		p.Pool, p.PoolSubject = is.pool, p.Subject
	}
	for _, a := range is.attributes {
		switch v := c.at(a.pointer); {
		case v.Type == strictjson.String && !c.isElsewhere(a.pointer[0]) && p.Vouches(a.pointer):
			p.Attributes = append(p.Attributes, [2]string{a.name, v.Str})
		case c.has(a.pointer) || c.isElsewhere(a.pointer[0]) || !is.absentIsNone.has(UntoldAttributes):
			p.Untold |= UntoldAttributes
			p.UntoldAttributes = append(p.UntoldAttributes, a.name)
		}
	}
}

// readWorkforceIdentity reads who the caller is in a workforce pool, as IAP says it
// beside its own sub (cloud.google.com/iap/docs/signed-headers-howto): the principal and
// the name of the pool, in workforce_identity. The assertion of a Google account has no
// such claim. One of another pool has that pool's name in both.
func (is *Issuer) readWorkforceIdentity(c claims, p *Principal) {
	identity := c.get("workforce_identity")
	principal, pool := identity.Get("iam_principal").Str, identity.Get("workforce_pool_name").Str
	subject, agree := strings.CutPrefix(principal, iamPrincipal+pool+"/subject/")
	switch {
	case !identity.Exists() && c.get("identity_source").Str != "WORKFORCE_IDENTITY":
	case !IsPool(pool) || !agree || subject == "":
		p.Untold |= UntoldPool
	case pool == is.pool:
		p.Pool, p.PoolSubject = pool, subject
	}
}
