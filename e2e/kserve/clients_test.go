//go:build kserve

package kserve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const (
	irisHost = "iris-predictor.prod.svc.cluster.local"
	llmHost  = "llm.example.com"
)

// call is one function of the clients' programs, on a model, and what it comes to.
type call struct {
	Call  string `json:"call"`
	Model string `json:"model"`
	want  string // "answer ...", or the class of the client's error and what it says
}

const (
	kserveREST = "httpx.HTTPStatusError 403 grant_missing"
	anyGRPC    = "grpc.AioRpcError PERMISSION_DENIED grant_missing"
	tritonREST = "tritonclient.InferenceServerException 403 grant_missing"
	tritonGRPC = "tritonclient.InferenceServerException StatusCode.PERMISSION_DENIED grant_missing"
	openAIErr  = "openai.PermissionDeniedError 403 grant_missing"
)

// calls come in pairs, one that is allowed and one that is not. A caller who may use iris
// is refused secret, and the client's own library reports it in its own words.
var calls = []call{
	{"kserve_v1_predict", "iris", "answer [1]"}, {"kserve_v1_predict", "secret", kserveREST},
	{"kserve_v1_explain", "iris", "answer 3"}, {"kserve_v1_explain", "secret", kserveREST},
	{"kserve_v1_ready", "iris", "answer true"}, {"kserve_v1_ready", "secret", kserveREST},
	{"kserve_v2_infer", "iris", "answer [1]"}, {"kserve_v2_infer", "secret", kserveREST},
	{"kserve_v2_ready", "iris", "answer true"}, {"kserve_v2_ready", "secret", "answer false"},
	// this client takes every refusal for "not ready"
	{"kserve_grpc_infer", "iris", "answer [1]"}, {"kserve_grpc_infer", "secret", anyGRPC},
	{"kserve_grpc_ready", "iris", "answer true"}, {"kserve_grpc_ready", "secret", anyGRPC},
	{"triton_http_infer", "iris", "answer [1]"}, {"triton_http_infer", "secret", tritonREST},
	{"triton_http_ready", "iris", "answer true"}, {"triton_http_ready", "secret", "answer false"},
	{"triton_http_metadata", "iris", `answer "iris"`}, {"triton_http_metadata", "secret", tritonREST},
	{"triton_http_load", "iris", tritonREST}, {"triton_http_load", "secret", tritonREST},
	{"triton_grpc_infer", "iris", "answer [1]"}, {"triton_grpc_infer", "secret", tritonGRPC},
	{"triton_grpc_ready", "iris", "answer true"}, {"triton_grpc_ready", "secret", tritonGRPC},
	{"triton_grpc_metadata", "iris", `answer "iris"`}, {"triton_grpc_metadata", "secret", tritonGRPC},
	{"triton_grpc_load", "iris", tritonGRPC}, {"triton_grpc_load", "secret", tritonGRPC},
	{"openai_chat", "allowed", `answer "I am allowed."`}, {"openai_chat", "secret", openAIErr},
	{"openai_stream", "allowed", `answer "I am allowed."`}, {"openai_stream", "secret", openAIErr},
	{"openai_completion", "allowed", `answer "I am allowed."`}, {"openai_completion", "secret", openAIErr},
	{"openai_embedding", "allowed", "answer 1"}, {"openai_embedding", "secret", openAIErr},
	{"openai_list", "", `answer ["allowed", "broken"]`},
	{"openai_retrieve", "allowed", `answer "allowed"`}, {"openai_retrieve", "secret", openAIErr},
	{"openai_query", "secret", "openai.BadRequestError 400 query_refused"},
	{"openai_fallbacks", "secret", "openai.BadRequestError 400 body_key_refused"},
}

// TestClients drives the real servers with real clients through Envoy, in both
// ways of hosting.
func TestClients(t *testing.T) {
	rest, grpc, kserveLog := startKServe(t)
	llm, llmLog := startLiteLLM(t)
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("headers held %v", holds), func(t *testing.T) {
			before := []int{len(kserveLog.since(t, 0)), len(llmLog.since(t, 0))}
			envoy, token := startGate(t, holds, map[string]string{"kserve": rest, "kserve-grpc": grpc, "litellm": llm})
			for i, got := range runCalls(t, envoy.Addr(), token) {
				if got != calls[i].want {
					t.Errorf("%s of %s: %s, want %s", calls[i].Call, calls[i].Model, got, calls[i].want)
				}
			}
			arrived := append(kserveLog.since(t, before[0]), llmLog.since(t, before[1])...)
			for _, a := range arrived {
				if strings.Contains(a.String(), "secret") {
					t.Errorf("a server got: %v", a)
				}
			}
			if len(arrived) < 20 {
				t.Errorf("the servers wrote down %d arrivals, fewer than were let pass: %v", len(arrived), arrived)
			}
			t.Logf("%d calls, %d lines in the servers' logs, none of them about secret", len(calls), len(arrived))
		})
	}
}

// startGate runs Envoy with the module, and mints a token for an analyst.
func startGate(t *testing.T, holds bool, upstreams map[string]string) (*harness.Envoy, string) {
	t.Helper()
	return startGateFor(t, holds, upstreams, "now+30m", nil)
}

// startGateFor is startGate with a token until another time, and with a last
// change to the bootstrap.
func startGateFor(t *testing.T, holds bool, upstreams map[string]string, expires string, edit func(map[string]any)) (*harness.Envoy,
	string) {
	t.Helper()
	s, err := corpus.LoadConfig(filepath.Join(root, "e2e", "kserve", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	config := s.Config
	if holds {
		config = strings.Replace(config, "{", `{"host": {"holdHeaders": true},`, 1)
	}
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: config, Module: module, Upstreams: upstreams, LogLevel: "warning",
		Timeout: patience,
		Edit: func(bootstrap map[string]any) {
			if allowHeldHeaders(bootstrap, holds); edit != nil {
				edit(bootstrap)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		envoy.Stop()
		if t.Failed() {
			t.Logf("Envoy wrote:\n%s", tail(envoy.Log()))
		}
	})
	token, err := s.Mint(corpus.Token{Issuer: "corp", Claims: map[string]any{"groups": []string{"analysts"}, "exp": expires}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return envoy, token
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// allowHeldHeaders lets the plugin keep headers until it has seen a body.
func allowHeldHeaders(node any, on bool) {
	switch node := node.(type) {
	case map[string]any:
		if _, ok := node["vm_config"]; ok && on {
			node["allow_on_headers_stop_iteration"] = true
		}
		for _, child := range node {
			allowHeldHeaders(child, on)
		}
	case []any:
		for _, child := range node {
			allowHeldHeaders(child, on)
		}
	}
}

// runCalls runs the clients' programs and returns a line for each call.
func runCalls(t *testing.T, addr, token string) (lines []string) {
	t.Helper()
	for _, library := range []string{"kserve", "triton", "openai"} {
		var own []call
		for _, c := range calls {
			if strings.HasPrefix(c.Call, library) {
				own = append(own, c)
			}
		}
		lines = append(lines, runLibrary(t, library+"_clients.py", own, map[string]any{"addr": addr, "host": irisHost, "llm": llmHost,
			"token": token, "calls": own})...)
	}
	return lines
}

func runLibrary(t *testing.T, program string, own []call, question map[string]any) (lines []string) {
	t.Helper()
	asked, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	command := python(t, "-W", "ignore", program)
	command.Stdin = bytes.NewReader(asked)
	var errors bytes.Buffer
	command.Stderr = &errors
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, errors.String())
	}
	for line := range strings.Lines(string(out)) {
		var l struct{ Answer, Error, Says string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if l.Error != "" {
			lines = append(lines, l.Error+" "+l.Says)
		} else {
			lines = append(lines, "answer "+l.Answer)
		}
	}
	if len(lines) != len(own) {
		t.Fatalf("%s: %d answers to %d calls: %q", program, len(lines), len(own), lines)
	}
	return lines
}
