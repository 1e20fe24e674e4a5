package gate_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// TestTheListAndTheCallAgree: where rules have list and generate together, a caller
// sees in the list just the models that it may call.
func TestTheListAndTheCallAgree(t *testing.T) {
	const reply = `{"object":"list","data":[{"id":"a"},{"id":"ab"},{"id":"b"},{"id":"c"}]}`
	keepPromise(t, 1500, []string{"some shown", "some hidden", "no list"}, func(p *promises) {
		for _, rules := range [][]refRule{p.policy.Grants, p.policy.Denies} {
			for i := range rules {
				if rules[i].Verbs != nil {
					rules[i].Verbs = []string{"list", "generate"}
				}
			}
		}
		g, env := p.compile(p.policy, ""), gate.Env{Now: now}
		env.Keys = g.Keys()
		for range 4 {
			c := p.randomCaller()
			var callable, shown []string
			for _, id := range promiseIDs {
				if allows(g, c, chat(id, p.randomBody(id))) {
					callable = append(callable, id)
				}
			}
			x, step := g.Begin(env, promiseRequest{method: "GET", path: "/llm/v1/models"}.head(c))
			if step.Act == gate.Forward {
				step = x.Respond(env, []pair{{":status", "200"}, {"content-type", "application/json"}}, false)
				if step.Act != gate.Hold {
					p.failf("Respond = %d %s, want a hold", step.Act, step.Reason)
				}
				step = x.Body(env, gate.Downstream, []byte(reply), true)
				shown = idsOf(step.Body)
			} else {
				p.saw("no list")
			}
			if !slices.Equal(shown, callable) {
				p.failf("%+v sees %q in the list and may call %q", c.refCaller, shown, callable)
			}
			if len(shown) > 0 {
				p.saw("some shown")
			}
			if len(shown) < len(promiseIDs) {
				p.saw("some hidden")
			}
		}
	})
}

// idsOf returns the models of a list in the form of OpenAI.
func idsOf(reply []byte) (ids []string) {
	var list struct{ Data []struct{ ID string } }
	_ = json.Unmarshal(reply, &list)
	for _, item := range list.Data {
		ids = append(ids, item.ID)
	}
	return ids
}

// TestACacheChangesNothing: with a cache and without, every step is the same, when
// the same callers ask the same again and tokens expire in between.
func TestACacheChangesNothing(t *testing.T) {
	keepPromise(t, 300, []string{"allowed", "refused", "expired"}, func(p *promises) {
		g := p.compile(p.policy, "")
		cached := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
		callers, requests := make([]promiseCaller, 3), make([]promiseRequest, 3)
		for i := range callers {
			callers[i], requests[i] = p.randomCaller(), p.randomRequest()
		}
		for i := range 60 {
			c, q := callers[p.IntN(3)], requests[p.IntN(3)]
			cached.Now = now.Add(time.Duration(i) * 6 * time.Second) // tokens expire after 300 s, and 30 s of clock skew
			plain := cached
			plain.Cache = nil
			x, got := g.DecideRequest(cached, q.head(c), []byte(q.body), nil)
			y, want := g.DecideRequest(plain, q.head(c), []byte(q.body), nil)
			if g, w := stepText(x, got), stepText(y, want); g != w {
				p.failf("%+v of %+v at %s:\nwith a cache %s\nwithout     %s", q, c.refCaller, cached.Now, g, w)
			}
			if got.Reason == reason.TokenExpired {
				p.saw("expired")
			}
			p.saw(outcomeName(got.Act == gate.Forward))
		}
	})
}

// stepText writes all of a step, and what the exchange says of it.
func stepText(x *gate.Exchange, step gate.Step) string {
	edit := step.Edit
	if edit == nil {
		edit = &gate.Edit{}
	}
	step.Edit = nil
	return fmt.Sprintf("%+v, edit %q, by %q for %s/%s, call %+v", step, *edit, x.Rule, x.Principal.Issuer, x.Principal.Subject, x.Call)
}

// TestWhatIsRefusedNeverReachesTheUpstream: of a refused request the upstream gets
// nothing that it could act on. Its head stays back where heads can wait; its body
// stays back unless the model in it was granted and a later byte broke a rule, and
// then the document is not complete. The answer does not depend on how the body is
// cut into chunks, and an allowed body arrives whole.
func TestWhatIsRefusedNeverReachesTheUpstream(t *testing.T) {
	keepPromise(t, 1500, []string{"allowed", "refused"}, func(p *promises) {
		holds := p.IntN(2) == 0
		g := p.compile(p.policy, `"host": {"holdHeaders": `+fmt.Sprint(holds)+`},`)
		if !holds {
			g = p.compile(p.policy, "")
		}
		for range 10 {
			c, q := p.randomCaller(), p.randomRequest()
			granted := p.policy.allows(c.refCaller, q.verb, q.model)
			want := granted
			switch tamper := p.IntN(4) == 0 && q.body != ""; {
			case tamper && q.grpc: // a second message
				q.body, want = q.body+p.modelInfer(p.pick(promiseIDs...)).body, false
			case tamper: // a second model
				q.body, want = q.body[:len(q.body)-1]+`,"model":"`+p.pick(promiseIDs...)+`"}`, false
			}
			passed, headWent, body := p.deliver(g, c, q)
			switch {
			case passed != want:
				p.failf("%+v of %+v passes: %v, want %v", q, c.refCaller, passed, want)
			case passed && body != q.body:
				p.failf("%+v of %+v arrives with the body %q", q, c.refCaller, body)
			case !passed && headWent && (q.body == "" || holds && !granted):
				p.failf("%+v of %+v is refused, and the upstream has its head", q, c.refCaller)
			case !passed && (q.actedOn(body) || body != "" && !granted):
				p.failf("%+v of %+v is refused, and the upstream has %q of it", q, c.refCaller, body)
			}
			p.saw(outcomeName(passed))
		}
	})
}

// deliver sends a request in random chunks, and returns what goes to the upstream.
func (p *promises) deliver(g *gate.Gate, c promiseCaller, q promiseRequest) (passed, headWent bool, body string) {
	env := gate.Env{Now: now, Keys: g.Keys()}
	x, step := g.Begin(env, q.head(c))
	for sent, released := 0, 0; ; {
		released += step.Release
		headWent = headWent || step.Head || step.Act == gate.Forward || step.Release > 0
		if step.Act != gate.Hold {
			return step.Act == gate.Forward, headWent, q.body[:released]
		}
		n := min(p.IntN(12), len(q.body)-sent)
		sent += n
		step = x.Body(env, gate.Upstream, []byte(q.body[sent-n:sent]), sent == len(q.body))
	}
}
