package istio

import (
	"context"
	"errors"
	"testing"
	"time"

	extensions "istio.io/api/extensions/v1alpha1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// openAI are the example's two servers, and the routes to them.
func openAI(t *testing.T) (map[string]*upstream.Server, []config.Config) {
	t.Helper()
	servers := recording(t, "llm", "embed")
	return servers, testdata(t, "openai.yaml", map[string]string{"LLM": portOf(servers["llm"].Addr), "EMBED": portOf(servers["embed"].Addr)})
}

// TestCorpusEnvoyFilter sends the cases of the example for OpenAI, where a body
// says where its request goes, through the gate as the EnvoyFilter puts it there,
// and through an Envoy without Istio: the verdicts are to be the same.
func TestCorpusEnvoyFilter(t *testing.T) {
	s, w := load(t, "openai"), ingress(t)
	servers, routes := openAI(t)
	gate := filled(t, push(t, makeImage(t, shipped)).repository+":0.1.0", s.Config)
	plane := newPlane(t, unnormalised, append(append(front(t, w), routes...), gate)...)
	gateway := plane.start(t, w)
	alone := standalone(t, s, shipped, map[string]string{"llm": servers["llm"].Addr, "embed": servers["embed"].Addr})
	for _, c := range s.Cases {
		r, err := s.Request(c, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		answer(servers, r)
		sameVerdict(t, s, c, gateway, alone, "")
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// TestHeldByPlugin shows which part of the example openai works with a WasmPlugin. If the
// body decides where a request goes, the head waits for a body that never comes: nobody
// is served, and nothing reaches the upstream. If the path names the service, the head is
// forwarded, and the body waits until its model is granted.
func TestHeldByPlugin(t *testing.T) {
	s, w := load(t, "openai"), ingress(t)
	servers, routes := openAI(t)
	plane := newPlane(t, nil, append(append(front(t, w), routes...), plugin(t, "gateway", s))...)
	gateway := plane.start(t, w)
	ask := func(path, model string, token *corpus.Token) corpus.Request {
		r, err := s.Request(corpus.Case{Name: model, Token: token, Request: "POST " + path,
			Headers: [][2]string{{"content-type", "application/json"}}, Body: `{"messages": [], "model": "` + model + `"}`}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	dev := &corpus.Token{Issuer: "corp", Claims: map[string]any{"email": "ana@example.com", "email_verified": true}}
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
	}, marked("held-bodies")))
	gateway.serves(t, "held-bodies")
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
