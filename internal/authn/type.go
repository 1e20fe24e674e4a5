package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// otherTypes are types of JWTs that are no credential for a resource: a proof of DPoP (RFC
// 9449 section 4.2), which its own sender signs, a logout token (OpenID Connect Back-Channel
// Logout 1.0 section 2.4), a security event (RFC 8417 section 2.3).
var otherTypes = []string{"dpop+jwt", "logout+jwt", "secevent+jwt"}

// compileTypes reads "type", which demands the claims of RFC 9068 too, or "types", a list of
// typ alone.
func (is *Issuer) compileTypes(o strictjson.Object) {
	t, list := o.Get("type"), o.Get("types")
	if t.Exists() {
		if is.typ = t.Text(); is.typ != "at+jwt" {
			t.MustBe(`at+jwt (RFC 9068), or left out for an ordinary JWT; "types" lists others`)
		}
	}
	if t.Exists() && list.Exists() {
		list.Fail(`must not be beside "type"`)
	}
	for _, item := range list.Items() {
		bare := bareType(item.Text())
		if bare != "" && !only(bare, alphanumeric+"!#$&-^_.+") || slices.Contains(otherTypes, strings.ToLower(bare)) {
			item.MustBe(`the typ of a token, such as JWT, at+jwt or JOSE`)
		}
		if slices.Contains(is.types, bare) {
			item.Fail("%q is there twice", bare)
		}
		is.types = append(is.types, bare)
	}
}

// bareType returns a typ without "application/", which RFC 7515 section 4.1.9 lets a token
// leave out.
func bareType(typ string) string {
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		return typ[len(prefix):]
	}
	return typ
}

// typeFits reports whether typ is the issuer's (RFC 8725 section 3.11): one of the list, in
// which "JWT" also stands for a token without typ; "at+jwt", with or without the prefix
// "application/", for an issuer that is configured for RFC 9068 (section 4); or "JWT" or
// nothing.
func (t *token) typeFits(is *Issuer) bool {
	switch {
	case is.types != nil:
		return slices.ContainsFunc(is.types, func(typ string) bool {
			return strings.EqualFold(bareType(t.typ), typ) || t.typ == "" && strings.EqualFold(typ, "JWT")
		})
	case is.typ != "":
		return strings.EqualFold(bareType(t.typ), is.typ)
	}
	return t.typ == "" || strings.EqualFold(t.typ, "JWT")
}
