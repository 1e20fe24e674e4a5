package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// TestModelInBase: a base names the model that every body must name, or none.
func TestModelInBase(t *testing.T) {
	for _, c := range []struct{ base, binds string }{
		{"/v1", ""},
		{"/openai/v1", ""},
		{"/api/openai", ""},
		{"/models", ""},
		{"/models/v1", ""},
		{"/models/openai/v1", ""},
		{"/engines/v1", ""},
		{"/serving/v2", ""},
		{"/models/llama/v1", "llama"},
		{"/models/llama", "llama"},
		{"/models/meta/llama/v1", "meta/llama"},
		{"/models/llama/openai/v1", "llama"},
		{"/openai/deployments/llama", "llama"},
		{"/openai/deployments/short", "llama"}, // an alias
		{"/engines/llama-3.1/v1", "llama-3.1"},
		{"/publishers/prod/models/llama/v1", "llama"},
		{"/publishers/prod/models/meta/llama/v1", "meta/llama"},
		{"/llama/v1", "llama"}, // which an alias leads to
		{"/short/v1", "llama"},
		{"/a/base-model/v1", "base-model"}, // the default
		{"/org/small/v1", "base-model"},    // an alias with a slash
		{"/other/v1", ""},
	} {
		t.Run(c.base, func(t *testing.T) {
			routes := compile(t, `[{"protocol": "openai", "service": "prod/llm", "base": "`+c.base+`", "default": "base-model",
				"aliases": {"short": "llama", "org/small": "base-model"}}]`)
			answer := func(body string) string {
				m, why := routes.Match(request("POST "+c.base+"/chat/completions", public))
				if why == reason.Allowed {
					m, why = m.Complete([]scan.Value{{Present: body != "", Text: body}})
				}
				if why != reason.Allowed {
					return why.String()
				}
				return m.Call.Models[0].Name
			}
			if c.binds == "" {
				if got := answer("secret"); got != "secret" {
					t.Errorf("a body that names secret = %s, want it accepted", got)
				}
				return
			}
			if got := answer(c.binds); got != c.binds {
				t.Errorf("a body that names %s = %s, want it accepted", c.binds, got)
			}
			if got := answer("secret"); got != "identity_conflict" {
				t.Errorf("a body that names secret = %s, want identity_conflict", got)
			}
			if c.binds != "base-model" && answer("") != "identity_conflict" {
				t.Errorf("a body without a model means the default, and is %s, want identity_conflict", answer(""))
			}
			if _, why := routes.Match(request("GET "+c.base+"/models/secret", public)); why != reason.IdentityConflict {
				t.Errorf("GET %s/models/secret = %s, want identity_conflict", c.base, why)
			}
			if _, why := routes.Match(request("GET "+c.base+"/models", public)); why != reason.Allowed {
				t.Errorf("GET %s/models = %s, want it allowed", c.base, why)
			}
			if got := strings.Join(messages(routes.Warnings()), " "); !strings.Contains(got, `names the model "`+c.binds+`"`) {
				t.Errorf("Warnings() = %s, want one of %s", got, c.binds)
			}
		})
	}
}

func TestModelInBaseElsewhere(t *testing.T) {
	const inLab = `[{"protocol": "openai", "service": "prod/llm", "base": "/publishers/lab/models/m/v1"}]`
	const shared = `[{"protocol": "openai", "base": "/deployments/a", "modelHeader": "x-model", "models": {"a": "prod/llm", "b": "lab/llm"}}]`
	for _, c := range []struct{ routes, request, body, want string }{
		{inLab, "POST /publishers/lab/models/m/v1/chat/completions", "m", "identity_conflict"},
		{shared, "POST /deployments/a/chat/completions", "a", "allowed"},
		{shared, "POST /deployments/a/chat/completions", "b", "identity_conflict"},
		{shared, "POST /deployments/a/chat/completions", "unheard-of", "identity_conflict"},
		{shared, "POST /deployments/a/chat/completions x-gateway-model-name: b", "b", "grant_missing"},
		{shared, "GET /deployments/a/models/b", "", "grant_missing"},
		{shared, "GET /deployments/a/models/unheard-of", "", "grant_missing"},
		{shared, "GET /deployments/a/models/a", "", "allowed"},
	} {
		t.Run(c.request+" "+c.body, func(t *testing.T) {
			m, why := compile(t, c.routes).Match(request(c.request, public))
			if why == reason.Allowed && m.Body != nil {
				_, why = m.Complete([]scan.Value{{Present: true, Text: c.body}})
			}
			if why.String() != c.want {
				t.Errorf("Match = %s, want %s", why, c.want)
			}
		})
	}
}
