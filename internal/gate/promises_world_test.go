package gate_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// promises is a random world in which a promise must hold: a policy, callers with
// and without credentials, and requests.
type promises struct {
	*rand.Rand
	t       *testing.T
	world   *corpus.Scenario
	callers []promiseCaller
	policy  refPolicy
	seen    map[string]int
	where   string // the seed and the round, for failures
}

type promiseCaller struct {
	refCaller
	header []pair
}

// promiseRequest asks to do verb on model. Its body is JSON, or the one message of a
// gRPC call.
type promiseRequest struct {
	verb, model        string
	method, path, body string
	grpc               bool
}

const promiseWorld = `{
	"version": 1,
	"peer": {"trustDomain": "cluster.local"},
	"issuers": [
		{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["HS256"],
		 "groups": "/groups", "symmetric": {"env": "CORP", "kid": "k"}},
		{"name": "lab", "issuer": "https://lab.example", "audiences": ["models"], "algorithms": ["HS256"],
		 "groups": "/groups", "symmetric": {"env": "LAB", "kid": "k"}}
	],
	"routes": [
		{"prefix": "/k", "protocol": "kserve-v1", "names": "kserve"},
		{"protocol": "openai", "service": "prod/llm", "base": "/llm/v1"},
		{"protocol": "kserve-v2", "service": "prod/gpu"}
	],
	"identity": [{"header": "x-caller", "value": "{issuer}/{subject}"}],
	"audit": "all"
}`

// keepPromise checks a promise in many random worlds. A failure names its seed:
// PROMISES_SEED repeats it, and another number tries other worlds. Each outcome
// that check reports with saw must be frequent, or the test proves nothing.
func keepPromise(t *testing.T, rounds int, outcomes []string, check func(p *promises)) {
	t.Helper()
	seed, _ := strconv.ParseUint(os.Getenv("PROMISES_SEED"), 10, 64)
	_, world := load(t, promiseWorld)
	p := &promises{t: t, world: world, seen: map[string]int{}}
	p.callers = p.makeCallers()
	for round := range rounds {
		p.Rand = rand.New(rand.NewPCG(seed, uint64(round)))
		p.where = fmt.Sprintf("PROMISES_SEED=%d, round %d", seed, round)
		p.policy = p.randomPolicy()
		check(p)
	}
	for _, outcome := range outcomes {
		if p.seen[outcome] < rounds/2 {
			t.Errorf("PROMISES_SEED=%d: %q was seen %d times in %d rounds, want at least %d", seed, outcome, p.seen[outcome], rounds, rounds/2)
		}
	}
}

func (p *promises) saw(outcome string) { p.seen[outcome]++ }

// failf ends the test with the world in which the promise is broken.
func (p *promises) failf(format string, args ...any) {
	p.t.Helper()
	policy, _ := json.Marshal(p.policy)
	p.t.Fatalf("%s\n%s\npolicy %s", fmt.Sprintf(format, args...), p.where, policy)
}

// makeCallers returns callers of two issuers, with and without certificates, and
// anonymous ones.
func (p *promises) makeCallers() (list []promiseCaller) {
	peers := []string{"", "", "spiffe://cluster.local/ns/web/sa/a", "spiffe://cluster.local/ns/batch/sa/b"}
	list = append(list, promiseCaller{}, promiseCaller{})
	for _, issuer := range []string{"corp", "lab"} {
		for i, email := range []string{"ana@x.example", "bob@x.example", "Ana@X.example", "eve@x.example"} {
			c := promiseCaller{refCaller: refCaller{issuer: issuer, email: email, verified: i%2 == 0}}
			c.groups = [][]string{{"ops"}, {"science", "ops"}, nil, {"science"}}[i]
			c.level = []string{"gold", "", "basic", "gold"}[i]
			claims := map[string]any{"sub": issuer + "-" + strconv.Itoa(i), "email": email, "email_verified": c.verified, "groups": c.groups}
			if c.groups == nil {
				delete(claims, "groups")
			}
			if c.level != "" {
				claims["level"] = c.level
			}
			c.header = []pair{{"authorization", "Bearer " + mint(p.t, p.world, corpus.Token{Issuer: issuer, Claims: claims})}}
			list = append(list, c)
		}
	}
	for _, peer := range peers[2:] {
		for _, c := range []promiseCaller{list[0], list[2]} {
			c.peer = peer
			list = append(list, c)
		}
	}
	return list
}

func (p *promises) pick(from ...string) string { return from[p.IntN(len(from))] }

// some returns a few different ones.
func (p *promises) some(most int, from ...string) (list []string) {
	for range 1 + p.IntN(most) {
		if s := p.pick(from...); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

var (
	promiseVerbs    = strings.Fields("predict explain ready generate metadata list")
	promiseMembers  = strings.Fields("user:ana@x.example user:bob@x.example group:ops group:science allAuthenticatedUsers")
	promisePeers    = strings.Fields("namespace:web namespace:batch spiffe://cluster.local/ns/web/sa/a spiffe://cluster.local/ns/web/sa/b")
	promisePatterns = strings.Fields("prod/* lab/* */* prod/fraud pro*/risk-* prod/llm prod/llm/a prod/llm/a* prod/llm/b* prod/gpu/a* " +
		"lab/fraud*")
	promiseIDs = strings.Fields("a ab b c")
)

// grantToAll allows everybody everything.
var grantToAll = refRule{Name: "all", Members: []string{"allUsers"}, Verbs: promiseVerbs, Models: []string{"*/*"}}

func (p *promises) randomPolicy() (policy refPolicy) {
	for i := range 1 + p.IntN(5) {
		policy.Grants = append(policy.Grants, p.randomGrant("grant-"+strconv.Itoa(i)))
	}
	for i := range p.IntN(3) {
		policy.Denies = append(policy.Denies, p.randomDeny("deny-"+strconv.Itoa(i)))
	}
	return policy
}

func (p *promises) randomGrant(name string) refRule {
	r := refRule{Name: name, Verbs: p.some(5, promiseVerbs...), Models: p.some(3, promisePatterns...)}
	switch p.IntN(6) {
	case 0:
		r.Members = []string{"allUsers"}
	case 1:
		r.Peer, r.Members = true, p.some(2, promisePeers...)
	default:
		r.Issuers, r.Members = p.some(2, "corp", "lab"), p.some(3, promiseMembers...)
		if p.IntN(4) == 0 {
			r.Claims = []refCondition{{p.pick("/level", "/level", "/other"), p.pick("gold", "basic")}}
		}
	}
	return r
}

func (p *promises) randomDeny(name string) (r refRule) {
	r.Name = name
	if p.IntN(2) == 0 {
		r.Verbs = p.some(2, promiseVerbs...)
	}
	if p.IntN(4) > 0 {
		r.Models = p.some(2, promisePatterns...)
	}
	if p.IntN(3) > 0 {
		r.Members = p.some(2, slices.Concat(promiseMembers, promisePeers, []string{"allUsers"})...)
	}
	if p.IntN(3) == 0 {
		r.Issuers = p.some(1, "corp", "lab")
	}
	if p.IntN(4) == 0 {
		r.Claims = []refCondition{{p.pick("/level", "/other"), p.pick("gold", "basic")}}
	}
	return r
}

func (p *promises) randomCaller() promiseCaller { return p.callers[p.IntN(len(p.callers))] }

func (p *promises) randomRequest() promiseRequest {
	model := p.pick("prod", "lab", "pro", "other") + "/" + p.pick("fraud", "risk-eu", "llm")
	id := p.pick(promiseIDs...)
	switch p.IntN(7) {
	case 0:
		return promiseRequest{verb: "predict", model: model, method: "POST", path: "/k/" + model + ":predict"}
	case 1:
		return promiseRequest{verb: "explain", model: model, method: "POST", path: "/k/" + model + ":explain"}
	case 2:
		return promiseRequest{verb: "ready", model: model, method: "GET", path: "/k/" + model}
	case 3:
		return promiseRequest{verb: "metadata", model: "prod/llm/" + id, method: "GET", path: "/llm/v1/models/" + id}
	case 4:
		return promiseRequest{"predict", "prod/llm/" + id, "POST", "/llm/v1/embeddings", p.randomBody(id), false}
	case 5:
		return p.modelInfer(id)
	default:
		return chat(id, p.randomBody(id))
	}
}

func chat(id, body string) promiseRequest {
	return promiseRequest{"generate", "prod/llm/" + id, "POST", "/llm/v1/chat/completions", body, false}
}

// modelInfer is a call of KServe's gRPC protocol, with the model before or after a
// tensor.
func (p *promises) modelInfer(id string) promiseRequest {
	message, err := corpus.Frame(p.pick("1:"+id, "5:tensor 1:"+id, "1:"+id+" 5:tensor"))
	if err != nil {
		p.t.Fatal(err)
	}
	return promiseRequest{"predict", "prod/gpu/" + id, "POST", "/inference.GRPCInferenceService/ModelInfer", message, true}
}

// actedOn reports whether a server could act on this part of the body.
func (q promiseRequest) actedOn(part string) bool {
	const header = 5 // a flag and the length, which fits into its last byte here
	if q.grpc {
		return len(part) > header && len(part) >= header+int(part[header-1])
	}
	return json.Valid([]byte(part))
}

// randomBody is a document that names the model first, last or in the middle.
func (p *promises) randomBody(id string) string {
	members := []string{`"model":"` + id + `"`, `"input":["x",{"model":"c"},1.5e3]`, `"stream":true`}
	p.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, ",") + "}"
}

// compile makes a gate with a policy. more are further fields of the configuration.
func (p *promises) compile(policy refPolicy, more string) *gate.Gate {
	p.t.Helper()
	rules, _ := json.Marshal(policy)
	doc := strings.Replace(p.world.Config, "{", "{"+more, 1)
	if string(rules) != "{}" {
		doc = strings.Replace(doc, "{", string(rules[:len(rules)-1])+",", 1)
	}
	g, err := gate.New(doc, p.world.Secret)
	if err != nil {
		p.failf("New: %v", err)
	}
	return g
}

func (q promiseRequest) head(c promiseCaller) *gate.Head {
	h := &gate.Head{End: q.body == "", Peer: authn.Peer{URI: c.peer, Validated: c.peer != ""}}
	h.Pairs = []pair{{":method", q.method}, {":path", q.path}, {":scheme", "https"}, {":authority", "models.example.com"}}
	switch {
	case q.grpc:
		h.Pairs = append(h.Pairs, pair{"content-type", "application/grpc"}, pair{"te", "trailers"})
	case q.body != "":
		h.Pairs = append(h.Pairs, pair{"content-type", "application/json"})
	}
	h.Pairs = append(h.Pairs, c.header...)
	return h
}

// decide sends a whole request through a gate.
func decide(g *gate.Gate, c promiseCaller, q promiseRequest) (*gate.Exchange, gate.Step) {
	return g.DecideRequest(gate.Env{Now: now, Keys: g.Keys()}, q.head(c), []byte(q.body), nil)
}

func allows(g *gate.Gate, c promiseCaller, q promiseRequest) bool {
	_, step := decide(g, c, q)
	return step.Act == gate.Forward
}

func outcomeName(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "refused"
}
