package gate_test

import (
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// bodyWorld is the world with a route of each kind that reads bodies; holding has the host
// hold the headers back until the body is read.
func bodyWorld(t testing.TB, holding bool) string {
	s := world
	for i, route := range []string{
		`{"protocol": "kserve-v2", "service": "prod/gpu"}`,
		`{"protocol": "openai", "service": "prod/llm", "base": "/llm/v1"}`,
		`{
			"protocol": "openai",
			"names": "kserve",
			"models": {"open": "prod/open", "secret": "lab/secret", "half": "lab/half"},
			"modelHeader": "x-model",
			"base": "/v1",
			"default": "open"
		}`,
		`{"protocol": "tfserving", "service": "lab/tf"}`,
	} {
		s = edit.Insert(t, s, "/routes/"+string(rune('0'+i)), route)
	}
	for _, grant := range []string{
		`{
			"name": "half",
			"issuers": ["corp"],
			"members": ["allAuthenticatedUsers"],
			"role": "invoker",
			"models": ["lab/half", "lab/tf/m", "lab/tf/n@3"]
		}`,
		`{"name": "anyone", "members": ["allUsers"], "role": "invoker", "models": ["prod/llm/free"]}`,
		`{
			"name": "trial",
			"shadow": {"until": "2100-01-01T00:00:00Z"},
			"issuers": ["corp"],
			"members": ["allAuthenticatedUsers"],
			"role": "invoker",
			"models": ["lab/tf/trial"]
		}`,
	} {
		s = edit.Set(t, s, "/grants/-", grant)
	}
	s = edit.Set(t, s, "/denies/-", `{"name": "old", "models": ["prod/gpu/old@1"]}`)
	s = edit.Set(t, s, "/denies/-", `{"name": "no", "models": ["prod/gpu/no", "prod/llm/no"]}`)
	if holding {
		s = edit.Set(t, s, "/host", `{"holdHeaders": true}`)
	}
	return s
}

const (
	infer    = "POST /inference.GRPCInferenceService/ModelInfer"
	stream   = "POST /inference.GRPCInferenceService/ModelStreamInfer"
	reload   = "POST /inference.GRPCInferenceService/RepositoryModelLoad"
	tf       = "POST /tensorflow.serving.PredictionService/Predict"
	llm      = "POST /llm/v1/chat/completions"
	v1chat   = "POST /v1/chat/completions"
	v1tokens = "POST /v1/tokenize"
)

var (
	jsonType = pair{"content-type", "application/json"}
	grpcType = pair{"content-type", "application/grpc"}
)

// frames writes messages, each in its frame.
func frames(t testing.TB, messages ...string) (all string) {
	t.Helper()
	for _, m := range messages {
		f, err := corpus.Frame(m)
		if err != nil {
			t.Fatal(err)
		}
		all += f
	}
	return all
}

type bodyCase struct {
	line string
	body string
	more []pair
	want string // the outcome, and the destination if it is rewritten
}

func bodyCases(t testing.TB) []bodyCase {
	return slices.Concat(jsonCases(), formCases(), grpcCases(t), tfservingCases(t), streamCases(t), chatCases())
}

// withJSON has the content type of JSON, and more headers.
func withJSON(more ...pair) []pair { return append([]pair{jsonType}, more...) }

// withGRPC has the content type of gRPC, and more headers.
func withGRPC(more ...pair) []pair { return append([]pair{grpcType}, more...) }

func typed(contentType string) []pair { return []pair{{"content-type", contentType}} }

// jsonCases are bodies of a service with several models.
func jsonCases() []bodyCase {
	return []bodyCase{
		{llm, `{"model": "a"}`, withJSON(), "allowed"},
		{llm, `{"messages": [{"model": "no"}], "model": "a", "x": 1}` + "\n ", withJSON(), "allowed"},
		{llm, `{"model": "no", "x": 1}`, withJSON(), "denied"},
		{llm, `{"x": [1, 2], "model": "no"}`, withJSON(), "denied"},
		{llm, `{"x": 1}`, withJSON(), "model_missing"},
		{llm, `{"model": ""}`, withJSON(), "model_missing"},

		{llm, ``, withJSON(), "body_invalid"},
		{llm, `{"model": "a"`, withJSON(), "body_invalid"},
		{llm, `{"model": "a"} {}`, withJSON(), "body_invalid"},
		{llm, `{"model": "a", "model": "no"}`, withJSON(), "body_invalid"},
		{llm, `{"model": "a", "MODEL": "no"}`, withJSON(), "body_invalid"},
		{llm, `{"model": "a", "mod\u0065l": "no"}`, withJSON(), "body_invalid"},
		{llm, "\ufeff" + `{"model": "a"}`, withJSON(), "body_invalid"},
		{llm, `{"model": null}`, withJSON(), "body_invalid"},
		{llm, `["a"]`, withJSON(), "body_invalid"},
		{llm, `{"model": "a", "fallbacks": ["no"]}`, withJSON(), "body_key_refused"},
		{llm, `{"model": "a", "lora_path": "no"}`, withJSON(), "body_key_refused"},
		{llm, `{"model": "a", "lora_path": null}`, withJSON(), "allowed"},

		{llm, `{"model": "a"}`, nil, "body_type"},
		{llm, `model=a`, typed("application/x-www-form-urlencoded"), "body_type"},
		{llm, `{"model": "a"}`, typed("application/json; charset=utf-16"), "body_type"},
		{llm, `{"model": "a"}`, typed(`Application/JSON; charset="UTF-8"`), "allowed"},
		{llm, `{"model": "a"}`, typed("application/json; charset=utf-8; x=y"), "body_type"},

		{llm, `{"model": "a"}`, withJSON(pair{"content-encoding", "gzip"}), "body_encoded"},
		{llm, `{"model": "a"}`, withJSON(pair{"content-encoding", "identity"}), "allowed"},
		{llm, `{"model": "a"}`, withJSON(pair{"x-higress-llm-model", "a"}), "allowed"},
		{llm, `{"model": "a"}`, withJSON(pair{"x-higress-llm-model", "b"}), "identity_conflict"},
	}
}

// grpcCases are calls of one message.
func grpcCases(t testing.TB) []bodyCase {
	f := func(messages ...string) string { return frames(t, messages...) }
	return []bodyCase{
		{infer, f("1:a"), withGRPC(), "allowed"},
		{infer, f("1:a 2:2"), withGRPC(), "allowed"},
		{infer, f("1:a 2:1"), withGRPC(), "allowed"},
		{infer, f("1:old 2:1"), withGRPC(), "denied"},
		{infer, f("2:1 1:old"), withGRPC(), "denied"},
		{infer, f("1:OLD 2:1"), withGRPC(), "denied"},
		{infer, f("1:old 2:2"), withGRPC(), "allowed"},
		{infer, f("2:2 1:old"), withGRPC(), "allowed"},
		{infer, f("1:old 5:tensor 2:2"), withGRPC(), "allowed"}, // after the name, the version may still follow
		{infer, f("1:old"), withGRPC(), "denied"},               // nothing tells the version
		{infer, f("1:old 5:tensor"), withGRPC(), "denied"},
		{infer, f("5:tensors 1:a"), withGRPC(), "allowed"},
		{infer, f("1:no"), withGRPC(), "denied"},
		{infer, f("5:tensors 1:no"), withGRPC(), "denied"},
		{infer, f("1:a 1:no"), withGRPC(), "body_invalid"},
		{infer, f(""), withGRPC(), "model_missing"},

		{infer, f("1:a", "1:a"), withGRPC(), "body_invalid"},
		{infer, f("1:a")[:6], withGRPC(), "body_invalid"},
		{infer, f("1:a") + "\x00", withGRPC(), "body_invalid"},
		{infer, "", withGRPC(), "body_invalid"},
		{infer, "\x01" + f("1:a")[1:], withGRPC(), "body_encoded"},
		{infer, "\x00\xff\xff\xff\xff", withGRPC(), "body_too_large"},
		{infer, f("1:a"), withGRPC(pair{"grpc-encoding", "gzip"}), "body_encoded"},
		{infer, f("1:a"), withGRPC(pair{"grpc-encoding", "identity"}), "allowed"},

		{reload, f("1:a"), withGRPC(), "grant_missing"},
	}
}

// tfservingCases are calls whose message has the name and the version in a message.
func tfservingCases(t testing.TB) []bodyCase {
	f := func(messages ...string) string { return frames(t, messages...) }
	return []bodyCase{
		{tf, f("1:(1:m)"), withGRPC(), "allowed"},
		{tf, f("1:(1:m 2:(1:#3))"), withGRPC(), "allowed"},
		{tf, f("1:(1:n)"), withGRPC(), "grant_missing"},
		{tf, f("1:(1:n 2:(1:#3))"), withGRPC(), "allowed"},
		{tf, f("1:(1:n 2:(1:#4))"), withGRPC(), "grant_missing"},
		{tf, f("2:x 1:(2:(1:#3) 1:n)"), withGRPC(), "allowed"},
		{tf, f("1:(1:trial)"), withGRPC(), "shadow grant_missing"},
		{tf, f("1:(1:other)"), withGRPC(), "grant_missing"},
	}
}

// streamCases are calls of any number of messages.
func streamCases(t testing.TB) []bodyCase {
	f := func(messages ...string) string { return frames(t, messages...) }
	return []bodyCase{
		{stream, f("1:a", "1:b", "1:a 2:2"), withGRPC(), "allowed"},
		{stream, f(), withGRPC(), "allowed"},
		{stream, f("1:a", "", "1:a"), withGRPC(), "model_missing"},
		{stream, f("1:a", "1:a")[:9], withGRPC(), "body_invalid"},
	}
}

// chatCases are bodies that choose the service.
func chatCases() []bodyCase {
	const (
		toOpen = "allowed open-predictor.prod.svc.cluster.local publishers/prod/models/open"
		toHalf = "allowed half-predictor.lab.svc.cluster.local publishers/lab/models/half"
	)
	return []bodyCase{
		{v1chat, `{"model": "open"}`, withJSON(), toOpen},
		{v1chat, `{}`, withJSON(), toOpen},
		{v1chat, `{"model": "half"}`, withJSON(), toHalf},
		{v1chat, `{"model": "secret"}`, withJSON(), "grant_missing"},
		{v1chat, `{"model": "unheard-of"}`, withJSON(), "grant_missing"},
		{v1chat, `{"model": "open"}`, withJSON(pair{"x-model", "half"}), "identity_conflict"},
		{v1chat, `{"model": "half"}`, withJSON(pair{"x-model", "half"}), toHalf},
		{v1chat, `{"model": "secret"}`, withJSON(pair{"x-model", "secret"}), "grant_missing"},
		{v1tokens, `{"parameters": {}, "model": "half"}`, withJSON(), toHalf},
		{v1tokens, `{"parameters": {"adapter_id": "half"}}`, withJSON(), toHalf},
		{v1tokens, `{"parameters": {"x": 1}}`, withJSON(), toOpen},
		{v1tokens, `{"model": "half", "parameters": {"adapter_id": "open"}}`, withJSON(), "identity_conflict"},
		{v1tokens, `{"parameters": {}, "model": "secret"}`, withJSON(), "grant_missing"},
		{"POST /llm/v1/tokenize", `{"parameters": {}, "model": "a"}`, withJSON(), "allowed"},
		{"POST /llm/v1/tokenize", `{"parameters": {}}`, withJSON(), "model_missing"},
	}
}
