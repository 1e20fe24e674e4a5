//go:build providers

package providers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
)

// world is an Envoy with the gate and with jwt_authn, which know one provider.
type world struct {
	p              *provider
	envoy          *harness.Envoy
	gate, jwtAuthn string // addresses
	models         *upstream.Server
	client         *http.Client
}

// predict is what every request asks for, and every caller may.
const predict = "/models/prod/fraud:predict"

// newWorld starts an Envoy. Each issuer of the gate reads tokens from a header of its own,
// x-NAME, and its keys by discovery.
func newWorld(t *testing.T, p *provider) *world {
	t.Helper()
	w := &world{p: p, client: &http.Client{Timeout: harness.Patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	var err error
	if w.models, err = upstream.Start("models"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.models.Close() })
	w.models.Record(false)
	w.envoy, err = harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(root, "e2e", "providers", "testdata", "envoy.yaml"), Module: module, PluginConfig: p.configuration(t),
		Upstreams: map[string]string{"models": w.models.Addr, "keys": p.addr}, Concurrency: 2,
		Edit: func(b map[string]any) { p.configureJWTAuthn(t, b) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.envoy.Stop)
	w.gate, w.jwtAuthn = w.envoy.AddrOf("gate"), w.envoy.AddrOf("jwt_authn")
	return w
}

// configuration is the gate's.
func (p *provider) configuration(t *testing.T) string {
	t.Helper()
	for _, issuer := range p.issuers {
		issuer["from"] = []object{{"header": "x-" + fmt.Sprint(issuer["name"])}}
		if issuer["groups"] == nil {
			issuer["groups"] = "/groups"
		}
		if p.issuer != "" {
			issuer["issuer"] = p.issuer
			issuer["jwks"] = object{"remote": object{"discovery": p.issuer + "/.well-known/openid-configuration", "cluster": "keys",
				"interval": "1s", "refresh": "2s", "wait": "1m", "timeout": "30s"}}
		}
	}
	text, err := json.Marshal(object{
		"version": 1, "issuers": p.issuers,
		"routes": []object{{"protocol": "kserve-v1", "prefix": "/models", "names": "kserve"}},
		"grants": []object{{"name": "all", "issuers": p.names(), "members": []string{"allAuthenticatedUsers"}, "role": "invoker",
			"models": []string{"prod/fraud"}}},
		"identity": []object{{"header": "x-gate-subject", "value": "{subject}"}, {"header": "x-gate-groups", "value": "{groups}"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// names are those of the gate's issuers.
func (p *provider) names() (names []string) {
	for _, issuer := range p.issuers {
		names = append(names, fmt.Sprint(issuer["name"]))
	}
	return names
}

// configureJWTAuthn says the same to Envoy's jwt_authn, with the keys of now.
func (p *provider) configureJWTAuthn(t *testing.T, bootstrap map[string]any) {
	t.Helper()
	providers, requirements := object{}, []any{}
	for _, issuer := range p.issuers {
		name := fmt.Sprint(issuer["name"])
		provider := object{"issuer": p.issuer, "from_headers": []object{{"name": "x-" + name}},
			"local_jwks": object{"inline_string": p.jwks(t)}, "clock_skew_seconds": 30}
		if issuer["audiences"] != nil && issuer["audienceClaim"] == nil { // it does not know another claim
			provider["audiences"] = issuer["audiences"]
		}
		providers[name] = provider
		requirements = append(requirements, object{"provider_name": name})
	}
	listeners := bootstrap["static_resources"].(object)["listeners"].([]any)
	chain := listeners[1].(object)["filter_chains"].([]any)[0].(object)["filters"].([]any)[0].(object)
	filter := chain["typed_config"].(object)["http_filters"].([]any)[0].(object)["typed_config"].(object)
	filter["providers"] = providers
	requires := object{"requires_any": object{"requirements": requirements}}
	if len(requirements) == 1 {
		requires = requirements[0].(object)
	}
	filter["rules"] = []any{object{"match": object{"prefix": "/"}, "requires": requires}}
}

// answer is what became of a request: "200", "401 REASON" of the gate, or another status.
type answer struct{ line, subject, groups string }

// ask sends a token to an address, in the header of an issuer.
func (w *world) ask(t *testing.T, addr, issuer, token string) answer {
	t.Helper()
	a, err := w.send(addr, issuer, token)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) send(addr, issuer, token string) (a answer, err error) {
	request, err := http.NewRequest("POST", "http://"+addr+predict, strings.NewReader(`{"instances": []}`))
	if err != nil {
		return a, err
	}
	request.Header.Set("content-type", "application/json")
	request.Header.Set("x-"+issuer, token)
	response, err := w.client.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return a, err
	}
	a.line = fmt.Sprint(response.StatusCode)
	var refused struct{ Reason string }
	if response.StatusCode != http.StatusOK {
		if json.Unmarshal(body, &refused) == nil && refused.Reason != "" {
			a.line += " " + refused.Reason
		}
		return a, nil
	}
	var arrived upstream.Request
	if err := json.Unmarshal(body, &arrived); err != nil {
		return a, err
	}
	for _, h := range arrived.Headers {
		switch h[0] {
		case "x-gate-subject":
			a.subject = h[1]
		case "x-gate-groups":
			a.groups = h[1]
		}
	}
	return a, nil
}
