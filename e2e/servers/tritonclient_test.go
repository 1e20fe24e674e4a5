//go:build servers || vllm

package servers

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// call is one function of the programs in the directory python, and what it comes to: an answer, or a status and
// a Reason.
type call struct {
	Call    string `json:"call"`
	Model   string `json:"model"`
	Version string `json:"version"`
	want    string
}

const (
	refusedHTTP = "403 grant_missing"
	refusedGRPC = "StatusCode.PERMISSION_DENIED grant_missing"
	invalidGRPC = "StatusCode.INVALID_ARGUMENT model_invalid"
)

// tritonCalls are calls of an analyst, who may use alpha.
var tritonCalls = []call{
	{"http_infer", "alpha", "", `answer "ran=alpha@2;"`}, {"http_infer", "beta", "", refusedHTTP},
	{"http_infer", "alpha", "1", `answer "ran=alpha@1;"`}, {"http_infer", "alpha", "01", "400 model_invalid"},
	{"http_binary", "alpha", "2", `answer "ran=alpha@2;"`}, {"http_binary", "beta", "3", refusedHTTP},
	{"http_compressed", "alpha", "", `answer "ran=alpha@2;"`}, {"http_compressed", "beta", "", refusedHTTP},
	{"http_ready", "alpha", "", "answer true"}, {"http_ready", "beta", "", "answer false"}, // it takes each refusal for "not ready"
	{"http_metadata", "alpha", "", `answer "alpha"`}, {"http_metadata", "beta", "", refusedHTTP},
	{"http_config", "alpha", "", `answer "alpha"`}, {"http_config", "beta", "", refusedHTTP},
	{"http_index", "", "", `answer ["alpha"]`},
	{"http_load", "alpha", "", refusedHTTP},
	{"grpc_infer", "alpha", "", `answer "ran=alpha@2;"`}, {"grpc_infer", "beta", "", refusedGRPC},
	{"grpc_infer", "alpha", "1", `answer "ran=alpha@1;"`}, {"grpc_infer", "alpha", "1x", invalidGRPC},
	{"grpc_stream", "alpha", "", `answer "ran=alpha@2; ran=alpha@2;"`},
	{"grpc_ready", "alpha", "", "answer true"}, {"grpc_ready", "beta", "", refusedGRPC},
	{"grpc_metadata", "alpha", "", `answer "alpha"`}, {"grpc_metadata", "beta", "", refusedGRPC},
	{"grpc_metadata", "alpha", "1x", invalidGRPC},
	{"grpc_config", "alpha", "", `answer "alpha"`}, {"grpc_config", "beta", "", refusedGRPC},
	{"grpc_index", "", "", `answer ["alpha"]`},
	{"grpc_load", "alpha", "", refusedGRPC},
}

// mlserverCalls are the same calls of MLServer, which takes no binary tensors and answers a
// stream with messages that this client cannot read.
var mlserverCalls = []call{
	{"http_json", "alpha", "", `answer "ran=alpha@1;"`}, {"http_json", "beta", "", refusedHTTP},
	{"http_json", "alpha", "1", `answer "ran=alpha@1;"`}, {"http_json", "beta", "v2", refusedHTTP},
	{"http_ready", "alpha", "", "answer true"}, {"http_ready", "beta", "", "answer false"},
	{"http_metadata", "alpha", "", `answer "alpha"`}, {"http_metadata", "beta", "", refusedHTTP},
	{"http_load", "alpha", "", refusedHTTP},
	{"grpc_infer", "alpha", "", `answer "ran=alpha@1;"`}, {"grpc_infer", "beta", "", refusedGRPC},
	{"grpc_infer", "alpha", "1", `answer "ran=alpha@1;"`}, {"grpc_infer", "alpha", "01", invalidGRPC},
	{"grpc_ready", "alpha", "", "answer true"}, {"grpc_ready", "beta", "", refusedGRPC},
	{"grpc_metadata", "alpha", "", `answer "alpha"`}, {"grpc_metadata", "beta", "", refusedGRPC},
	{"grpc_index", "", "", `answer ["alpha"]`},
	{"grpc_load", "alpha", "", refusedGRPC},
}

// tritonOperator and mlserverOperator are calls of an operator.
var (
	mlserverOperator = []call{{"http_load", "alpha", "", "answer null"}, {"grpc_load", "beta", "", "answer null"},
		{"grpc_index", "", "", `answer ["alpha", "beta"]`}}
	tritonOperator = append(mlserverOperator, call{"http_index", "", "", `answer ["alpha", "beta"]`})
)

// mlserver calls what Triton's client does not have.
func (b behind) mlserver(t *testing.T) {
	b.call(t, "mlserver.example.com", b.analyst, []httpCall{
		{"POST /v2/models/alpha/infer_stream", v2Body, 200, "ran=alpha@1;"},
		{"POST /v2/models/alpha/versions/1/generate_stream", v2Body, 200, "ran=alpha@1;"},
		{"POST /v2/models/alpha/generate", v2Body, 200, "ran=alpha@1;"},
		{"POST /v2/models/beta/infer_stream", v2Body, 403, "grant_missing"},
		{"POST /v2/models/%61lpha/infer_stream", v2Body, 400, "path_invalid"},
		{"POST /v2/repository/index", "{}", 200, `[{"name":"alpha"`},
		{"GET /v2/docs", "", 404, "path_unknown"},
		{"GET /v2/models/alpha/docs", "", 404, "path_unknown"},
	})
}

// clients calls a server through the gate with Triton's own clients.
func (b behind) clients(t *testing.T, name string, analyst, operator []call) {
	for token, calls := range map[string][]call{b.analyst: analyst, b.operator: operator} {
		for i, got := range b.ask(t, name, "python/clients.py", token, calls) {
			if c := calls[i]; !comesTo(got, c.want) {
				t.Errorf("%s of %s %s: %s, want %s", c.Call, c.Model, c.Version, got, c.want)
			}
		}
	}
}

// ask runs a program with clients, and returns a line for each call.
func (b behind) ask(t *testing.T, name, program, token string, calls []call) (lines []string) {
	t.Helper()
	asked, err := json.Marshal(map[string]any{"addr": b.envoy.Addr(), "host": name + ".example.com", "token": token, "calls": calls})
	if err != nil {
		t.Fatal(err)
	}
	interpreter := python["triton"]
	if name == "vllm" {
		interpreter = python[name]
	}
	command := exec.Command(interpreter, "-W", "ignore", program)
	command.Stdin = bytes.NewReader(asked)
	var errors bytes.Buffer
	command.Stderr = &errors
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errors.String())
	}
	for text := range strings.Lines(string(out)) {
		var line struct{ Got string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line.Got)
	}
	if len(lines) != len(calls) {
		t.Fatalf("%d answers to %d calls: %q", len(lines), len(calls), lines)
	}
	return lines
}

// comesTo reports whether what a client says is an answer, or a status and a Reason somewhere
// in the text of the error.
func comesTo(got, want string) bool {
	status, why, _ := strings.Cut(want, " ")
	return got == want || status != "answer" && strings.HasPrefix(got, status+" ") && strings.Contains(got, why)
}
