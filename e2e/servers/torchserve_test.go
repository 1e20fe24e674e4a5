//go:build servers || vllm

package servers

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/internal/rawgrpc"
)

// httpCall is a request, and the status and a part of the answer.
type httpCall struct {
	request, body string
	status        int
	part          string
}

// torchCalls are calls of an analyst, who may use alpha.
var torchCalls = []httpCall{
	{"POST /predictions/alpha", "x", 200, "ran=alpha@1.0;"},
	{"GET /predictions/alpha", "", 200, "ran=alpha@1.0;"},
	{"PUT /predictions/alpha", "x", 200, "ran=alpha@1.0;"},
	{"POST /predictions/alpha/2.0", "x", 200, "ran=alpha@2.0;"},
	{"POST /explanations/alpha", "x", 200, "ran=alpha@1.0;"},
	{"POST /models/alpha/invoke", "x", 200, "ran=alpha@1.0;"},
	{"POST /invocations?model_name=alpha", "x", 200, "ran=alpha@1.0;"},
	{"POST /v1/models/alpha:predict", "{}", 200, "ran=alpha@1.0;"},
	{"POST /v1/models/alpha:explain", "{}", 200, "ran=alpha@1.0;"},
	{"POST /v2/models/alpha/infer", "{}", 200, "ran=alpha@1.0;"},
	{"POST /v2/models/alpha/explain", "{}", 200, "ran=alpha@1.0;"},
	{"POST /predictions/beta", "x", 403, "grant_missing"},
	{"POST /models/beta/invoke", "x", 403, "grant_missing"},
	{"POST /invocations?model_name=beta", "x", 403, "grant_missing"},
	{"POST /invocations?model_name=alpha&model_name=beta", "x", 400, "model_invalid"},
	{"POST /v1/models/beta:predict", "{}", 403, "grant_missing"},
	{"POST /v2/models/beta/infer", "{}", 403, "grant_missing"},
	{"POST /predictions/%61lpha", "x", 400, "path_invalid"},
	{"POST /predictions%2falpha", "x", 400, "path_invalid"},
	{"POST /predictions/alpha/2.0/x", "x", 400, "model_invalid"},
	{"POST /alpha/predict", "x", 404, "path_unknown"},
	{"POST /wfpredict/alpha", "x", 404, "path_unknown"},
}

// torchManagement are calls of the management API by an analyst.
var torchManagement = []httpCall{
	{"GET /models/alpha", "", 200, `"modelVersion": "1.0"`},
	{"GET /models/alpha/2.0", "", 200, `"modelVersion": "2.0"`},
	{"GET /models/alpha/all", "", 200, `"modelVersion": "2.0"`},
	{"POST /models/alpha/invoke", "x", 405, "MethodNotAllowed"}, // of the other port
	{"GET /models/beta", "", 403, "grant_missing"},
	{"GET /models/beta/all", "", 403, "grant_missing"},
	{"GET /models", "", 200, `{"models":[{"modelName":"alpha"}]}`},
	{"PUT /models/alpha?min_worker=2", "", 403, "grant_missing"},
	{"PUT /models/alpha/2.0/set-default", "", 403, "grant_missing"},
	{"DELETE /models/alpha/2.0", "", 403, "grant_missing"},
	{"POST /models?url=beta@1.0.mar", "", 403, "grant_missing"},
}

// torchOperator are calls of the management API by an operator, who leaves things as they were.
var torchOperator = []httpCall{
	{"PUT /models/alpha/2.0/set-default", "", 200, "alpha"},
	{"PUT /models/alpha/1.0/set-default", "", 200, "alpha"},
	{"PUT /models/alpha/1.0?min_worker=1&synchronous=true", "", 200, "alpha"},
	{"DELETE /models/alpha/2.0", "", 200, "unregistered"},
	{"POST /models?url=alpha@2.0.mar&initial_workers=1&synchronous=true", "", 200, "alpha"},
	{"GET /models", "", 200, "beta"},
	{"PUT /models/alpha?model_version=2.0", "", 400, "query_refused"},
}

// torchServe calls TorchServe through the gate, by HTTP and by its own descriptions of gRPC.
func (b behind) torchServe(t *testing.T) {
	b.torchGRPC(t)
	for _, group := range []struct {
		host, token string
		calls       []httpCall
	}{
		{"torchserve.example.com", b.analyst, torchCalls},
		{"management.example.com", b.analyst, torchManagement},
		{"management.example.com", b.operator, torchOperator},
	} {
		b.call(t, group.host, group.token, group.calls)
	}
}

func (b behind) call(t *testing.T, host, token string, calls []httpCall) {
	t.Helper()
	for _, c := range calls {
		code, body := c.do(t, b.envoy.Addr(), host, token)
		if code != c.status || !strings.Contains(body, c.part) {
			t.Errorf("%s: %d %s, want %d %s", c.request, code, body, c.status, c.part)
		}
	}
}

// do returns what a caller gets.
func (c httpCall) do(t *testing.T, addr, host, token string) (code int, body string) {
	t.Helper()
	method, path, _ := strings.Cut(c.request, " ")
	request, err := http.NewRequest(method, "http://"+addr+path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	request.Header.Set("authorization", "Bearer "+token)
	if strings.HasPrefix(c.body, "{") {
		request.Header.Set("content-type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// torchGRPC calls what the server's own descriptions (inference.proto, management.proto)
// declare.
func (b behind) torchGRPC(t *testing.T) {
	const management = "org.pytorch.serve.grpc.management.ManagementAPIsService/"
	one := func(model, version string) fields {
		return fields{{number: 1, value: model}, {number: 2, value: version}}
	}
	input := field{number: 3, value: fields{{number: 1, value: "data"}, {number: 2, value: "x"}}.wire()}
	for _, c := range []struct {
		host, method string
		message      fields
		want         string // a part of the reply, or a status and a Reason
	}{
		{"torchserve", torchPredictions, append(one("alpha", ""), input), "ran=alpha@1.0;"},
		{"torchserve", torchPredictions, append(one("alpha", "2.0"), input), "ran=alpha@2.0;"},
		{"torchserve", torchPredictions, append(one("beta", ""), input), "PermissionDenied grant_missing"},
		{"torchserve", torchPredictions, append(one("alpha", ""), field{number: 1, value: "beta"}, input), "InvalidArgument body_invalid"},
		{"management", management + "DescribeModel", one("alpha", "1.0"), `"modelVersion": "1.0"`},
		{"management", management + "DescribeModel", one("alpha", "all"), "InvalidArgument model_invalid"},
		{"management", management + "DescribeModel", one("beta", ""), "PermissionDenied grant_missing"},
		{"management", management + "UnregisterModel", one("alpha", ""), "PermissionDenied grant_missing"},
	} {
		conn, err := rawgrpc.Dial(b.envoy.Addr(), c.host+".example.com")
		if err != nil {
			t.Fatal(err)
		}
		reply, err := rawgrpc.Call(t.Context(), conn, "/"+c.method, []string{"authorization", "Bearer " + b.analyst}, []byte(c.message.wire()))
		conn.Close()
		got := string(reply)
		if s := status.Convert(err); err != nil {
			got = s.Code().String() + " " + s.Message()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %q, want %s", c.method, c.message.wire(), got, c.want)
		}
	}
}
