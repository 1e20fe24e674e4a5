package authn

import (
	"strconv"
	"time"

	"github.com/modelgate/modelgate/internal/cause"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// describeClaim says what is at fault with a claim: the first of the checks that finds the
// fault says what it wants. A value is said only of a date, an audience, or a claim of which the
// configuration lists the values; of any other claim only of which kind it is.
func (is *Issuer) describeClaim(r *Refusal, f fault, c claims) {
	p, err := strictjson.ParsePointer(f.claim)
	if err != nil {
		return
	}
	d, ofDates := c.dates()
	_, ofSubject := is.subjectOf(c)
	switch {
	case f.why == reason.AudienceWrong:
		is.describeAudience(r, c.at(p))
	case f.why == reason.TokenBinding:
		r.Why = is.bindingRule()
		r.Add(bindingOf(c))
	case f.why == reason.TokenExpired:
		r.Limit, r.Why = d.exp, "must be in the future, but for "+seconds(is.skew)+" of clockSkew"
		r.Add(c.get("exp").Raw)
	case f.why == reason.TokenNotYetValid:
		if r.Limit = d.nbf; f.claim == "/iat" {
			r.Limit = d.iat
		}
		r.Why = "must be in the past, but for " + seconds(is.skew) + " of clockSkew"
		r.Add(c.at(p).Raw)
	case f.why == reason.TokenLifetime:
		r.Why = "must be at most " + seconds(is.maxLifetime) + " (maxLifetime) after iat, but for twice the clockSkew"
		r.Add(seconds(d.exp.Sub(d.iat)) + " after it")
	case f == ofDates:
		r.Why = "must be a date in seconds since 1970, up to the year 9999"
		r.Add(kindOf(c.at(p)))
	case f == ofSubject:
		is.describeSubject(r, c.at(p))
	case f == is.checkAudience(c):
		is.describeAudience(r, c.at(p))
	default:
		is.describeRequired(r, f, c.at(p), c)
	}
}

func (is *Issuer) describeSubject(r *Refusal, v strictjson.Result) {
	r.Why = "must be the caller's name, a string that is not empty"
	if is.trustDomain == "" {
		r.Add(kindOf(v))
		return
	}
	r.Why = "must be a SPIFFE ID of the trust domain, with a path and no dots in it"
	r.Want = []string{"spiffe://" + string(is.trustDomain) + "/…"}
	r.Add(trustDomainText(v))
}

// trustDomainText says of which trust domain a name is, and nothing else of it.
func trustDomainText(v strictjson.Result) string {
	if domain := trustDomainOf(v.Str); domain != "" {
		return "spiffe://" + string(domain) + "/…"
	}
	return kindOf(v)
}

func (is *Issuer) describeAudience(r *Refusal, v strictjson.Result) {
	r.Why, r.Want = "must have one of", is.audiences
	switch {
	case v.IsArray() && is.singleAudience:
		r.Why = "must be a string, and no array:"
		r.Add("an array")
	case v.IsArray():
		empty := true
		v.ForEach(func(_, item strictjson.Result) bool {
			empty = false
			r.addValue(item)
			return !r.Full()
		})
		if empty {
			r.Add("an empty array")
		}
	default:
		r.addValue(v)
	}
}

// describeRequired is describeClaim for what is checked after the registered claims.
func (is *Issuer) describeRequired(r *Refusal, f fault, v strictjson.Result, c claims) {
	for i := range is.required {
		q := &is.required[i]
		if q.pointer.String() != f.claim || q.holds(c) {
			continue
		}
		r.Why = "must be there (requiredClaims)"
		for _, want := range q.anyOf {
			r.Why, r.Want = "must be one of (requiredClaims)", append(r.Want, textOf(want))
		}
		if q.anyOf != nil {
			r.addValue(v)
		} else {
			r.Add(kindOf(v))
		}
		return
	}
	r.Add(kindOf(v))
	switch {
	case f.claim == "/iat" && v.Type != strictjson.Number:
		r.Why = "must be there: the issuer has a maxLifetime, or the type at+jwt"
	case is.typ != "" && (f.claim == "/client_id" || f.claim == "/jti") && (v.Type != strictjson.String || v.Str == ""):
		r.Why = "must be a string that is not empty, because the issuer has the type at+jwt (RFC 9068)"
	case is.isGroups(f.claim):
		r.Why = "must be groups in the form that the issuer's \"groups\" says"
	default:
		r.Why = "must be no address for which nobody vouches: the caller's name would be anybody's"
	}
}

func (is *Issuer) isGroups(claim string) bool {
	for i := range is.groups {
		if is.groups[i].pointer.String() == claim {
			return true
		}
	}
	return false
}

func (is *Issuer) bindingRule() string {
	if is.certificateBound {
		return `must be an object with x5t#S256 alone, of the client's certificate`
	}
	return `must not be there: the issuer's tokens are not "certificateBound", so nobody would check what it binds`
}

// bindingOf says which members a token's cnf has.
func bindingOf(c claims) (names string) {
	cnf := c.get("cnf")
	if !cnf.IsObject() {
		return kindOf(cnf)
	}
	cnf.ForEach(func(name, _ strictjson.Result) bool {
		names += " " + cause.Cut(name.Str)
		return len(names) < maxListed*maxListed
	})
	return "an object with" + names
}

// addValue adds a scalar as it is, and of another value only its kind.
func (r *Refusal) addValue(v strictjson.Result) {
	if v.Type == strictjson.String && v.Str != "" || v.Type == strictjson.Number || v.IsBool() {
		r.Add(textOf(v))
		return
	}
	r.Add(kindOf(v))
}

func textOf(v strictjson.Result) string {
	if v.Type == strictjson.String {
		return v.Str
	}
	return v.Raw
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) + " s" }
