package authn

import (
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
)

// claims adds the claims in the order in which they are checked, up to the one at fault.
func (e *examination) claims(v *verification, c claims, r *Refusal) {
	is, now := v.issuer, e.env.Now
	faulty := func(f fault) bool {
		if f.why == reason.Allowed {
			return false
		}
		e.refuse("", r)
		return true
	}
	d, f := c.dates()
	if faulty(f) {
		return
	}
	subject, f := is.subjectOf(c)
	if faulty(f) {
		return
	}
	e.add("subject", true, strconv.Quote(subject))
	if faulty(is.checkAudience(c)) {
		return
	}
	e.add("audience", true, is.audienceText(c))
	_, _, f = is.checkClaims(c, now)
	if f.why == reason.TokenExpired && faulty(f) {
		return
	}
	e.add("claim /exp", true, "in "+seconds(d.exp.Sub(now)))
	if faulty(f) {
		return
	}
	if !d.iat.IsZero() {
		e.add("claim /iat", true, seconds(now.Sub(d.iat))+" ago")
	}
	if _, why := is.checkBinding(c); why != reason.Allowed && faulty(fault{why, "/cnf"}) {
		return
	}
	var p Principal
	if faulty(is.fillPrincipal(c, &p)) {
		return
	}
	e.facts(is, c, &p)
}

// facts adds what rules know of the caller.
func (e *examination) facts(is *Issuer, c claims, p *Principal) {
	for i := range is.required {
		e.add("claim "+is.required[i].pointer.String(), true, "is there (requiredClaims)")
	}
	switch {
	case p.Email != "":
		e.add("address", true, p.Email)
	case p.ClaimedEmail != "":
		e.add("address", true, p.ClaimedEmail+", for which nobody vouches: no grant counts it")
	case is.address.pointer != nil:
		e.add("address", true, "none in "+is.address.pointer.String())
	}
	if p.Domain != "" {
		e.add("domain", true, p.Domain)
	}
	switch n := len(p.Groups); {
	case n > 0:
		e.add("groups", true, strconv.Itoa(n)+" in "+is.groupsClaims()+": "+strings.Join(p.Groups[:min(n, maxShown)], ", "))
	case is.groups != nil:
		e.add("groups", true, "none in "+is.groupsClaims())
	}
	if p.Pool != "" {
		e.add("pool", true, p.PoolSubject+" in "+p.Pool)
	}
}

// maxShown bounds the groups that a finding lists.
const maxShown = 20

// audienceText says which audience of a token is the issuer's.
func (is *Issuer) audienceText(c claims) string {
	at := is.audienceClaim
	if at == nil {
		at = audClaim
	}
	list, _ := stringList(c.at(at))
	for _, want := range is.audiences {
		for _, got := range list {
			if got == want {
				return got
			}
		}
	}
	return "none is needed (noAudience)"
}

// Passes says what would pass in the place of what is at fault with a credential; "" if the rule
// says all.
func (r *Refusal) Passes(now time.Time, why reason.Reason) string {
	date := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) + ", " + t.UTC().Format(time.RFC3339) }
	switch {
	case why == reason.TokenExpired && !r.Limit.IsZero():
		return "an exp after " + date(now)
	case why == reason.TokenNotYetValid && !r.Limit.IsZero():
		return "a date up to " + date(now)
	case len(r.Want) > 0:
		return strings.Join(r.Want, " or ")
	}
	return ""
}
