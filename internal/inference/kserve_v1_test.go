package inference_test

import (
	"strings"
	"testing"
)

// TestKServeV1Service has routes that declare their service, by "service" or "serves".
func TestKServeV1Service(t *testing.T) {
	const row = `[{"protocol": "kserve-v1", "service": "admin/iris", "hosts": ["iris-admin.example.com"]}]`
	checkMatches(t, compile(t, row), []matchCase{
		{"iris-admin.example.com", "POST /v1/models/iris:predict", "kserve-v1 predict admin/iris"},
		{"iris-admin.example.com:443", "POST /v1/models/other:explain", "kserve-v1 explain admin/iris/other"},
		{"iris-admin.example.com", "GET /v1/models", "kserve-v1 list admin/iris"},
		{"Iris-admin.example.com", "GET /v1/models/iris", "host_invalid"},
		{"other.example.com", "GET /v1/models/iris", "host_invalid"},
		{"iris-admin.example.com", "GET /v2/models/iris", "path_unknown"},
	})
	routes, problems := compileServing(t, `[{"protocol": "kserve-v1"}]`, `{"namespace": "prod", "service": "fraud"}`)
	if problems != "" {
		t.Fatal(problems)
	}
	checkMatches(t, routes, []matchCase{
		{"10.244.0.77:8012", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"[fd00::7]:8012", "POST /v1/models/fraud:explain", "kserve-v1 explain prod/fraud"},
		{"fraud-predictor-00001-private.prod", "GET /v1/models/other", "kserve-v1 ready prod/fraud/other"},
		{"10.244.0.77:8012", "GET /healthz", "path_unknown"},
	})
	const rewritten = `[{"protocol": "kserve-v1", "service": "admin/iris", "hosts": ["iris-admin.example.com"], "names": "kserve"}]`
	r := request("POST /v1/models/iris:explain", "iris-admin.example.com")
	m, why := compile(t, rewritten).Match(r)
	want := "kserve-v1 explain admin/iris -> iris-explainer.admin.svc.cluster.local /v1/models/iris:explain"
	if got := matchText(r, m); got != want {
		t.Errorf("Match = %s, %s, want %s", got, why, want)
	}
}

// TestKServeV1Root has public paths that begin with the namespace. The short ones, of two
// segments, are other servers' pages there.
func TestKServeV1Root(t *testing.T) {
	checkMatches(t, compile(t, `[{"protocol": "kserve-v1", "prefix": "/", "names": "kserve"}]`), []matchCase{
		{public, "POST /prod/fraud/v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{public, "GET /prod/fraud/v1/models", "kserve-v1 list prod/fraud"},
		{"fraud-predictor.prod", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{public, "POST /v1/models/fraud:predict", "host_invalid"},
		{public, "POST /prod/fraud:predict", "path_unknown"},
		{public, "GET /prod/fraud", "path_unknown"},
		{public, "POST /v1/fraud/v1/models/fraud:predict", "path_unknown"},
		{public, "POST /v2/fraud/v1/models/fraud:predict", "path_unknown"},
		{public, "POST /Prod/fraud/v1/models/fraud:predict", "model_invalid"},
		{"churn-predictor.prod", "POST /prod/fraud/v1/models/fraud:predict", "identity_conflict"},
	})
}

// TestTensorFlowRuntime has KServe's TensorFlow runtime: kserve-v1 and tfserving on the
// same prefix and hosts, in either order.
func TestTensorFlowRuntime(t *testing.T) {
	const (
		v1 = `{"protocol": "kserve-v1", "prefix": "/serving", "names": "kserve"}`
		tf = `{"protocol": "tfserving", "prefix": "/serving", "names": "kserve"}`
	)
	for _, c := range []struct{ routes, first string }{{v1 + "," + tf, "kserve-v1"}, {tf + "," + v1, "tfserving"}} {
		checkMatches(t, compile(t, "["+c.routes+"]"), []matchCase{
			{public, "POST /serving/prod/flower/v1/models/flower:predict", c.first + " predict prod/flower"},
			{public, "GET /serving/prod/flower/v1/models/flower", c.first + " ready prod/flower"},
			{public, "POST /serving/prod/flower:predict", "kserve-v1 predict prod/flower"},
			{public, "POST /serving/prod/flower/v1/models/flower:explain", "kserve-v1 explain prod/flower"},
			{public, "GET /serving/prod/flower/v1/models", "kserve-v1 list prod/flower"},
			{public, "GET /serving/prod/flower/v1/models/flower/metadata", "tfserving metadata prod/flower"},
			{public, "POST /serving/prod/flower/v1/models/flower/versions/3:predict", "tfserving predict prod/flower@3"},
			{public, "POST /serving/prod/flower/v1/models/flower/labels/canary:classify", "tfserving predict prod/flower@canary"},
			{"flower-predictor.prod", "GET /v1/models/flower/metadata", "tfserving metadata prod/flower"},
			{"flower-predictor.prod", "POST /v1/models/flower/versions/1:predict", "tfserving predict prod/flower@1"},
			{public, "POST /serving/prod/flower/v1/models/flower/versions/03:predict", "model_invalid"},
			{public, "GET /serving/prod/flower/v1/models/flower/config", "path_unknown"},
		})
	}
	for _, rows := range []string{v1 + "," + v1, tf + "," + tf, v1 + "," + strings.Replace(tf, "/serving", "/serving/x", 1)} {
		if _, got := compileServing(t, "["+rows+"]", ""); !strings.Contains(got, "a path could be meant for either") {
			t.Errorf("Compile(%s) = %q, want a conflict of prefixes", rows, got)
		}
	}
}
