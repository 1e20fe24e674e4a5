package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestProblems compiles the routes of the configurations that the gate refuses. A
// part of a configuration has the same problems alone.
func TestProblems(t *testing.T) {
	refused, err := corpus.LoadRefused("../gate/testdata/config/refused")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refused {
		t.Run(r.Path, func(t *testing.T) {
			o := r.Root.Object()
			*r.Problems = nil // without those of the whole
			inference.Compile(o.Get("routes"), o.Get("serves"), false)
			if got, want := r.Problems.Error(), r.Want("routes", "serves"); got != want {
				t.Errorf("problems are\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestHints has the mistakes that are most often made, and what the problem says of
// them.
func TestHints(t *testing.T) {
	const (
		server = `[{"protocol": "triton", "service": "a/b", "names": "kserve", "prefix": "/p", "aliases": {"x": "y"}}]`
		openai = `[{"protocol": "openai", "models": {"m": "a/b"}, "names": "kserve", "base": "/v1"}]`
		grpc   = `[{"protocol": "grpc", "service": "s.S", "model": "a/b"}]`
	)
	for _, c := range []struct{ name, routes, pointer, value, want string }{
		{"an unknown protocol", server, "/0/protocol", `"kserve"`,
			`must be grpc, http, kserve-v1, kserve-v2, openai, tfserving, torchserve or triton; got "kserve"`},
		{"a service without a namespace", server, "/0/service", `"b"`, `must be one namespace/service, with a namespace; got "b"`},
		{"a pattern as a service", server, "/0/service", `"a/*"`, `must be one namespace/service, without a pattern; got "a/*"`},
		{"a service with a version", server, "/0/service", `"a/b@1"`, `must be one namespace/service, without a version; got "a/b@1"`},
		{"a service in upper case", server, "/0/service", `"a/B"`, `must be one namespace/service, in lower case; got "a/B"`},
		{"a service with a model", server, "/0/service", `"a/b/c"`, `must be one namespace/service, without a model inside it; got "a/b/c"`},
		{"an unknown preset", server, "/0/names", `"seldon"`,
			`must be kfserving, kserve or an object with templates for predictor, explainer and transformer; got "seldon"`},
		{"a template with a port", server, "/0/names", `{"predictor": "{service}.{namespace}:80"}`,
			`must be a host name of DNS-1123 labels, without a port; got "{service}.{namespace}:80"`},
		{"a prefix with a slash at its end", server, "/0/prefix", `"/p/"`,
			`must be a path such as "/kfserving", without a slash at its end; got "/p/"`},
		{"a prefix without a slash", server, "/0/prefix", `"p"`, `must be a path such as "/kfserving", with a slash at its beginning; got "p"`},
		{"a prefix with a pattern", server, "/0/prefix", `"/p*"`, `must be a path such as "/kfserving", without a pattern; got "/p*"`},
		{"an alias for a pattern", server, "/0/aliases/x", `"llama-*"`, `must be one model's exact name, without a pattern; got "llama-*"`},
		{"an alias for a version", server, "/0/aliases/x", `"llama@3"`, `must be a model's name, without a version; got "llama@3"`},
		{"an alias with a space", server, "/0/aliases/x", `"a b"`, `must be a model's name, such as meta-llama/Llama-3.1-8B; got "a b"`},
		{"a default for a pattern", server, "/0/default", `"*"`, `must be one model's exact name, without a pattern; got "*"`},
		{"a base with a slash at its end", openai, "/0/base", `"/v1/"`, `must be a path such as "/v1", without a slash at its end; got "/v1/"`},
		{"a header in upper case", openai, "/0/modelHeader", `"X-Model"`,
			`must be a header's name in lower case, of letters, digits and hyphens; got "X-Model"`},
		{"a model's service without a namespace", openai, "/0/models/m", `"b"`, `must be one namespace/service, with a namespace; got "b"`},
		{"a method in a gRPC service", grpc, "/0/service", `"s.S/Call"`,
			`must be a gRPC service such as echo.EchoServer, without slashes or a method; got "s.S/Call"`},
		{"an unknown verb", grpc, "/0/verb", `"read"`,
			`must be predict, explain, generate, metadata, ready, list, load, unload or admin; got "read"`},
		{"other credentials", grpc, "/0/credentials", `"keep"`, `must be strip or forward; got "keep"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := compileServing(t, edit.Set(t, c.routes, c.pointer, c.value), "")
			if _, problem, _ := strings.Cut(got, `": `); problem != c.want {
				t.Errorf("Compile(%s %s) = %s, want %s", c.pointer, c.value, got, c.want)
			}
		})
	}
}

// TestInvalidTransformerBesideModels has an invalid pattern where the hosts of
// models are made: the pattern is a problem, and is matched with nothing.
func TestInvalidTransformerBesideModels(t *testing.T) {
	const row = `[{"protocol": "openai", "names": "kserve", "models": {"m": "a/b"}, "transformers": ["b"]}]`
	_, got := compileServing(t, row, "")
	if want := `"/0/transformers/0": must have a namespace`; !strings.HasPrefix(got, want) {
		t.Errorf("Compile = %s, want %s...", got, want)
	}
}

// TestShadowOfRoutes reads until when a route only logs its refusals.
func TestShadowOfRoutes(t *testing.T) {
	const utc, zone = `{"until": "2026-01-01T00:00:00Z"}`, `{"until": "2026-01-01T01:00:00.999+01:00"}`
	for _, c := range []struct{ name, row, line string }{
		{"kserve-v1", `[{"prefix": "/p", "protocol": "kserve-v1", "names": "kserve"}]`, "POST /p/a/b:predict"},
		{"grpc", `[{"protocol": "grpc", "service": "p", "model": "a/b"}]`, "gRPC /p/Call"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for routes, want := range map[string]int64{
				c.row:                                 0,
				edit.Set(t, c.row, "/0/shadow", utc):  1767225600,
				edit.Set(t, c.row, "/0/shadow", zone): 1767225600,
			} {
				m, why := compile(t, routes).Match(request(c.line, public))
				if why != reason.Allowed || m.Route.Shadow != want {
					t.Errorf("Match with %s = %s, Shadow %d, want %d", routes, why, m.Route.Shadow, want)
				}
			}
			_, problems := compileServing(t, edit.Set(t, c.row, "/0/shadow", `{"until": "soon"}`), "")
			if want := `"/0/shadow/until": must be a time such as 2026-12-31T00:00:00Z; got "soon"`; problems != want {
				t.Errorf("Compile(shadow until soon) = %s, want %s", problems, want)
			}
		})
	}
}

func TestServiceHostsMustBeBool(t *testing.T) {
	_, got := compileServing(t, `[{"protocol": "kserve-v1", "names": "kserve", "serviceHosts": "yes"}]`, "")
	if want := `"/0/serviceHosts": must be true or false; got "yes"`; got != want {
		t.Errorf("Compile = %s, want %s", got, want)
	}
}
