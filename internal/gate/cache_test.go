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
)

// TestMemoryChangesNothing asks two gates of one configuration the same, one with
// a memory and one without, as callers, questions, keys, certificates and the time
// change: every step is the same. Rules in shadow begin and end meanwhile, and the
// clock goes back too.
func TestMemoryChangesNothing(t *testing.T) {
	for _, audit := range []string{"all", "refused"} {
		config := strings.Replace(trials(), `"audit": "all"`, `"audit": "`+audit+`"`, 1)
		// A header may name a model, and an identity at the same time.
		config = strings.Replace(config, `"identity": [`, `"identity": [{"header": "mm-vmodel-id", "value": "{subject}"},`, 1)
		g, s := load(t, config)
		ask := questions(t, s)
		env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
		x, random, allowed, remembered := &gate.Exchange{}, rand.New(rand.NewPCG(7, 8)), 0, 0
		for range 30_000 {
			env.Now = now.Add(time.Duration(random.IntN(240)) * time.Second)
			h := ask(random)
			before := env.Cache.Decisions()
			got := x.Begin(g, env, h)
			alone := env
			alone.Cache = nil
			y, want := g.Begin(alone, h)
			if !same(got, want) || x.Rule != y.Rule || !reflect.DeepEqual(x.Call, y.Call) || x.NeedsResponse() != y.NeedsResponse() || !reflect.DeepEqual(x.Principal, y.Principal) {
				t.Fatalf("%s, %v:\nwith a memory %+v %+v\nwithout %+v %+v", env.Now, h, got, got.Edit, want, want.Edit)
			}
			if got.Act == gate.Forward {
				allowed++
			}
			if env.Cache.Decisions() != before {
				remembered++
			}
		}
		if allowed < 3000 || remembered < 20 {
			t.Errorf("%d requests were allowed, and %d remembered: too few to prove anything", allowed, remembered)
		}
	}
}

// same compares steps. The memory of an Edit is used again, so that none and an
// empty one are the same.
func same(a, b gate.Step) bool {
	edit := func(s *gate.Step) (e gate.Edit) {
		if s.Edit != nil {
			e = *s.Edit
		}
		s.Edit = nil
		return e
	}
	x, y := edit(&a), edit(&b)
	return slices.Equal(x.Remove, y.Remove) && slices.Equal(x.Set, y.Set) && reflect.DeepEqual(a, b)
}

// questions makes requests of a few callers for a few models, again and again.
func questions(t *testing.T, s *corpus.Scenario) func(*rand.Rand) *gate.Head {
	bearer := func(claims map[string]any) pair {
		return pair{"authorization", "Bearer " + mint(t, s, corp(claims))}
	}
	callers := [][]pair{
		nil,
		{bearer(nil)},
		{bearer(map[string]any{"sub": "subject-2", "email": "bo@corp.example", "email_verified": true})},
		{bearer(map[string]any{"exp": "now+1h", "tenant": map[string]any{"id": "t-7"}})},
		{bearer(map[string]any{"nbf": "now+1m"})},
		{bearer(nil), {"cookie", "a"}, {"X_Gate_Caller", "root"}, {"kubeflow-userid", "root"}},
	}
	lines := []string{
		askStaff, askPublic, "POST /kfserving/prod/fraud:explain", "GET /kfserving/prod/fraud", "POST /kfserving/prod/frozen:predict",
		"POST /kfserving/dev/x:predict", "POST /kfserving/dev/open:predict", "POST /kfserving/prod/closing:predict", "POST /kfserving/prod/twin:predict",
		"POST /forward/prod/fraud:predict", "POST /trial/prod/fraud:predict", "POST /trial/secret/x:predict", "POST /echo.Echo/Say", "POST /trial.T/Say",
		"GET /v1/models", "POST /kfserving/prod/fraud:predict?a=b", "POST /kfserving/batch/x:predict", "PUT /kfserving/prod/fraud:predict",
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
	peers := []authn.Peer{{}, {}, {}, {URI: "spiffe://cluster.local/ns/batch/sa/job", Validated: true}, {URI: "spiffe://cluster.local/ns/quarantine/sa/job", Validated: true}}
	return func(r *rand.Rand) *gate.Head {
		h := head(lines[r.IntN(len(lines))], slices.Concat(callers[r.IntN(len(callers))], extras[r.IntN(len(extras))])...)
		if r.IntN(8) == 0 {
			h.Pairs[3][1] = "other.example.com"
		}
		if h.Pairs[1][1] == "/v1/models" { // whose reply is trimmed
			h.Pairs[3][1] = "fraud-predictor-default.prod.svc.cluster.local"
		}
		h.Peer = peers[r.IntN(len(peers))]
		return h
	}
}

// TestMemoryIsBounded asks for more than can be remembered, of one caller and of
// all, and for what is not to be.
func TestMemoryIsBounded(t *testing.T) {
	g, s := load(t, world)
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	ask := func(token pair, query string) {
		for range 3 { // anew, again, and remembered
			if _, step := g.Begin(env, head("POST /kfserving/prod/fraud:predict?"+query, token)); step.Act != gate.Forward {
				t.Fatal(step.Reason)
			}
		}
	}
	most := 0
	for caller, want := range []int{16, 32} {
		token := pair{"authorization", "Bearer " + mint(t, s, corp(map[string]any{"sub": "s" + strconv.Itoa(caller)}))}
		for i := range 100 {
			ask(token, "q"+strings.Repeat("x", i)+strconv.Itoa(i))
			most = max(most, env.Cache.Decisions())
		}
		if most > want {
			t.Errorf("%d are remembered of %d callers, want %d at most", most, caller+1, want)
		}
	}
	for caller := range 2000 {
		token := pair{"authorization", "Bearer " + mint(t, s, corp(map[string]any{"sub": "t" + strconv.Itoa(caller)}))}
		for i := range 5 {
			ask(token, strconv.Itoa(i))
			most = max(most, env.Cache.Decisions())
		}
	}
	if most != 8192 {
		t.Errorf("%d are remembered, want 8192 at most", most)
	}
	before := env.Cache.Decisions()
	ask(pair{"authorization", "Bearer " + mint(t, s, corp(nil))}, strings.Repeat("long", 200))
	g.Begin(env, head("POST /kfserving/public/x:predict")) // nobody
	if env.Cache.Decisions() != before {
		t.Error("a question of any length is remembered, or one of nobody")
	}
}

// TestDecisionsGoWithTheirToken: nothing is remembered of a caller whose token has
// expired, or has been forgotten for others.
func TestDecisionsGoWithTheirToken(t *testing.T) {
	g, s := load(t, world)
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	ask := func(subject string) {
		h := head(askStaff, pair{"authorization", "Bearer " + mint(t, s, corp(map[string]any{"sub": subject}))})
		for range 3 {
			g.Begin(env, h)
		}
	}
	short := head(askStaff, pair{"authorization", "Bearer " + mint(t, s, corp(map[string]any{"exp": "now+1m"}))})
	for range 3 {
		g.Begin(env, short)
	}
	ask("first")
	if n := env.Cache.Decisions(); n != 2 {
		t.Fatalf("%d are remembered, want 2", n)
	}
	env.Now = now.Add(5 * time.Minute)
	if _, step := g.Begin(env, short); step.Reason != reason.TokenExpired || env.Cache.Decisions() != 1 {
		t.Errorf("%v, and %d are remembered, want 1", step.Reason, env.Cache.Decisions())
	}
	env.Now = now
	for i := range 9000 { // more than tokens are remembered, and more than decisions
		ask(strconv.Itoa(i))
		if n := env.Cache.Decisions(); n > i+2 || n > 8192 || i < 8000 && n != i+2 {
			t.Fatalf("%d are remembered of %d callers", n, i+2)
		}
	}
}
