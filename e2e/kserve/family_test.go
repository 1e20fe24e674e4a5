//go:build kserve

package kserve

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// compile makes a gate of a family's routes, before which everybody may
// everything: what is asked for is all that counts.
func (f *family) compile(t *testing.T) *gate.Gate {
	t.Helper()
	g, err := gate.New(`{"version": 1, `+f.config+`,
		"issuers": [{"name": "nobody", "issuer": "nobody", "audiences": ["a"], "algorithms": ["HS256"], "symmetric": {"env": "K"}}],
		"grants": [{"name": "all", "members": ["allUsers"], "role": "admin", "models": ["*/*"]}]}`,
		func(string) (string, bool) { return strings.Repeat("k", 64), true })
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	return g
}

// decision is what the gate made of a request that it lets pass: what is
// authorized, and what is sent on.
type decision struct {
	id          int
	asked, sent ask
	call        inference.Call
}

// decide asks the gate, as a host does that gets the body in two pieces.
func decide(g *gate.Gate, a ask) (d decision, ok bool) {
	env := gate.Env{Now: time.Unix(1_800_000_000, 0), Keys: g.Keys()}
	pairs := append([][2]string{{":method", a.method}, {":path", a.path}, {":scheme", "http"}, {":authority", a.authority}}, a.headers...)
	x, step := g.Begin(env, &gate.Head{Pairs: pairs, End: a.body == ""})
	cut := len(a.body) / 3
	for i, piece := range []string{a.body[:cut], a.body[cut:]} {
		if step.Edit != nil {
			pairs = corpus.Apply(pairs, step.Edit)
		}
		if step.Act == gate.Hold {
			step = x.Body(env, gate.Upstream, []byte(piece), i == 1)
		}
	}
	if step.Act != gate.Forward {
		return d, false
	}
	if step.Edit != nil {
		pairs = corpus.Apply(pairs, step.Edit)
	}
	return decision{asked: a, sent: a.with(pairs), call: x.Call}, true
}

// with is a request with other headers.
func (a ask) with(pairs [][2]string) ask {
	sent := ask{body: a.body}
	for _, p := range pairs {
		switch p[0] {
		case ":method":
			sent.method = p[1]
		case ":path":
			sent.path = p[1]
		case ":authority":
			sent.authority = p[1]
		case ":scheme":
		default:
			sent.headers = append(sent.headers, p)
		}
	}
	return sent
}

// kserveHost is how Kubernetes' DNS and KServe's names (pkg/constants/
// constants.go of kserve/kserve) read a host: a component of a service, or the
// service itself. DNS does not know case.
var kserveHost = regexp.MustCompile(`^([a-z0-9]|[a-z0-9][a-z0-9-]*?[a-z0-9])(?:-(predictor|explainer|transformer))?` +
	`\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?(?::\d+)?$`)

func hostSelects(authority string) (namespace, service string) {
	m := kserveHost.FindStringSubmatch(strings.ToLower(authority))
	if m == nil {
		return "", ""
	}
	return m[3], m[1]
}

// hostReadings are the services that a host can be: one by the name of its
// component, and one by its own name.
func (d *decision) hostReadings() []inference.Model {
	namespace, service := hostSelects(d.sent.authority)
	if service == "" {
		return nil
	}
	own, _, _ := strings.Cut(strings.ToLower(d.sent.authority), ".")
	return []inference.Model{{Namespace: namespace, Service: service}, {Namespace: namespace, Service: own}}
}

// family is servers of one kind, and how to ask them.
type family struct {
	name, config string // of the configuration what is not the same for all
	share        int    // of the requests, in percent
	fixed        bool   // whose server it is does not stand in the request
	labels       bool   // a version can be a label
	templates    []string
	verbs        map[string]inference.Verb // of what a server does
	body         func(*generator) string
	app          string // of the Python oracle; "" for a reference in Go
	reference    func(method, target string) selection
	gate         *gate.Gate
}

const publicRoutes = `"routes": [{"protocol": %q, "prefix": "/serving", "names": "kserve", "serviceHosts": true}]`

// newAsk is a request on the host of the service that every family has.
func newAsk(request, body string) ask {
	a := ask{authority: "iris-predictor.prod", body: body}
	a.method, a.path, _ = strings.Cut(request, " ")
	if body != "" {
		a.headers = [][2]string{{"content-type", "application/json"}}
	}
	return a
}
