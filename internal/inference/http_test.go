package inference_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

const (
	bento = `[{"protocol": "http", "service": "prod/bento", "hosts": ["bento.example.com"], "resources": [
		{"path": "/classify", "methods": ["POST"], "verb": "predict"},
		{"path": "/predict/{model}", "methods": ["POST", "QUERY"], "verb": "predict", "query": ["timeout"]},
		{"path": "/predict/{model}", "methods": ["GET"], "verb": "ready"},
		{"path": "/predict/status", "methods": ["GET"], "verb": "metadata", "query": "*"},
		{"path": "/one", "methods": ["POST"], "verb": "explain", "model": "meta/one"},
		{"path": "/metrics", "methods": ["GET", "HEAD"], "verb": "admin"},
		{"path": "/v1/load_lora_adapter", "methods": ["POST"], "verb": "admin"},
		{"path": "/", "methods": ["GET"], "verb": "metadata"}]}]`

	// kubeflowPages is in the wrong order on purpose: no order matters.
	kubeflowPages = `[
		{"protocol": "kserve-v1", "prefix": "/kfserving", "names": "kfserving"},
		{"protocol": "openai", "service": "kubeflow/llm", "hosts": ["kf.example.com"], "base": "/llm/v1"},
		{"protocol": "http", "hosts": ["kf.example.com"], "resources": [
			{"path": "/*", "methods": ["GET"], "verb": "metadata", "service": "kubeflow/centraldashboard", "trailingSlash": true},
			{"path": "/pipeline/*", "methods": ["GET", "POST", "DELETE"], "verb": "predict", "service": "kubeflow/pipelines",
				"query": "*", "encoded": true, "trailingSlash": true},
			{"path": "/pipeline/admin:all", "methods": ["POST"], "verb": "admin", "service": "kubeflow/pipelines"},
			{"path": "/pipeline/system/*", "methods": ["GET"], "verb": "metadata", "service": "kubeflow/pipelines"},
			{"path": "/v1/models/live", "methods": ["GET"], "verb": "generate", "service": "kubeflow/live", "upgrade": ["websocket"]},
			{"path": "/docs", "methods": ["GET"], "verb": "metadata", "service": "kubeflow/docs"},
			{"path": "/docs/*", "methods": ["GET", "POST"], "verb": "metadata", "service": "kubeflow/docs",
				"trailingSlash": true, "query": "*"},
			{"path": "/strict/*", "methods": ["GET"], "verb": "predict", "service": "kubeflow/strict"},
			{"path": "/notebook/{namespace}/{service}/*", "methods": ["GET", "POST"], "verb": "predict", "upgrade": ["websocket"], "query": "*"},
			{"path": "/notebook/{namespace}/{service}/", "methods": ["GET"], "verb": "predict"}]}]`

	// oneBesideMany has routes on a host of their own beside others on all hosts.
	oneBesideMany = `[
		{"protocol": "kserve-v1", "service": "prod/secret", "hosts": ["secret.example.com"]},
		{"protocol": "kserve-v1", "service": "prod/pages"},
		{"protocol": "http", "service": "prod/secret", "hosts": ["secret.example.com"], "resources": [
			{"path": "/x", "methods": ["GET"], "verb": "admin"}]},
		{"protocol": "http", "service": "prod/pages", "resources": [
			{"path": "/*", "methods": ["GET", "POST"], "verb": "predict"}]}]`

	customPredictors = `[
		{"protocol": "kserve-v1", "prefix": "/serving", "names": {"predictor": "{service}.{namespace}.example.com"}},
		{"protocol": "http", "prefix": "/serving", "names": {"predictor": "{service}.{namespace}.example.com"}, "resources": [
			{"path": "/", "methods": ["POST"], "verb": "predict"},
			{"path": "/model/predict", "methods": ["POST"], "verb": "predict"},
			{"path": "/{model}/explain", "methods": ["POST"], "verb": "explain"}]}]`
)

const kubeflowHost = "kf.example.com"

// TestResources lists requests for resources, and what they ask for.
func TestResources(t *testing.T) {
	for _, g := range []struct {
		name, routes, host string
		cases              []acceptedCase
	}{
		{"declared", bento, "bento.example.com", []acceptedCase{
			{"POST /classify", "http predict prod/bento/"},
			{"POST /classify?", "query_refused"},
			{"POST /classify?model=x", "query_refused"},
			{"GET /classify", "path_unknown"},
			{"post /classify", "path_unknown"},
			{"gRPC /classify", "path_unknown"},
			{"POST /Classify", "path_unknown"},
			{"POST /classify/", "path_invalid"},
			{"POST /classify/x", "path_unknown"},
			{"POST /predict/iris", "http predict prod/bento/iris"},
			{"QUERY /predict/iris?timeout=1", "http predict prod/bento/iris"},
			{"POST /predict/iris?timeout=1;model=x", "query_refused"},
			{"POST /predict/iris?timeout=1&model=x", "query_refused"},
			{"GET /predict/iris", "http ready prod/bento/iris"},
			{"DELETE /predict/iris", "path_unknown"},
			{"POST /predict/a%62", "path_invalid"},
			{"POST /predict/..", "path_invalid"},
			{"POST /predict/.x", "model_invalid"},
			{"GET /predict/status", "http metadata prod/bento/"},
			{"GET /predict/status?model=x;y", "http metadata prod/bento/"},
			{"POST /predict/status", "path_unknown"}, // the path decides, and then the method
			{"GET /predict/Status", "path_unknown"},  // some server folds it
			{"POST /one", "http explain prod/bento/meta/one"},
			{"HEAD /metrics", "http admin prod/bento/"},
			{"POST /v1/load_lora_adapter", "http admin prod/bento/"},
			{"GET /", "http metadata prod/bento/"},
			{"POST /", "path_unknown"},
			{"GET //", "path_invalid"},
			{"GET ", "path_invalid"},
			{"GET /metrics x-ai-eg-model: other", "http admin prod/bento/"},
			{"POST /predict/iris x-ai-eg-model: other", "identity_conflict"},
		}},
		{"elsewhere", bento, "other.example.com", []acceptedCase{
			{"POST /classify", "path_unknown"},
			{"POST /predict/iris", "path_unknown"},
			{"GET /", "path_unknown"},
		}},
		{"a shared gateway", kubeflowPages, kubeflowHost, []acceptedCase{
			{"GET /", "http metadata kubeflow/centraldashboard/"},
			{"GET /api/workgroup/exists", "http metadata kubeflow/centraldashboard/"},
			{"GET /api/", "http metadata kubeflow/centraldashboard/"},
			{"GET /api/%C3%A9", "path_invalid"},
			{"POST /api", "path_unknown"},
			{"GET /pipeline/", "http predict kubeflow/pipelines/"},
			{"GET /pipeline", "path_unknown"}, // Express takes it for /pipeline/
			{"GET /Pipeline/x", "path_unknown"},
			{"DELETE /pipeline/apis/v2beta1/runs/1?force=true", "http predict kubeflow/pipelines/"},
			{"GET /pipeline/artifacts/get?key=a%2Fb;c", "http predict kubeflow/pipelines/"},
			{"GET /pipeline/a%20b/%C3%A9/", "http predict kubeflow/pipelines/"},
			{"GET /pipeline/a%2Fb", "path_invalid"},
			{"GET /pipeline/%2e%2e/x", "path_invalid"},
			{"GET /pipeline/%252e", "path_invalid"},
			{"GET /pipeline/a%00", "path_invalid"},
			{"GET /pipeline/a%5Cb", "path_invalid"},
			{"GET /pipeline/%61dmin", "path_invalid"},
			{"GET /pipeline/%C0%AF", "path_invalid"},
			{"GET /pipeline/a%3Bb", "path_invalid"},
			{"GET /pipeline/a%4", "path_invalid"},
			{"GET /pipeline/a;b", "path_invalid"},
			{"GET /pipeline/x//", "path_invalid"},
			{"GET /pipeline/../x", "path_invalid"},
			{"POST /pipeline/admin:all", "http admin kubeflow/pipelines/"},
			{"POST /pipeline/admin%3Aall", "path_invalid"},
			{"POST /pipeline/admin%3aALL/", "path_invalid"},
			{"POST /pipeline/admin:all/", "path_invalid"},
			{"POST /pipeline/ADMIN:all", "path_unknown"},
			{"GET /pipeline/system/x", "http metadata kubeflow/pipelines/"},
			{"POST /pipeline/system/x", "path_unknown"},
			{"POST /pipeline/System/x", "path_unknown"},
			{"GET /pipeline/system/", "path_invalid"},
			{"GET /pipeline/system", "path_unknown"},
			{"GET /docs", "http metadata kubeflow/docs/"},
			{"GET /docs/", "http metadata kubeflow/docs/"}, // which may be /docs, and that is the same
			{"GET /docs/x/", "http metadata kubeflow/docs/"},
			{"GET /docs/?x=1", "path_invalid"}, // which may be /docs, and that takes no query
			{"GET /docs/x?x=1", "http metadata kubeflow/docs/"},
			{"POST /docs/", "path_invalid"}, // which may be /docs, and that takes no POST
			{"GET /strict/a:b", "http predict kubeflow/strict/"},
			{"GET /strict/a/", "path_invalid"},
			{"GET /strict/", "path_invalid"},
			{"GET /strict/a%20b", "path_invalid"},
			{"POST /pipeline/admin:all%3Fx", "path_invalid"},
			{"POST /pipeline/admin:all%23x", "path_invalid"},
			{"GET /notebook/ana/nb/", "http predict ana/nb/"},
			{"GET /notebook/ana/nb/lab/tree", "http predict ana/nb/"},
			{"WS /notebook/ana/nb/api/kernels/1/channels?session_id=2", "http predict ana/nb/"},
			{"WS /notebook/ana/nb/", "upgrade_refused"},
			{"WS /pipeline/x", "upgrade_refused"},
			{"WS /unknown/", "upgrade_refused"},
			{"WS /kfserving/prod/fraud", "upgrade_refused"},
			{"WS /v1/models/live", "http generate kubeflow/live/"},
			{"GET /v1/models/live", "http generate kubeflow/live/"},
			{"GET /notebook/Ana/nb/lab", "model_invalid"},
			{"GET /notebook/ana/nb/lab/", "path_invalid"},
			{"POST /kfserving/prod/fraud:predict", "kserve-v1 predict prod/fraud -> " +
				"fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict"},
			{"GET /kfserving/prod/fraud/unknown", "path_unknown"}, // and not of the dashboard
			{"GET /KFserving/prod/fraud/unknown", "path_unknown"},
			{"GET /kfserving", "path_unknown"},
			{"GET /v1/models/x", "host_invalid"},
			{"GET /llm/v1/unknown", "path_unknown"},
			{"POST /v1beta/models/x:unknown", "path_unknown"},
			{"GET /engines/x", "path_unknown"},
			{"WEB /inference.GRPCInferenceService/ModelInfer", "grpc_web"},
			{"gRPC /pipeline/x", "path_unknown"},
		}},
		{"another host", kubeflowPages, public, []acceptedCase{
			{"GET /", "path_unknown"},
			{"GET /x", "path_unknown"},
			{"GET /notebook/ana/nb/", "path_invalid"},
		}},
		{"pages beside model servers", oneBesideMany, public, []acceptedCase{
			{"WEB /x.Y/Z", "http predict prod/pages/"},
			{"WEB /inference.GRPCInferenceService/ModelInfer", "grpc_web"},
			{"POST /tensorflow.serving.PredictionService/Predict", "path_unknown"},
			{"GET /x", "http predict prod/pages/"},
		}},
		{"a host that is declared", oneBesideMany, "secret.example.com:443", []acceptedCase{
			{"GET /x", "http admin prod/secret/"},
			{"POST /v1/models/a:predict", "kserve-v1 predict prod/secret/a"},
		}},
		{"a host that is declared, in capitals", oneBesideMany, "SECRET.example.com", []acceptedCase{
			{"GET /x", "host_invalid"}, // and not of the pages
			{"POST /v1/models/a:predict", "host_invalid"},
		}},
		{"another host in capitals", oneBesideMany, "Pages.example.com", []acceptedCase{
			{"GET /x", "http predict prod/pages/"},
		}},
		{"below a prefix", customPredictors, public, []acceptedCase{
			{"POST /serving/prod/graph/", "http predict prod/graph/ -> graph.prod.example.com /"},
			{"POST /serving/prod/graph", "http predict prod/graph/ -> graph.prod.example.com /"},
			{"PUT /serving/prod/graph", "path_unknown"},
			{"POST /serving/prod/iris/model/predict", "http predict prod/iris/ -> iris.prod.example.com /model/predict"},
			{"POST /serving/prod/iris/a/explain", "http explain prod/iris/a -> iris.prod.example.com /a/explain"},
			{"GET /serving/prod/iris", "kserve-v1 ready prod/iris -> iris.prod.example.com /v1/models/iris"},
			{"POST /serving/Prod/iris/model/predict", "model_invalid"},
			{"POST /serving/prod/iris/model/predict?x=1", "query_refused"},
			{"POST /model/predict", "path_unknown"},
		}},
		{"on the services' own hosts", customPredictors, "iris.prod.example.com", []acceptedCase{
			{"POST /", "http predict prod/iris/"},
			{"POST /model/predict", "http predict prod/iris/"},
			{"POST /a/explain", "http explain prod/iris/a"},
			{"POST /serving/prod/iris/model/predict", "http predict prod/iris/ -> iris.prod.example.com /model/predict"},
			{"POST /serving/prod/other/model/predict", "identity_conflict"},
		}},
	} {
		t.Run(g.name, func(t *testing.T) {
			rs := compile(t, g.routes)
			for _, c := range g.cases {
				t.Run(c.request, func(t *testing.T) {
					r := resourceRequest(c.request, g.host)
					got, want := resourceText(rs, r), c.want
					if got != want {
						t.Errorf("Match = %s, want %s", got, want)
					}
				})
			}
		})
	}
}

// resourceRequest is request with the methods WS, for an upgrade to WebSocket, and WEB, for
// gRPC-Web.
func resourceRequest(line, host string) inference.Request {
	r := request(line, host)
	switch r.Method {
	case "WS":
		r.Method, r.Upgrade = "GET", true
	case "WEB":
		r.Method, r.GRPCWeb = "POST", true
	}
	return r
}

func resourceText(rs *inference.Routes, r inference.Request) string {
	m, why := rs.Match(r)
	if why != reason.Allowed {
		return why.String()
	}
	return matchText(r, m)
}

// TestResourcesInAnyOrder: the order of resources, and of routes with resources, decides
// nothing.
func TestResourcesInAnyOrder(t *testing.T) {
	for _, routes := range []string{bento, kubeflowPages} {
		forward, backward := compile(t, routes), compile(t, reversed(t, routes))
		for _, method := range []string{"GET", "POST", "WS"} {
			for _, path := range []string{
				"/", "/x", "/classify", "/predict/status", "/predict/x", "/pipeline/", "/pipeline/admin:all", "/pipeline/system/x",
				"/notebook/ana/nb/x", "/notebook/ana/nb/", "/kfserving/prod/fraud", "/v1/x", "/metrics", "/pipeline/a%20b",
			} {
				for _, host := range []string{"bento.example.com", kubeflowHost, public} {
					r := resourceRequest(method+" "+path, host)
					if a, b := resourceText(forward, r), resourceText(backward, r); a != b {
						t.Errorf("%s %s on %s: %s, and in the other order %s", method, path, host, a, b)
					}
				}
			}
		}
	}
}

// reversed returns routes and their resources in the other order.
func reversed(t *testing.T, routes string) string {
	var rows []map[string]any
	if err := json.Unmarshal([]byte(routes), &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if resources, ok := row["resources"].([]any); ok {
			slices.Reverse(resources)
		}
	}
	slices.Reverse(rows)
	text, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestResourcePairs lists pairs of resources on one host: those between which a path decides,
// and those between which it does not.
func TestResourcePairs(t *testing.T) {
	for _, c := range []struct {
		a, b    string
		refused bool
	}{
		{"/a", "/b", false},
		{"/a", "/a", true},
		{"/a", "/a/", false},
		{"/a", "/{model}", false},
		{"/", "/{model}", false},
		{"/", "/*", false},
		{"/{model}", "/*", false},
		{"/{model}/b", "/a/{model}", true},
		{"/{model}/b", "/a/*", true},
		{"/{model}/b", "/{model}/*", false},
		{"/a/{model}", "/a/*", false},
		{"/*", "/*", true},
		{"/a/*", "/*", false},
		{"/a/b/*", "/a/{model}/c", true},
		{"/{namespace}/{service}/x", "/{service}/{namespace}/x", true},
		{"/{model}/x", "/{model}/y", false},
	} {
		t.Run(c.a+" "+c.b, func(t *testing.T) {
			for _, pair := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
				resource := func(path string) string {
					return `{"path": "` + path + `", "methods": ["GET", "PUT"], "verb": "predict"}`
				}
				first, second := resource(pair[0]), resource(pair[1])
				one := `[{"protocol": "http", "service": "a/b", "hosts": ["x"], "resources": [` + first + `,` + second + `]}]`
				two := `[{"protocol": "http", "service": "a/b", "resources": [` + first + `]},
					{"protocol": "http", "service": "a/b", "hosts": ["x"], "resources": [` + second + `]}]`
				apart := strings.Replace(two, `"service": "a/b"`, `"service": "a/b", "hosts": ["y"]`, 1)
				for i, routes := range []string{one, two, apart} {
					_, problems := compileServing(t, routes, "")
					refused := c.refused && i < 2
					if strings.Contains(problems, "could be meant for either") != refused || !refused && problems != "" {
						t.Errorf("Compile(%s) = %q, want it refused: %v", routes, problems, refused)
					}
				}
			}
		})
	}
}

// TestResourcePathForms lists the paths that a configuration may declare, and those that not.
func TestResourcePathForms(t *testing.T) {
	accepted := []string{"/", "/*", "/a", "/a/", "/a/*", "/{model}", "/a/{model}/b/*", "/{namespace}/{service}", "/a:b", "/a.b/_/~c", "/b1/"}
	refused := []string{"a", "*", "//", "/a//b", "/a*", "/*/a", "/a/**", "/{model}s", "/{x}", "/{model}/{model}", "/{namespace}",
		"/{service}/x", "/a%20b", "/a;b", "/a?b", "/a#b", "/./a", "/..", "/a/../b", "/a b", "/é", "/{model", "/a\\\\b"}
	for _, path := range slices.Concat(accepted, refused) {
		t.Run(path, func(t *testing.T) {
			_, problems := compileServing(t, edit.Set(t, `[{"protocol": "http", "names": "kserve", "resources": [
				{"path": "/first", "methods": ["GET"], "verb": "predict"}]}]`, "/0/resources/0/path", `"`+path+`"`), "")
			if ok := problems == ""; ok != slices.Contains(accepted, path) {
				t.Errorf("Compile(%s) = %q", path, problems)
			}
		})
	}
}

// FuzzResources: whatever the path is, a resource that is found keeps its promises. No
// separator and no dot is encoded in what passes, and no narrower resource's path in another
// spelling.
func FuzzResources(f *testing.F) {
	for _, path := range []string{
		"/", "/pipeline/a%20b/", "/pipeline/%61", "/pipeline/admin%3Aall", "/notebook/ana/nb/x", "/KFserving/x", "/pipeline/System/",
	} {
		f.Add(path)
	}
	rs := compile(f, kubeflowPages)
	others := map[string]bool{"pipeline": true, "strict": true, "kfserving": true, "llm": true, "v1": true, "v2": true}
	f.Fuzz(func(t *testing.T, path string) {
		m, why := rs.Match(inference.Request{Method: "GET", Path: path, Authority: kubeflowHost})
		if why != reason.Allowed {
			return
		}
		plain, _, _ := strings.Cut(path, "?")
		lower := strings.ToLower(plain)
		for _, part := range []string{"//", "/../", "/./", "%2f", "%5c", "%2e", "%3f", "%23", "%00", "%25", ";", "\\"} {
			if strings.Contains(lower, part) {
				t.Errorf("Match(%q) passes %q", path, part)
			}
		}
		service := m.Call.Models[0].Namespace + "/" + m.Call.Models[0].Service
		first, _, _ := strings.Cut(lower[1:], "/")
		switch {
		case service == "kubeflow/centraldashboard" && others[first]:
			t.Errorf("Match(%q) = %s, which is another's", path, service)
		case service == "kubeflow/pipelines" && first != "pipeline":
			t.Errorf("Match(%q) = %s", path, service)
		}
	})
}
