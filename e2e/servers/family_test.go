//go:build servers || vllm

package servers

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// family is one server's requests, over HTTP or over gRPC.
type family struct {
	name      string
	route     string            // of the configuration
	own       map[string]string // the version that a request means which names none, by model
	templates []string          // of requests over HTTP: method and path
	methods   []string          // of gRPC, without the first slash
	bodies    []string          // over HTTP, what every model takes
	versions  []string          // that the server has, and that it has not
	message   func(*generator) fields
}

// v2Body is what the models take.
const v2Body = `{"inputs":[{"name":"IN","shape":[1],"datatype":"FP32","data":[1]}]}`

var v2Templates = []string{
	"POST /v2/models/{m}/infer", "POST /v2/models/{m}/infer", "POST /v2/models/{m}/versions/{v}/infer",
	"POST /v2/models/{m}/versions/{v}/infer",
	"GET /v2/models/{m}", "GET /v2/models/{m}/versions/{v}", "GET /v2/models/{m}/ready", "POST /v2/models/{m}/generate",
	"POST /v2/models/{m}/versions/{v}/generate_stream",
}

var v2Methods = []string{"inference.GRPCInferenceService/ModelInfer", "inference.GRPCInferenceService/ModelInfer",
	"inference.GRPCInferenceService/ModelStreamInfer"}

var families = map[string][]family{
	"Triton": {
		{name: "HTTP", route: `{"protocol": "triton", "service": "prod/s"}`, own: map[string]string{"alpha": "2", "beta": "3"},
			templates: append(v2Templates, "GET /v2/models/{m}/config", "GET /v2/models/{m}/versions/{v}/stats"),
			bodies:    []string{v2Body, v2Body, `{"IN":[1]}`}, versions: []string{"1", "2", "3"}},
		{name: "gRPC", route: `{"protocol": "triton", "service": "prod/s"}`, own: map[string]string{"alpha": "2", "beta": "3"},
			methods: v2Methods, message: v2Message, versions: []string{"1", "2", "3"}},
	},
	"TorchServe": {
		{name: "HTTP", route: `{"protocol": "torchserve", "service": "prod/s"}`, own: map[string]string{"alpha": "1.0", "beta": "1.0"},
			templates: []string{"POST /predictions/{m}", "GET /predictions/{m}", "PUT /predictions/{m}/{v}", "POST /predictions/{m}/{v}",
				"POST /explanations/{m}", "POST /models/{m}/invoke", "POST /invocations?model_name={m}", "POST /v1/models/{m}:predict",
				"POST /v1/models/{m}:explain", "POST /v2/models/{m}/infer", "POST /v2/models/{m}/explain"},
			bodies: []string{"x", `{"data":1}`, `{"model_name":"beta"}`}, versions: []string{"1.0", "2.0"}},
		{name: "gRPC", route: `{"protocol": "torchserve", "service": "prod/s"}`, own: map[string]string{"alpha": "1.0", "beta": "1.0"},
			methods: []string{torchPredictions}, message: torchMessage, versions: []string{"1.0", "2.0"}},
	},
	"MLServer": {
		{name: "HTTP", route: `{"protocol": "kserve-v2", "service": "prod/s"}`, own: map[string]string{"alpha": "1", "beta": "v2"},
			templates: append(v2Templates, "POST /v2/models/{m}/infer_stream", "POST /v2/models/{m}/versions/{v}/infer_stream"),
			bodies:    []string{v2Body}, versions: []string{"1", "v2"}},
		{name: "gRPC", route: `{"protocol": "kserve-v2", "service": "prod/s"}`, own: map[string]string{"alpha": "1", "beta": "v2"},
			methods: v2Methods, message: v2Message, versions: []string{"1", "v2"}},
	},
}

const torchPredictions = "org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions"

// compile makes a gate before which everybody may everything: what is asked for is all that
// counts.
func (f *family) compile(t *testing.T) *gate.Gate {
	t.Helper()
	g, err := gate.New(`{"version": 1, "routes": [`+f.route+`],
		"issuers": [{"name": "nobody", "issuer": "nobody", "audiences": ["a"], "algorithms": ["HS256"], "symmetric": {"env": "K"}}],
		"grants": [{"name": "all", "members": ["allUsers"], "role": "admin", "models": ["*/*"]}]}`,
		func(string) (string, bool) { return strings.Repeat("k", 64), true })
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	return g
}

// ask is a request. The body of one over gRPC is one message.
type ask struct {
	method, path string
	headers      [][2]string
	body         string
	grpc         bool
}

func (a ask) String() string { return fmt.Sprintf("%s %s %q %q", a.method, a.path, a.headers, a.body) }

// decision is what the gate made of a request: where it lets it pass, what is authorized.
type decision struct {
	id          int
	asked, sent ask
	allowed     bool
	call        inference.Call
}

// decide asks the gate.
func decide(g *gate.Gate, a ask) decision {
	pairs := [][2]string{{":method", a.method}, {":path", a.path}, {":scheme", "http"}, {":authority", "models.example.com"}}
	body := a.body
	if a.grpc {
		pairs = append(pairs, [2]string{"content-type", "application/grpc"}, [2]string{"te", "trailers"})
		n := len(body)
		body = string([]byte{0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + body
	}
	pairs = append(pairs, a.headers...)
	env := gate.Env{Now: time.Unix(1_800_000_000, 0), Keys: g.Keys()}
	x, step := g.DecideRequest(env, &gate.Head{Pairs: pairs, End: body == ""}, []byte(body), nil)
	d := decision{asked: a, sent: a, allowed: step.Act == gate.Forward}
	if d.allowed {
		d.call = x.Call
		if step.Edit != nil {
			pairs = corpus.Apply(pairs, step.Edit)
		}
		d.sent = a.with(pairs)
	}
	return d
}

// with is a request with other headers.
func (a ask) with(pairs [][2]string) ask {
	a.headers = nil
	for _, p := range pairs {
		switch p[0] {
		case ":method":
			a.method = p[1]
		case ":path":
			a.path = p[1]
		case ":scheme", ":authority":
		default:
			if !a.grpc || p[0] != "content-type" && p[0] != "te" {
				a.headers = append(a.headers, p)
			}
		}
	}
	return a
}

var (
	ranText  = regexp.MustCompile(`ran=([^@]*)@([^;]*);`)
	nameText = regexp.MustCompile(`^\{\s*"name"\s*:\s*"([^"]*)"`)
)

// disagree says how what a server ran is not what was authorized, or "". ran reports whether
// the answer names a model at all.
func (f *family) disagree(d decision, answer string) (wrong string, ran bool) {
	for _, m := range ranText.FindAllStringSubmatch(answer, -1) {
		if ran = true; !f.authorized(d.call, m[1], m[2]) {
			return "the server ran " + m[1] + "@" + m[2], true
		}
	}
	if m := nameText.FindStringSubmatch(answer); m != nil && !ran { // the model's metadata
		for _, model := range d.call.Models {
			if model.Name == m[1] {
				return "", true
			}
		}
		return "the server describes " + m[1], true
	}
	return "", ran
}

func (f *family) authorized(call inference.Call, name, version string) bool {
	for _, m := range call.Models {
		if m.Name == name && (m.Version == version || m.Version == "" && f.own[name] == version) {
			return true
		}
	}
	return false
}
