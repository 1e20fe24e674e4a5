package inference_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// everyRoute has each way to name hosts and each option of kserve-v1 and grpc.
const everyRoute = `[
	{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kfserving", "transformers": ["prod/images", "vision/*"]},
	{"prefix": "/a/b~c", "protocol": "kserve-v1", "names": "kserve", "transformers": ["prod/images"], "credentials": "forward"},
	{"prefix": "/edge", "protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.edge.example.com"}},
	{"protocol": "grpc", "service": "echo.EchoServer", "model": "prod/echo", "credentials": "strip"},
	{"protocol": "grpc", "service": "iris", "model": "prod/iris", "verb": "explain", "names": "kserve"}
]`

// accepted lists every form of request that everyRoute understands. want is what
// matchText writes.
var accepted = []struct {
	name  string
	cases []matchCase
}{
	{"Public paths", []matchCase{
		{public, "POST /kfserving/prod/fraud:predict",
			"kserve-v1 predict prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict"},
		{public, "POST /kfserving/prod/fraud:explain",
			"kserve-v1 explain prod/fraud -> fraud-explainer-default.prod.svc.cluster.local /v1/models/fraud:explain"},
		{public, "GET /kfserving/prod/fraud",
			"kserve-v1 ready prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud"},
		{public, "POST /kfserving/p/0-9:predict",
			"kserve-v1 predict p/0-9 -> 0-9-predictor-default.p.svc.cluster.local /v1/models/0-9:predict"},
		{public, "POST /kfserving/kubeflow/sklearn-iap-admin:predict",
			"kserve-v1 predict kubeflow/sklearn-iap-admin -> " +
				"sklearn-iap-admin-predictor-default.kubeflow.svc.cluster.local /v1/models/sklearn-iap-admin:predict"},
		{public, "POST /a/b~c/prod/fraud:predict",
			"kserve-v1 predict prod/fraud -> fraud-predictor.prod.svc.cluster.local /v1/models/fraud:predict"},
		{public, "POST /a/b~c/prod/fraud:explain",
			"kserve-v1 explain prod/fraud -> fraud-explainer.prod.svc.cluster.local /v1/models/fraud:explain"},
		{public, "POST /edge/prod/fraud:predict", "kserve-v1 predict prod/fraud -> fraud.prod.edge.example.com /v1/models/fraud:predict"},
		{public, "POST /edge/prod/fraud:explain", "kserve-v1 explain prod/fraud -> fraud.prod.edge.example.com /v1/models/fraud:explain"},
	}},
	{"A transformer is in front of the predictor, but not of the explainer", []matchCase{
		{public, "POST /kfserving/prod/images:predict",
			"kserve-v1 predict prod/images -> images-transformer-default.prod.svc.cluster.local /v1/models/images:predict"},
		{public, "GET /kfserving/prod/images",
			"kserve-v1 ready prod/images -> images-transformer-default.prod.svc.cluster.local /v1/models/images"},
		{public, "POST /kfserving/prod/images:explain",
			"kserve-v1 explain prod/images -> images-explainer-default.prod.svc.cluster.local /v1/models/images:explain"},
		{public, "POST /kfserving/vision/any:predict",
			"kserve-v1 predict vision/any -> any-transformer-default.vision.svc.cluster.local /v1/models/any:predict"},
		{public, "POST /a/b~c/prod/images:predict",
			"kserve-v1 predict prod/images -> images-transformer.prod.svc.cluster.local /v1/models/images:predict"},
	}},
	{"The query is kept and means nothing", []matchCase{
		{public, "POST /kfserving/prod/fraud:predict?",
			"kserve-v1 predict prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict?"},
		{public, "POST /kfserving/prod/fraud:predict?x=/v1/models/other:predict",
			"kserve-v1 predict prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict?x=/v1/models/other:predict"},
		{public, "GET /kfserving/prod/fraud?a=%2F..%2F&b?c",
			"kserve-v1 ready prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud?a=%2F..%2F&b?c"},
	}},
	{"Public hosts of every form", []matchCase{
		{"models.example.com:443", "GET /kfserving/prod/fraud",
			"kserve-v1 ready prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud"},
		{"Models.Example.COM", "GET /kfserving/prod/fraud",
			"kserve-v1 ready prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud"},
		{"127.0.0.1:8080", "GET /kfserving/prod/fraud",
			"kserve-v1 ready prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud"},
		{"[::1]", "GET /kfserving/prod/fraud",
			"kserve-v1 ready prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud"},
		{"[fe80::A]:8080", "GET /kfserving/prod/fraud",
			"kserve-v1 ready prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud"},
		{"under_score", "GET /kfserving/prod/fraud",
			"kserve-v1 ready prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud"},
	}},
	{"A public path on the host of the service that it names", []matchCase{
		{"fraud-predictor-default.prod", "POST /kfserving/prod/fraud:explain",
			"kserve-v1 explain prod/fraud -> fraud-explainer-default.prod.svc.cluster.local /v1/models/fraud:explain"},
		{"fraud-predictor.prod.svc", "POST /kfserving/prod/fraud:predict",
			"kserve-v1 predict prod/fraud -> fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict"},
	}},
	{"The services' own hosts, in all the forms that a pod's resolver completes", []matchCase{
		{"fraud-predictor-default.prod", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-predictor-default.prod:80", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-predictor-default.prod.svc", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-predictor-default.prod.svc:8080", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-predictor-default.prod.svc.cluster.local", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-predictor-default.prod.svc.cluster.local:80", "POST /v1/models/fraud:predict?q=1", "kserve-v1 predict prod/fraud"},
		{"fraud-explainer-default.prod.svc", "POST /v1/models/fraud:explain", "kserve-v1 explain prod/fraud"},
		{"fraud-transformer-default.prod", "GET /v1/models/fraud", "kserve-v1 ready prod/fraud"},
		{"fraud-predictor.prod", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-explainer.prod.svc.cluster.local", "POST /v1/models/fraud:explain", "kserve-v1 explain prod/fraud"},
		{"fraud.prod.edge.example.com:443", "GET /v1/models/fraud", "kserve-v1 ready prod/fraud"},
	}},
	{"A model inside a service has a name of its own; case is part of it", []matchCase{
		{"llm-predictor.prod", "POST /v1/models/Llama_3.1-8B:predict", "kserve-v1 predict prod/llm/Llama_3.1-8B"},
		{"fraud-predictor.prod", "GET /v1/models/Fraud", "kserve-v1 ready prod/fraud/Fraud"},
	}},
	{"One model for a whole gRPC service", []matchCase{
		{public, "gRPC /echo.EchoServer/Echo", "grpc predict prod/echo"},
		{"echo-1234.run.app:443", "gRPC /echo.EchoServer/Any_Method2", "grpc predict prod/echo"},
		{public, "gRPC /iris/Explain", "grpc explain prod/iris -> iris-predictor.prod.svc.cluster.local /iris/Explain"},
		{"iris-predictor.prod", "gRPC /iris/Explain", "grpc explain prod/iris -> iris-predictor.prod.svc.cluster.local /iris/Explain"},
	}},
}

func TestAccepted(t *testing.T) {
	routes := compile(t, everyRoute)
	for _, g := range accepted {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.cases {
				t.Run(c.request+" on "+c.host, func(t *testing.T) {
					r := request(c.request, c.host)
					m, why := routes.Match(r)
					if why != reason.Allowed {
						t.Fatalf("Match = %s, want %s", why, c.want)
					}
					if got := matchText(r, m); got != c.want {
						t.Errorf("Match = %s, want %s", got, c.want)
					}
					if want := forwardsCredentials(r, c); m.Route == nil || m.Route.Forward != want {
						t.Errorf("Match.Route = %+v, want Forward %v", m.Route, want)
					}
				})
			}
		})
	}
}

var kserveHost = regexp.MustCompile(`-(predictor|explainer|transformer)\.`)

// forwardsCredentials reports whether the second route of everyRoute takes the
// request: it has its prefix, or its names read the host.
func forwardsCredentials(r inference.Request, c matchCase) bool {
	return strings.HasPrefix(r.Path, "/a/") || !strings.Contains(c.want, " -> ") && kserveHost.MatchString(c.host)
}

// TestOtherNameIsOtherModel checks that a name is taken as it is: a model server
// reads these names verbatim too.
func TestOtherNameIsOtherModel(t *testing.T) {
	routes := compile(t, everyRoute)
	for _, name := range []string{"Fraud", "fraud.", "fraud-", "fraud_", "f.r.a.u.d", "0", "fraud-predictor"} {
		t.Run(name, func(t *testing.T) {
			m, why := routes.Match(request("GET /v1/models/"+name, "fraud-predictor.prod"))
			if got, want := callText(m.Call), "kserve-v1 ready prod/fraud/"+name; why != reason.Allowed || got != want {
				t.Errorf("Match = %s %s, want %s", why, got, want)
			}
		})
	}
}
