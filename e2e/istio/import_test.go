package istio

import (
	"crypto/tls"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	security "istio.io/api/security/v1beta1"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/internal/importer"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// istiosPolicies are those of Istio's own tests, tests/integration/security/testdata in its
// module. Of some the gate runs in the sidecar too, and not only natively.
var istiosPolicies = []struct {
	file    string
	sidecar bool
}{
	{"authz/allow-namespace", false}, {"authz/allow-principal", true}, {"authz/allow-serviceaccount", false},
	{"authz/allow-trust-domain", false}, {"authz/conditions", false}, {"authz/deny-global", false}, {"authz/deny-namespace", false},
	{"authz/deny-principal", true}, {"authz/jwt", true}, {"authz/not-method", false}, {"authz/not-namespace", false},
	{"authz/not-port", false}, {"authz/path-normalization", false}, {"authz/path-precedence", false},
	{"authz/path-templating", false}, {"authz/plaintext", false}, {"authz/workload", false}, {"authz/workload-ns", false},
	{"requestauthn/aud", false}, {"requestauthn/authn-authz", true}, {"requestauthn/authn-only", false},
	{"requestauthn/forward", false}, {"requestauthn/headers-params", false},
}

// TestImport has the policies of Istio's own tests imported. The same requests are sent to a
// sidecar that Istio has given these policies and to the gate with the imported configuration:
// the gate allows none that Istio refuses, and refuses one that Istio allows only where the
// import has said that something is left out.
func TestImport(t *testing.T) {
	mesh, w, model := authority(t, "mesh"), predictor(t), upstreams(t, "fraud")
	w.certs = withCerts(t, mesh, predictorID)
	plane := newPlane(t, nil, append(inbound(t, w, model["fraud"]), peers(t, security.PeerAuthentication_MutualTLS_PERMISSIVE))...)
	sidecar := plane.start(t, w)
	listens(t, sidecar, security.PeerAuthentication_MutualTLS_PERMISSIVE, client(t, mesh, predictorID))
	same, listed := 0, 0
	for i, c := range istiosPolicies {
		t.Run(c.file, func(t *testing.T) {
			p := newImported(t, c.file, fmt.Sprintf("mark-%d", i), w.port)
			requests := p.requests(t, mesh)
			filters := p.byIstio(t, plane, sidecar, requests)
			for _, q := range requests {
				if p.compare(t, q, "natively", corpus.Native(p.gate, p.env, q.request)) {
					same++
				} else {
					listed++
				}
			}
			if !c.sidecar {
				return
			}
			fromEnvoy := p.fromEnvoy(t, filters)
			for _, q := range requests {
				fromEnvoy.compare(t, q, "by the filters that Istio has made", corpus.Native(fromEnvoy.gate, fromEnvoy.env, q.request))
			}
			p.inSidecar(t, plane, sidecar, requests)
		})
	}
	t.Logf("%d answers are the same, %d differ and were listed", same, listed)
	if same < 2000 {
		t.Errorf("%d answers are the same: too few to say anything", same)
	}
}

// byIstio has the sidecar answer by the policies themselves. It returns the sidecar's filters.
func (p *imported) byIstio(t *testing.T, plane *plane, sidecar *proxy, requests []importedRequest) (filters string) {
	t.Helper()
	resources := parse(t, p.text)
	plane.apply(resources...)
	sidecar.serves(t, p.mark)
	settled(t, sidecar, p.marked(), "403", "the policies are in force")
	filters = managers(t, sidecar)
	for i := range requests {
		requests[i].byIstio = allowed(ask(t, sidecar.addr, requests[i].tls, requests[i].request))
	}
	for _, r := range resources {
		plane.remove(r)
	}
	return filters
}

// inSidecar compares what the gate in the sidecar answers, without the policies.
func (p *imported) inSidecar(t *testing.T, plane *plane, sidecar *proxy, requests []importedRequest) {
	t.Helper()
	plane.apply(plugin(t, "sidecar", p.scenario, marked(p.mark+"-gate")))
	defer plane.remove(plugin(t, "sidecar", p.scenario))
	sidecar.serves(t, p.mark+"-gate")
	eventually(t, "the policies are gone", func() bool {
		dump, err := sidecar.Admin("/config_dump")
		return err == nil && !strings.Contains(dump, "policy["+p.mark+"]")
	})
	settled(t, sidecar, p.marked(), corpus.Native(p.gate, p.env, p.marked()).Line, "the gate is in force")
	for _, q := range requests {
		p.compare(t, q, "in the sidecar", ask(t, sidecar.addr, q.tls, q.request))
	}
}

const predictorHost = "fraud-predictor.prod.svc.cluster.local"

func allowed(o corpus.Outcome) bool { return strings.HasPrefix(o.Line, "allow ") }

// importedRequest is a request with its connection.
type importedRequest struct {
	request corpus.Request
	tls     *tls.Config
	name    string
	byIstio bool // it is allowed by the policies
}

// quoted are the paths that policies name.
var quoted = regexp.MustCompile(`"([*/][^"]*)"`)

// paths returns paths of each kind that the policies tell apart.
func (p *imported) paths() []string {
	found := map[string]bool{"/": true, "/other": true, "/other/path": true, "/v1/models/fraud:predict": true}
	for _, m := range quoted.FindAllStringSubmatch(p.text, -1) {
		path := strings.NewReplacer("{**}", "x/y", "{*}", "x").Replace(m[1])
		if path == "*" || strings.ContainsAny(path, "[]") || strings.HasPrefix(path, "*.") {
			continue
		}
		if head, ok := strings.CutPrefix(path, "*"); ok {
			path = "/any" + head
		}
		if head, ok := strings.CutSuffix(path, "*"); ok {
			found[head], found[head+"/below"] = true, true
			path = head + "x"
		}
		found[path] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// requests returns requests for each path by callers of each kind.
func (p *imported) requests(t *testing.T, mesh *certs.Authority) (list []importedRequest) {
	t.Helper()
	now := time.Now()
	peers := []string{"", "spiffe://cluster.local/ns/friends/sa/friend", "spiffe://cluster.local/ns/strangers/sa/stranger"}
	configs := map[string]*tls.Config{"": nil}
	for _, uri := range peers[1:] {
		configs[uri] = client(t, mesh, uri)
	}
	for _, path := range p.paths() {
		for _, method := range []string{"GET", "PUT"} {
			for _, peer := range peers {
				for name, token := range p.tokens() {
					if token != nil && peer == peers[2] {
						continue // tells no more
					}
					c := corpus.Case{Name: name, Token: token, Request: method + " " + path, Host: predictorHost}
					if peer != "" {
						c.Peer = &corpus.Peer{URI: peer}
					}
					r, err := p.scenario.Request(c, now)
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, importedRequest{r, configs[peer], fmt.Sprintf("%s %s, %q, token %s", method, path, peer, name), false})
				}
			}
		}
	}
	return list
}

// tokens returns tokens of the issuers of the configuration by what they are for.
func (p *imported) tokens() map[string]*corpus.Token {
	tokens := map[string]*corpus.Token{"none": nil}
	for issuer, iss := range map[string]string{"test-issuer-1@istio.io": "1", "test-issuer-2@istio.io": "2"} {
		if !strings.Contains(p.scenario.Config, `"name": "`+issuer+`"`) {
			continue
		}
		token := func(claims map[string]any) *corpus.Token { return &corpus.Token{Issuer: issuer, Claims: claims} }
		tokens[iss+" sub"] = token(map[string]any{"sub": "sub-1", "aud": nil})
		tokens[iss+" aud"] = token(map[string]any{"sub": "sub-2", "aud": []string{"foo", "other"}, "azp": "bar"})
		tokens[iss+" bar"] = token(map[string]any{"sub": "sub-2", "aud": "bar", "groups": []string{"group-1", "group-2"}})
		tokens[iss+" claims"] = token(map[string]any{
			"sub": "sub-3", "groups": "group-2", "scope": "read write", "permission": []string{"append"}, "custom_scope": "user admin",
			"nested": map[string]any{"key1": "valueB", "key2": []string{"valueC"}, "nested-2": map[string]any{"key1": "valueA"}},
		})
		tokens[iss+" expired"] = token(map[string]any{"sub": "sub-1", "exp": "now-1h"})
		tokens[iss+" forged"] = &corpus.Token{Issuer: issuer, Claims: map[string]any{"sub": "sub-1"}, Fault: "other-key"}
	}
	return tokens
}

// marked is a request that the policy of the test refuses.
func (p *imported) marked() corpus.Request {
	return corpus.Request{Method: "GET", Path: "/" + p.mark, Authority: predictorHost}
}

// compare reports whether two answers are the same. Where they are not, the gate must refuse,
// and the import must have listed something.
func (p *imported) compare(t *testing.T, q importedRequest, where string, o corpus.Outcome) (same bool) {
	t.Helper()
	if allowed(o) == q.byIstio {
		return true
	}
	if allowed(o) || !slices.ContainsFunc(p.result.Notes, importer.Note.IsLoss) {
		t.Errorf("%s: %s %s, and Istio allows it: %v\nnotes %v\n%s\n%s",
			q.name, where, o.Line, q.byIstio, p.result.Notes, p.text, p.result.Config)
	}
	return false
}
