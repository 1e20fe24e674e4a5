package istio

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	extensions "istio.io/api/extensions/v1alpha1"
	security "istio.io/api/security/v1beta1"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestBeside runs the gate in each phase beside Istio's own RequestAuthentication
// and AuthorizationPolicy, which are stricter than the gate or less so. What a
// filter sees is what those before it left: Istio's order is AUTHN plugins,
// RequestAuthentication, AUTHZ plugins, AuthorizationPolicy, all other plugins.
func TestBeside(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	forward := strings.Replace(s.Config, `"names": "kfserving",`, `"names": "kfserving", "credentials": "forward",`, 1)
	if forward == s.Config {
		t.Fatal("no route to forward credentials on")
	}
	const (
		anything  = `{}`
		rewritten = `{to: [{operation: {paths: ["/v1/models/*"], hosts: ["*.kubeflow.svc.cluster.local"]}}]}`
		original  = `{to: [{operation: {paths: ["/kfserving/*"], hosts: [models.example.com]}}]}`
		principal = `{from: [{source: {requestPrincipals: ["https://cloud.google.com/iap/*"]}}]}`
	)
	const (
		authn = extensions.PluginPhase_AUTHN
		authz = extensions.PluginPhase_AUTHZ
		stats = extensions.PluginPhase_STATS
	)
	good := request(t, s, ana, "POST /kfserving/kubeflow/sklearn-iap:predict")
	missing := request(t, s, nil, "POST /kfserving/kubeflow/sklearn-iap:predict")
	noGrant := request(t, s, &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "bob@example.com"}},
		"POST /kfserving/kubeflow/sklearn-iap:predict")
	forged := request(t, s, &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com"}, Fault: "other-key"},
		"POST /kfserving/kubeflow/sklearn-iap:predict")
	plane := newPlane(t, nil, append(public(t, w, clusters), plugin(t, "gateway", s))...)
	gateway := plane.start(t, w)
	for i, c := range []struct {
		name, rule, config                         string
		phase                                      extensions.PluginPhase
		want, wantMissing, wantNoGrant, wantForged string
	}{
		// 403 and 401 without a reason are Istio's own.
		{"before both", anything, s.Config, authn, passed, "401 credential_missing", "403 grant_missing", "401 signature_invalid"},
		{"before both, which see the rewrite", rewritten, s.Config, authn, passed, "401 credential_missing", "403 grant_missing",
			"401 signature_invalid"},
		{"before both, which do not see the original", original, s.Config, authn, "403", "401 credential_missing", "403 grant_missing",
			"401 signature_invalid"},
		{"before both, which do not see a stripped token", principal, s.Config, authn, "403", "401 credential_missing", "403 grant_missing",
			"401 signature_invalid"},
		{"before both, with the token forwarded", principal, forward, authn, passed, "401 credential_missing", "403 grant_missing",
			"401 signature_invalid"},
		{"between them", principal, s.Config, authz, passed, "401 credential_missing", "403 grant_missing", "401"},
		{"between them: the policy sees the rewrite", rewritten, s.Config, authz, passed, "401 credential_missing", "403 grant_missing", "401"},
		{"between them: the policy does not see the original", original, s.Config, authz, "403", "401 credential_missing", "403 grant_missing",
			"401"},
		{"after both, which see the original", original, s.Config, stats, passed, "401 credential_missing", "403 grant_missing", "401"},
		{"after both, which do not see the rewrite", rewritten, s.Config, stats, "403", "403", "403", "401"},
		{"after both: a policy refuses first", principal, s.Config, stats, passed, "403", "403 grant_missing", "401"},
	} {
		mark := fmt.Sprintf("row-%d-", i) // by which this row is told from the last
		istios := testdata(t, "beside.yaml", map[string]string{"NAME": mark + "policy", "RULE": c.rule, "JWKS": jwks(t, s)})
		plane.apply(istios...)
		plane.apply(plugin(t, "gateway", s, func(w *extensions.WasmPlugin) {
			w.Phase, w.PluginConfig = c.phase, document(t, c.config)
		}, marked(mark+"plugin")))
		gateway.serves(t, mark+"policy", mark+"plugin")
		settled(t, gateway, good, c.want, c.name)
		settled(t, gateway, missing, c.wantMissing, c.name+", nobody")
		settled(t, gateway, noGrant, c.wantNoGrant, c.name+", no grant")
		settled(t, gateway, forged, c.wantForged, c.name+", forged")
		plane.remove(only[*security.AuthorizationPolicy](t, istios))
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

func request(t *testing.T, s *corpus.Scenario, token *corpus.Token, line string) corpus.Request {
	t.Helper()
	r, err := s.Request(corpus.Case{Name: line, Token: token, Request: line}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// jwks is the iap issuer's key set, on one line.
func jwks(t *testing.T, s *corpus.Scenario) string {
	t.Helper()
	var doc struct {
		Issuers []struct {
			JWKS struct{ Inline json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(s.Config), &doc); err != nil {
		t.Fatal(err)
	}
	var flat any
	if err := json.Unmarshal(doc.Issuers[0].JWKS.Inline, &flat); err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(flat)
	return string(text)
}
