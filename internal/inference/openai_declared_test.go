package inference_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// TestDeclaredBesideOpenAI: what another route declares for another service is not the openai
// route's, whichever comes first.
func TestDeclaredBesideOpenAI(t *testing.T) {
	const (
		llm      = `{"protocol": "openai", "service": "prod/llm", "hosts": ["h.example.com", "other.example.com"], "default": "m"}`
		anyHost  = `{"protocol": "openai", "service": "prod/llm", "base": "/v1", "default": "m"}`
		azure    = `{"protocol": "openai", "service": "prod/azure", "hosts": ["h.example.com"], "base": "/openai/deployments/gpt4"}`
		within   = `{"protocol": "openai", "service": "prod/azure", "hosts": ["h.example.com"], "base": "/v1/engines/x"}`
		onOpenAI = `{"protocol": "openai", "service": "prod/azure", "hosts": ["h.example.com"], "base": "/openai/v1"}`
		own      = `{"protocol": "openai", "service": "prod/llm", "hosts": ["h.example.com"], "base": "/openai/deployments/gpt4"}`
		tgi      = `{"protocol": "http", "service": "prod/tgi", "hosts": ["h.example.com"], "resources": [` + generates + `]}`
		wide     = `{"protocol": "http", "service": "prod/tgi", "hosts": ["h.example.com"],
			"resources": [{"path": "/*", "methods": ["POST"], "verb": "predict"}]}`
		ofModels = `{"protocol": "openai", "models": {"gpt4": "prod/llm"}, "modelHeader": "x-m"}`
	)
	for _, c := range []struct{ name, a, b, line, want string }{
		{"a base", llm, azure, "POST /openai/deployments/gpt4/chat/completions", "openai generate prod/azure/ body"},
		{"a base, any host", anyHost, azure, "POST /openai/deployments/gpt4/chat/completions", "openai generate prod/azure/ body"},
		{"a base, models", ofModels, azure, "POST /openai/deployments/gpt4/chat/completions", "openai generate prod/azure/ body"},
		{"a base within a base", llm, within, "POST /v1/engines/x/completions", "openai generate prod/azure/ body"},
		{"a base that is the other's default", llm, onOpenAI, "POST /openai/v1/completions", "openai generate prod/azure/ body"},
		{"beside a base", llm, azure, "POST /openai/deployments/gpt5/chat/completions", "openai generate prod/llm/gpt5 body"},
		{"below the own base", llm, azure, "POST /v1/chat/completions", "openai generate prod/llm/ body"},
		{"a resource", llm, tgi, "POST /generate", "http predict prod/tgi/"},
		{"a resource, and another path", llm, tgi, "POST /generate_stream", "openai generate prod/llm/ body"},
		{"a resource with a place", llm, tgi, "GET /models/m", "http metadata prod/tgi/m"},
		{"a resource takes the rest", llm, wide, "POST /generate", "openai generate prod/llm/ body"},
	} {
		for order, routes := range map[string]string{"first": c.a + "," + c.b, "last": c.b + "," + c.a} {
			t.Run(c.name+" "+order, func(t *testing.T) {
				r := request(c.line, "h.example.com")
				m, why := compile(t, "["+routes+"]").Match(r)
				if got := matchText(r, m); why != reason.Allowed || got != c.want {
					t.Errorf("Match = %s %s, want %s", why, got, c.want)
				}
			})
		}
	}
	for _, c := range []struct{ name, a, b, line, host, want string }{
		{"the same service", llm, own, "POST /openai/deployments/gpt4/chat/completions", "h.example.com", "allowed openai generate prod/llm/gpt4 body"},
		{"another host", llm, tgi, "POST /generate", "other.example.com", "allowed openai generate prod/llm/ body"},
		{"another method of the resource", llm, tgi, "PUT /generate", "h.example.com", "path_unknown"},
		{"a publisher's path", ofModels, tgi, "POST /publishers/prod/models/gpt4/generate", "h.example.com",
			"allowed openai generate prod/llm/ body -> h.example.com /generate header publishers/prod/models/gpt4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(c.line, c.host)
			m, why := compile(t, "["+c.a+","+c.b+"]").Match(r)
			got := why.String()
			if why == reason.Allowed {
				got += " " + matchText(r, m)
			}
			if got != c.want {
				t.Errorf("Match = %s, want %s", got, c.want)
			}
		})
	}
}

const generates = `{"path": "/generate", "methods": ["POST"], "verb": "predict"},
	{"path": "/models/{model}", "methods": ["GET"], "verb": "metadata"}`
