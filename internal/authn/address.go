package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// addressRule says which claim has the caller's e-mail address, and what vouches for it.
type addressRule struct {
	pointer  strictjson.Pointer
	verified requiredClaim // its pointer is nil if no claim vouches for the address
	folded   bool          // grants compare it in lower case
	isDomain bool          // what follows its '@' is the caller's domain, instead of hd
	// unverified are the claims that no grant may read where nothing vouches for their
	// addresses: the pointer's, if that is not email, and email.
	unverified []strictjson.Pointer
}

// compileAddress reads "email", "address" and "domain".
func (is *Issuer) compileAddress(o strictjson.Object) {
	if e := o.Get("email"); e.Exists() {
		switch e.Text() {
		case "verified":
		case "trusted":
			is.trustsEmail = true
		default:
			e.MustBe("verified (needs email_verified) or trusted (the issuer vouches for every address)")
		}
	}
	is.compileAddressRule(o.Get("address"))
	switch d := o.Get("domain"); d.Text() {
	case "", "hd": // absent, or reported
	case "address":
		is.address.isDomain = true
	default:
		d.MustBe("hd (a hosted domain of Google) or address (what follows the @ of a verified address)")
	}
}

// compileAddressRule reads "address", after "email".
func (is *Issuer) compileAddressRule(v strictjson.Value) {
	a := v.Object("pointer", "verified", "folded")
	if v.Exists() && v.JSON().IsObject() && len(a.Members) == 0 {
		v.Fail("must not be empty; leave it out instead")
	}
	r := &is.address
	r.pointer, r.verified.pointer = emailClaim, verifiedClaim
	r.verified.anyOf = []strictjson.Result{{Type: strictjson.True}}
	if p := a.Get("pointer"); p.Exists() {
		r.pointer = compilePointer(p)
		if !slices.Equal(r.pointer, emailClaim) {
			r.verified = requiredClaim{}
			if !a.Get("verified").Exists() && !is.trustsEmail {
				a.Fail(`needs "verified", or "email": "trusted" for the issuer: email_verified is of the claim email only`)
			}
		}
	}
	if by := a.Get("verified"); by.Exists() {
		r.verified = compileClaimValues(by)
	}
	r.folded = a.Get("folded").Bool()
	r.unverified = []strictjson.Pointer{r.pointer, emailClaim}
}

// readAddress reads the address and the domain. An issuer that vouches for every address
// does not vouch for one of which the token says that it is not verified.
func (is *Issuer) readAddress(c claims, p *Principal) {
	r := &is.address
	p.ClaimedEmail = is.readText(c, r.pointer, UntoldAddress, p)
	if !isEmailAddress(p.ClaimedEmail) {
		if p.ClaimedEmail != "" {
			p.Untold |= UntoldAddress // it is in another form
		}
	} else if r.vouchedFor(c, is.trustsEmail) {
		if p.Email = p.ClaimedEmail; r.folded {
			p.Email = strings.ToLower(p.Email)
		}
	}
	is.readDomain(c, p)
	switch ofEmail := slices.Equal(r.pointer, emailClaim); {
	case ofEmail: // Email says it
	case p.Email == "":
		p.Unverified = r.unverified
	case c.get("email_verified").Type != strictjson.True:
		p.Unverified = r.unverified[1:]
	}
}

// vouchedFor reports whether the address counts for grants.
func (r *addressRule) vouchedFor(c claims, trusted bool) bool {
	if r.verified.pointer == nil {
		return trusted
	}
	v := c.at(r.verified.pointer)
	return r.verified.accepts(v) || trusted && (!v.Exists() || v.Type == strictjson.String && v.Str == "true")
}

// readDomain reads the caller's domain. An address for which nobody vouches tells none: the
// caller may be of any.
func (is *Issuer) readDomain(c claims, p *Principal) {
	if !is.address.isDomain {
		p.Domain = is.readText(c, hdClaim, UntoldDomain, p)
		return
	}
	_, domain, _ := strings.Cut(p.Email, "@")
	p.Domain = strings.ToLower(domain)
	if p.Email == "" && (p.ClaimedEmail != "" || p.Untold.has(UntoldAddress)) {
		p.Untold |= UntoldDomain
	}
}

// Vouches reports whether a grant may read a claim: one that has an address, or is part of
// one that has, counts only if somebody vouches for the address.
func (p *Principal) Vouches(claim strictjson.Pointer) bool {
	if p.Email == "" && overlap(claim, emailClaim) {
		return false
	}
	return !slices.ContainsFunc(p.Unverified, func(u strictjson.Pointer) bool { return overlap(claim, u) })
}

// overlap reports whether one of two claims is the other, or contains it. The pointer nil is
// no claim.
func overlap(a, b strictjson.Pointer) bool {
	n := min(len(a), len(b))
	return n > 0 && slices.Equal(a[:n], b[:n])
}
