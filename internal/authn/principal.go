package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// fillPrincipal fills p from verified claims. It fails if a required claim is missing,
// or if the groups claim is no list of strings.
func (is *Issuer) fillPrincipal(c claims, p *Principal) reason.Reason {
	for _, claim := range is.required {
		if !c.has(claim) {
			return reason.ClaimsInvalid
		}
	}
	p.Issuer = is.Name
	p.Subject, _ = c.text("sub")
	is.readAddress(c, p)
	p.Domain = is.readText(c, "hd", UntoldDomain, p)
	if !is.readGroups(c, p) {
		*p = Principal{}
		return reason.ClaimsInvalid
	}
	switch {
	case is.pool != "" && is.workforce:
		is.readWorkforceIdentity(c, p)
	case is.pool != "":
		p.Pool, p.PoolSubject = is.pool, p.Subject
	}
	for _, a := range is.attributes {
		switch v := c.at(a.pointer); {
		case v.Type == strictjson.String && !c.isElsewhere(a.pointer[0]):
			p.Attributes = append(p.Attributes, [2]string{a.name, v.Str})
		case c.has(a.pointer) || c.isElsewhere(a.pointer[0]) || !is.absentIsNone.has(UntoldAttributes):
			p.Untold |= UntoldAttributes
			p.UntoldAttributes = append(p.UntoldAttributes, a.name)
		}
	}
	return reason.Allowed
}

// readText reads a claim that is a string and not empty. It returns "" for any other,
// and adds the kind to p.Untold, unless the claim is absent and the issuer says what
// that means.
func (is *Issuer) readText(c claims, claim string, kind Untold, p *Principal) string {
	v := c.get(claim)
	absent := !v.Exists() || v.Type == strictjson.Null || v.Type == strictjson.String && v.Str == ""
	switch {
	case c.isElsewhere(claim):
	case v.Type == strictjson.String && v.Str != "":
		return v.Str
	case absent && is.absentIsNone.has(kind):
		return ""
	}
	p.Untold |= kind
	return ""
}

// readAddress reads email. An issuer that vouches for every address does not vouch for
// one of which the token says that it is not verified.
func (is *Issuer) readAddress(c claims, p *Principal) {
	p.ClaimedEmail = is.readText(c, "email", UntoldAddress, p)
	if !isEmailAddress(p.ClaimedEmail) {
		if p.ClaimedEmail != "" {
			p.Untold |= UntoldAddress // it is in another form
		}
		return
	}
	verified := c.get("email_verified")
	trusted := is.trustsEmail && (!verified.Exists() || verified.Type == strictjson.String && verified.Str == "true")
	if verified.Type == strictjson.True || trusted {
		p.Email = p.ClaimedEmail
	}
}

// readGroups reads the groups claim. ok is false for a claim that is no list of strings.
func (is *Issuer) readGroups(c claims, p *Principal) (ok bool) {
	if is.groups == nil {
		if !is.absentIsNone.has(UntoldGroups) || c.hasMoreGroups("groups") {
			p.Untold |= UntoldGroups
		}
		return true
	}
	groups, more := c.at(is.groups), c.hasMoreGroups(is.groups[0])
	if more || !groups.Exists() && !is.absentIsNone.has(UntoldGroups) {
		p.Untold |= UntoldGroups | OmittedGroups
	}
	if !groups.Exists() || more && groups.Type == strictjson.String { // the name of a source
		return true
	}
	p.Groups, ok = stringList(groups)
	return ok
}

const iamPrincipal = "principal://iam.googleapis.com/"

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

// principalOf returns the caller that a relay's headers name.
func (r *relay) principalOf(subject, email, groups string, named Untold) (p Principal) {
	p = Principal{Issuer: r.name, Subject: subject, Email: email, ClaimedEmail: email}
	p.Untold = (UntoldAddress | UntoldDomain | UntoldGroups) &^ (named | r.absentIsNone)
	if r.groups != "" && p.Untold&UntoldGroups != 0 {
		p.Untold |= OmittedGroups
	}
	for group := range strings.SplitSeq(groups, ",") {
		if group = strings.Trim(group, " \t"); group != "" { // a list of RFC 9110 section 5.6.1
			p.Groups = append(p.Groups, group)
		}
	}
	return p
}

// has reports whether the set has one of the kinds.
func (u Untold) has(kinds Untold) bool { return u&kinds != 0 }

// MayLeaveUntold returns the kinds of members that a token of the named issuer could
// leave untold although it is in good order.
func (a *Authenticator) MayLeaveUntold(issuer string) (u Untold) {
	is := a.issuer(issuer)
	if is == nil {
		return 0
	}
	groups, named := is.groups, a.HasGroups(issuer)
	for _, f := range []struct {
		kind  Untold
		claim strictjson.Pointer
	}{{UntoldAddress, strictjson.Pointer{"email"}}, {UntoldDomain, strictjson.Pointer{"hd"}}, {UntoldGroups, groups}} {
		if !is.absentIsNone.has(f.kind) && (f.claim == nil || !is.requires(f.claim)) {
			u |= f.kind
		}
	}
	if named && u.has(UntoldGroups) {
		u |= OmittedGroups
	}
	return u
}

// MapsAttribute reports whether a claim of the issuer's tokens is that attribute of its
// pool, and whether a token could leave it untold.
func (a *Authenticator) MapsAttribute(issuer, name string) (maps, untold bool) {
	is := a.issuer(issuer)
	i := slices.IndexFunc(is.attributes, func(m attribute) bool { return m.name == name })
	if i < 0 {
		return false, true
	}
	return true, !is.absentIsNone.has(UntoldAttributes) && !is.requires(is.attributes[i].pointer)
}

// ClaimFor returns the claim, or the header of a gateway, that tells members of a kind.
// It is "" if there is none.
func (a *Authenticator) ClaimFor(issuer string, kind Untold) string {
	is := a.issuer(issuer)
	switch {
	case is.relay != nil && kind == UntoldAddress:
		return is.relay.email
	case is.relay != nil && kind == UntoldGroups:
		return is.relay.groups
	case is.relay != nil:
		return ""
	case kind == UntoldAddress:
		return "/email"
	case kind == UntoldDomain:
		return "/hd"
	case kind == UntoldGroups && is.groups != nil:
		return is.groups.String()
	}
	return ""
}
