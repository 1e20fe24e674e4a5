package gate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// textBody is the body of a refusal where the path is of no API with another form.
func textBody(why string) string {
	return `{"reason":"` + why + `","error":"model gate: ` + why + `"}` + "\n"
}

const (
	openAIBody = `{"reason":"credential_missing","error":{"message":"model gate: credential_missing",` +
		`"type":"authentication_error","param":null,"code":"credential_missing"}}` + "\n"
	anthropicBody = `{"reason":"credential_missing","type":"error",` +
		`"error":{"type":"authentication_error","message":"model gate: credential_missing"}}` + "\n"
	googleBody = `{"reason":"credential_missing",` +
		`"error":{"code":401,"message":"model gate: credential_missing","status":"UNAUTHENTICATED"}}` + "\n"
)

// errorForms has paths by the form in which their clients read an error.
var errorForms = []struct {
	form, want, paths string
}{
	{"text", textBody("credential_missing"), `/ /v2 /v2/models/fraud/infer /v2/models/fraud/generate /v2/models/messages/ready
		/v1/models/fraud:predict /v1/models/fraud:explain /v1/models/fraud/versions/3:classify /v1/models/fraud/metadata /v1/models/openai:predict
		/kfserving/prod/fraud:predict /kfserving/openai/fraud:predict /api/chat /api/generate /api/embeddings /api/tags /api/embed
		/predictions/fraud /generate /completions/x /xcompletions /messages/ /v1beta /a/v1betax/b /v2/repository/models/fraud/load
		//v1/messages/.. /v2/models/messages/versions/1 /%6dessages relative`},
	{"OpenAI", openAIBody, `/v1/chat/completions /chat/completions /openai/v1/chat/completions /openai/v1/models/a/b
		/serving/prod/llm/v1/chat/completions /v1/completions /v1/embeddings /v1/responses /v1/responses/resp_1 /v1/responses/resp_1/input_items
		/v1/responses/input_tokens /v1/models /v1/models/gpt-4o /serving/prod/llm/v1/models/gpt-4o
		/models /v1/rerank /rerank /v2/rerank /score /v1/score /pooling /classify /tokenize /detokenize
		/v1/audio/speech /v1/audio/transcriptions /v1/audio/translations /v1/images/generations /v1/images/edits /v1/images/variations
		/v1/moderations /v1/batches /v1/files /v1/realtime /v1beta/openai/chat/completions /v1/chat/completions?a=/v1/messages
		/openai/deployments/gpt/chat/completions?api-version=2024-02-01 /openai/deployments/gpt/odd //v1/chat/completions`},
	{"Anthropic", anthropicBody, `/v1/messages /v1/messages?beta=true /messages /serving/prod/llm/v1/messages /v1/messages/count_tokens
		/anthropic/v1/messages /v1/messages/batches /v1/messages/batches/b/results`},
	{"Google", googleBody, `/v1beta/models /v1beta/models/gemini:generateContent /v1beta/models/gemini:streamGenerateContent?alt=sse
		/prod/v1beta/models/gemini /v1beta/files /v1/models/gemini:generateContent
		/v1/models/llama3:8b:streamGenerateContent?alt=sse /serving/prod/llm/v1/models/gemini:countTokens`},
}

// TestErrorForms: the form of a refusal is that of the API that the path belongs to by its
// shape, whatever the configuration has of it, and whatever becomes of the request.
func TestErrorForms(t *testing.T) {
	g, _ := load(t, world)
	other, _ := load(t, edit.Set(t, world, "/routes", `[{"protocol": "openai", "hosts": ["models.example.com"], "service": "prod/llm"}]`))
	for _, c := range errorForms {
		for _, path := range strings.Fields(c.paths) {
			t.Run(c.form+" "+path, func(t *testing.T) {
				for _, method := range []string{"GET", "POST"} {
					for _, g := range []*gate.Gate{g, other} {
						h := &gate.Head{Pairs: []pair{{":method", method}, {":path", path}, {":authority", "models.example.com"}}, End: true}
						if _, step := begin(g, h); step.Reply.Body != c.want {
							t.Errorf("Begin(%s %s) = body %s, want %s", method, path, step.Reply.Body, c.want)
						}
					}
				}
				if !json.Valid([]byte(c.want)) {
					t.Error("no JSON")
				}
			})
		}
	}
	long := "/" + strings.Repeat("a", 2<<10) + "/v1/messages"
	if _, step := begin(g, head("POST "+long)); step.Reply.Body != textBody("credential_missing") {
		t.Errorf("Begin(a long path) = body %s, want text", step.Reply.Body)
	}
}

// TestErrorFormAfterBody: a refusal by the body has the same form, although the path is
// gone by then.
func TestErrorFormAfterBody(t *testing.T) {
	for _, hold := range []string{"false", "true"} {
		doc := edit.Set(t, world, "/routes", `[{"protocol": "openai", "hosts": ["models.example.com"], "service": "prod/llm"}]`)
		g, s := load(t, edit.Set(t, doc, "/host", `{"holdHeaders": `+hold+`}`))
		h := head("POST /v1/messages", bearer(t, s, corp(nil)), pair{"content-type", "application/json"})
		x, step := begin(g, h)
		if step.Act != gate.Hold {
			t.Fatalf("Begin = %s, want a hold", step.Reason)
		}
		x.DropHead()
		want := `{"reason":"model_missing","type":"error","error":{"type":"invalid_request_error","message":"model gate: model_missing"}}` + "\n"
		if step = x.Body(gate.Env{Now: now}, gate.Upstream, []byte(`{}`), true); step.Reply.Body != want {
			t.Errorf("Body = %s, want %s", step.Reply.Body, want)
		}
	}
}
