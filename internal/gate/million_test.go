package gate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// rule is a grant or a deny as the configuration has it; the reference reads
// it by plain loops.
type rule struct {
	Name    string   `json:"name"`
	Issuers []string `json:"issuers,omitempty"`
	Members []string `json:"members,omitempty"`
	Verbs   []string `json:"verbs,omitempty"`
	Models  []string `json:"models,omitempty"`
	Peer    bool     `json:"peer,omitempty"`
}

var millionGrants = []rule{
	{Name: "ana", Issuers: []string{"iap"}, Members: []string{"user:ana@x.example"}, Verbs: []string{"predict", "ready"}, Models: []string{"prod/fraud", "prod/risk-*"}},
	{Name: "bob", Issuers: []string{"corp"}, Members: []string{"user:bob@x.example"}, Verbs: []string{"predict", "explain", "ready"}, Models: []string{"prod/*"}},
	{Name: "domain", Issuers: []string{"iap"}, Members: []string{"domain:x.example"}, Verbs: []string{"ready"}, Models: []string{"*/*"}},
	{Name: "science", Issuers: []string{"corp", "iap", "gateway"}, Members: []string{"group:science"}, Verbs: []string{"predict"}, Models: []string{"lab/*", "prod/risk-eu"}},
	{Name: "ops", Issuers: []string{"corp"}, Members: []string{"group:ops"}, Verbs: []string{"predict", "explain", "ready"}, Models: []string{"*/*"}},
	{Name: "any", Issuers: []string{"corp"}, Members: []string{"allAuthenticatedUsers"}, Verbs: []string{"explain"}, Models: []string{"lab/open*"}},
	{Name: "relayed", Issuers: []string{"gateway"}, Members: []string{"user:ana@x.example"}, Verbs: []string{"explain", "ready"}, Models: []string{"prod/*"}},
	{Name: "mesh", Peer: true, Members: []string{"namespace:batch", "spiffe://cluster.local/ns/web/sa/a"}, Verbs: []string{"predict", "ready"}, Models: []string{"lab/*", "prod/fraud*"}},
	{Name: "world", Members: []string{"allUsers"}, Verbs: []string{"predict"}, Models: []string{"public/*"}},
}

var millionDenies = []rule{
	{Name: "frozen", Models: []string{"*/frozen"}},
	{Name: "bob-eu", Members: []string{"user:bob@x.example"}, Models: []string{"*/risk-eu"}},
	{Name: "corp-open", Issuers: []string{"corp"}, Members: []string{"group:science"}, Verbs: []string{"explain"}, Models: []string{"lab/open-2"}},
	{Name: "quarantine", Members: []string{"namespace:quarantine", "spiffe://cluster.local/ns/batch/sa/bad"}, Models: []string{"p*/*", "lab/open"}},
}

// millionPeers are connections: without a certificate, with one that counts, and
// with one that does not.
var millionPeers = []authn.Peer{
	{}, {}, {}, {}, {}, {}, {}, {}, gatewayPeer, gatewayPeer, {URI: "spiffe://cluster.local/ns/batch/sa/good", Validated: true}, {URI: "spiffe://cluster.local/ns/batch/sa/bad", Validated: true},
	{URI: "spiffe://cluster.local/ns/web/sa/a", Validated: true}, {URI: "spiffe://cluster.local/ns/web/sa/b", Validated: true}, {URI: "spiffe://cluster.local/ns/quarantine/sa/x", Validated: true}, {URI: "spiffe://cluster.local/ns/quarantine/sa/x"},
	{URI: gatewayPeer.URI}, {URI: "spiffe://cluster.local/ns/batch/sa/good"}, {URI: "spiffe://other.local/ns/batch/sa/good", Validated: true}, {URI: "spiffe://cluster.local/ns/batch/good", Validated: true}, {URI: "spiffe://cluster.local/ns/batch/../sa/good", Validated: true}, {Validated: true},
}

// counts says which of those certificates name anybody.
func counts(p authn.Peer) bool {
	return p.Validated && strings.HasPrefix(p.URI, "spiffe://cluster.local/") && !strings.Contains(p.URI, "..")
}

// caller is who sends a request, as the reference sees it; an anonymous one
// has no issuer, and one whose credential is bad may nothing.
type caller struct {
	issuer, email, domain string
	groups                []string
	bad                   bool
	header                []pair
	relay                 *caller // who it is by the word of the gateway, on the gateway's connection
	peer                  string  // by certificate, or ""
}

// reference decides in the plainest way there is.
func reference(c *caller, verb, model string, odd bool) bool {
	covers := func(r rule) bool {
		is := func(m string) bool {
			namespace, certified := strings.CutPrefix(m, "namespace:")
			if certified || strings.HasPrefix(m, "spiffe:") {
				return c.peer != "" && (m == c.peer || certified && strings.HasPrefix(c.peer, "spiffe://cluster.local/ns/"+namespace+"/sa/"))
			}
			return m == "allUsers" || c.issuer != "" && (m == "allAuthenticatedUsers" || m == "user:"+c.email || m == "domain:"+c.domain || slices.Contains(c.groups, strings.TrimPrefix(m, "group:")))
		}
		on := func(pattern string) bool {
			p, m := strings.Split(pattern, "/"), strings.Split(model, "/")
			return strings.HasPrefix(m[0]+"$", strings.TrimSuffix(p[0]+"$", "*$")) && strings.HasPrefix(m[1]+"$", strings.TrimSuffix(p[1]+"$", "*$"))
		}
		return (r.Issuers == nil || slices.Contains(r.Issuers, c.issuer)) && (r.Members == nil || slices.ContainsFunc(r.Members, is)) &&
			(r.Verbs == nil || slices.Contains(r.Verbs, verb)) && (r.Models == nil || slices.ContainsFunc(r.Models, on))
	}
	return !c.bad && !odd && !slices.ContainsFunc(millionDenies, covers) && slices.ContainsFunc(millionGrants, covers)
}

func millionConfig() string {
	grants, _ := json.Marshal(millionGrants)
	denies, _ := json.Marshal(millionDenies)
	var config map[string]json.RawMessage
	_ = json.Unmarshal([]byte(world), &config)
	config["grants"], config["denies"], config["peer"] = grants, denies, json.RawMessage(`{"trustDomain": "cluster.local"}`)
	config["issuers"] = json.RawMessage(strings.Replace(string(config["issuers"]), "[", "["+relayIssuer+",", 1))
	delete(config, "audit")
	doc, _ := json.Marshal(config)
	return string(doc)
}

// callers are people with good tokens, and with bad ones of every kind.
func callers(t *testing.T, s *corpus.Scenario) (list []*caller) {
	for _, c := range []caller{
		{issuer: "iap", email: "ana@x.example", domain: "x.example"}, {issuer: "iap", email: "bob@x.example"}, {issuer: "iap", email: "eve@y.example", domain: "y.example"},
		{issuer: "corp", email: "ana@x.example"}, {issuer: "corp", email: "bob@x.example", groups: []string{"science"}}, {issuer: "corp", groups: []string{"ops", "staff"}},
		{issuer: "corp", groups: []string{"science"}}, {issuer: "corp", email: "eve@y.example", groups: []string{"Ops", "sciences"}}, {issuer: "corp"},
	} {
		for _, fault := range []string{"", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "other-key", "tampered", "no-signature", "expired", "early", "audience", "kid", "alg", "truncated"} {
			claims := map[string]any{"email": c.email, "email_verified": true, "hd": c.domain, "groups": append([]string{}, c.groups...)}
			header := map[string]any{}
			token := corpus.Token{Issuer: c.issuer, Claims: claims, Header: header}
			switch fault {
			case "expired":
				claims["exp"], claims["iat"] = "now-31s", "now-2m"
			case "early":
				claims["iat"] = "now+31s"
			case "audience":
				claims["aud"] = "/projects/1/apps/other"
			case "kid":
				header["kid"] = "../../dev/null"
			case "alg":
				header["alg"] = "none"
			case "other-key", "tampered", "no-signature":
				if token.Fault = fault; c.issuer == "corp" && fault == "other-key" {
					token.Fault = "tampered" // a shared secret has no other key
				}
			}
			text := mint(t, s, token)
			if fault == "truncated" {
				text = text[:len(text)-1]
			}
			who := c
			who.bad = fault != ""
			if who.header = []pair{{"authorization", "Bearer " + text}}; c.issuer == "iap" {
				who.header = []pair{{"x-goog-iap-jwt-assertion", text}}
			}
			list = append(list, &who)
		}
	}
	good, bearer := list[0].header[0], list[len(list)-24].header[0]
	for range 24 {
		list = append(list, &caller{})
	}
	staff := list[len(list)-48] // of corp, with a good token
	for _, relay := range []caller{
		{issuer: "gateway", email: "ana@x.example", header: []pair{{"x-caller", "1"}, {"x-caller-email", "ana@x.example"}}}, {issuer: "gateway", groups: []string{"science", "ops"}, header: []pair{{"x-caller-groups", "science, ops"}, {"x-caller", "2"}}},
		{issuer: "gateway", email: "bob@x.example", header: []pair{{"x-caller-email", "bob@x.example"}, {"x-caller", "3"}}}, {bad: true, header: []pair{{"x-caller", "1"}, {"x-caller", "1"}}}, {bad: true, header: []pair{{"x-caller", "1"}, {"x-caller-email", "ana"}}}, {bad: true, header: []pair{{"x-caller", ""}}},
	} {
		for _, more := range []*caller{{}, {}, list[0], staff, {bad: true, header: []pair{{"authorization", "Bearer x"}}}} { // alone, or beside a token
			both := *more
			both.relay, both.header = &relay, slices.Concat(more.header, relay.header)
			list = append(list, &both)
		}
	}
	return append(list, &caller{header: []pair{{"x_caller", "1"}, {"x-caller-email", "ana@x.example"}}}, &caller{bad: true, header: []pair{good, good}}, &caller{bad: true, header: []pair{{"authorization", "Basic YTpi"}}},
		&caller{bad: true, header: []pair{{"x-goog-iap-jwt-assertion", "x"}, bearer}}, // the first source is final
		&caller{issuer: "iap", email: "ana@x.example", domain: "x.example", header: []pair{{"authorization", "Bearer x"}, good}}, &caller{bad: true, header: []pair{{good[0], ""}}}, &caller{header: []pair{{"x-token", good[1]}, {"cookie", good[1]}}})
}

// tricks make a path that nobody may be let through by.
var tricks = []func(string) string{
	func(p string) string { return "/" + p }, func(p string) string { return strings.Replace(p, "/", "/./", 1) }, func(p string) string { return "/kfserving/public/iris:predict/.." + p },
	func(p string) string { return "/public/%2e%2e" + p }, func(p string) string { return p + ";v=1" }, func(p string) string { return p + "#/kfserving/public/iris:predict" },
	func(p string) string { return p + "/" }, func(p string) string { return p + "%00" }, func(p string) string { return "http://models.example.com" + p },
	func(p string) string { return strings.Replace(p, "o", "%6f", 1) + "%" }, func(p string) string { return strings.ToUpper(p) }, func(p string) string { return p + ":predict" },
	func(p string) string { return p + "/versions/1" }, func(p string) string { return strings.ReplaceAll(p, "/", "\\") }, func(p string) string { return p[1:] },
	func(p string) string { return p + "?access_token=x" }, func(p string) string { return "/v2" + p }, func(p string) string { return p + "\x00" },
}

// ask builds one request and says what the reference makes of it.
func ask(r *rand.Rand, c *caller) (pairs []pair, want bool) {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	namespace := pick("prod", "lab", "public", "secret", "pro", "prod-eu")
	service := pick("fraud", "risk-eu", "risk-us", "risk", "open", "open-2", "frozen", "fraud-admin")
	verb := pick("predict", "predict", "explain", "ready")
	method, suffix := "POST", ":"+verb
	if verb == "ready" {
		method, suffix = "GET", ""
	}
	host, path, query, odd := "models.example.com", "/kfserving/"+namespace+"/"+service+suffix, "", false
	switch r.IntN(16) {
	case 0, 5:
		path, query = "/forward/"+namespace+"/"+service+suffix, "?user=admin"
	case 1, 6:
		host, path = service+pick("-predictor-default.", "-explainer.", "-transformer.")+namespace+pick("", ".svc", ".svc.cluster.local", ".svc:80"), "/v1/models/"+pick("other", service)+suffix
	case 2:
		service, path, odd = "Fraud", "/kfserving/"+namespace+"/Fraud"+suffix, true
	case 3:
		host, path, odd = pick("models.example.com", service+"."+namespace, service+"-PREDICTOR."+namespace), "/v1/models/"+service+suffix, true
	case 4: // a host that names a service, perhaps another one
		named := pick("fraud", "risk-eu", service)
		host, odd = named+"-predictor."+namespace, named != service
	}
	switch r.IntN(16) {
	case 0, 1, 2:
		path, odd = tricks[r.IntN(len(tricks))](path), true
	case 3:
		method, odd = pick("PUT", "DELETE", "get", ""), true
	}
	pairs = append([]pair{{":method", method}, {":path", path + query}, {":authority", host}}, c.header...)
	switch r.IntN(16) {
	case 0:
		pairs, odd = append(pairs, pair{pick("upgrade", "host", ":path", ":authority"), "x"}), true
	case 1:
		pairs = append(pairs, pair{pick("x-forwarded-user", "kubeflow-userid", "x-original-url", "x_gate_caller"), "root@x.example"})
	}
	return pairs, reference(c, verb, namespace+"/"+service, odd)
}

// TestMillion asks a million random questions; the gate and the reference must
// answer each alike.
func TestMillion(t *testing.T) {
	const shards = 8
	total := 1_000_000
	if testing.Short() {
		total = 50_000
	}
	g, s := load(t, millionConfig())
	people := callers(t, s)
	counts, mu := map[string]int{}, sync.Mutex{}
	t.Run("shards", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				seen := map[string]int{}
				million(t, g, people, rand.New(rand.NewPCG(uint64(shard), 7)), total/shards, seen)
				mu.Lock()
				defer mu.Unlock()
				for why, n := range seen {
					counts[why] += n
				}
			})
		}
	})
	sum := 0
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-20s %7d", why, counts[why])
		sum += counts[why]
	}
	if sum != total {
		t.Errorf("%d requests answered, want %d", sum, total)
	}
	if counts["allowed"] < total/20 {
		t.Errorf("%d of %d requests were allowed: too few to prove anything", counts["allowed"], total)
	}
	for _, why := range strings.Fields(`allowed credential_missing grant_missing denied path_invalid path_unknown model_invalid host_invalid identity_conflict header_repeated
		upgrade_refused query_token credential_repeated scheme_unsupported token_malformed token_algorithm key_unknown signature_invalid audience_wrong token_expired token_not_yet_valid claims_invalid`) {
		if counts[why] == 0 {
			t.Errorf("no request was answered %s", why)
		}
	}
}

// million asks n questions. Signatures are verified once and then remembered:
// the decisions are what is tested here.
func million(t *testing.T, g *gate.Gate, people []*caller, r *rand.Rand, n int, seen map[string]int) {
	memo := map[string]bool{}
	env := gate.Env{Now: now, Keys: g.Keys(), Verify: func(k *authn.Key, signed, signature string) (ok, done bool) {
		id := signed + "." + signature
		ok, done = memo[id]
		if !done {
			ok = jwt.GetSigningMethod(k.Algorithm()).Verify(signed, []byte(signature), k.Public()) == nil
			memo[id] = ok
		}
		return ok, true
	}}
	for range n {
		c := people[r.IntN(len(people))]
		peer, who := millionPeers[r.IntN(len(millionPeers))], *c
		if counts(peer) {
			if c.relay != nil && peer == gatewayPeer {
				who = *c.relay
				who.header = c.header
			}
			who.peer = peer.URI
		}
		pairs, want := ask(r, &who)
		_, step := g.Begin(env, &gate.Head{Pairs: pairs, Peer: peer})
		seen[step.Reason.String()]++
		if allowed := step.Act == gate.Forward && step.Reason == reason.Allowed; allowed != want || (step.Act == gate.Forward) != want {
			t.Fatalf("Begin(%q) of %+v by %v = %d %s, the reference says %v", pairs, who, peer, step.Act, step.Reason, want)
		}
	}
}
