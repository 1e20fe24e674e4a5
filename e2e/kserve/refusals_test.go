//go:build kserve

package kserve

import "testing"

const (
	openAIRefusal    = "openai.PermissionDeniedError 403 permission_error grant_missing model gate: grant_missing"
	anthropicRefusal = "anthropic.PermissionDeniedError 403 permission_error model gate: grant_missing"
)

// refusals are calls that the gate refuses, and what the client's own library makes of them:
// the class of its error, and the text in it.
var refusals = []call{
	{"openai_chat", "secret", openAIRefusal},
	{"openai_stream", "secret", openAIRefusal},
	{"openai_response", "secret", openAIRefusal},
	{"openai_embedding", "secret", openAIRefusal},
	{"openai_unknown", "secret", "openai.NotFoundError 404 not_found_error path_unknown model gate: path_unknown"},
	{"anthropic_message", "secret", anthropicRefusal},
	{"anthropic_stream", "secret", anthropicRefusal},
	{"anthropic_anonymous", "secret", "anthropic.AuthenticationError 401 authentication_error model gate: token_malformed"},
	{"ollama_chat", "secret", "ollama.ResponseError 403 model gate: grant_missing"},
	{"triton_metadata", "secret", "tritonclient.InferenceServerException 403 model gate: grant_missing"},
}

// TestRefusalsInTheLibrariesWords: each library raises the error that it has for the status,
// with the gate's Reason in the text that its user sees. There is no server: the gate holds the
// head until the body is refused.
func TestRefusalsInTheLibrariesWords(t *testing.T) {
	nowhere := "127.0.0.1:1"
	envoy, token := startGate(t, true, map[string]string{"kserve": nowhere, "kserve-grpc": nowhere, "litellm": nowhere})
	question := map[string]any{"addr": envoy.Addr(), "host": irisHost, "llm": llmHost, "token": token, "calls": refusals}
	for i, got := range runLibrary(t, "refusal_clients.py", refusals, question) {
		if got != refusals[i].want {
			t.Errorf("%s of %s: %s, want %s", refusals[i].Call, refusals[i].Model, got, refusals[i].want)
		}
	}
}
