package importer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// The types of a policy of Istio that is drawn at random. They are marshaled as Istio reads
// them, and a reference decides by them as Istio's documentation says.
type (
	randomPolicy struct {
		action string
		rules  []randomRule
	}
	randomRule struct {
		From []randomFrom `json:"from,omitempty"`
		To   []randomTo   `json:"to,omitempty"`
		When []randomWhen `json:"when,omitempty"`
	}
	randomFrom struct {
		Source map[string][]string `json:"source"`
	}
	randomTo struct {
		Operation map[string][]string `json:"operation"`
	}
	randomWhen struct {
		Key       string   `json:"key"`
		Values    []string `json:"values,omitempty"`
		NotValues []string `json:"notValues,omitempty"`
	}
)

// randomRequest is a request, and who makes it.
type randomRequest struct {
	method, path string
	host         string
	peer         string         // SPIFFE ID, or ""
	issuer       string         // name in the configuration; "" without a token
	claims       map[string]any // of the token
}

// values are what rules name and requests have, by attribute. What the gate cannot say is
// among them.
var values = map[string][]string{
	"principals":        {"*", "cluster.local/ns/batch/sa/scorer", "cluster.local/ns/web/*", "*/sa/scorer", "*/ns/web/sa/portal"},
	"namespaces":        {"batch", "web", "w*"},
	"requestPrincipals": {"*", "https://corp.example/ana", "https://corp.example/*", "https://partner.example/bob", "*/ana"},
	"paths":             {"/", "/a", "/a/*", "/a/b", "/admin*", "*/b", "/v1/models/m:predict", "/v1/*", "*"},
	"methods":           {"GET", "POST", "P*", "*"},
	"hosts":             {"a.example.com", "a.example.com:*", "b.example.com:8080", "*.example.com", "*"},
}

var (
	randomClaims = []string{"request.auth.claims[groups]", "request.auth.claims[role]", "request.auth.claims[scope]"}
	claimValues  = []string{"ops", "dev", "d*", "*"}
	randomPaths  = []string{
		"/", "/a", "/a/b", "/a/b/c", "/admin", "/admin/x", "/administrator", "/other/b", "/v1/models/m:predict", "/v1/models",
	}
	randomPeers = []string{
		"", "spiffe://cluster.local/ns/batch/sa/scorer", "spiffe://cluster.local/ns/web/sa/portal", "spiffe://cluster.local/ns/web/sa/scorer",
	}
	issuerOf = map[string]string{"corp.example": "https://corp.example", "partner.example": "https://partner.example"}
)

// pick returns some of the values.
func pick(r *rand.Rand, from []string) (list []string) {
	for range 1 + r.IntN(2) {
		list = append(list, from[r.IntN(len(from))])
	}
	return list
}

// attributes draws conditions on some attributes, each perhaps negated.
func attributes(r *rand.Rand, names ...string) map[string][]string {
	m := map[string][]string{}
	for len(m) == 0 {
		for _, name := range names {
			switch r.IntN(5) {
			case 0, 1:
				m[name] = pick(r, values[name])
			case 2:
				m["not"+strings.ToUpper(name[:1])+name[1:]] = pick(r, values[name])
			}
		}
	}
	return m
}

func drawRule(r *rand.Rand) (rule randomRule) {
	for range r.IntN(3) {
		rule.From = append(rule.From, randomFrom{attributes(r, "principals", "namespaces", "requestPrincipals")})
	}
	for range r.IntN(3) {
		names := []string{"paths", "methods", "hosts"}
		rule.To = append(rule.To, randomTo{attributes(r, names[:2+r.IntN(3)/2]...)})
	}
	if r.IntN(2) == 0 {
		w := randomWhen{Key: randomClaims[r.IntN(len(randomClaims))]}
		if r.IntN(3) > 0 {
			w.Values = pick(r, claimValues)
		} else {
			w.NotValues = pick(r, claimValues)
		}
		rule.When = append(rule.When, w)
	}
	return rule
}

func drawPolicies(r *rand.Rand) (list []randomPolicy) {
	for range 1 + r.IntN(3) {
		p := randomPolicy{action: []string{"ALLOW", "ALLOW", "DENY"}[r.IntN(3)]}
		for range r.IntN(4) {
			p.rules = append(p.rules, drawRule(r))
		}
		list = append(list, p)
	}
	return list
}

func drawRequest(r *rand.Rand) randomRequest {
	q := randomRequest{
		method: []string{"GET", "POST", "PUT"}[r.IntN(3)], path: randomPaths[r.IntN(len(randomPaths))],
		host:   []string{"a.example.com", "a.example.com:8080", "b.example.com", "b.example.com:8080", "c.example.com"}[r.IntN(5)],
		peer:   randomPeers[r.IntN(len(randomPeers))],
		issuer: []string{"", "corp.example", "partner.example"}[r.IntN(3)], claims: map[string]any{"sub": []string{"ana", "bob"}[r.IntN(2)]},
	}
	for _, name := range []string{"groups", "role", "scope"} {
		switch r.IntN(4) {
		case 0:
			q.claims[name] = []string{"ops", "dev", "ops dev", "xdev"}[r.IntN(4)]
		case 1:
			q.claims[name] = pick(r, []string{"ops", "dev", "dx"})
		case 2:
			q.claims[name] = 5
		}
	}
	return q
}

// allows is the reference: DENY before ALLOW, and whoever no ALLOW policy names is refused,
// if there is one.
func allows(policies []randomPolicy, q randomRequest) bool {
	allowed, hasAllow := false, false
	for _, p := range policies {
		matched := slices.ContainsFunc(p.rules, q.matches)
		switch {
		case p.action == "DENY" && matched:
			return false
		case p.action == "ALLOW":
			hasAllow, allowed = true, allowed || matched
		}
	}
	return allowed || !hasAllow
}

func (q randomRequest) matches(rule randomRule) bool {
	from := len(rule.From) == 0 || slices.ContainsFunc(rule.From, func(f randomFrom) bool { return q.hasAll(f.Source) })
	to := len(rule.To) == 0 || slices.ContainsFunc(rule.To, func(o randomTo) bool { return q.hasAll(o.Operation) })
	for _, w := range rule.When {
		if w.Values != nil && !q.hasClaim(w.Key, w.Values) || w.NotValues != nil && q.hasClaim(w.Key, w.NotValues) {
			return false
		}
	}
	return from && to
}

func (q randomRequest) hasAll(attributes map[string][]string) bool {
	for name, values := range attributes {
		plain, negated := positive(name)
		if slices.ContainsFunc(values, func(v string) bool { return q.has(plain, v) }) == negated {
			return false
		}
	}
	return true
}

func (q randomRequest) has(name, value string) bool {
	switch name {
	case "paths":
		return glob(value, q.path)
	case "methods":
		return glob(value, q.method)
	case "hosts":
		return glob(value, q.host)
	case "principals":
		return q.peer != "" && glob(value, strings.TrimPrefix(q.peer, "spiffe://"))
	case "namespaces":
		return q.peer != "" && glob(value, strings.Split(q.peer, "/")[4])
	}
	return q.issuer != "" && glob(value, fmt.Sprintf("%s/%s", issuerOf[q.issuer], q.claims["sub"]))
}

func (q randomRequest) hasClaim(key string, values []string) bool {
	if q.issuer == "" {
		return false
	}
	name := strings.TrimSuffix(strings.TrimPrefix(key, "request.auth.claims["), "]")
	var items []string
	switch claim := q.claims[name].(type) {
	case string:
		items = []string{claim}
		if name == "scope" || name == "role" && q.issuer == "partner.example" {
			items = strings.Split(claim, " ")
		}
	case []string:
		items = claim
	}
	return slices.ContainsFunc(items, func(item string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return glob(v, item) })
	})
}

// glob compares as Istio does.
func glob(pattern, text string) bool {
	switch {
	case pattern == "*":
		return text != ""
	case strings.HasPrefix(pattern, "*"):
		return strings.HasSuffix(text, pattern[1:])
	case strings.HasSuffix(pattern, "*"):
		return strings.HasPrefix(text, strings.TrimSuffix(pattern, "*"))
	}
	return pattern == text
}

// text writes the policies, and the issuers of the tokens.
func (q randomRequest) text(t *testing.T, policies []randomPolicy) string {
	t.Helper()
	var b strings.Builder
	write := func(kind string, i int, spec map[string]any) {
		doc, err := json.Marshal(map[string]any{
			"apiVersion": "security.istio.io/v1", "kind": kind, "spec": spec,
			"metadata": map[string]any{"name": fmt.Sprintf("p%d", i), "namespace": "prod"},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("---\n" + string(doc) + "\n")
	}
	var rules []any
	for _, iss := range []string{"https://corp.example", "https://partner.example"} {
		rule := map[string]any{"issuer": iss, "audiences": []string{"models"}, "jwks": publicKeys}
		if iss == issuerOf["partner.example"] {
			rule["spaceDelimitedClaims"] = []string{"role"}
		}
		rules = append(rules, rule)
	}
	write("RequestAuthentication", 0, map[string]any{"jwtRules": rules})
	for i, p := range policies {
		write("AuthorizationPolicy", i, map[string]any{"action": p.action, "rules": p.rules})
	}
	return b.String()
}

const publicKeys = `{"keys":[{"kty":"EC","use":"sig","alg":"ES256","kid":"k1","crv":"P-256",` +
	`"x":"NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58","y":"SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}]}`

// TestAgainstReference: of random policies and requests, the gate never allows one that Istio
// refuses, and refuses none that Istio allows unless something was left out.
func TestAgainstReference(t *testing.T) {
	now := time.Now()
	whole, allowed := 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 19))
		policies := drawPolicies(r)
		text := randomRequest{}.text(t, policies)
		result, err := Import("istio", []File{{"random", text}}, Options{Service: "prod/app"})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		loses := slices.ContainsFunc(result.Notes, Note.IsLoss)
		if !loses {
			whole++
		}
		decide := decider(t, result.Config, now)
		for range 60 {
			q := drawRequest(r)
			line := decide(q)
			got, want := strings.HasPrefix(line, "allow "), allows(policies, q)
			if got {
				allowed++
			}
			if got && !want || !loses && want != got {
				t.Fatalf("seed %d: %+v: %s, and Istio allows it: %v\n%s\nnotes %v\n%s", seed, q, line, want, text, result.Notes, result.Config)
			}
		}
	}
	if whole < 30 || allowed < 1000 {
		t.Errorf("%d configurations left nothing out, and %d requests were allowed: too few to say anything", whole, allowed)
	}
}

// decider returns what the gate with a configuration says to requests.
func decider(t *testing.T, config string, now time.Time) func(randomRequest) string {
	t.Helper()
	s, err := corpus.New("random", config, `[{"name": "none", "request": "GET /", "want": "x"}]`)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.New(s.Config, s.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return func(q randomRequest) string {
		c := corpus.Case{Name: "random", Request: q.method + " " + q.path, Host: q.host}
		if q.issuer != "" {
			c.Token = &corpus.Token{Issuer: q.issuer, Claims: q.claims}
		}
		if q.peer != "" {
			c.Peer = &corpus.Peer{URI: q.peer}
		}
		request, err := s.Request(c, now)
		if err != nil {
			t.Fatal(err)
		}
		return corpus.Native(g, gate.Env{Now: now, Keys: g.Keys()}, request).Line
	}
}
