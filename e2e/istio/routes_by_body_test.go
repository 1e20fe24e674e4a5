package istio

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	extensions "istio.io/api/extensions/v1alpha1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/e2e"
	"github.com/modelgate/modelgate/e2e/upstream"
	"github.com/modelgate/modelgate/internal/gatetest"
)

// models starts an example's two servers; the routes to them are in the file of
// its name.
func models(t *testing.T, example string, names ...string) (servers map[string]*upstream.Server, addrs map[string]string, routes []config.Config) {
	t.Helper()
	servers, addrs, err := e2e.Upstreams(names...)
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{}
	for name, s := range servers {
		t.Cleanup(func() { s.Close() })
		vars[strings.ToUpper(name)] = portOf(s.Addr)
	}
	return servers, addrs, testdata(t, example+".yaml", vars)
}

// TestCorpusBodies sends the cases of examples that read bodies through the gate
// in either way that Istio has, and through an Envoy without Istio: the verdicts
// are to be the same. By the EnvoyFilter a head waits for its body, which says
// where both go; by the WasmPlugin heads go on, and bodies wait.
func TestCorpusBodies(t *testing.T) {
	for _, c := range []struct {
		example string
		names   []string
		gate    func(*testing.T, *gatetest.Scenario) config.Config
	}{
		{"openai", []string{"llm", "embed"}, func(t *testing.T, s *gatetest.Scenario) config.Config {
			return filled(t, push(t, makeImage(t, shipped)).repository+":0.1.0", s.Config)
		}},
		{"kserve-v2", []string{"rest", "grpc"}, func(t *testing.T, s *gatetest.Scenario) config.Config {
			return plugin(t, "gateway", s)
		}},
	} {
		t.Run(c.example, func(t *testing.T) {
			s, w := load(t, c.example), ingress(t)
			servers, addrs, routes := models(t, c.example, c.names...)
			plane := newPlane(t, unnormalised, append(append(front(t, w), routes...), c.gate(t, s))...)
			gateway, alone := plane.start(t, w), standalone(t, s, addrs)
			for _, one := range s.Cases {
				reply := ""
				if one.Reply != nil {
					r, err := s.Request(one, time.Now())
					if err != nil {
						t.Fatal(err)
					}
					reply = r.Reply
				}
				for _, server := range servers {
					server.Answer(reply)
				}
				sameVerdict(t, s, one, gateway, alone, "")
			}
			if n := gateway.nacks(); len(n) > 0 {
				t.Errorf("Envoy rejected %q", n)
			}
		})
	}
}

// TestHeldByPlugin shows what of the example for OpenAI is left to a WasmPlugin.
// Where the body decides where a request goes, the head waits for a body that
// never comes: nobody is served, and nothing arrives. Where the path says the
// service, the head goes on, and the body waits until its model is granted.
func TestHeldByPlugin(t *testing.T) {
	s, w := load(t, "openai"), ingress(t)
	servers, _, routes := models(t, "openai", "llm", "embed")
	plane := newPlane(t, nil, append(append(front(t, w), routes...), plugin(t, "gateway", s))...)
	gateway := plane.start(t, w)
	ask := func(path, model string, token *gatetest.Token) gatetest.Request {
		r, err := s.Request(gatetest.Case{Name: model, Token: token, Request: "POST " + path,
			Headers: [][2]string{{"content-type", "application/json"}}, Body: `{"messages": [], "model": "` + model + `"}`}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	dev := &gatetest.Token{Issuer: "corp", Claims: map[string]any{"email": "ana@example.com", "email_verified": true}}
	const small, large = "meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-70B"
	const plain, service = "/v1/chat/completions", "/prod/llm/v1/chat/completions"
	settled(t, gateway, ask(plain, small, nil), "401 credential_missing", "nobody, whose body nobody waits for")
	if o, err := within(t, gateway, ask(plain, small, dev), 3*time.Second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a head that waits for its body: %v, %v", o.Line, err)
	}
	if got := servers["llm"].Requests(); len(got) > 0 {
		t.Errorf("what waits arrived: %v", got)
	}

	plane.apply(plugin(t, "gateway", s, func(w *extensions.WasmPlugin) {
		delete(w.PluginConfig.Fields, "host")
		route := w.PluginConfig.Fields["routes"].GetListValue().Values[0].GetStructValue().Fields
		for _, name := range []string{"models", "aliases", "default", "modelHeader"} {
			delete(route, name)
		}
	}))
	settled(t, gateway, ask(service, small, dev), "allow llm-kserve-workload-svc.prod.svc.cluster.local "+plain, "a model with a grant")
	if got := len(servers["llm"].Requests()); got == 0 {
		t.Error("the model server says that it got nothing")
	}
	servers["llm"].Reset()
	settled(t, gateway, ask(service, large, dev), "403 grant_missing", "a model without one")
	settled(t, gateway, ask(service, small, nil), "401 credential_missing", "nobody")
	if got := servers["llm"].Requests(); len(got) > 0 {
		t.Errorf("bodies that were refused arrived: %v", got)
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}
