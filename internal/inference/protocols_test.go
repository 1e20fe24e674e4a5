package inference_test

import (
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// Configurations for the tables of the protocols.
const (
	kserve = `[
		{"protocol": "kserve-v1", "prefix": "/serving", "names": "kserve"},
		{"protocol": "kserve-v2", "prefix": "/serving", "names": "kserve"},
		{"protocol": "openai", "prefix": "/serving", "names": "kserve", "base": "/openai/v1"}]`
	unlisted = `[{"protocol": "kserve-v1", "prefix": "/serving", "names": "kserve", "lists": false},
		{"protocol": "openai", "prefix": "/serving", "names": "kserve"}]`
	v1Unlisted = `[{"protocol": "kserve-v1", "prefix": "/serving", "names": "kserve", "lists": false}]`
	v2         = `[{"protocol": "kserve-v2", "service": "prod/iris"}]`
	v2OfKServe = `[{"protocol": "kserve-v2", "service": "prod/iris", "backend": "kserve"}]`
	tritons    = `[{"protocol": "triton", "service": "prod/gpu"}]`
	onHost     = `[{"protocol": "triton", "service": "prod/gpu", "hosts": ["gpu.example.com"]}]`
	openai     = `[{"protocol": "openai", "service": "prod/llm",
		"aliases": {"gpt-4": "meta/llama", "short": "llama"}, "default": "meta/llama"}]`
	llmisvc = `[{"protocol": "openai", "prefix": "/",
		"names": {"predictor": "{service}-kserve-workload-svc.{namespace}.svc.cluster.local"}}]`
	byModel = `[{"protocol": "openai", "names": "kserve",
		"models": {"meta/llama": "prod/llm", "qwen": "prod/llm", "secret": "lab/secret"}, "aliases": {"gpt-4": "meta/llama"}}]`
	byHeader = `[{"protocol": "openai", "models": {"meta/llama": "prod/llm", "secret": "lab/secret"}, "modelHeader": "x-gateway-model-name"}]`
	tfs      = `[{"protocol": "tfserving", "names": {"predictor": "{service}.{namespace}.tfs"}, "prefix": "/tfs"}]`
	torch    = `[{"protocol": "torchserve", "service": "prod/torch"}]`
)

// acceptedGroup lists requests that a configuration understands on a host.
type acceptedGroup struct {
	name, routes, host string
	cases              []acceptedCase
}

// acceptedCase wants what matchText writes.
type acceptedCase struct{ request, want string }

// refusedGroup lists requests that are in no table, that spell otherwise what is in
// one, or that name no model or two.
type refusedGroup struct {
	name, routes, host string
	cases              []refusedCase
}

type refusedCase struct {
	request string
	want    reason.Reason
}

var acceptedByProtocol = slices.Concat(kserveAccepted, tritonAccepted, openAIAccepted, tfServingAccepted, torchServeAccepted)

func TestAcceptedByProtocol(t *testing.T) {
	for _, g := range acceptedByProtocol {
		t.Run(g.name, func(t *testing.T) {
			routes := compile(t, g.routes)
			for _, c := range g.cases {
				t.Run(c.request, func(t *testing.T) {
					r := request(c.request, g.host)
					m, why := routes.Match(r)
					if got := matchText(r, m); why != reason.Allowed || got != c.want {
						t.Errorf("Match on %s = %s %s, want %s", g.host, why, got, c.want)
					}
				})
			}
		})
	}
}

func TestRefusedByProtocol(t *testing.T) {
	for _, g := range slices.Concat(kserveRefused, tritonRefused, openAIRefused, tfServingRefused, torchServeRefused) {
		t.Run(g.name, func(t *testing.T) {
			routes := compile(t, g.routes)
			for _, c := range g.cases {
				t.Run(c.request, func(t *testing.T) {
					m, why := routes.Match(request(c.request, g.host))
					if why != c.want || m.Route != nil || m.Call.Models != nil {
						t.Errorf("Match on %s = %s %s, want %s", g.host, why, matchText(inference.Request{}, m), c.want)
					}
				})
			}
		})
	}
}
