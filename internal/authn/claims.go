package authn

import (
	"math"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// claims are the members of a payload. Types are strict: a number is no string, and a
// claim of the wrong type is an error, not an absent claim.
type claims []strictjson.Field

// get returns a top-level claim by its exact name.
func (c claims) get(name string) strictjson.Result {
	for i := range c {
		if c[i].Name == name {
			return c[i].Value
		}
	}
	return strictjson.Result{}
}

// at returns the value at a pointer.
func (c claims) at(p strictjson.Pointer) strictjson.Result { return p[1:].In(c.get(p[0])) }

// maxDate is the last second of the year 9999. Later numbers are mistakes
// (milliseconds) or attempts at overflow.
const maxDate = 253402300799

// date reads a NumericDate (RFC 7519 section 2): seconds since 1970 up to the year
// 9999, as any JSON number. It returns the zero Time if the claim is absent.
func (c claims) date(name string) (_ time.Time, ok bool) {
	v := c.get(name)
	if !v.Exists() {
		return time.Time{}, true
	}
	if v.Type != strictjson.Number || !(v.Num >= 0 && v.Num <= maxDate) {
		return time.Time{}, false
	}
	seconds, fraction := math.Modf(v.Num)
	return time.Unix(int64(seconds), int64(fraction*1e9)).UTC(), true
}

// text reads a string. It returns "" if the claim is absent.
func (c claims) text(name string) (_ string, ok bool) {
	v := c.get(name)
	return v.Str, !v.Exists() || v.Type == strictjson.String
}

// stringList reads a string, or an array of strings only.
func stringList(v strictjson.Result) (list []string, ok bool) {
	switch {
	case v.Type == strictjson.String:
		return []string{v.Str}, true
	case v.IsArray():
		ok = true
		v.ForEach(func(_, item strictjson.Result) bool {
			ok = item.Type == strictjson.String
			list = append(list, item.Str)
			return ok
		})
		return list, ok
	}
	return nil, false
}

// checkClaims checks the claims of a token whose signature holds, by the rules of
// golang-jwt's Validator, with which the tests compare it. exp, aud and sub (or what
// stands for them) are required, and iat if the issuer has a maximum lifetime. The claims
// are valid from validFrom, which is included, to validUntil, which is not; both include
// the skew.
func (is *Issuer) checkClaims(c claims, now time.Time) (validFrom, validUntil time.Time, f fault) {
	d, f := c.dates()
	if f.why != reason.Allowed {
		return validFrom, validUntil, f
	}
	if _, f = is.subjectOf(c); f.why != reason.Allowed {
		return validFrom, validUntil, f
	}
	if f = is.checkAudience(c); f.why != reason.Allowed {
		return validFrom, validUntil, f
	}
	validFrom, validUntil = d.start(is.skew), d.exp.Add(is.skew)
	switch {
	case !now.Before(validUntil):
		f = fault{reason.TokenExpired, "/exp"}
	case now.Before(validFrom):
		f = fault{reason.TokenNotYetValid, "/nbf"}
		if now.Before(d.iat.Add(-is.skew)) {
			f.claim = "/iat"
		}
	default:
		if is.typ != "" {
			f = c.checkAccessToken()
		}
		if f.why == reason.Allowed {
			f = is.checkLifetime(d)
		}
	}
	return validFrom, validUntil, f
}

// dates are the claims exp, nbf and iat; the zero Time for an absent one.
type dates struct{ exp, nbf, iat time.Time }

// dates reads the dates; exp must be there.
func (c claims) dates() (d dates, f fault) {
	exp, expOK := c.date("exp")
	nbf, nbfOK := c.date("nbf")
	iat, iatOK := c.date("iat")
	f = none()
	switch {
	case !expOK || exp.IsZero():
		f = fault{reason.ClaimsInvalid, "/exp"}
	case !nbfOK:
		f = fault{reason.ClaimsInvalid, "/nbf"}
	case !iatOK:
		f = fault{reason.ClaimsInvalid, "/iat"}
	}
	return dates{exp, nbf, iat}, f
}

// start returns the later of nbf and iat, less the skew; the zero Time without them.
func (d dates) start(skew time.Duration) (start time.Time) {
	for _, since := range [...]time.Time{d.nbf, d.iat} {
		if !since.IsZero() && since.Add(-skew).After(start) {
			start = since.Add(-skew)
		}
	}
	return start
}

// checkLifetime compares the time from iat to exp with the issuer's maximum. The skew
// counts at both ends, as IAP documents it.
func (is *Issuer) checkLifetime(d dates) fault {
	switch {
	case is.maxLifetime == 0:
	case d.iat.IsZero():
		return fault{reason.ClaimsInvalid, "/iat"}
	case d.exp.Sub(d.iat) > is.maxLifetime+2*is.skew:
		return fault{reason.TokenLifetime, "/exp"}
	}
	return none()
}

// checkAccessToken checks that the token has the claims that RFC 9068 section 2.2 requires
// of access tokens only: client_id, jti and iat.
func (c claims) checkAccessToken() fault {
	client, clientOK := c.text("client_id")
	id, idOK := c.text("jti")
	switch {
	case !clientOK || client == "":
		return fault{reason.ClaimsInvalid, "/client_id"}
	case !idOK || id == "":
		return fault{reason.ClaimsInvalid, "/jti"}
	case !c.get("iat").Exists():
		return fault{reason.ClaimsInvalid, "/iat"}
	}
	return none()
}

// checkBinding returns the thumbprint of the certificate to which a token is bound:
// x5t#S256 in cnf (RFC 8705 section 3.1). An issuer that binds its tokens binds all of
// them. A bound token of another issuer is refused: here nobody would check the
// binding. So is a token with another member of cnf, such as the jkt of DPoP (RFC 9449
// section 6.1) or a jwk (RFC 7800 section 3.2): its holder has to prove that it has a
// key, and nobody here checks the proof.
func (is *Issuer) checkBinding(c claims) (thumbprint string, why reason.Reason) {
	cnf := c.get("cnf")
	if !cnf.Exists() && !is.certificateBound {
		return "", reason.Allowed
	}
	bound, members := cnf.Get("x5t#S256"), 0
	cnf.ForEach(func(_, _ strictjson.Result) bool { members++; return true })
	if !is.certificateBound || !cnf.IsObject() || members != 1 || bound.Type != strictjson.String || bound.Str == "" {
		return "", reason.TokenBinding
	}
	return bound.Str, reason.Allowed
}
