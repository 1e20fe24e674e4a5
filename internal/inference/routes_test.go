package inference_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// everyRoute has each protocol, each way to name hosts, and each option.
const everyRoute = `[
	{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kfserving", "transformers": ["prod/images", "vision/*"]},
	{"prefix": "/a/b~c", "protocol": "kserve-v1", "names": "kserve", "transformers": ["prod/images"], "credentials": "forward"},
	{"prefix": "/edge", "protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.edge.example.com"}},
	{"protocol": "grpc", "service": "echo.EchoServer", "model": "prod/echo", "credentials": "strip"},
	{"protocol": "grpc", "service": "iris", "model": "prod/iris", "verb": "explain", "names": "kserve"}
]`

// ambiguous has host names that read as two services.
const ambiguous = `[{"prefix": "/edge", "protocol": "kserve-v1", "names": {
	"predictor": "{service}.{namespace}.edge", "explainer": "{service}-why.{namespace}.edge", "transformer": "x-{service}.{namespace}.edge"}}]`

func compile(t testing.TB, doc string) *inference.Routes {
	t.Helper()
	var problems strictjson.Problems
	root, _ := strictjson.Parse(doc, &problems)
	routes := inference.Compile(root, strictjson.Value{}, true)
	if problems != nil {
		t.Fatalf("routes %s: %v", doc, problems)
	}
	return routes
}

// show writes a Call in one line.
func show(c inference.Call) string {
	s := c.Protocol + " " + c.Verb.String()
	for _, m := range c.Models {
		s += " " + m.String()
	}
	return s
}

// request reads "METHOD path", with gRPC for a POST that says it is gRPC.
func request(line, host string) inference.Request {
	method, path, _ := strings.Cut(line, " ")
	if method == "gRPC" {
		return inference.Request{Method: "POST", Path: path, Authority: host, GRPC: true}
	}
	return inference.Request{Method: method, Path: path, Authority: host}
}

const public = "models.example.com"

// accepted lists every form of request that is understood. An authority or a
// path to send on is "" where it is the request's own.
var accepted = []struct{ host, request, call, authority, path string }{
	// Path-based public routes.
	{public, "POST /kfserving/prod/fraud:predict", "kserve-v1 predict prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud:predict"},
	{public, "POST /kfserving/prod/fraud:explain", "kserve-v1 explain prod/fraud", "fraud-explainer-default.prod.svc.cluster.local", "/v1/models/fraud:explain"},
	{public, "GET /kfserving/prod/fraud", "kserve-v1 ready prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud"},
	{public, "POST /kfserving/p/0-9:predict", "kserve-v1 predict p/0-9", "0-9-predictor-default.p.svc.cluster.local", "/v1/models/0-9:predict"},
	{public, "POST /kfserving/kubeflow/sklearn-iap-admin:predict", "kserve-v1 predict kubeflow/sklearn-iap-admin", "sklearn-iap-admin-predictor-default.kubeflow.svc.cluster.local", "/v1/models/sklearn-iap-admin:predict"},
	{public, "POST /a/b~c/prod/fraud:predict", "kserve-v1 predict prod/fraud", "fraud-predictor.prod.svc.cluster.local", "/v1/models/fraud:predict"},
	{public, "POST /a/b~c/prod/fraud:explain", "kserve-v1 explain prod/fraud", "fraud-explainer.prod.svc.cluster.local", "/v1/models/fraud:explain"},
	{public, "POST /edge/prod/fraud:predict", "kserve-v1 predict prod/fraud", "fraud.prod.edge.example.com", "/v1/models/fraud:predict"},
	{public, "POST /edge/prod/fraud:explain", "kserve-v1 explain prod/fraud", "fraud.prod.edge.example.com", "/v1/models/fraud:explain"},
	// A transformer stands before the predictor; an explanation does not pass it.
	{public, "POST /kfserving/prod/images:predict", "kserve-v1 predict prod/images", "images-transformer-default.prod.svc.cluster.local", "/v1/models/images:predict"},
	{public, "GET /kfserving/prod/images", "kserve-v1 ready prod/images", "images-transformer-default.prod.svc.cluster.local", "/v1/models/images"},
	{public, "POST /kfserving/prod/images:explain", "kserve-v1 explain prod/images", "images-explainer-default.prod.svc.cluster.local", "/v1/models/images:explain"},
	{public, "POST /kfserving/vision/any:predict", "kserve-v1 predict vision/any", "any-transformer-default.vision.svc.cluster.local", "/v1/models/any:predict"},
	{public, "POST /a/b~c/prod/images:predict", "kserve-v1 predict prod/images", "images-transformer.prod.svc.cluster.local", "/v1/models/images:predict"},
	// The query is kept and means nothing.
	{public, "POST /kfserving/prod/fraud:predict?", "kserve-v1 predict prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud:predict?"},
	{public, "POST /kfserving/prod/fraud:predict?x=/v1/models/other:predict", "kserve-v1 predict prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud:predict?x=/v1/models/other:predict"},
	{public, "GET /kfserving/prod/fraud?a=%2F..%2F&b?c", "kserve-v1 ready prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud?a=%2F..%2F&b?c"},
	// Public hosts of every form.
	{"models.example.com:443", "GET /kfserving/prod/fraud", "kserve-v1 ready prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud"},
	{"Models.Example.COM", "GET /kfserving/prod/fraud", "kserve-v1 ready prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud"},
	{"127.0.0.1:8080", "GET /kfserving/prod/fraud", "kserve-v1 ready prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud"},
	{"[::1]", "GET /kfserving/prod/fraud", "kserve-v1 ready prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud"},
	{"[fe80::A]:8080", "GET /kfserving/prod/fraud", "kserve-v1 ready prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud"},
	{"under_score", "GET /kfserving/prod/fraud", "kserve-v1 ready prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud"},
	// A public path on the host of the very service that it names.
	{"fraud-predictor-default.prod", "POST /kfserving/prod/fraud:explain", "kserve-v1 explain prod/fraud", "fraud-explainer-default.prod.svc.cluster.local", "/v1/models/fraud:explain"},
	{"fraud-predictor.prod.svc", "POST /kfserving/prod/fraud:predict", "kserve-v1 predict prod/fraud", "fraud-predictor-default.prod.svc.cluster.local", "/v1/models/fraud:predict"},
	// The services' own hosts, in all the forms that a pod's resolver completes.
	{"fraud-predictor-default.prod", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud", "", ""},
	{"fraud-predictor-default.prod:80", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud", "", ""},
	{"fraud-predictor-default.prod.svc", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud", "", ""},
	{"fraud-predictor-default.prod.svc:8080", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud", "", ""},
	{"fraud-predictor-default.prod.svc.cluster.local", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud", "", ""},
	{"fraud-predictor-default.prod.svc.cluster.local:80", "POST /v1/models/fraud:predict?q=1", "kserve-v1 predict prod/fraud", "", ""},
	{"fraud-explainer-default.prod.svc", "POST /v1/models/fraud:explain", "kserve-v1 explain prod/fraud", "", ""},
	{"fraud-transformer-default.prod", "GET /v1/models/fraud", "kserve-v1 ready prod/fraud", "", ""},
	{"fraud-predictor.prod", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud", "", ""},
	{"fraud-explainer.prod.svc.cluster.local", "POST /v1/models/fraud:explain", "kserve-v1 explain prod/fraud", "", ""},
	{"fraud.prod.edge.example.com:443", "GET /v1/models/fraud", "kserve-v1 ready prod/fraud", "", ""},
	// A model inside a service has a name of its own; case is part of it.
	{"llm-predictor.prod", "POST /v1/models/Llama_3.1-8B:predict", "kserve-v1 predict prod/llm/Llama_3.1-8B", "", ""},
	{"fraud-predictor.prod", "GET /v1/models/Fraud", "kserve-v1 ready prod/fraud/Fraud", "", ""},
	// One model for a whole gRPC service.
	{public, "gRPC /echo.EchoServer/Echo", "grpc predict prod/echo", "", ""},
	{"echo-1234.run.app:443", "gRPC /echo.EchoServer/Any_Method2", "grpc predict prod/echo", "", ""},
	{public, "gRPC /iris/Explain", "grpc explain prod/iris", "iris-predictor.prod.svc.cluster.local", ""},
	{"iris-predictor.prod", "gRPC /iris/Explain", "grpc explain prod/iris", "iris-predictor.prod.svc.cluster.local", ""},
}

func TestAccepted(t *testing.T) {
	routes := compile(t, everyRoute)
	for _, c := range accepted {
		r := request(c.request, c.host)
		m, why := routes.Match(r)
		if why != reason.Allowed {
			t.Errorf("Match(%s on %s) = %s, want %s", c.request, c.host, why, c.call)
			continue
		}
		authority, path := c.authority, c.path
		if authority == "" {
			authority = r.Authority
		}
		if path == "" {
			path = r.Path
		}
		if got := show(m.Call); got != c.call || m.Authority != authority || m.Path != path {
			t.Errorf("Match(%s on %s) = %s to %s %s, want %s to %s %s", c.request, c.host, got, m.Authority, m.Path, c.call, authority, path)
		}
		// "credentials" of the route that has the prefix, or reads the host.
		forward := strings.HasPrefix(r.Path, "/a/") || c.path == "" && c.authority == "" && kserveHost.MatchString(c.host)
		if m.Route == nil || m.Route.Forward != forward {
			t.Errorf("Match(%s on %s).Route = %v, want credentials forwarded: %v", c.request, c.host, m.Route, forward)
		}
	}
}

var kserveHost = regexp.MustCompile(`-(predictor|explainer|transformer)\.`)

func TestAmbiguousHost(t *testing.T) {
	routes := compile(t, ambiguous)
	for _, c := range []struct{ host, call string }{
		{"fraud.prod.edge", "kserve-v1 ready prod/fraud"},
		{"fraud-why.prod.edge", "kserve-v1 ready prod/fraud-why/fraud prod/fraud"},
		{"x-fraud.prod.edge", "kserve-v1 ready prod/x-fraud/fraud prod/fraud"},
		{"x-fraud-why.prod.edge", "kserve-v1 ready prod/x-fraud-why/fraud prod/x-fraud/fraud prod/fraud-why/fraud"},
		{"-why.prod.edge", ""}, {"x-.prod.edge", ""}, {"fraud.prod.svc.edge", ""}, {"fraud.edge", ""}, {"fraud.prod", ""},
	} {
		m, why := routes.Match(request("GET /v1/models/fraud", c.host))
		if got := show(m.Call); c.call != "" && (why != reason.Allowed || got != c.call) || c.call == "" && why != reason.HostInvalid {
			t.Errorf("Match(on %s) = %s %s, want %q", c.host, got, why, c.call)
		}
	}
}
