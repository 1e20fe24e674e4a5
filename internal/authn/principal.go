package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// fillPrincipal fills p from verified claims. It fails if a required claim is missing,
// if the subject is an address for which nobody vouches, or if a claim with groups has
// another form.
func (is *Issuer) fillPrincipal(c claims, p *Principal) fault {
	for i := range is.required {
		if r := &is.required[i]; !r.holds(c) {
			return faultAt(reason.ClaimsInvalid, r.pointer)
		}
	}
	p.Issuer = is.Name
	p.Subject, _ = is.subjectOf(c)
	is.readAddress(c, p)
	f := is.checkSubjectClaim(c, p)
	if f.why == reason.Allowed {
		f = is.readGroups(c, p)
	}
	if f.why != reason.Allowed {
		*p = Principal{}
		return f
	}
	is.readPool(c, p)
	return none()
}

// readText reads a claim that is a string and not empty. It returns "" for any other,
// and adds the kind to p.Untold, unless the claim is absent and the issuer says what
// that means.
func (is *Issuer) readText(c claims, claim strictjson.Pointer, kind Untold, p *Principal) string {
	v := c.at(claim)
	absent := v.Type == strictjson.Null || v.Type == strictjson.String && v.Str == ""
	switch {
	case c.isElsewhere(claim[0]):
	case v.Type == strictjson.String && v.Str != "":
		return v.Str
	case absent && is.absentIsNone.has(kind):
		return ""
	}
	p.Untold |= kind
	return ""
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
	if is == nil || is.apiKeys != nil {
		return 0
	}
	if !is.requires(is.address.pointer) {
		u |= UntoldAddress
	}
	if is.address.isDomain || !is.requires(hdClaim) { // an address for which nobody vouches tells none
		u |= UntoldDomain
	}
	if is.groups == nil {
		u |= UntoldGroups
	}
	for i := range is.groups {
		if !is.requires(is.groups[i].pointer) {
			u |= UntoldGroups
		}
	}
	if u &^= is.absentIsNone; a.HasGroups(issuer) && u.has(UntoldGroups) {
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
	case kind == UntoldAddress, kind == UntoldDomain && is.address.isDomain:
		return is.address.pointer.String()
	case kind == UntoldDomain:
		return hdClaim.String()
	case kind == UntoldGroups:
		return is.groupsClaims()
	}
	return ""
}
