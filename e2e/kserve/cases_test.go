//go:build kserve

package kserve

import (
	"slices"
	"testing"
)

const (
	chat = `"messages":[{"role":"user","content":"hi"}]}`
	post = "POST /v1/chat/completions"
)

// cases are requests by which a server selects something else than a reader
// would have thought who looks only at the path, or at the first of two names.
// Each was found by the oracle or while it was built.
var cases = []struct {
	name, family string
	request      string
	body         string
	selects      selection // by the server, asked without a gate
}{
	{"a model in the query goes before the one in the body", "openai", post + "?model=secret", `{"model":"allowed",` + chat,
		selection{models: []string{"secret"}, call: "acompletion"}},
	{"so does an escaped one", "openai", post + "?mod%65l=secret", `{"model":"allowed",` + chat,
		selection{models: []string{"secret"}, call: "acompletion"}},
	{"and for embeddings", "openai", "POST /v1/embeddings?model=secret", `{"model":"allowed","input":"hi"}`,
		selection{models: []string{"secret"}, call: "aembedding"}},
	{"who answers when the model fails", "openai", post, `{"model":"broken","fallbacks":["secret"],` + chat,
		selection{models: []string{"broken", "secret"}, call: "acompletion"}},
	{"who answers then, in another place", "openai", post,
		`{"model":"broken","router_settings_override":{"fallbacks":[{"broken":["secret"]}]},` + chat,
		selection{models: []string{"broken", "secret"}, call: "acompletion"}},
	{"or so", "openai", post, `{"fallbacks":[{"broken":["secret"]}],"model":"broken",` + chat,
		selection{models: []string{"broken", "secret"}, call: "acompletion"}},
	{"two models in one name", "openai", post, `{"model":"allowed,secret",` + chat,
		selection{models: []string{"allowed,secret", "allowed", "secret"}, call: "acompletion"}},
	{"the last of two names", "openai", post, `{"model":"allowed","model":"secret",` + chat,
		selection{models: []string{"secret"}, call: "acompletion"}},
	{"a version in the query", "kserve v2", "POST /v2/models/iris/infer?model_version=3", `{"inputs":[]}`,
		selection{models: []string{"iris"}, version: "3", call: "V2Endpoints.infer"}},
	{"a version in an escaped query", "kserve v2", "GET /v2/models/iris/ready?model%5fversion=3", "",
		selection{models: []string{"iris"}, version: "3", call: "V2Endpoints.model_ready"}},
	{"an escaped letter", "kserve v1", "POST /v1/models/%73ecret:predict", `{"instances":[[6.8,2.8,4.8,1.4]]}`,
		selection{models: []string{"secret"}, call: "V1Endpoints.predict"}},
	{"a verb that is part of a name", "kserve v1", "GET /v1/models/iris:predict", "",
		selection{models: []string{"iris:predict"}, call: "V1Endpoints.model_ready"}},
	{"a colon in a name", "kserve v1", "POST /v1/models/iris:secret:predict", `{"instances":[[6.8,2.8,4.8,1.4]]}`,
		selection{models: []string{"iris:secret"}, call: "V1Endpoints.predict"}},
	{"a parameter of a path", "kserve v1", "GET /v1/models/iris;v=1", "",
		selection{models: []string{"iris;v=1"}, call: "V1Endpoints.model_ready"}},
	{"case, and an escape after the match", "tfserving", "POST /V1/MODELS/%69ris:predict", `{}`,
		selection{models: []string{"iris"}, call: "predict"}},
	{"a version with a zero in front", "tfserving", "POST /v1/models/iris/versions/01:predict", `{}`,
		selection{models: []string{"iris"}, version: "1", call: "predict"}},
	{"a label of digits", "tfserving", "POST /v1/models/iris/labels/1:predict", `{}`,
		selection{models: []string{"iris"}, version: "label 1", call: "predict"}},
	{"a segment that is nobody's model", "triton", "GET /v2/models/stats/versions/1/stats", "",
		selection{models: []string{"stats"}, version: "1", call: "stats"}},
}

// TestCases: the server reads each as the case says, and the gate refuses it.
func TestCases(t *testing.T) {
	python := startOracle(t, "kserve", "litellm")
	for _, c := range cases {
		f := &families[slices.IndexFunc(families, func(f family) bool { return f.name == c.family })]
		a := newAsk(c.request, c.body)
		got, err := f.ask(python, []decision{{sent: a}})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].String() != c.selects.String() {
			t.Errorf("%s: the server selects %q, want %q", c.name, got[0], c.selects)
		}
		if d, ok := decide(f.compile(t), a); ok {
			t.Errorf("%s: allowed as %s %v", c.name, d.call.Verb, d.call.Models)
		}
	}
}

// TestPublisherName: a name that KServe's LLMInferenceService gives a model besides
// its own reaches the server as it is, and a rule about the model covers it: LiteLLM
// has no model of that name, unless somebody calls one so.
func TestPublisherName(t *testing.T) {
	const name = "publishers/prod/models/allowed"
	a := newAsk(post, `{"model":"`+name+`",`+chat)
	f := &families[slices.IndexFunc(families, func(f family) bool { return f.name == "openai" })]
	got, err := f.ask(startOracle(t, "litellm"), []decision{{sent: a}})
	if err != nil {
		t.Fatal(err)
	}
	d, ok := decide(f.compile(t), a)
	if !slices.Equal(got[0].models, []string{name}) || !ok || d.call.Models[0].Name != "allowed" {
		t.Errorf("%s: the server selects %q, and the gate allows %v", name, got[0].models, d.call.Models)
	}
}

// TestUnnamedModel: what a server does with a body that names no model is its own
// affair. vLLM and LoRAX run their base model, SGLang the one that it serves, LiteLLM
// the one of its configuration or none. The gate takes none for granted.
func TestUnnamedModel(t *testing.T) {
	f := &families[slices.IndexFunc(families, func(f family) bool { return f.name == "openai" })]
	python, g := startOracle(t, "litellm"), f.compile(t)
	for _, body := range []string{`{"model":"",` + chat, `{"model":" ",` + chat, `{"model":null,` + chat, `{` + chat} {
		a := newAsk(post, body)
		got, err := f.ask(python, []decision{{sent: a}})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: the server selects %q", body, got[0].models)
		if d, ok := decide(g, a); ok {
			t.Errorf("%s: allowed as %s %v", body, d.call.Verb, d.call.Models)
		}
	}
}
