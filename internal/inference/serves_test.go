package inference_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// serving compiles routes in front of one service.
func serving(routes, serves string) (*inference.Routes, strictjson.Problems) {
	var problems strictjson.Problems
	r, _ := strictjson.Parse(routes, &problems)
	s, _ := strictjson.Parse(serves, &problems)
	return inference.Compile(r, s, true), problems
}

type matchCase struct{ host, request, want string }

// matches holds each request to "call", or to the reason why there is none.
func matches(t *testing.T, routes *inference.Routes, cases []matchCase) {
	t.Helper()
	for _, c := range cases {
		m, why := routes.Match(request(c.request, c.host))
		got := why.String()
		if why == reason.Allowed {
			got = show(m.Call)
		} else if m.Route != nil || m.Call.Models != nil || m.Authority != "" || m.Path != "" {
			t.Errorf("Match(%s on %s) = %s, and yet %v", c.request, c.host, why, m)
		}
		if got != c.want {
			t.Errorf("Match(%s on %s) = %s, want %s", c.request, c.host, got, c.want)
		}
	}
}

func TestServes(t *testing.T) {
	routes, problems := serving(`[
		{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"},
		{"protocol": "grpc", "service": "echo.Echo", "model": "prod/echo"},
		{"protocol": "grpc", "service": "fraud.Fraud", "model": "prod/fraud"}]`, `{"namespace": "prod", "service": "fraud"}`)
	if problems != nil {
		t.Fatal(problems)
	}
	matches(t, routes, []matchCase{
		{"fraud-predictor.prod", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-explainer.prod.svc.cluster.local:80", "POST /v1/models/other:explain", "kserve-v1 explain prod/fraud/other"}, // a model inside the service
		{public, "POST /kfserving/prod/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-predictor.prod.svc", "POST /kfserving/prod/fraud:predict", "kserve-v1 predict prod/fraud"},
		{public, "gRPC /fraud.Fraud/Call", "grpc predict prod/fraud"},
		// Another service, although the path and the host agree on it.
		{"churn-predictor.prod", "POST /v1/models/churn:predict", "not_served"}, {"churn-predictor.prod", "POST /v1/models/fraud:predict", "not_served"},
		{"fraud-predictor.staging", "POST /v1/models/fraud:predict", "not_served"}, {"prod-predictor.fraud", "POST /v1/models/fraud:predict", "not_served"},
		{"fraud2-predictor.prod", "GET /v1/models/fraud2", "not_served"}, {"frau-predictor.prod", "GET /v1/models/frau", "not_served"},
		{public, "POST /kfserving/prod/churn:predict", "not_served"}, {"churn-predictor.prod", "POST /kfserving/prod/churn:predict", "not_served"}, {public, "GET /kfserving/staging/fraud", "not_served"},
		{public, "gRPC /echo.Echo/Call", "not_served"},
		// What is no request at all is told as before.
		{"churn-predictor.prod", "POST /kfserving/prod/fraud:predict", "identity_conflict"}, {"fraud-predictor.prod", "POST /kfserving/prod/churn:predict", "identity_conflict"},
		{public, "GET /healthz", "path_unknown"}, {public, "POST /v1/models/fraud:predict", "host_invalid"}, {"FRAUD-predictor.prod", "POST /kfserving/prod/fraud:predict", "host_invalid"},
	})
	const labels = `"": has a namespace and a service that are DNS-1123 labels`
	for serves, want := range map[string]string{
		`{"namespace": "a", "service": "b-1"}`: ``, `{"namespace": "A", "service": "b"}`: labels, `{"namespace": "a", "service": "b.c"}`: labels, `{"namespace": "a", "service": "*"}`: labels, `{"namespace": "a/b", "service": "c"}`: labels,
		`{}`:                                `"": "namespace" is missing` + "\n" + `"": "service" is missing` + "\n" + labels,
		`"a/b"`:                             `"": an object expected` + "\n" + labels,
		`{"namespace": "a", "service": ""}`: `"/service": is empty; leave it out instead` + "\n" + labels,
		`{"namespace": 1, "service": "b"}`:  `"/namespace": a string expected` + "\n" + labels,
		`{"namespace": "a", "name": "b"}`:   `"/name": unknown field; known are namespace, service` + "\n" + `"": "service" is missing` + "\n" + labels,
		`{"namespace": "", "service": ""}`:  `"/namespace": is empty; leave it out instead` + "\n" + `"/service": is empty; leave it out instead` + "\n" + labels,
	} {
		if _, problems := serving(`[{"protocol": "kserve-v1", "names": "kserve"}]`, serves); problems.Error() != want {
			t.Errorf("Compile(serves %s) = %v, want %s", serves, problems, want)
		}
	}
}

// TestServiceHosts: the name of an InferenceService as a whole may be that of
// another's component, and then both are asked for.
func TestServiceHosts(t *testing.T) {
	for names, suffix := range map[string]string{"kserve": "", "kfserving": "-default"} {
		const row = `{"prefix": "/p", "protocol": "kserve-v1", "names": "NAMES", "serviceHosts": WHOLE}`
		of := strings.NewReplacer("NAMES", names, "WHOLE", "true").Replace(row)
		matches(t, compile(t, "["+of+"]"), []matchCase{
			{"a.b", "POST /v1/models/a:predict", "kserve-v1 predict b/a"}, {"a.b.svc", "GET /v1/models/a", "kserve-v1 ready b/a"}, {"a.b.svc.cluster.local:8080", "POST /v1/models/m:explain", "kserve-v1 explain b/a/m"},
			{"a-predictor" + suffix + ".b", "POST /v1/models/a:predict", "kserve-v1 predict b/a b/a-predictor" + suffix + "/a"},
			{"a-explainer" + suffix + ".b.svc", "POST /v1/models/m:explain", "kserve-v1 explain b/a/m b/a-explainer" + suffix + "/m"},
			{"a-transformer" + suffix + ".b.svc.cluster.local", "POST /v1/models/m:predict", "kserve-v1 predict b/a/m b/a-transformer" + suffix + "/m"},
			{"a-predictor" + suffix + "-predictor" + suffix + ".b", "GET /v1/models/x", "kserve-v1 ready b/a-predictor" + suffix + "/x b/a-predictor" + suffix + "-predictor" + suffix + "/x"},
			{"-predictor" + suffix + ".b", "GET /v1/models/x", "host_invalid"}, {"a", "GET /v1/models/a", "host_invalid"}, {"a.b.c", "GET /v1/models/a", "host_invalid"}, {"A.b", "GET /v1/models/a", "host_invalid"},
			{"a.b.svc.cluster", "GET /v1/models/a", "host_invalid"}, {"a.b.svc.cluster.local.evil", "GET /v1/models/a", "host_invalid"}, {"a_.b", "GET /v1/models/a", "host_invalid"},
			// The host of a public path must be the path's service in every reading.
			// And where it leads may be another service too.
			{public, "POST /p/b/a:predict", "kserve-v1 predict b/a b/a-predictor" + suffix + "/a"}, {"a.b", "POST /p/b/a:predict", "kserve-v1 predict b/a b/a-predictor" + suffix + "/a"}, {"b.a", "POST /p/b/a:predict", "identity_conflict"},
			{"a-predictor" + suffix + ".b", "POST /p/b/a:predict", "identity_conflict"}, {"A.b", "POST /p/b/a:predict", "host_invalid"},
		})
		of = strings.NewReplacer("NAMES", names, "WHOLE", "false").Replace(row)
		matches(t, compile(t, "["+of+"]"), []matchCase{
			{"a.b", "POST /v1/models/a:predict", "host_invalid"}, {"a-predictor" + suffix + ".b", "POST /v1/models/a:predict", "kserve-v1 predict b/a"}, {"b.a", "POST /p/b/a:predict", "kserve-v1 predict b/a"},
		})
	}
	routes, _ := serving(`[{"protocol": "kserve-v1", "names": "kserve", "serviceHosts": true}]`, `{"namespace": "b", "service": "a"}`)
	matches(t, routes, []matchCase{ // one reading is the service; a grant is still needed on both
		{"a-predictor.b", "GET /v1/models/a", "kserve-v1 ready b/a b/a-predictor/a"}, {"a-x.b", "GET /v1/models/a", "not_served"},
	})
	if _, problems := serving(`[{"protocol": "kserve-v1", "names": "kserve", "serviceHosts": "yes"}]`, ``); !strings.Contains(problems.Error(), `"/0/serviceHosts": true or false expected`) {
		t.Errorf("Compile(serviceHosts yes) = %v", problems)
	}
}

// TestWiden: where the host that a request is sent on to has a second meaning,
// whoever calls needs a grant on that too.
func TestWiden(t *testing.T) {
	matches(t, compile(t, ambiguous), []matchCase{
		{public, "POST /edge/a/fraud:predict", "kserve-v1 predict a/fraud"},
		{public, "POST /edge/a/fraud:explain", "kserve-v1 explain a/fraud a/fraud-why/fraud"},
		{public, "POST /edge/a/fraud-why:predict", "kserve-v1 predict a/fraud-why a/fraud/fraud-why"},
		{public, "POST /edge/a/x-fraud:predict", "kserve-v1 predict a/x-fraud a/fraud/x-fraud"},
		{public, "GET /edge/a/x-fraud-why", "kserve-v1 ready a/x-fraud-why a/x-fraud/x-fraud-why a/fraud-why/x-fraud-why"},
		{"fraud-why.a.edge", "POST /v1/models/m:predict", "kserve-v1 predict a/fraud-why/m a/fraud/m"},
		{"fraud.a.edge", "POST /v1/models/m:predict", "kserve-v1 predict a/fraud/m"},
	})
	// A gRPC service is sent on to a host by its names, or stays where it is.
	const grpc = `[{"protocol": "grpc", "service": "s.S", "model": "a/fraud-why", "names": {"predictor": "{service}.{namespace}.edge", "explainer": "{service}-why.{namespace}.edge"}}]`
	matches(t, compile(t, grpc), []matchCase{{public, "gRPC /s.S/Call", "grpc predict a/fraud-why a/fraud/fraud-why"}})
	matches(t, compile(t, `[{"protocol": "grpc", "service": "s.S", "model": "a/b"}]`), []matchCase{{"x-predictor.y", "gRPC /s.S/Call", "grpc predict a/b"}})
	routes, _ := serving(ambiguous, `{"namespace": "a", "service": "fraud-why"}`)
	matches(t, routes, []matchCase{{public, "POST /edge/a/fraud:explain", "kserve-v1 explain a/fraud a/fraud-why/fraud"}, {public, "POST /edge/a/fraud:predict", "not_served"}})
}

// TestWidenEveryModel: where a request names several models and its host has a
// second meaning, each of them is asked of both services.
func TestWidenEveryModel(t *testing.T) {
	const routes = `[{"protocol": "tfserving", "service": "a/fraud-why", "names": {"predictor": "{service}.{namespace}.edge", "explainer": "{service}-why.{namespace}.edge"}}]`
	m, why := compile(t, routes).Match(withHeader("gRPC /tensorflow.serving.PredictionService/MultiInference", public))
	if why != reason.Allowed {
		t.Fatalf("Match = %s", why)
	}
	done, why := m.Complete(values(t, m.Body, "1:(1:(1:x)) 1:(1:(1:y 2:(1:#2)))"))
	if got, want := fmt.Sprint(done.Call.Models), "[a/fraud-why/x a/fraud/x a/fraud-why/y@2 a/fraud/y@2]"; why != reason.Allowed || got != want {
		t.Errorf("Complete = %s, %s, want %s", got, why, want)
	}
}

func TestWarnings(t *testing.T) {
	const overlap = "routes 0 and 1 read the same hosts; the first decides, with its own credentials and shadow"
	kserve := func(prefix, names, more string) string {
		return `{"prefix": "/` + prefix + `", "protocol": "kserve-v1", "names": ` + names + more + `}`
	}
	const grpc = `{"protocol": "grpc", "service": "s.S", "model": "a/b", "names": "kserve"}`
	for _, c := range []struct{ a, b, want string }{
		{kserve("a", `"kserve"`, ``), kserve("b", `"kserve"`, ``), overlap},
		{kserve("a", `"kserve"`, ``), kserve("b", `"kfserving"`, ``), ``},
		{kserve("a", `"kserve"`, ``), kserve("b", `"kfserving"`, `, "serviceHosts": true`), overlap},
		{kserve("a", `"kserve"`, `, "serviceHosts": true`), kserve("b", `"kfserving"`, ``), overlap},
		{kserve("a", `"kserve"`, `, "serviceHosts": true`), kserve("b", `{"predictor": "{service}.{namespace}.example.com"}`, ``), ``},
		{kserve("a", `{"predictor": "{service}.{namespace}.svc.cluster.local"}`, ``), kserve("b", `"kserve"`, ``), overlap},
		{kserve("a", `"kserve"`, ``), kserve("b", `{"predictor": "{service}.{namespace}.svc.cluster.local"}`, ``), overlap},
		{kserve("a", `{"predictor": "{service}.{namespace}.x"}`, ``), kserve("b", `{"predictor": "{service}.{namespace}.y", "explainer": "{service}-why.{namespace}.x"}`, ``), overlap},
		{kserve("a", `{"predictor": "{service}.{namespace}.x"}`, ``), kserve("b", `{"predictor": "{service}.{namespace}.y"}`, ``), ``},
		{kserve("a", `"kserve"`, ``), grpc, ``}, {grpc, kserve("a", `"kserve"`, ``), ``}, {grpc, strings.Replace(grpc, "s.S", "s.T", 1), ``},
	} {
		got := compile(t, "["+c.a+","+c.b+"]").Warnings()
		if strings.Join(got, "\n") != c.want {
			t.Errorf("Warnings(%s, %s) = %q, want %q", c.a, c.b, got, c.want)
		}
	}
	three := kserve("a", `"kserve"`, ``) + "," + kserve("b", `"kserve"`, ``) + "," + kserve("c", `"kserve"`, ``)
	if got := compile(t, "["+three+"]").Warnings(); len(got) != 3 || !slices.Contains(got, strings.Replace(overlap, "0 and 1", "1 and 2", 1)) {
		t.Errorf("Warnings(three alike) = %q", got)
	}
	const bare = `{"protocol": "kserve-v1", "names": "kserve"}`
	for _, c := range []struct {
		routes, serves string
		warns          bool
	}{
		{bare, ``, true}, {bare + "," + grpc, ``, true}, {grpc + "," + bare, ``, true}, {`{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.x"}}`, ``, true},
		{bare, `{"namespace": "a", "service": "b"}`, false}, {kserve("p", `"kfserving"`, ``) + "," + bare, ``, false}, {bare + "," + kserve("p", `"kfserving"`, ``), ``, false}, {grpc, ``, false},
	} {
		routes, problems := serving("["+c.routes+"]", c.serves)
		if c.serves == "" {
			routes, problems = compile(t, "["+c.routes+"]"), nil
		}
		if got := strings.Join(routes.Warnings(), "\n"); problems != nil || strings.Contains(got, `"serves" is missing`) != c.warns {
			t.Errorf("Warnings(%s, serves %s) = %q, %v", c.routes, c.serves, got, problems)
		}
	}
	const any = `{"protocol": "grpc", "service": "s.S", "model": "a/b"}`
	const anyHost = `route 0 is on any host, and the call goes to the one that it names: "hosts" or "names" would say where the model is`
	if got := compile(t, "["+any+"]").Warnings(); !slices.Equal(got, []string{anyHost}) {
		t.Errorf("Warnings(gRPC on any host) = %q", got)
	}
	if routes, _ := serving("["+any+"]", `{"namespace": "a", "service": "b"}`); routes.Warnings() != nil {
		t.Errorf("Warnings(gRPC on any host, before one service) = %q", routes.Warnings())
	}
	if got := compile(t, everyRoute).Warnings(); !slices.Equal(got, []string{strings.Replace(anyHost, "0", "3", 1)}) {
		t.Errorf("Warnings(every route) = %q", got)
	}
}

// TestGRPCHosts: the same service on another host is another server, and not this
// model.
func TestGRPCHosts(t *testing.T) {
	const row = `{"protocol": "grpc", "service": "s.S", "model": "a/b", "hosts": HOSTS}`
	of := func(hosts string) string { return "[" + strings.Replace(row, "HOSTS", hosts, 1) + "]" }
	matches(t, compile(t, of(`["one.example", "10.0.0.1"]`)), []matchCase{
		{"one.example", "gRPC /s.S/Call", "grpc predict a/b"}, {"one.example:8080", "gRPC /s.S/Call", "grpc predict a/b"}, {"10.0.0.1", "gRPC /s.S/Call", "grpc predict a/b"},
		{"two.example", "gRPC /s.S/Call", "host_invalid"}, {"One.example", "gRPC /s.S/Call", "host_invalid"}, {"x.one.example", "gRPC /s.S/Call", "host_invalid"}, {"one.example.evil", "gRPC /s.S/Call", "host_invalid"},
		{"one.example.", "gRPC /s.S/Call", "host_invalid"}, {"ana@one.example", "gRPC /s.S/Call", "host_invalid"}, {"two.example", "gRPC /s.T/Call", "path_unknown"}, {"one.example", "POST /s.S/Call", "path_unknown"},
	})
	for _, method := range []string{"GET", "PUT", "post", ""} { // gRPC has no other than POST
		r := request("gRPC /s.S/Call", "one.example")
		r.Method = method
		if _, why := compile(t, of(`["one.example"]`)).Match(r); why != reason.PathUnknown {
			t.Errorf("Match(gRPC by %q) = %s, want path_unknown", method, why)
		}
	}
	const form = `": is no host name of lower-case DNS-1123 labels, without a port`
	for hosts, want := range map[string]string{
		`["a", "b.c"]`: "", `[]`: `"/0/hosts": is empty; leave it out instead`, `"a"`: `"/0/hosts": an array expected`, `["a", "a"]`: `"/0/hosts/1": "a" stands twice`, `[""]`: `"/0/hosts/0": is empty; leave it out instead`,
		`["A"]`: `"/0/hosts/0` + form, `["a:80"]`: `"/0/hosts/0` + form, `["a", "*"]`: `"/0/hosts/1` + form, `["a."]`: `"/0/hosts/0` + form, `["a_b"]`: `"/0/hosts/0` + form, `[1]`: `"/0/hosts/0": a string expected`,
	} {
		if _, problems := serving(of(hosts), `{"namespace": "a", "service": "b"}`); problems.Error() != want {
			t.Errorf("Compile(hosts %s) = %v, want %s", hosts, problems, want)
		}
	}
}

// TestShadowOfRoutes reads when a route's trial ends.
func TestShadowOfRoutes(t *testing.T) {
	for _, row := range []string{`{"prefix": "/p", "protocol": "kserve-v1", "names": "kserve"`, `{"protocol": "grpc", "service": "p", "model": "a/b"`} {
		for shadow, want := range map[string]int64{``: 0, `, "shadow": {"until": "2026-01-01T00:00:00Z"}`: 1767225600, `, "shadow": {"until": "2026-01-01T01:00:00.999+01:00"}`: 1767225600} {
			routes := compile(t, "["+row+shadow+"}]")
			m, why := routes.Match(request("POST /p/a/b:predict", public))
			if why != reason.Allowed {
				m, why = routes.Match(request("gRPC /p/Call", public))
			}
			if why != reason.Allowed || m.Route.Shadow != want {
				t.Errorf("Match(%s%s) = %s, shadow until %d, want %d", row, shadow, why, m.Route.Shadow, want)
			}
		}
		_, problems := serving("["+row+`, "shadow": {"until": "soon"}}]`, ``)
		if !strings.Contains(problems.Error(), `"/0/shadow/until": is a time such as 2026-12-31T00:00:00Z`) {
			t.Errorf("Compile(%s, shadow until soon) = %v", row, problems)
		}
	}
}
