//go:build clients

package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// call is one function of a program, on a model.
type call struct {
	Call  string `json:"call"`
	Model string `json:"model"`
	want  string // "answer ...", or the error's class, the status and the Reason
}

// granted is the model that the caller may use.
const granted = "llama3:8b"

const (
	openAIRefusal    = "openai.PermissionDeniedError 403 grant_missing"
	langchainRefusal = "langchain_openai.OpenAIPermissionDeniedError 403 grant_missing"
	anthropicRefusal = "anthropic.PermissionDeniedError 403 grant_missing"
	ollamaRefusal    = "ollama.ResponseError 403 grant_missing"
	cohereRefusal    = "cohere.ForbiddenError 403 grant_missing"
	geminiRefusal    = "google.ClientError 403 grant_missing"
	nodeRefusal      = "node.PermissionDeniedError 403 grant_missing"
	said             = `answer "I am llama3:8b."`
	listed           = `answer ["llama3:8b"]`
)

// both makes two calls: of the granted model, and of one that is not.
func both(name, want, refusal string) []call {
	return []call{{name, granted, want}, {name, "secret", refusal}}
}

// calls are the calls of each library.
var calls = map[string][][]call{
	"openai": {
		both("openai_chat", said, openAIRefusal),
		both("openai_stream", said, openAIRefusal),
		both("openai_completion", said, openAIRefusal),
		both("openai_response", said, openAIRefusal),
		both("openai_embedding", "answer 1", openAIRefusal),
		both("openai_moderation", "answer false", openAIRefusal),
		both("openai_speech", `answer "sound of llama3:8b"`, openAIRefusal),
		both("openai_transcription", said, openAIRefusal),
		both("openai_translation", said, openAIRefusal),
		both("openai_image", `answer "https://images.example.com/llama3:8b"`, openAIRefusal),
		both("openai_image_edit", `answer "https://images.example.com/llama3:8b"`, openAIRefusal),
		both("openai_model", `answer "llama3:8b"`, openAIRefusal),
		{{"openai_models", "", listed}},
		{{"openai_batch", "file-1", "openai.NotFoundError 404 model_unreadable"}},
		{{"openai_file", "", "openai.NotFoundError 404 model_unreadable"}},
	},
	"anthropic": {
		both("anthropic_message", said, anthropicRefusal),
		both("anthropic_beta", said, anthropicRefusal),
		both("anthropic_stream", said, anthropicRefusal),
		both("anthropic_count", "answer 3", anthropicRefusal),
		both("anthropic_model", `answer "llama3:8b"`, anthropicRefusal),
		{{"anthropic_models", "", listed}},
		{{"anthropic_batch", granted, "anthropic.NotFoundError 404 model_unreadable"}},
	},
	"ollama": {
		both("ollama_chat", said, ollamaRefusal),
		both("ollama_stream", said, ollamaRefusal),
		both("ollama_generate", said, ollamaRefusal),
		both("ollama_embed", "answer 1", ollamaRefusal),
		both("ollama_show", `answer "llama3:8b"`, ollamaRefusal),
		both("ollama_pull", ollamaRefusal, ollamaRefusal),
		both("ollama_create", ollamaRefusal, ollamaRefusal),
		both("ollama_copy", ollamaRefusal, ollamaRefusal),
		both("ollama_delete", ollamaRefusal, ollamaRefusal),
		{{"ollama_list", "", listed}},
		{{"ollama_ps", "", listed}},
	},
	"langchain": {
		both("langchain_openai", said, langchainRefusal),
		both("langchain_openai_stream", said, langchainRefusal),
		both("langchain_openai_responses", said, langchainRefusal),
		both("langchain_openai_embedding", "answer [0.5]", openAIRefusal),
		both("langchain_anthropic", said, "langchain_anthropic.AnthropicPermissionDeniedError 403 grant_missing"),
		both("langchain_ollama", said, ollamaRefusal),
		both("langchain_ollama_embedding", "answer [0.5]", ollamaRefusal),
	},
	"cohere": {
		both("cohere_chat", said, cohereRefusal),
		both("cohere_embed", "answer [[0.5]]", cohereRefusal),
		both("cohere_rerank", "answer 0", cohereRefusal),
	},
	"gemini": {
		both("gemini_generate", said, geminiRefusal),
		both("gemini_stream", said, geminiRefusal),
		both("gemini_count", "answer 3", geminiRefusal),
		both("gemini_embed", "answer [0.5]", geminiRefusal), // it asks for a batch of one
	},
	"node": {
		both("node_openai_chat", said, nodeRefusal),
		both("node_openai_stream", said, nodeRefusal),
		both("node_openai_transcription", said, nodeRefusal),
		both("node_openai_image_edit", `answer "https://images.example.com/llama3:8b"`, nodeRefusal),
		both("node_anthropic_message", said, nodeRefusal),
		both("node_anthropic_beta", said, nodeRefusal),
		both("node_anthropic_count", "answer 3", nodeRefusal),
		both("node_ollama_chat", said, "node.ResponseError 403 grant_missing"),
		{{"node_openai_models", "", listed}},
		{{"node_anthropic_models", "", listed}},
		{{"node_ollama_list", "", listed}},
	},
}

// TestLibraries makes every call of each library. No request about another model than the
// granted one reaches the server.
func TestLibraries(t *testing.T) {
	server := startLLM(t)
	addr, token := startGate(t, server)
	for library, groups := range calls {
		t.Run(library, func(t *testing.T) {
			var own []call
			for _, group := range groups {
				own = append(own, group...)
			}
			allowed := 0
			for i, r := range run(t, addr, token, program(t, library), own) {
				if !r.is(own[i].want) {
					t.Errorf("%s of %q: %+v, want %s", own[i].Call, own[i].Model, r, own[i].want)
				}
				if r.Error == "" {
					allowed++
				}
			}
			arrived := server.arrivals()
			if len(arrived) != allowed {
				t.Errorf("%d requests reached the server, of %d that were answered: %v", len(arrived), allowed, arrived)
			}
			for _, a := range arrived {
				if a.model != granted && a.model != "" {
					t.Errorf("a request of another model reached the server: %v", a)
				}
			}
		})
	}
}

// is reports whether a result is what a call of the table wants.
func (r result) is(want string) bool {
	if answer, ok := strings.CutPrefix(want, "answer "); ok {
		return r.Error == "" && r.Answer == answer
	}
	words := strings.Fields(want)
	return r.Error == words[0] && strings.HasPrefix(r.Says, words[1]+" ") && strings.Contains(r.Says, words[2])
}

// TestClaudeCode asks the program one question, as its users do behind a gateway.
func TestClaudeCode(t *testing.T) {
	server := startLLM(t)
	addr, token := startGate(t, server)
	ask := func(model string) (said string, ok bool) {
		home := t.TempDir()
		claude := filepath.Join(installed, "node_modules", ".bin", "claude")
		command := exec.CommandContext(t.Context(), claude, "-p", "Who are you?", "--model", model)
		command.Dir = home
		command.Env = append(os.Environ(), "HOME="+home, "ANTHROPIC_BASE_URL=http://"+addr, "ANTHROPIC_AUTH_TOKEN="+token,
			"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1", "IS_SANDBOX=1")
		out, err := command.CombinedOutput()
		return strings.TrimSpace(string(out)), err == nil
	}
	if said, ok := ask(granted); !ok || said != "I am llama3:8b." {
		t.Errorf("with a granted model it says %q", said)
	}
	if arrived := server.arrivals(); len(arrived) == 0 {
		t.Error("nothing reached the server")
	}
	if said, ok := ask("secret"); ok || !strings.Contains(said, "grant_missing") {
		t.Errorf("with a model that is not granted it says %q", said)
	}
	if arrived := server.arrivals(); len(arrived) != 0 {
		t.Errorf("requests reached the server: %v", arrived)
	}
}
