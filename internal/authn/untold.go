package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Untold is a set of kinds of members of rules. Of a Principal, it has the kinds that
// the caller's token leaves open: the caller may be such a member, and the token does
// not say so. A deny needs only this. A token leaves a claim out for many reasons: the
// client did not ask for its scope, the caller has too many groups, or the issuer names
// callers by another claim.
type Untold uint8

// The kinds of members.
const (
	UntoldAddress    Untold = 1 << iota // user: and serviceAccount:
	UntoldDomain                        // domain:
	UntoldGroups                        // group: and principalSet://…/group/
	UntoldAttributes                    // principalSet://…/attribute.NAME/, see Principal.UntoldAttributes
	UntoldPool                          // all of principal:// and principalSet://
	// OmittedGroups is beside UntoldGroups if the issuer does name groups in its tokens.
	// Without it, the groups of the configuration are all that there is to know.
	OmittedGroups
)

// absentFields are the members of an issuer's "absent".
var absentFields = []struct {
	name string
	kind Untold
}{{"email", UntoldAddress}, {"domain", UntoldDomain}, {"groups", UntoldGroups}, {"attributes", UntoldAttributes}}

// compileAbsent reads "absent": what it means that a token leaves a claim out. It
// returns the kinds of members that the caller then is not. byDefault has those of the
// preset.
func compileAbsent(v strictjson.Value, byDefault Untold) Untold {
	if !v.Exists() {
		return byDefault
	}
	var names []string
	for _, f := range absentFields {
		names = append(names, f.name)
	}
	o := v.Object(names...)
	if v.JSON().IsObject() && len(o.Members) == 0 {
		v.Fail("must not be empty; leave it out instead")
	}
	for _, f := range absentFields {
		switch given := o.Get(f.name); given.Text() {
		case "": // absent, or reported
		case "none":
			byDefault |= f.kind
		case "unknown":
			byDefault &^= f.kind
		default:
			given.MustBe("none (a caller without the claim has none) or unknown (a deny applies to such a caller)")
		}
	}
	return byDefault
}

// has reports whether the token has the claim, and not just null.
func (c claims) has(p strictjson.Pointer) bool {
	v := c.at(p)
	return v.Exists() && v.Type != strictjson.Null
}

// isElsewhere reports whether the token says that its issuer tells a claim in another
// place (OpenID Connect Core 1.0 section 5.6.2, aggregated and distributed claims).
func (c claims) isElsewhere(claim string) bool {
	names := c.get("_claim_names")
	return names.Exists() && (!names.IsObject() || names.Get(claim).Exists())
}

// hasMoreGroups reports whether the token says that the caller is in groups that the
// claim does not list. Microsoft Entra ID says so if there are more than 200
// (learn.microsoft.com/entra/identity-platform/access-token-claims-reference): by
// _claim_names, by hasgroups, by a claim "groups:src1", or by the name of a source in
// the place of the list.
func (c claims) hasMoreGroups(claim string) bool {
	if c.isElsewhere(claim) {
		return true
	}
	if claim != "groups" {
		return false
	}
	if has := c.get("hasgroups"); has.Exists() && has.Type != strictjson.False {
		return true
	}
	source := c.get("groups")
	return source.Type == strictjson.String && c.get("_claim_sources").Get(source.Str).Exists() ||
		slices.ContainsFunc(c, func(f strictjson.Field) bool { return strings.HasPrefix(f.Name, "groups:") })
}
