package gate_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestCacheChangesNothing decides random requests with and without a cache: every step is
// the same. Callers, requests, certificates and the time change; the clock goes back too,
// and rules in shadow begin and end.
func TestCacheChangesNothing(t *testing.T) {
	for _, audit := range []string{"all", "refused"} {
		t.Run("audit "+audit, func(t *testing.T) {
			config := shadowWorld(t)
			// This header may name a model, and it is an identity header too.
			config = edit.Insert(t, config, "/identity/0", `{"header": "x-maas-username", "value": "{subject}"}`)
			if audit != "all" {
				config = edit.Set(t, config, "/audit", `"`+audit+`"`)
			}
			g, s := load(t, config)
			next := randomRequests(t, s)
			env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
			x, random, allowed, remembered := &gate.Exchange{}, rand.New(rand.NewPCG(7, 8)), 0, 0
			for range 30_000 {
				env.Now = now.Add(time.Duration(random.IntN(240)) * time.Second)
				h := next(random)
				before := env.Cache.Decisions()
				got := x.Begin(g, env, h)
				uncached := env
				uncached.Cache = nil
				y, want := g.Begin(uncached, h)
				if !sameStep(got, want) || !sameExchange(x, y) {
					t.Fatalf("Begin(%v at %s)\nwith a cache = %+v %+v\nwithout       = %+v %+v", h, env.Now, got, got.Edit, want, want.Edit)
				}
				if got.Act == gate.Forward {
					allowed++
				}
				if env.Cache.Decisions() != before {
					remembered++
				}
			}
			if allowed < 3000 || remembered < 20 {
				t.Errorf("%d requests were forwarded, and %d remembered: too few to prove anything", allowed, remembered)
			}
		})
	}
}

// sameStep compares steps. The memory of an Edit is used again, so that none and an empty
// one are the same.
func sameStep(a, b gate.Step) bool {
	takeEdit := func(s *gate.Step) (e gate.Edit) {
		if s.Edit != nil {
			e = *s.Edit
		}
		s.Edit = nil
		return e
	}
	x, y := takeEdit(&a), takeEdit(&b)
	return slices.Equal(x.Remove, y.Remove) && slices.Equal(x.Set, y.Set) && reflect.DeepEqual(a, b)
}

func sameExchange(a, b *gate.Exchange) bool {
	return a.Rule == b.Rule && a.NeedsResponse() == b.NeedsResponse() &&
		reflect.DeepEqual(a.Call, b.Call) && reflect.DeepEqual(a.Principal, b.Principal)
}

// randomRequests makes requests of a few callers for a few models, so that they repeat.
func randomRequests(t *testing.T, s *corpus.Scenario) func(*rand.Rand) *gate.Head {
	plain := bearer(t, s, corp(nil))
	callers := [][]pair{
		nil,
		{plain},
		{bearer(t, s, corp(claims{"sub": "subject-2", "email": "bo@corp.example", "email_verified": true}))},
		{bearer(t, s, corp(claims{"exp": "now+1h", "tenant": claims{"id": "t-7"}}))},
		{bearer(t, s, corp(claims{"nbf": "now+1m"}))},
		{plain, {"cookie", "a"}, {"X_Gate_Caller", "root"}, {"kubeflow-userid", "root"}},
	}
	lines := []string{
		askStaff,
		askPublic,
		"POST /kfserving/prod/fraud:explain",
		"GET /kfserving/prod/fraud",
		"POST /kfserving/prod/frozen:predict",
		"POST /kfserving/dev/x:predict",
		"POST /kfserving/dev/open:predict",
		"POST /kfserving/prod/closing:predict",
		"POST /kfserving/prod/twin:predict",
		"POST /forward/prod/fraud:predict",
		"POST /trial/prod/fraud:predict",
		"POST /trial/secret/x:predict",
		"POST /echo.Echo/Say",
		"POST /trial.T/Say",
		"GET /v1/models",
		"POST /kfserving/prod/fraud:predict?a=b",
		"POST /kfserving/batch/x:predict",
		"PUT /kfserving/prod/fraud:predict",
	}
	extras := [][]pair{
		nil, nil, nil,
		{{"content-type", "application/grpc"}},
		{{"x-request-id", "id-1"}},
		{{"mm-model-id", "fraud"}},
		{{"mm-vmodel-id", "fraud"}},
		{{"mm-vmodel-id", "other"}},
		{{"kserve-isvc-name", "fraud"}, {"kserve-isvc-namespace", "prod"}},
		{{"kserve-isvc-name", "other"}},
	}
	peers := []authn.Peer{
		{}, {}, {},
		{URI: "spiffe://cluster.local/ns/batch/sa/job", Validated: true},
		{URI: "spiffe://cluster.local/ns/quarantine/sa/job", Validated: true},
	}
	return func(r *rand.Rand) *gate.Head {
		line := lines[r.IntN(len(lines))]
		h := head(line, slices.Concat(callers[r.IntN(len(callers))], extras[r.IntN(len(extras))])...)
		if r.IntN(8) == 0 {
			h.Pairs[3][1] = "other.example.com"
		}
		if line == "GET /v1/models" { // whose reply is trimmed
			h.Pairs[3][1] = "fraud-predictor-default.prod.svc.cluster.local"
		}
		h.Peer = peers[r.IntN(len(peers))]
		return h
	}
}

// askThrice sends a request three times: a token is cached at the second, and a decision at
// the third.
func askThrice(t *testing.T, g *gate.Gate, env gate.Env, h *gate.Head) {
	t.Helper()
	for range 3 {
		if _, step := g.Begin(env, h); step.Act != gate.Forward {
			t.Fatalf("Begin(%v) = %s, want it forwarded", h.Pairs, step.Reason)
		}
	}
}

// TestCacheIsBounded asks for more than can be remembered, of one caller and of all, and
// for what must not be remembered.
func TestCacheIsBounded(t *testing.T) {
	g, s := load(t, world)
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	ask := func(token pair, query string) {
		askThrice(t, g, env, head("POST /kfserving/prod/fraud:predict?"+query, token))
	}
	most, heaviest := 0, 0
	weigh := func() {
		t.Helper()
		routes, decisions, routesNow, decisionsNow := env.Cache.Bytes()
		if routes != routesNow || decisions != decisionsNow || routes > gate.MaxRouteBytes || decisions > gate.MaxDecisionBytes {
			t.Fatalf("routes weigh %d bytes, counted as %d, want %d at most; decisions %d, counted as %d, want %d at most",
				routesNow, routes, gate.MaxRouteBytes, decisionsNow, decisions, gate.MaxDecisionBytes)
		}
		heaviest = max(heaviest, decisions)
	}
	for caller, want := range []int{16, 32} {
		token := bearer(t, s, corp(claims{"sub": "s" + strconv.Itoa(caller)}))
		for i := range 100 {
			ask(token, "q"+strings.Repeat("x", i)+strconv.Itoa(i))
			most = max(most, env.Cache.Decisions())
		}
		if most > want {
			t.Errorf("%d decisions of %d callers are remembered, want %d at most", most, caller+1, want)
		}
	}
	for caller := range 2000 {
		token := bearer(t, s, corp(claims{"sub": "t" + strconv.Itoa(caller)}))
		for i := range 5 {
			ask(token, strings.Repeat("x", 400)+strconv.Itoa(i))
		}
		if weigh(); caller%100 == 0 {
			askThrice(t, g, env, head("POST /kfserving/prod/fraud"+strconv.Itoa(caller)+":predict", token))
		}
	}
	if heaviest < gate.MaxDecisionBytes*9/10 {
		t.Errorf("decisions weigh %d bytes at most, want nearly %d", heaviest, gate.MaxDecisionBytes)
	}
	long := bearer(t, s, corp(claims{"sub": strings.Repeat("long", 1200), "email": strings.Repeat("x", 5000) + "@a.example"}))
	for i := range 16 { // entries with long identity headers weigh more
		ask(long, strconv.Itoa(i))
		weigh()
	}
	before := env.Cache.Decisions()
	ask(bearer(t, s, corp(nil)), strings.Repeat("long", 200))
	if got := env.Cache.Decisions(); got != before {
		t.Errorf("a decision about a long path is remembered: %d, want %d", got, before)
	}
	askThrice(t, g, env, head("POST /kfserving/public/x:predict"))
	if got := env.Cache.Decisions(); got != before {
		t.Errorf("a decision about an anonymous caller is remembered: %d, want %d", got, before)
	}
}

// TestDecisionsGoWithTheirToken: no decision is remembered for a caller whose token has
// expired, or has been evicted.
func TestDecisionsGoWithTheirToken(t *testing.T) {
	g, s := load(t, world)
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	ask := func(subject string) {
		askThrice(t, g, env, head(askStaff, bearer(t, s, corp(claims{"sub": subject}))))
	}
	short := head(askStaff, bearer(t, s, corp(claims{"exp": "now+1m"})))
	askThrice(t, g, env, short)
	ask("first")
	if n := env.Cache.Decisions(); n != 2 {
		t.Fatalf("%d decisions are remembered, want 2", n)
	}
	env.Now = now.Add(5 * time.Minute)
	if _, step := g.Begin(env, short); step.Reason != reason.TokenExpired || env.Cache.Decisions() != 1 {
		t.Errorf("Begin(5 minutes later) = %v, and %d decisions are remembered, want token_expired and 1", step.Reason, env.Cache.Decisions())
	}
	env.Now = now
	for i := range 9000 { // more than the bounds for tokens and for decisions
		ask(strconv.Itoa(i))
		if n := env.Cache.Decisions(); n > i+2 || n > 8192 || i < 8000 && n != i+2 {
			t.Fatalf("%d decisions of %d callers are remembered", n, i+2)
		}
	}
}
