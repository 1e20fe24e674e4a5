package inference_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// ambiguous has host names that can be read as two services.
const ambiguous = `[{"prefix": "/edge", "protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.edge",
	"explainer": "{service}-why.{namespace}.edge", "transformer": "x-{service}.{namespace}.edge"}}]`

// ambiguousV2 has them for a protocol whose body names the model.
const ambiguousV2 = `[{"prefix": "/edge", "protocol": "kserve-v2", "names": {"predictor": "{service}.{namespace}.edge",
	"explainer": "{service}-why.{namespace}.edge", "transformer": "x-{service}.{namespace}.edge"}}]`

func TestAmbiguousHost(t *testing.T) {
	routes := compile(t, ambiguous)
	checkMatches(t, routes, []matchCase{
		{"fraud.prod.edge", "GET /v1/models/fraud", "kserve-v1 ready prod/fraud"},
		{"fraud-why.prod.edge", "GET /v1/models/fraud", "kserve-v1 ready prod/fraud-why/fraud prod/fraud"},
		{"x-fraud.prod.edge", "GET /v1/models/fraud", "kserve-v1 ready prod/x-fraud/fraud prod/fraud"},
		{"x-fraud-why.prod.edge", "GET /v1/models/fraud",
			"kserve-v1 ready prod/x-fraud-why/fraud prod/x-fraud/fraud prod/fraud-why/fraud"},
		{"-why.prod.edge", "GET /v1/models/fraud", "host_invalid"},
		{"x-.prod.edge", "GET /v1/models/fraud", "host_invalid"},
		{"fraud.prod.svc.edge", "GET /v1/models/fraud", "host_invalid"},
		{"fraud.edge", "GET /v1/models/fraud", "host_invalid"},
		{"fraud.prod", "GET /v1/models/fraud", "host_invalid"},
	})
}

// TestServiceHosts has hosts of whole InferenceServices. Such a host may also be
// the host of another service's component; then the call asks for both.
func TestServiceHosts(t *testing.T) {
	for names, suffix := range map[string]string{"kserve": "", "kfserving": "-default"} {
		with := fmt.Sprintf(`[{"prefix": "/p", "protocol": "kserve-v1", "names": %q, "serviceHosts": true}]`, names)
		checkMatches(t, compile(t, with), []matchCase{
			{"a.b", "POST /v1/models/a:predict", "kserve-v1 predict b/a"},
			{"a.b.svc", "GET /v1/models/a", "kserve-v1 ready b/a"},
			{"a.b.svc.cluster.local:8080", "POST /v1/models/m:explain", "kserve-v1 explain b/a/m"},
			{"a-predictor" + suffix + ".b", "POST /v1/models/a:predict", "kserve-v1 predict b/a b/a-predictor" + suffix + "/a"},
			{"a-explainer" + suffix + ".b.svc", "POST /v1/models/m:explain", "kserve-v1 explain b/a/m b/a-explainer" + suffix + "/m"},
			{"a-transformer" + suffix + ".b.svc.cluster.local", "POST /v1/models/m:predict",
				"kserve-v1 predict b/a/m b/a-transformer" + suffix + "/m"},
			{"a-predictor" + suffix + "-predictor" + suffix + ".b", "GET /v1/models/x",
				"kserve-v1 ready b/a-predictor" + suffix + "/x b/a-predictor" + suffix + "-predictor" + suffix + "/x"},
			{"-predictor" + suffix + ".b", "GET /v1/models/x", "host_invalid"},
			{"a", "GET /v1/models/a", "host_invalid"},
			{"a.b.c", "GET /v1/models/a", "host_invalid"},
			{"A.b", "GET /v1/models/a", "host_invalid"},
			{"a.b.svc.cluster", "GET /v1/models/a", "host_invalid"},
			{"a.b.svc.cluster.local.evil", "GET /v1/models/a", "host_invalid"},
			{"a_.b", "GET /v1/models/a", "host_invalid"},
			// The host must be the path's service in every reading, and the destination
			// may be another service too.
			{public, "POST /p/b/a:predict", "kserve-v1 predict b/a b/a-predictor" + suffix + "/a"},
			{"a.b", "POST /p/b/a:predict", "kserve-v1 predict b/a b/a-predictor" + suffix + "/a"},
			{"b.a", "POST /p/b/a:predict", "identity_conflict"},
			{"a-predictor" + suffix + ".b", "POST /p/b/a:predict", "identity_conflict"},
			{"A.b", "POST /p/b/a:predict", "host_invalid"},
		})
		checkMatches(t, compile(t, edit.Set(t, with, "/0/serviceHosts", "false")), []matchCase{
			{"a.b", "POST /v1/models/a:predict", "host_invalid"},
			{"a-predictor" + suffix + ".b", "POST /v1/models/a:predict", "kserve-v1 predict b/a"},
			{"b.a", "POST /p/b/a:predict", "kserve-v1 predict b/a"},
		})
	}
}

// TestServiceHostsServing has a host with two readings in front of one of them. A
// grant is still needed on both.
func TestServiceHostsServing(t *testing.T) {
	const row = `[{"protocol": "kserve-v1", "names": "kserve", "serviceHosts": true}]`
	routes, _ := compileServing(t, row, `{"namespace": "b", "service": "a"}`)
	checkMatches(t, routes, []matchCase{
		{"a-predictor.b", "GET /v1/models/a", "kserve-v1 ready b/a b/a-predictor/a"},
		{"a-x.b", "GET /v1/models/a", "not_served"},
	})
}

// TestHostAliases has destinations whose host names another service too. The call
// asks for both.
func TestHostAliases(t *testing.T) {
	checkMatches(t, compile(t, ambiguous), []matchCase{
		{public, "POST /edge/a/fraud:predict", "kserve-v1 predict a/fraud"},
		{public, "POST /edge/a/fraud:explain", "kserve-v1 explain a/fraud a/fraud-why/fraud"},
		{public, "POST /edge/a/fraud-why:predict", "kserve-v1 predict a/fraud-why a/fraud/fraud-why"},
		{public, "POST /edge/a/x-fraud:predict", "kserve-v1 predict a/x-fraud a/fraud/x-fraud"},
		{public, "GET /edge/a/x-fraud-why", "kserve-v1 ready a/x-fraud-why a/x-fraud/x-fraud-why a/fraud-why/x-fraud-why"},
		{"fraud-why.a.edge", "POST /v1/models/m:predict", "kserve-v1 predict a/fraud-why/m a/fraud/m"},
		{"fraud.a.edge", "POST /v1/models/m:predict", "kserve-v1 predict a/fraud/m"},
	})
	routes, _ := compileServing(t, ambiguous, `{"namespace": "a", "service": "fraud-why"}`)
	checkMatches(t, routes, []matchCase{
		{public, "POST /edge/a/fraud:explain", "kserve-v1 explain a/fraud a/fraud-why/fraud"},
		{public, "POST /edge/a/fraud:predict", "not_served"},
	})
}

// TestHostAliasesOfGRPC has a gRPC service, which goes to a host by its names or
// keeps its own.
func TestHostAliasesOfGRPC(t *testing.T) {
	const row = `[{"protocol": "grpc", "service": "s.S", "model": "a/fraud-why",
		"names": {"predictor": "{service}.{namespace}.edge", "explainer": "{service}-why.{namespace}.edge"}}]`
	checkMatches(t, compile(t, row), []matchCase{
		{public, "gRPC /s.S/Call", "grpc predict a/fraud-why a/fraud/fraud-why"},
	})
	checkMatches(t, compile(t, `[{"protocol": "grpc", "service": "s.S", "model": "a/b"}]`), []matchCase{
		{"x-predictor.y", "gRPC /s.S/Call", "grpc predict a/b"},
	})
}

// TestHostAliasesOfEveryModel has a request that names several models. Each of them
// is asked of both services.
func TestHostAliasesOfEveryModel(t *testing.T) {
	const row = `[{"protocol": "tfserving", "service": "a/fraud-why",
		"names": {"predictor": "{service}.{namespace}.edge", "explainer": "{service}-why.{namespace}.edge"}}]`
	m, why := compile(t, row).Match(request(multi, public))
	if why != reason.Allowed {
		t.Fatalf("Match = %s, want allowed", why)
	}
	done, why := m.Complete(values(t, m.Body, "1:(1:(1:x)) 1:(1:(1:y 2:(1:#2)))"))
	want := "[a/fraud-why/x a/fraud/x a/fraud-why/y@2 a/fraud/y@2]"
	if got := fmt.Sprint(done.Call.Models); why != reason.Allowed || got != want {
		t.Errorf("Complete = %s, %s, want %s", got, why, want)
	}
}

func TestHosts(t *testing.T) {
	const public = `[{"protocol": "kserve-v1", "prefix": "/a", "names": "kfserving"}]`
	kfserving := []string{
		"x-predictor-default.ns.svc.cluster.local", "x-explainer-default.ns.svc.cluster.local", "x-transformer-default.ns.svc.cluster.local",
	}
	two := edit.Set(t, public, "/-", `{"protocol": "kserve-v1", "prefix": "/b", "names": "kfserving"}`)
	template := edit.Set(t, public, "/0/names", `{"predictor": "{service}.{namespace}.example.com"}`)
	server := func(protocol, fields string) string { return `[{"protocol": "` + protocol + `", ` + fields + `}]` }
	for _, c := range []struct {
		name, routes, namespace, service string
		want                             []string
		ok                               bool
	}{
		{"KFServing's", public, "ns", "x", kfserving, true},
		{"two routes with the same names", two, "ns", "x", kfserving, true},
		{"one template for all components", template, "ns", "x", []string{"x.ns.example.com"}, true},
		{"the prefix /", edit.Set(t, public, "/0/prefix", `"/"`), "ns", "x", kfserving, true},
		{"a template of paths", edit.Set(t, edit.Delete(t, public, "/0/prefix"), "/0/path", `"/a/{service}/{namespace}"`), "ns", "x",
			kfserving, true},
		{"a route that rewrites nothing", edit.Delete(t, public, "/0/prefix"), "ns", "x", nil, true},
		{"a service with names", server("openai", `"service": "ns/x", "hosts": ["a"], "names": "kfserving"`), "ns", "x", kfserving, true},
		{"another service than that", server("openai", `"service": "ns/x", "hosts": ["a"], "names": "kfserving"`), "ns", "y", nil, true},
		{"another namespace than that", server("openai", `"service": "ns/x", "hosts": ["a"], "names": "kfserving"`), "n", "x", nil, true},
		{"models with names", server("openai", `"models": {"m": "ns/x", "n": "ns/y"}, "names": "kfserving"`), "ns", "x",
			kfserving, true},
		{"models without the service", server("openai", `"models": {"m": "ns/y"}, "names": "kfserving"`), "ns", "x", nil, true},
		{"models that stay on their host", server("openai", `"models": {"m": "ns/x"}, "modelHeader": "x-model"`), "ns", "x",
			nil, true},
		{"grpc with names", server("grpc", `"service": "a.B", "model": "ns/x", "verb": "predict", "names": "kfserving"`), "ns", "x",
			kfserving, true},
		{"a resource", server("http", `"hosts": ["a"], "names": "kfserving", "resources": [
			{"path": "/r", "methods": ["GET"], "verb": "predict", "service": "ns/x"}]`), "ns", "x", kfserving, true},
		{"a resource of the route's service", server("http", `"hosts": ["a"], "names": "kfserving", "service": "ns/x", "resources": [
			{"path": "/r", "methods": ["GET"], "verb": "predict"}]`), "ns", "x", kfserving, true},
		{"a service that keeps its host", server("openai", `"service": "ns/x", "hosts": ["a"]`), "ns", "x", nil, true},
		{"the prefix / of openai", server("openai", `"prefix": "/", "names": "kfserving"`), "ns", "x", kfserving, true},
		{"a name that is too long", public, "ns", strings.Repeat("x", 60), nil, true},
		{"upper case", public, "ns", "X", nil, false},
		{"a dot", public, "ns", "a.b", nil, false},
		{"no namespace", public, "", "x", nil, false},
		{"a slash", public, "n/s", "x", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := compile(t, c.routes).Hosts(c.namespace, c.service)
			if ok != c.ok || !slices.Equal(got, c.want) {
				t.Errorf("Hosts(%q, %q) = %v, %v, want %v, %v", c.namespace, c.service, got, ok, c.want, c.ok)
			}
		})
	}
}
