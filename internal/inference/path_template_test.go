package inference_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// pathRow is a kserve-v1 route with a template of public paths.
func pathRow(path, names string) string {
	return fmt.Sprintf(`{"protocol": "kserve-v1", "path": %q, "names": %s}`, path, names)
}

const anyNamespace, oneNamespace = `"kserve"`, `{"preset": "kserve", "namespaces": ["prod"]}`

// TestPathTemplate has public paths in the orders that KServe's pathTemplate can have.
func TestPathTemplate(t *testing.T) {
	const own = "/v1/models/fraud:predict"
	for _, c := range []struct{ path, names, request, want string }{
		{"/serving/{namespace}/{service}", anyNamespace, "POST /serving/prod/fraud" + own, "prod/fraud"},
		{"/serving/{service}/{namespace}", anyNamespace, "POST /serving/fraud/prod" + own, "prod/fraud"},
		{"/{namespace}/{service}", anyNamespace, "POST /prod/fraud" + own, "prod/fraud"},
		{"/{service}/{namespace}", anyNamespace, "POST /fraud/prod" + own, "prod/fraud"},
		{"/ns/{namespace}/isvc/{service}/api", anyNamespace, "POST /ns/prod/isvc/fraud/api" + own, "prod/fraud"},
		{"/serving/{service}", oneNamespace, "POST /serving/fraud" + own, "prod/fraud"},
		{"/{service}", oneNamespace, "POST /fraud" + own, "prod/fraud"},
		{"/{service}/serving", oneNamespace, "POST /fraud/serving" + own, "prod/fraud"},
		{"/serving/{namespace}/{service}", oneNamespace, "POST /serving/prod/fraud" + own, "prod/fraud"},
		{"/serving/{namespace}/{service}", anyNamespace, "POST /serving/prod/fraud/v1/models/other:predict", "prod/fraud/other"},
		// Refused.
		{"/serving/{namespace}/{service}", oneNamespace, "POST /serving/test/fraud" + own, "model_invalid"},
		{"/serving/{namespace}/{service}", anyNamespace, "POST /serving/prod/fraud:predict", "path_unknown"},
		{"/serving/{namespace}/{service}", anyNamespace, "GET /serving/prod/fraud", "path_unknown"},
		{"/serving/{namespace}/{service}", anyNamespace, "POST /serving/prod" + own, "path_unknown"},
		{"/serving/{namespace}/{service}", anyNamespace, "POST /servings/prod/fraud" + own, "path_unknown"},
		{"/serving/{namespace}/{service}", anyNamespace, "POST /serving/Prod/fraud" + own, "model_invalid"},
		{"/serving/{service}", oneNamespace, "POST /serving/fraud.x" + own, "model_invalid"},
		{"/serving/{service}", oneNamespace, "POST /serving/prod/fraud" + own, "path_unknown"},
		{"/serving/{service}", oneNamespace, "POST /serving", "path_unknown"},
		{"/serving/{service}", oneNamespace, "POST /serving/fraud", "path_unknown"},
		{"/{service}", oneNamespace, "POST /v2" + own, "path_unknown"},
		{"/{service}", oneNamespace, "POST /v1" + own, "path_unknown"},
		{"/ns/{namespace}/isvc/{service}/api", anyNamespace, "POST /ns/prod/svc/fraud/api" + own, "path_unknown"},
		{"/serving/{service}", oneNamespace, "POST /serving/%66raud" + own, "path_invalid"},
		{"/serving/{service}", oneNamespace, "POST /serving//fraud" + own, "path_invalid"},
	} {
		t.Run(c.request+" by "+c.path, func(t *testing.T) {
			m, why := compile(t, "["+pathRow(c.path, c.names)+"]").Match(request(c.request, "api.example.org"))
			got := why.String()
			if why == reason.Allowed {
				got = m.Call.Models[0].String()
				if to := m.Authority + m.Path; !strings.HasPrefix(to, "fraud-predictor.prod.svc.cluster.local/v1/models/") {
					t.Errorf("it goes to %s, want the service's host", to)
				}
			}
			if got != c.want {
				t.Errorf("Match = %s, want %s", got, c.want)
			}
		})
	}
}

// TestPathTemplatesTogether has two routes of which both could take one path, and two that
// share a template.
func TestPathTemplatesTogether(t *testing.T) {
	v2 := func(path string) string {
		return strings.Replace(pathRow(path, anyNamespace), "kserve-v1", "kserve-v2", 1)
	}
	prefix := `{"protocol": "kserve-v2", "prefix": "/serving", "names": "kserve"}`
	for _, c := range []struct {
		rows     string
		conflict bool
	}{
		{pathRow("/serving/{namespace}/{service}", anyNamespace) + "," + v2("/serving/{namespace}/{service}"), false},
		{pathRow("/serving/{namespace}/{service}", anyNamespace) + "," + prefix, false},
		{pathRow("/serving/{namespace}/{service}", anyNamespace) + "," + v2("/serving/{service}/{namespace}"), true},
		{pathRow("/serving/{service}", oneNamespace) + "," + prefix, true},
		{pathRow("/serving/{namespace}/{service}", anyNamespace) + "," + pathRow("/serving/{namespace}/{service}", anyNamespace), true},
		{pathRow("/serving/{service}", oneNamespace) + "," + v2("/serving/x/{namespace}/{service}"), true},
		{pathRow("/a/{service}", oneNamespace) + "," + v2("/b/{namespace}/{service}"), false},
	} {
		_, got := compileServing(t, "["+c.rows+"]", "")
		if (got != "") != c.conflict {
			t.Errorf("Compile(%s) = %q, want a conflict: %v", c.rows, got, c.conflict)
		}
	}
}

// FuzzPathTemplate has any path: the names that are read make the path again.
func FuzzPathTemplate(f *testing.F) {
	for _, path := range strings.Fields("/s/prod/x/fraud/v1/models/m /s/prod/x/fraud /s/a/x/v1/models/m /s/x/x/x/v1/models/x /v1/models/m") {
		f.Add(path)
	}
	routes := compile(f, "["+pathRow("/s/{namespace}/x/{service}", `{"preset": "kserve", "exact": ["*/*"]}`)+"]")
	f.Fuzz(func(t *testing.T, path string) {
		m, why := routes.Match(request("GET "+path, public))
		if why != reason.Allowed {
			return
		}
		if s := m.Call.Models[0]; "/s/"+s.Namespace+"/x/"+s.Service+m.Path != path {
			t.Errorf("Match(%q) = %v at %s", path, s, m.Path)
		}
	})
}
