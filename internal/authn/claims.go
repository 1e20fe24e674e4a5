package authn

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// claims are the members of a payload, with types taken strictly: a number is
// not a string, and what is there but of another type is an error, never absent.
type claims []strictjson.Field

// named finds a top-level claim by its exact name.
func (c claims) named(name string) strictjson.Result {
	for i := range c {
		if c[i].Name == name {
			return c[i].Value
		}
	}
	return strictjson.Result{}
}

// at is what a pointer leads to.
func (c claims) at(p strictjson.Pointer) strictjson.Result { return p[1:].In(c.named(p[0])) }

// maxDate is the last second of the year 9999. Later numbers are mistakes
// (milliseconds) or attempts at overflow.
const maxDate = 253402300799

// date reads a NumericDate (RFC 7519 section 2): seconds since 1970, a JSON
// number, fractions and exponents included, from 0 to the year 9999. It is the
// zero Time where the claim is not there.
func (c claims) date(name string) (_ time.Time, ok bool) {
	v := c.named(name)
	if !v.Exists() {
		return time.Time{}, true
	}
	if v.Type != strictjson.Number || !(v.Num >= 0 && v.Num <= maxDate) {
		return time.Time{}, false
	}
	seconds, fraction := math.Modf(v.Num)
	return time.Unix(int64(seconds), int64(fraction*1e9)).UTC(), true
}

// text is "" where the claim is not there.
func (c claims) text(name string) (_ string, ok bool) {
	v := c.named(name)
	return v.Str, !v.Exists() || v.Type == strictjson.String
}

// texts reads a string or an array of nothing but strings.
func texts(v strictjson.Result) (list []string, ok bool) {
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

// addressed reads aud: a string, or an array of strings (RFC 7519 section
// 4.1.3), none of them empty, of which the issuer has to accept one.
func (is *Issuer) addressed(aud strictjson.Result) reason.Reason {
	why, accept := reason.ClaimsInvalid, reason.AudienceWrong
	read := func(_, v strictjson.Result) bool {
		if v.Type != strictjson.String || v.Str == "" {
			why = reason.ClaimsInvalid
			return false
		}
		if slices.Contains(is.audiences, v.Str) {
			accept = reason.Allowed
		}
		why = accept
		return true
	}
	if !aud.IsArray() {
		read(strictjson.Result{}, aud)
	} else if !is.oneAudience {
		aud.ForEach(read)
	}
	return why
}

// validate holds verified claims to the issuer, by the rules of golang-jwt's
// Validator, to which the tests hold it. exp, aud and sub must be there; iat too
// where a maximum lifetime is counted from it. from and to are when valid claims
// are valid, skew included: from the later of nbf and iat to exp.
func (is *Issuer) validate(c claims, now time.Time) (from, to time.Time, why reason.Reason) {
	exp, ok := c.date("exp")
	nbf, ok2 := c.date("nbf")
	iat, ok3 := c.date("iat")
	sub, ok4 := c.text("sub")
	why = is.addressed(c.named("aud"))
	if !ok || !ok2 || !ok3 || !ok4 || exp.IsZero() || sub == "" {
		why = reason.ClaimsInvalid
	}
	for _, since := range [...]time.Time{nbf, iat} {
		if !since.IsZero() && since.Add(-is.skew).After(from) {
			from = since.Add(-is.skew)
		}
	}
	to = exp.Add(is.skew)
	switch {
	case why != reason.Allowed:
	case !now.Before(to):
		why = reason.TokenExpired
	case now.Before(from):
		why = reason.TokenNotYetValid
	case is.typ != "" && !c.ofAccess(), is.maxLifetime > 0 && iat.IsZero():
		why = reason.ClaimsInvalid
	case is.maxLifetime > 0 && exp.Sub(iat) > is.maxLifetime+2*is.skew: // with skew at both ends, as IAP allows it
		why = reason.TokenLifetime
	}
	return from, to, why
}

// ofAccess reports whether the claims that RFC 9068 section 2.2 adds to those of
// every token are there: client_id, jti and iat.
func (c claims) ofAccess() bool {
	client, ok := c.text("client_id")
	id, ok2 := c.text("jti")
	return ok && ok2 && client != "" && id != "" && c.named("iat").Exists()
}

var thumbprint = strictjson.Pointer{"cnf", "x5t#S256"}

// binding reads the certificate that a token is bound to (RFC 8705 section 3.1):
// cnf, and x5t#S256 in it. An issuer that binds its tokens binds all of them;
// another issuer's bound token is refused, since nobody here would check it.
// Confirmations by other methods are passed over (RFC 7800 section 3.1).
func (is *Issuer) binding(c claims) (_ string, why reason.Reason) {
	bound := c.at(thumbprint)
	if bound.Exists() != is.bound || is.bound && (bound.Type != strictjson.String || bound.Str == "") {
		return "", reason.TokenBinding
	}
	return bound.Str, reason.Allowed
}

// principal makes the caller out of verified claims. It fails only where a
// groups claim is there but is no list of strings: a deny by group could not
// be evaluated.
func (is *Issuer) principal(c claims, p *Principal) reason.Reason {
	p.Issuer, p.Pool = is.Name, is.pool
	p.Subject, _ = c.text("sub")
	p.ClaimedEmail, _ = c.text("email")
	if addressForm(p.ClaimedEmail) && (is.emailByName || c.named("email_verified").Type == strictjson.True) {
		p.Email = p.ClaimedEmail
	}
	p.Domain, _ = c.text("hd")
	if is.groups != nil {
		if groups := c.at(is.groups); groups.Exists() {
			var ok bool
			if p.Groups, ok = texts(groups); !ok {
				*p = Principal{}
				return reason.ClaimsInvalid
			}
		}
	}
	for _, a := range is.attributes {
		if v := c.at(a.pointer); v.Type == strictjson.String {
			p.Attributes = append(p.Attributes, [2]string{a.name, v.Str})
		}
	}
	return reason.Allowed
}

// addressForm keeps out what could be read as two addresses, or break a
// header: exactly one '@', with something on both sides, in visible ASCII.
func addressForm(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@")
}
