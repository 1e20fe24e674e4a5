package inference_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// TestAnswerList: on an address of several services the gate lists the granted models.
func TestAnswerList(t *testing.T) {
	const routes = `[{"protocol": "openai", "names": "kserve", "aliases": {"chat": "llama3:8b"},
		"models": {"/mnt/models": "prod/llm", "llama3:8b": "prod/ollama", "claude@2025": "prod/aws", "a/b": "lab/a"}}]`
	for _, c := range []struct{ name, serves, granted, want string }{
		{"all", "", "*", "/mnt/models,a/b,claude@2025,llama3:8b"},
		{"some", "", "prod/llm//mnt/models prod/aws/claude@@2025", "/mnt/models,claude@2025"},
		{"one", "", "lab/a/a/b", "a/b"},
		{"an alias is no model", "", "prod/ollama/chat", ""},
		{"a service is no model", "", "prod/ollama lab/a", ""},
		{"none", "", "", ""},
		{"of the service behind this proxy", `{"namespace": "prod", "service": "aws"}`, "*", "claude@2025"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs, problems := compileServing(t, routes, c.serves)
			m, why := rs.Match(request(v1List, public))
			if problems != "" || why != reason.Allowed || !m.AnswersList() {
				t.Fatalf("Compile and Match = %s, %s, want a list", problems, why)
			}
			list := m.AnswerList(func(call *inference.Call) bool {
				if call.Verb != inference.List || len(call.Models) != 1 || call.Protocol != "openai" {
					t.Errorf("asked for %s", callText(*call))
				}
				return c.granted == "*" || strings.Contains(" "+c.granted+" ", " "+call.Models[0].String()+" ")
			})
			checkAnsweredList(t, list, c.want)
		})
	}
}

// checkAnsweredList checks that the clients of OpenAI and of Anthropic can read a list, and
// which models it has.
func checkAnsweredList(t *testing.T, list, want string) {
	t.Helper()
	if want == "" {
		if list != "" {
			t.Errorf("AnswerList = %s, want none", list)
		}
		return
	}
	var got struct {
		Object  string `json:"object"`
		HasMore *bool  `json:"has_more"`
		FirstID string `json:"first_id"`
		LastID  string `json:"last_id"`
		Data    []struct {
			ID          string `json:"id"`
			Object      string `json:"object"`
			Type        string `json:"type"`
			Created     *int   `json:"created"`
			CreatedAt   string `json:"created_at"`
			OwnedBy     string `json:"owned_by"`
			DisplayName string `json:"display_name"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(list), &got); err != nil {
		t.Fatalf("AnswerList = %s: %v", list, err)
	}
	var names []string
	for _, m := range got.Data {
		names = append(names, m.ID)
		if m.Object != "model" || m.Type != "model" || m.Created == nil || m.CreatedAt == "" || m.OwnedBy == "" || m.DisplayName != m.ID {
			t.Errorf("AnswerList has %+v", m)
		}
	}
	if strings.Join(names, ",") != want || got.Object != "list" || got.HasMore == nil || *got.HasMore ||
		got.FirstID != names[0] || got.LastID != names[len(names)-1] {
		t.Errorf("AnswerList = %s, want %s", list, want)
	}
}

// TestAnswersNoOtherList: what names a model or a service goes to it.
func TestAnswersNoOtherList(t *testing.T) {
	for _, c := range []struct{ routes, line, want string }{
		{byModel, "GET /v1/models x-gateway-model-name: qwen", "openai list prod/llm/ trim -> llm-predictor.prod.svc.cluster.local /v1/models"},
		{byModel, "GET /publishers/prod/models/qwen/v1/models", "openai list prod/llm/ trim -> llm-predictor.prod.svc.cluster.local /v1/models"},
		{byHeader, "GET /v1/models", "openai list lab/secret/ prod/llm/ answer"},
		{openai, "GET /v1/models", "openai list prod/llm/ trim"},
	} {
		t.Run(c.line, func(t *testing.T) {
			r := request(c.line, public)
			m, why := compile(t, c.routes).Match(r)
			if got := matchText(r, m); why != reason.Allowed || got != c.want {
				t.Errorf("Match = %s %s, want %s", why, got, c.want)
			}
		})
	}
}
