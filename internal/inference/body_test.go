package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// message writes protobuf by hand: "1:name 2:(1:#5)" is field 1 a string and
// field 2 a message whose field 1 is the number 5.
func message(t *testing.T, text string) string {
	t.Helper()
	m, rest := fields(t, text)
	if rest != "" {
		t.Fatalf("message %q ends at %q", text, rest)
	}
	return m
}

func fields(t *testing.T, text string) (wire, rest string) {
	for text = strings.TrimLeft(text, " "); text != "" && text[0] != ')'; text = strings.TrimLeft(text, " ") {
		number := text[0] - '0'
		switch text = text[2:]; {
		case text != "" && text[0] == '(':
			var inner string
			inner, text = fields(t, text[1:])
			text = text[1:]
			wire += string([]byte{number<<3 | 2, byte(len(inner))}) + inner
		case text != "" && text[0] == '#':
			wire += string([]byte{number << 3, text[1] - '0'})
			text = text[2:]
		default:
			end := strings.IndexAny(text+" ", " )")
			wire += string([]byte{number<<3 | 2, byte(end)}) + text[:end]
			text = text[end:]
		}
	}
	return wire, text
}

// values scans a body as the match says.
func values(t *testing.T, b *inference.Body, body string) []scan.Value {
	t.Helper()
	if b.Keys != nil {
		j := scan.NewJSON(b.Keys, scan.Limits{})
		if err := j.Scan([]byte(body)); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if err := j.End(); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return j.Values()
	}
	wire := message(t, body)
	p := scan.NewProto(b.Fields, len(wire), scan.Limits{})
	if err := p.Scan([]byte(wire)); err != nil || !p.Complete() {
		t.Fatalf("%s: %v", body, err)
	}
	return p.Values()
}

const (
	infer   = "gRPC /inference.GRPCInferenceService/ModelInfer"
	stats   = "gRPC /inference.GRPCInferenceService/ModelStatistics"
	load    = "gRPC /inference.GRPCInferenceService/RepositoryModelLoad"
	mlLoad  = "gRPC /inference.model_repository.ModelRepositoryService/RepositoryModelUnload"
	trace   = "gRPC /inference.GRPCInferenceService/TraceSetting"
	predict = "gRPC /tensorflow.serving.PredictionService/Predict"
	multi   = "gRPC /tensorflow.serving.PredictionService/MultiInference"
	chat    = "POST /v1/chat/completions"
)

func TestComplete(t *testing.T) {
	for _, c := range []struct{ routes, host, request, body, want string }{
		// The model of a message, with its version.
		{v2, public, infer, "1:m", "predict prod/iris/m"}, {v2, public, infer, "1:iris", "predict prod/iris"}, {v2, public, infer, "1:m 2:3", "predict prod/iris/m@3"}, {v2, public, infer, "2:v1 1:m", "predict prod/iris/m@v1"}, {v2, public, infer, "1:m 2:", "predict prod/iris/m"},
		{v2, public, infer, "1:meta/llama", "predict prod/iris/meta/llama"},
		{v2, public, infer, "", "model_missing"}, {v2, public, infer, "1:", "model_missing"}, {v2, public, infer, "2:3", "model_missing"}, {v2, public, infer, "1:../x", "model_invalid"}, {v2, public, infer, "1:m/", "model_invalid"}, {v2, public, infer, "1:a\x00", "model_invalid"},
		{v2, public, infer, "1:m 2:03", "model_invalid"}, {v2, public, infer, "1:m 2:a/b", "model_invalid"}, {v2, public, infer, "1:é", "model_invalid"},
		// No name is every model, where a server reads it so.
		{v2, public, stats, "1:m", "metadata prod/iris/m"}, {v2, public, stats, "", "metadata prod/iris/"}, {v2, public, stats, "1:", "metadata prod/iris/"}, {tritons, public, trace, "", "admin prod/gpu/"}, {tritons, public, trace, "2:m", "admin prod/gpu/m"},
		// Two servers read a repository's message in two ways.
		{v2, public, load, "1:m", "load prod/iris/m"}, {v2, public, load, "2:m", "load prod/iris/m"}, {v2, public, load, "1:a 2:b", "load prod/iris/a prod/iris/b"}, {v2, public, load, "1:a 2:a", "load prod/iris/a"}, {v2, public, load, "", "model_missing"}, {v2, public, load, "1: 2:", "model_missing"},
		{v2k, public, load, "1:a 2:b", "load prod/iris/a"}, {v2k, public, load, "2:b", "model_missing"}, {tritons, public, load, "1:a 2:b", "load prod/gpu/b"}, {tritons, public, load, "1:a", "model_missing"}, {v2, public, mlLoad, "1:a 2:b", "unload prod/iris/b"}, {v2k, public, mlLoad, "1:a 2:b", "unload prod/iris/b"},
		// A ModelSpec, alone and in tasks.
		{tfs, "fraud.prod.tfs", predict, "1:(1:m)", "predict prod/fraud/m"}, {tfs, "fraud.prod.tfs", predict, "1:(1:m 2:(1:#7))", "predict prod/fraud/m@7"}, {tfs, "fraud.prod.tfs", predict, "1:(1:m 2:())", "predict prod/fraud/m@0"}, {tfs, "fraud.prod.tfs", predict, "1:(4:stable 1:m)", "predict prod/fraud/m@stable"},
		{tfs, "fraud.prod.tfs", predict, "1:(1:m 4:7)", "model_invalid"}, {tfs, "fraud.prod.tfs", predict, "1:(1:m 4:)", "predict prod/fraud/m"}, {tfs, "fraud.prod.tfs", predict, "", "model_missing"}, {tfs, "fraud.prod.tfs", predict, "1:()", "model_missing"}, {tfs, "fraud.prod.tfs", predict, "1:(3:s)", "model_missing"},
		{tfs, "fraud.prod.tfs", multi, "1:(1:(1:m)) 1:(1:(1:m 2:(1:#2)))", "predict prod/fraud/m prod/fraud/m@2"}, {tfs, "fraud.prod.tfs", multi, "1:(1:(1:a)) 1:(1:(1:b))", "predict prod/fraud/a prod/fraud/b"}, {tfs, "fraud.prod.tfs", multi, "1:(1:(1:a)) 1:(2:classify)", "model_missing"}, {tfs, "fraud.prod.tfs", multi, "", "model_missing"},
		// JSON: aliases, and a default that is declared.
		{openai, public, chat, `{"model": "llama"}`, "generate prod/llm/llama"}, {openai, public, chat, `{"model": "gpt-4", "messages": []}`, "generate prod/llm/meta/llama"}, {openai, public, chat, `{}`, "generate prod/llm/meta/llama"}, {openai, public, chat, `{"model": ""}`, "generate prod/llm/meta/llama"},
		{openai, public, chat, `{"model": "publishers/prod/models/llama"}`, "generate prod/llm/publishers/prod/models/llama"}, {openai, public, chat, `{"model": "publishers/lab/models/llama"}`, "generate prod/llm/publishers/lab/models/llama"}, {homes, public, chat, `{"model": "publishers/prod/models/qwen"}`, "generate prod/llm/qwen -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"}, {openai, public, chat, `{"model": "publishers/prod/llama"}`, "generate prod/llm/publishers/prod/llama"}, {openai, public, chat, `{"model": "publishers//models/x"}`, "model_invalid"},
		{openai, public, chat, `{"model": "a b"}`, "model_invalid"}, {openai, public, chat, `{"model": "a//b"}`, "model_invalid"}, {openai, public, chat, `{"model": "LLAMA"}`, "generate prod/llm/LLAMA"}, {llmisvc, public, "POST /prod/llm/v1/completions", `{}`, "model_missing"},
		{openai, public, chat, `{"model": "llama", "fallbacks": "x"}`, "model_invalid"}, {openai, public, chat, `{"models": "x", "model": "llama"}`, "model_invalid"}, {openai, public, chat, `{"model": "allowed,secret"}`, "model_invalid"},
		// The path or a header has named it before.
		{homes, public, "POST /publishers/prod/models/meta/llama/v1/completions", `{"model": "meta/llama"}`, "generate prod/llm/meta/llama -> llm-predictor.prod.svc.cluster.local /v1/completions"}, {homes, public, "POST /publishers/prod/models/meta/llama/v1/completions", `{"model": "gpt-4"}`, "generate prod/llm/meta/llama -> llm-predictor.prod.svc.cluster.local /v1/completions"},
		{homes, public, "POST /publishers/prod/models/meta/llama/v1/completions", `{"model": "qwen"}`, "identity_conflict"}, {homes, public, "POST /publishers/prod/models/meta/llama/v1/completions", `{}`, "model_missing"},
		{openai, public, chat + " x-gateway-model-name: llama", `{"model": "llama"}`, "generate prod/llm/llama"}, {openai, public, chat + " x-gateway-model-name: short", `{"model": "llama"}`, "generate prod/llm/llama"}, {openai, public, chat + " x-gateway-model-name: llama", `{"model": "other"}`, "identity_conflict"}, {openai, public, chat + " x-gateway-model-name: llama", `{}`, "identity_conflict"},
		{header, public, chat + " x-gateway-model-name: meta/llama", `{"model": "secret"}`, "identity_conflict"}, {header, public, chat + " x-gateway-model-name: meta/llama", `{"model": "meta/llama"}`, "generate prod/llm/meta/llama header publishers/prod/models/meta/llama"},
		{v2, public, infer + " mm-model-id: m", "1:m", "predict prod/iris/m"}, {v2, public, infer + " mm-model-id: m", "1:other", "identity_conflict"},
		// The body says which service.
		{homes, public, chat, `{"model": "qwen"}`, "generate prod/llm/qwen -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"}, {homes, public, chat, `{"model": "gpt-4"}`, "generate prod/llm/meta/llama -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"}, {homes, public, chat, `{"model": "secret"}`, "generate lab/secret -> secret-predictor.lab.svc.cluster.local /v1/chat/completions"},
		{homes, public, chat, `{"model": "unheard-of"}`, "grant_missing"}, {homes, public, chat, `{}`, "model_missing"}, {homes, public, chat, `{"model": "publishers/lab/models/qwen"}`, "identity_conflict"}, {homes, "llm-predictor.prod", chat, `{"model": "qwen"}`, "generate prod/llm/qwen -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"}, {homes, "llm-predictor.prod", chat, `{"model": "secret"}`, "identity_conflict"},
		// A host that reads as two services: the model is asked of both.
		{strings.Replace(ambiguous, "kserve-v1", "kserve-v2", 1), "fraud-why.prod.edge", infer, "1:m", "predict prod/fraud-why/m prod/fraud/m"},
	} {
		r := withHeader(c.request, c.host)
		m, why := compile(t, c.routes).Match(r)
		if why != reason.Allowed || m.Body == nil {
			t.Errorf("Match(%s on %s) = %s", c.request, c.host, why)
			continue
		}
		done, why := m.Complete(values(t, m.Body, c.body))
		got := why.String()
		if why == reason.Allowed {
			done.Body = nil
			got = strings.TrimPrefix(describe(r, done), m.Call.Protocol+" ")
		}
		if got != c.want {
			t.Errorf("%s on %s with %s = %s, want %s", c.request, c.host, c.body, got, c.want)
		}
		if again, whyToo := m.Complete(values(t, m.Body, c.body)); whyToo != why || describe(r, again) != describe(r, done) && why != reason.Allowed {
			t.Errorf("%s with %s a second time = %s", c.request, c.body, whyToo)
		}
	}
}

// TestFieldsOfProtocols holds the tables of field numbers to what scans take.
func TestFieldsOfProtocols(t *testing.T) {
	tables := 0
	for _, c := range understood {
		m, _ := compile(t, c.routes).Match(withHeader(c.request, c.host))
		if m.Body == nil {
			continue
		}
		if tables++; (m.Body.Keys == nil) == (m.Body.Fields == nil) {
			t.Errorf("%s: %+v", c.request, m.Body)
		} else if m.Body.Fields != nil {
			if err := scan.CheckFields(m.Body.Fields); err != nil {
				t.Errorf("%s: %v", c.request, err)
			}
		}
	}
	if tables < 30 {
		t.Errorf("%d calls with a body", tables)
	}
}
