package authn

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// claims reads the registered claims of RFC 7519 section 4.1 for golang-jwt's
// validator, with types taken strictly: a number is not a string, and what is
// there but of another type is an error, never absent.
type claims struct {
	strictjson.Result
	members     []member // of the Result, which are asked for again and again
	oneAudience bool
}

type member struct {
	name  string
	value strictjson.Result
}

func readClaims(v strictjson.Result) claims {
	c := claims{Result: v, members: make([]member, 0, 16)}
	v.ForEach(func(name, value strictjson.Result) bool {
		c.members = append(c.members, member{name.Str, value})
		return true
	})
	return c
}

var errClaimType = errors.New("claim of the wrong type")

// named finds a top-level claim by its exact name.
func (c claims) named(name string) strictjson.Result {
	for i := range c.members {
		if c.members[i].name == name {
			return c.members[i].value
		}
	}
	return strictjson.Result{}
}

// maxDate is the last second of the year 9999. Later numbers are mistakes
// (milliseconds) or attempts at overflow.
const maxDate = 253402300799

// date reads a NumericDate (RFC 7519 section 2): seconds since 1970, a JSON
// number, fractions and exponents included, from 0 to the year 9999.
func (c claims) date(name string) (*jwt.NumericDate, error) {
	v := c.named(name)
	if !v.Exists() {
		return nil, nil
	}
	if v.Type != strictjson.Number || !(v.Num >= 0 && v.Num <= maxDate) {
		return nil, errClaimType
	}
	seconds, fraction := math.Modf(v.Num)
	return &jwt.NumericDate{Time: time.Unix(int64(seconds), int64(fraction*1e9))}, nil
}

func (c claims) text(name string) (string, error) {
	v := c.named(name)
	if v.Exists() && v.Type != strictjson.String {
		return "", errClaimType
	}
	return v.Str, nil
}

func (c claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.date("exp") }
func (c claims) GetIssuedAt() (*jwt.NumericDate, error)       { return c.date("iat") }
func (c claims) GetNotBefore() (*jwt.NumericDate, error)      { return c.date("nbf") }
func (c claims) GetIssuer() (string, error)                   { return c.text("iss") }
func (c claims) GetSubject() (string, error)                  { return c.text("sub") }

// GetAudience reads aud: a string, or an array of strings (RFC 7519 section
// 4.1.3), none of them empty.
func (c claims) GetAudience() (jwt.ClaimStrings, error) {
	v := c.named("aud")
	if c.oneAudience && v.IsArray() {
		return nil, errClaimType
	}
	list, ok := texts(v)
	if !ok || slices.Contains(list, "") {
		return nil, errClaimType
	}
	return list, nil
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

// validate holds verified claims to the issuer. exp, aud and sub must be
// there; iat too where a maximum lifetime is counted from it.
func (is *Issuer) validate(c claims, now time.Time) reason.Reason {
	c.oneAudience = is.oneAudience
	err := jwt.NewValidator(
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithLeeway(is.skew),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithAudience(is.audiences...),
	).Validate(c)
	sub, subErr := c.GetSubject()
	switch {
	case errors.Is(err, errClaimType), errors.Is(err, jwt.ErrTokenRequiredClaimMissing), subErr != nil, sub == "":
		return reason.ClaimsInvalid
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return reason.AudienceWrong
	case errors.Is(err, jwt.ErrTokenExpired):
		return reason.TokenExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return reason.TokenNotYetValid
	case err != nil, is.typ != "" && !c.ofAccess():
		return reason.ClaimsInvalid
	}
	return is.lifetime(c)
}

// ofAccess reports whether the claims that RFC 9068 section 2.2 adds to those of
// every token are there: client_id, jti and iat.
func (c claims) ofAccess() bool {
	client, err := c.text("client_id")
	id, err2 := c.text("jti")
	issued, err3 := c.GetIssuedAt()
	return err == nil && err2 == nil && err3 == nil && client != "" && id != "" && issued != nil
}

// period is when valid claims are valid, skew included: from the later of nbf and
// iat to exp.
func (is *Issuer) period(c claims) (from, to time.Time) {
	exp, _ := c.GetExpirationTime() // all were read without error by validate
	for _, name := range []string{"nbf", "iat"} {
		if d, _ := c.date(name); d != nil && d.Add(-is.skew).After(from) {
			from = d.Add(-is.skew)
		}
	}
	return from, exp.Add(is.skew)
}

// lifetime bounds exp - iat, with skew at both ends as IAP allows it.
func (is *Issuer) lifetime(c claims) reason.Reason {
	if is.maxLifetime == 0 {
		return reason.Allowed
	}
	exp, _ := c.GetExpirationTime() // both were read without error by validate
	iat, _ := c.GetIssuedAt()
	switch {
	case iat == nil:
		return reason.ClaimsInvalid
	case exp.Sub(iat.Time) > is.maxLifetime+2*is.skew:
		return reason.TokenLifetime
	}
	return reason.Allowed
}

// binding reads the certificate that a token is bound to (RFC 8705 section 3.1):
// cnf, and x5t#S256 in it. An issuer that binds its tokens binds all of them;
// another issuer's bound token is refused, since nobody here would check it.
// Confirmations by other methods are passed over (RFC 7800 section 3.1).
func (is *Issuer) binding(c claims) (thumbprint string, why reason.Reason) {
	bound := strictjson.Pointer{"cnf", "x5t#S256"}.In(c.Result)
	if bound.Exists() != is.bound || is.bound && (bound.Type != strictjson.String || bound.Str == "") {
		return "", reason.TokenBinding
	}
	return bound.Str, reason.Allowed
}

// principal makes the caller out of verified claims. It fails only where a
// groups claim is there but is no list of strings: a deny by group could not
// be evaluated.
func (is *Issuer) principal(c claims) (Principal, reason.Reason) {
	p := Principal{Issuer: is.Name, Pool: is.pool, Claims: c.Result}
	p.Subject, _ = c.GetSubject()
	p.Address, _ = c.text("email")
	if addressForm(p.Address) && (is.emailByName || c.named("email_verified").Type == strictjson.True) {
		p.Email = p.Address
	}
	p.Domain, _ = c.text("hd")
	if groups := is.groups.In(c.Result); is.groups != nil && groups.Exists() {
		var ok bool
		if p.Groups, ok = texts(groups); !ok {
			return Principal{}, reason.ClaimsInvalid
		}
	}
	for _, a := range is.attributes {
		if v := a.pointer.In(c.Result); v.Type == strictjson.String {
			p.Attributes = append(p.Attributes, [2]string{a.name, v.Str})
		}
	}
	return p, reason.Allowed
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
