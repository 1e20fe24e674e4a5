package gate_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// millionPeers are connections: without a certificate, with one that names somebody, and
// with one that names nobody.
var millionPeers = slices.Concat(
	make([]authn.Peer, 8),
	[]authn.Peer{
		gatewayPeer,
		gatewayPeer,
		{URI: "spiffe://cluster.local/ns/batch/sa/good", Validated: true},
		{URI: "spiffe://cluster.local/ns/batch/sa/bad", Validated: true},
		{URI: "spiffe://cluster.local/ns/web/sa/a", Validated: true},
		{URI: "spiffe://cluster.local/ns/web/sa/b", Validated: true},
		{URI: "spiffe://cluster.local/ns/quarantine/sa/x", Validated: true},
		{URI: "spiffe://cluster.local/ns/quarantine/sa/x"},
		{URI: gatewayPeer.URI},
		{URI: "spiffe://cluster.local/ns/batch/sa/good"},
		{URI: "spiffe://other.local/ns/batch/sa/good", Validated: true},
		{URI: "spiffe://cluster.local/ns/batch/good", Validated: true},
		{URI: "spiffe://cluster.local/ns/batch/../sa/good", Validated: true},
		{Validated: true},
	},
)

// people are callers with good tokens.
var people = []caller{
	{issuer: "iap", email: "ana@x.example", domain: "x.example"},
	{issuer: "iap", email: "bob@x.example"},
	{issuer: "iap", email: "eve@y.example", domain: "y.example"},
	{issuer: "corp", email: "ana@x.example"},
	{issuer: "corp", email: "bob@x.example", groups: []string{"science"}},
	{issuer: "corp", groups: []string{"ops", "staff"}},
	{issuer: "corp", groups: []string{"science"}},
	{issuer: "corp", email: "eve@y.example", groups: []string{"Ops", "sciences"}},
	{issuer: "corp"},
}

// tokenFaults are what can be wrong with a token.
var tokenFaults = []string{
	"other-key", "tampered", "no-signature", "expired", "early", "audience", "kid", "alg", "truncated",
}

// goodTokens is how many times each person is there with a good token.
const goodTokens = 15

// withToken returns a person with a token, bad unless fault is "".
func (c caller) withToken(t *testing.T, s *corpus.Scenario, fault string) *caller {
	more := claims{"email": c.email, "email_verified": true, "hd": c.domain, "groups": append([]string{}, c.groups...)}
	header := claims{}
	token := corpus.Token{Issuer: c.issuer, Claims: more, Header: header}
	switch fault {
	case "expired":
		more["exp"], more["iat"] = "now-31s", "now-2m"
	case "early":
		more["iat"] = "now+31s"
	case "audience":
		more["aud"] = "/projects/1/apps/other"
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
	c.bad = fault != ""
	if c.header = []pair{{"authorization", "Bearer " + text}}; c.issuer == "iap" {
		c.header = []pair{{"x-goog-iap-jwt-assertion", text}}
	}
	return &c
}

// relayedCallers are callers as the gateway in front names them.
var relayedCallers = []caller{
	{issuer: "gateway", email: "ana@x.example", header: []pair{{"x-caller", "1"}, {"x-caller-email", "ana@x.example"}}},
	{issuer: "gateway", groups: []string{"science", "ops"}, header: []pair{{"x-caller-groups", "science, ops"}, {"x-caller", "2"}}},
	{issuer: "gateway", email: "bob@x.example", header: []pair{{"x-caller-email", "bob@x.example"}, {"x-caller", "3"}}},
	{bad: true, header: []pair{{"x-caller", "1"}, {"x-caller", "1"}}},
	{bad: true, header: []pair{{"x-caller", "1"}, {"x-caller-email", "ana"}}},
	{bad: true, header: []pair{{"x-caller", ""}}},
}

// callers are all who send requests.
func callers(t *testing.T, s *corpus.Scenario) (list []*caller) {
	for _, c := range people {
		for range goodTokens {
			list = append(list, c.withToken(t, s, ""))
		}
		for _, fault := range tokenFaults {
			list = append(list, c.withToken(t, s, fault))
		}
	}
	for range goodTokens + len(tokenFaults) {
		list = append(list, &caller{})
	}
	ana, staff := people[0].withToken(t, s, ""), people[len(people)-1].withToken(t, s, "")
	for _, relayed := range relayedCallers {
		for _, also := range []*caller{ // what else comes with the gateway's headers
			{},
			{},
			ana,
			staff,
			{bad: true, header: []pair{{"authorization", "Bearer x"}}},
		} {
			both := *also
			both.relayed, both.header = &relayed, slices.Concat(also.header, relayed.header)
			list = append(list, &both)
		}
	}
	return append(list, oddCallers(ana, staff)...)
}

// oddCallers have their credential in unusual places. The first source decides.
func oddCallers(ana, staff *caller) []*caller {
	assertion, bearerToken := ana.header[0], staff.header[0]
	malformed, basic := pair{"authorization", "Bearer x"}, pair{"authorization", "Basic YTpi"}
	anaBesideMalformed := *ana
	anaBesideMalformed.header = []pair{malformed, assertion}
	return []*caller{
		{header: []pair{{"x_caller", "1"}, {"x-caller-email", "ana@x.example"}}},
		{bad: true, header: []pair{assertion, assertion}},
		{bad: true, header: []pair{basic}},
		{bad: true, header: []pair{{"x-goog-iap-jwt-assertion", "x"}, bearerToken}},
		&anaBesideMalformed,
		{bad: true, header: []pair{{assertion[0], ""}}},
		{header: []pair{{"x-token", assertion[1]}, {"cookie", assertion[1]}}},
	}
}

// tricks make a path by which nobody may pass.
var tricks = []func(string) string{
	func(p string) string { return "/" + p },
	func(p string) string { return strings.Replace(p, "/", "/./", 1) },
	func(p string) string { return "/kfserving/public/iris:predict/.." + p },
	func(p string) string { return "/public/%2e%2e" + p },
	func(p string) string { return p + ";v=1" },
	func(p string) string { return p + "#/kfserving/public/iris:predict" },
	func(p string) string { return p + "/" },
	func(p string) string { return p + "%00" },
	func(p string) string { return "http://models.example.com" + p },
	func(p string) string { return strings.Replace(p, "o", "%6f", 1) + "%" },
	strings.ToUpper,
	func(p string) string { return p + ":predict" },
	func(p string) string { return p + "/versions/1" },
	func(p string) string { return strings.ReplaceAll(p, "/", "\\") },
	func(p string) string { return p[1:] },
	func(p string) string { return p + "?access_token=x" },
	func(p string) string { return "/v2" + p },
	func(p string) string { return p + "\x00" },
}

// millionRequest is a random request of a caller.
type millionRequest struct {
	method, host, path, query string
	verb, namespace, service  string // what it asks for
	odd                       bool   // nobody may be allowed it
	headers                   []pair
}

func (q *millionRequest) pairs() []pair {
	return append([]pair{{":method", q.method}, {":path", q.path + q.query}, {":authority", q.host}}, q.headers...)
}

// randomRequest makes a request of a caller.
func randomRequest(r *rand.Rand, c *caller) *millionRequest {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	q := &millionRequest{
		method: "POST", host: "models.example.com", headers: slices.Clone(c.header),
		verb:      pick("predict", "predict", "explain", "ready"),
		namespace: pick("prod", "lab", "public", "secret", "pro", "prod-eu"),
		service:   pick("fraud", "risk-eu", "risk-us", "risk", "open", "open-2", "frozen", "fraud-admin"),
	}
	suffix := ":" + q.verb
	if q.verb == "ready" {
		q.method, suffix = "GET", ""
	}
	q.path = "/kfserving/" + q.namespace + "/" + q.service + suffix
	switch r.IntN(16) {
	case 0, 5:
		q.path, q.query = "/forward/"+q.namespace+"/"+q.service+suffix, "?user=admin"
	case 1, 6: // the service's own host
		q.host = q.service + pick("-predictor-default.", "-explainer.", "-transformer.") + q.namespace
		q.host += pick("", ".svc", ".svc.cluster.local", ".svc:80")
		q.path = "/v1/models/" + pick("other", q.service) + suffix
	case 2: // no name of a service
		q.service, q.path, q.odd = "Fraud", "/kfserving/"+q.namespace+"/Fraud"+suffix, true
	case 3: // no host of a service
		q.host = pick("models.example.com", q.service+"."+q.namespace, q.service+"-PREDICTOR."+q.namespace)
		q.path, q.odd = "/v1/models/"+q.service+suffix, true
	case 4: // a host that names a service, perhaps another one
		named := pick("fraud", "risk-eu", q.service)
		q.host, q.odd = named+"-predictor."+q.namespace, named != q.service
	}
	switch r.IntN(16) {
	case 0, 1, 2:
		q.path, q.odd = tricks[r.IntN(len(tricks))](q.path), true
	case 3:
		q.method, q.odd = pick("PUT", "DELETE", "get", ""), true
	}
	switch r.IntN(16) {
	case 0:
		q.headers, q.odd = append(q.headers, pair{pick("upgrade", "host", ":path", ":authority"), "x"}), true
	case 1:
		spoofed := pick("x-forwarded-user", "kubeflow-userid", "x-original-url", "x_gate_caller")
		q.headers = append(q.headers, pair{spoofed, "root@x.example"})
	}
	return q
}
