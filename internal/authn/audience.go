package authn

import (
	"slices"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// compileAudience reads "audiences", and the two openings for tokens that do not say in aud
// for whom they are. "audienceClaim" is the claim that stands for aud: client_id in Amazon
// Cognito's access tokens, azp in those of Keycloak's clients that have no audience mapper.
// Such a claim names who asked for the token, and not whom it is for. "noAudience" accepts
// tokens without aud, and needs a value in "requiredClaims", of which own are the issuer's
// own: without one, each token that the issuer makes for anybody would do here.
func (is *Issuer) compileAudience(o strictjson.Object, own []requiredClaim) {
	claim, without := o.Get("audienceClaim"), o.Get("noAudience")
	is.audienceClaim = compilePointer(claim)
	is.noAudience = without.Bool()
	switch {
	case !is.noAudience:
		is.audiences = o.Need("audiences").Texts()
		return
	case claim.Exists():
		without.Fail(`must not be beside "audienceClaim", which is for tokens that have an audience`)
	case is.trustDomain != "":
		without.Fail("must not be set for JWT-SVIDs, which have an audience (JWT-SVID section 3.2)")
	case !slices.ContainsFunc(own, func(r requiredClaim) bool { return r.anyOf != nil }):
		without.Fail(`needs "requiredClaims" with {"pointer": …, "anyOf": […]}: a claim that ties each token to this service`)
	}
	is.audiences = o.Get("audiences").Texts()
}

// checkAudience checks aud, or what stands for it: a string, or an array of strings (RFC
// 7519 section 4.1.3). None may be empty, and the issuer's configuration must have one of
// them. A token that names an audience is for that audience, also where a token without one
// would do.
func (is *Issuer) checkAudience(c claims) fault {
	at := is.audienceClaim
	if at == nil {
		at = audClaim
	}
	aud, why, found := c.at(at), reason.ClaimsInvalid, reason.AudienceWrong
	check := func(_, v strictjson.Result) bool {
		if v.Type != strictjson.String || v.Str == "" {
			why = reason.ClaimsInvalid
			return false
		}
		if slices.Contains(is.audiences, v.Str) {
			found = reason.Allowed
		}
		why = found
		return true
	}
	switch {
	case !aud.IsArray() && is.noAudience && aud.Type == strictjson.Null:
		return none()
	case !aud.IsArray():
		check(strictjson.Result{}, aud)
	case !is.singleAudience:
		empty := true
		aud.ForEach(func(_, v strictjson.Result) bool { empty = false; return check(v, v) })
		if empty && is.noAudience { // Ory Hydra writes [] (github.com/ory/fosite, token/jwt/claims_jwt.go)
			return none()
		}
	}
	return faultAt(why, at)
}
