package inference_test

import "testing"

// TestServes matches requests in front of one service.
func TestServes(t *testing.T) {
	routes, problems := compileServing(t, `[
		{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"},
		{"protocol": "grpc", "service": "echo.Echo", "model": "prod/echo"},
		{"protocol": "grpc", "service": "fraud.Fraud", "model": "prod/fraud"}]`, `{"namespace": "prod", "service": "fraud"}`)
	if problems != "" {
		t.Fatal(problems)
	}
	checkMatches(t, routes, []matchCase{
		{"fraud-predictor.prod", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		// A model inside the service.
		{"fraud-explainer.prod.svc.cluster.local:80", "POST /v1/models/other:explain", "kserve-v1 explain prod/fraud/other"},
		// The service itself.
		{public, "POST /kfserving/prod/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-predictor.prod.svc", "POST /kfserving/prod/fraud:predict", "kserve-v1 predict prod/fraud"},
		{public, "gRPC /fraud.Fraud/Call", "grpc predict prod/fraud"},
		// Another service, even where the path and the host agree on it.
		{"churn-predictor.prod", "POST /v1/models/churn:predict", "not_served"},
		{"churn-predictor.prod", "POST /v1/models/fraud:predict", "not_served"},
		{"fraud-predictor.staging", "POST /v1/models/fraud:predict", "not_served"},
		{"prod-predictor.fraud", "POST /v1/models/fraud:predict", "not_served"},
		{"fraud2-predictor.prod", "GET /v1/models/fraud2", "not_served"},
		{"frau-predictor.prod", "GET /v1/models/frau", "not_served"},
		{public, "POST /kfserving/prod/churn:predict", "not_served"},
		{"churn-predictor.prod", "POST /kfserving/prod/churn:predict", "not_served"},
		{public, "GET /kfserving/staging/fraud", "not_served"},
		{public, "gRPC /echo.Echo/Call", "not_served"},
		// Other refusals come first.
		{"churn-predictor.prod", "POST /kfserving/prod/fraud:predict", "identity_conflict"},
		{"fraud-predictor.prod", "POST /kfserving/prod/churn:predict", "identity_conflict"},
		{public, "GET /healthz", "path_unknown"},
		{public, "POST /v1/models/fraud:predict", "host_invalid"},
		{"FRAUD-predictor.prod", "POST /kfserving/prod/fraud:predict", "host_invalid"},
	})
}

func TestServesMustBeAService(t *testing.T) {
	const label = ` must be a DNS-1123 label: lower-case letters, digits and hyphens; got `
	for _, c := range []struct{ name, serves, want string }{
		{"a service", `{"namespace": "a", "service": "b-1"}`, ``},
		{"upper case", `{"namespace": "A", "service": "b"}`, `"/namespace":` + label + `"A"`},
		{"a dot", `{"namespace": "a", "service": "b.c"}`, `"/service":` + label + `"b.c"`},
		{"a pattern", `{"namespace": "a", "service": "*"}`, `"/service":` + label + `"*"`},
		{"a slash", `{"namespace": "a/b", "service": "c"}`, `"/namespace":` + label + `"a/b"`},
		{"neither", `{}`, `"": needs "namespace"` + "\n" + `"": needs "service"`},
		{"no object", `"a/b"`, `"": must be an object; got "a/b"`},
		{"an empty service", `{"namespace": "a", "service": ""}`, `"/service": must not be empty; leave it out instead`},
		{"a number", `{"namespace": 1, "service": "b"}`, `"/namespace": must be a string; got 1`},
		{"another field", `{"namespace": "a", "name": "b"}`,
			`"/name": unknown field "name"; known are namespace, service` + "\n" + `"": needs "service"`},
		{"both empty", `{"namespace": "", "service": ""}`,
			`"/namespace": must not be empty; leave it out instead` + "\n" + `"/service": must not be empty; leave it out instead`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got := compileServing(t, `[{"protocol": "kserve-v1", "names": "kserve"}]`, c.serves); got != c.want {
				t.Errorf("Compile(serves %s) = %s, want %s", c.serves, got, c.want)
			}
		})
	}
}
