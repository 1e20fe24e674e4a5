package gate_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestARefusalNamesNoModelToAnonymousCallers: a caller without a credential gets
// the same answer for every model, and nothing of the policy is in it. Its form is that of
// the path, so it is compared with a path of the same form on which there is nothing.
func TestARefusalNamesNoModelToAnonymousCallers(t *testing.T) {
	nobody := promiseCaller{}
	keepPromise(t, 1000, []string{"refused"}, func(p *promises) {
		g := p.compile(p.policy, "")
		for range 10 {
			q := p.randomRequest()
			x, step := decide(g, nobody, q)
			if step.Act == gate.Forward {
				continue
			}
			p.saw("refused")
			other := promiseRequest{method: "GET", path: "/nowhere" + q.path}
			if q.grpc {
				other = p.modelInfer("nothing")
			}
			_, nothing := decide(p.compile(refPolicy{}, ""), nobody, other)
			if step.Reason != reason.CredentialMissing || !reflect.DeepEqual(step.Reply, nothing.Reply) {
				p.failf("%+v gets %s %+v, and a model that does not exist %+v", q, step.Reason, step.Reply, nothing.Reply)
			}
			for _, secret := range []string{q.model, x.Rule} {
				if secret != "" && strings.Contains(fmt.Sprint(step.Reply), secret) {
					p.failf("%+v gets %+v, which names %q", q, step.Reply, secret)
				}
			}
		}
	})
}

// TestABadTokenIsWorseThanNone: a request with a token that does not verify is
// refused, even where everybody may call.
func TestABadTokenIsWorseThanNone(t *testing.T) {
	keepPromise(t, 300, []string{"open"}, func(p *promises) {
		open := refPolicy{Grants: append(p.policy.Grants, grantToAll)}
		g := p.compile(open, "")
		for range 10 {
			c, q := p.randomCaller(), p.randomRequest()
			if !allows(g, promiseCaller{refCaller: refCaller{peer: c.peer}}, q) {
				p.failf("%+v is not open to everybody", q)
			}
			p.saw("open")
			fault := p.pick("tampered", "no-signature", "expired", "audience", "issuer")
			claims := map[string]any{"sub": "x", "email": "ana@x.example", "email_verified": true}
			switch fault {
			case "expired":
				claims["iat"], claims["exp"] = "now-10m", "now-5m"
			case "audience":
				claims["aud"] = "others"
			case "issuer":
				claims["iss"] = "https://evil.example"
			}
			token := corpus.Token{Issuer: p.pick("corp", "lab"), Claims: claims}
			if fault == "tampered" || fault == "no-signature" {
				token.Fault = fault
			}
			c.header = []pair{{"authorization", "Bearer " + mint(p.t, p.world, token)}}
			if _, step := decide(g, c, q); step.Act != gate.Refuse || step.Reason.HTTP() != 401 {
				p.failf("%+v with a token that is bad (%s) is %s, want a 401", q, fault, step.Reason)
			}
		}
	})
}

// TestAnIssuerSpeaksOnlyForItself: where only callers of corp have grants, a token of
// lab is worth as much as none, whatever names it has.
func TestAnIssuerSpeaksOnlyForItself(t *testing.T) {
	keepPromise(t, 1000, []string{"allowed", "refused", "corp may"}, func(p *promises) {
		policy := refPolicy{Grants: p.policy.Grants}
		for i := range policy.Grants {
			if policy.Grants[i].Issuers != nil {
				policy.Grants[i].Issuers = []string{"corp"}
			}
		}
		g := p.compile(policy, "")
		for range 20 {
			c, q := p.randomCaller(), p.randomRequest()
			if c.issuer == "corp" {
				if allows(g, c, q) {
					p.saw("corp may")
				}
				continue
			}
			got, want := allows(g, c, q), allows(g, promiseCaller{refCaller: refCaller{peer: c.peer}}, q)
			if got != want {
				p.failf("%+v of %+v is allowed: %v, and without the token: %v", q, c.refCaller, got, want)
			}
			p.saw(outcomeName(got))
		}
	})
}

// TestNoCallerNamesItself: the identity header that the upstream gets is that of the
// token, whatever the request itself says in any spelling.
func TestNoCallerNamesItself(t *testing.T) {
	keepPromise(t, 1000, []string{"forged"}, func(p *promises) {
		g := p.compile(p.policy, "")
		for range 20 {
			c, q := p.randomCaller(), p.randomRequest()
			h := q.head(c)
			for range 1 + p.IntN(2) {
				h.Pairs = append(h.Pairs, pair{p.pick("x-caller", "x_caller", "X-Caller", "x-Caller"), "corp/root"})
			}
			x, step := g.DecideRequest(gate.Env{Now: now, Keys: g.Keys()}, h, []byte(q.body), nil)
			if step.Act != gate.Forward {
				continue
			}
			p.saw("forged")
			var got, want []string
			if c.issuer != "" {
				want = []string{c.issuer + "/" + x.Principal.Subject}
			}
			for _, header := range corpus.Apply(slices.Clone(h.Pairs), step.Edit) {
				if strings.EqualFold(strings.ReplaceAll(header[0], "_", "-"), "x-caller") {
					got = append(got, header[1])
				}
			}
			if !slices.Equal(got, want) {
				p.failf("%+v of %+v arrives with the identity %q, want %q", q, c.refCaller, got, want)
			}
		}
	})
}
