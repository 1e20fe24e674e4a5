package inference_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// Rows of "routes" on the services' own hosts.
const (
	publicDomain    = `[{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.example.com"}}]`
	componentDomain = `[{"protocol": "kserve-v1", "names": {"predictor": "{service}-predictor.{namespace}.example.com"}}]`
	kservePreset    = `[{"protocol": "kserve-v1", "prefix": "/p", "names": {"preset": "kserve"}}]`
)

// readingCase wants the services that a host can mean: those that must be granted
// and, after "possibly", those on which a deny applies too. It wants a Reason where
// the host is refused.
type readingCase struct{ host, want string }

func checkReadings(t *testing.T, routes string, cases []readingCase) {
	t.Helper()
	compiled := compile(t, routes)
	for _, c := range cases {
		t.Run(c.host, func(t *testing.T) {
			m, why := compiled.Match(request("GET /v1/models/m", c.host))
			got := why.String()
			if why == reason.Allowed {
				got = readingText(&m.Call)
			}
			if got != c.want {
				t.Errorf("Match on %s = %s, want %s", c.host, got, c.want)
			}
		})
	}
}

func readingText(call *inference.Call) string {
	text := strings.Join(servicesInOrder(call.Models), " ")
	if len(call.Possible) > 0 {
		text += " possibly " + strings.Join(servicesInOrder(call.Possible), " ")
	}
	return text
}

func servicesInOrder(models []inference.Model) (names []string) {
	for _, m := range models {
		if !slices.Contains(names, m.Service) {
			names = append(names, m.Service)
		}
	}
	return names
}

// TestReadingsOfTheWholeLabel has a template without a component: the label can be a
// component, a tag or a revision.
func TestReadingsOfTheWholeLabel(t *testing.T) {
	checkReadings(t, publicDomain, []readingCase{
		{"fraud.prod.example.com", "fraud"},
		{"sklearn-v2-iris.prod.example.com", "sklearn-v2-iris"},
		{"fraud-predictor.prod.example.com", "fraud-predictor fraud"},
		{"fraud-predictor-default.prod.example.com", "fraud-predictor-default fraud"},
		{"fraud-predictor-canary.prod.example.com", "fraud-predictor-canary fraud"},
		{"fraud-explainer.prod.example.com", "fraud-explainer fraud"},
		{"fraud-transformer-default.prod.example.com", "fraud-transformer-default fraud"},
		{"fraud-kserve-workload-svc.prod.example.com", "fraud-kserve-workload-svc fraud"},
		{"fraud-predictor-worker.prod.example.com", "fraud-predictor-worker fraud"},
		{"fraud-head-3.prod.example.com", "fraud-head-3 fraud"},
		{"prev-fraud.prod.example.com", "prev-fraud fraud"},
		{"latest-fraud-predictor.prod.example.com", "latest-fraud-predictor latest-fraud fraud-predictor fraud"},
		{"fraud-00001.prod.example.com", "fraud-00001 fraud"},
		{"fraud-predictor-00001.prod.example.com", "fraud-predictor-00001 fraud-predictor fraud"},
		{"fraud-predictor-00001-private.prod.example.com", "fraud-predictor-00001-private fraud-predictor-00001 fraud-predictor fraud"},
		{"fraud-predictor-default-x7k2p.prod.example.com", "fraud-predictor-default-x7k2p fraud-predictor-default fraud"},
		// These are no forms of KServe's, but a deny on fraud applies to some of them.
		{"fraud-private.prod.example.com", "fraud-private"},
		{"fraud-0001.prod.example.com", "fraud-0001"},
		{"fraud-v2.prod.example.com", "fraud-v2"},
		{"fraud-x7k2p.prod.example.com", "fraud-x7k2p"},
		{"fraud-canary.prod.example.com", "fraud-canary"},
		{"fraudpredictor.prod.example.com", "fraudpredictor"},
		{"prevfraud.prod.example.com", "prevfraud"},
		{"predictor.prod.example.com", "predictor"},
		{"prev-prev-fraud.prod.example.com", "prev-prev-fraud prev-fraud possibly fraud"},
		{"fraud-00001-predictor.prod.example.com", "fraud-00001-predictor fraud-00001 possibly fraud"},
		{"fraud-predictor-predictor.prod.example.com", "fraud-predictor-predictor fraud-predictor possibly fraud"},
		{"Prev-fraud.prod.example.com", "host_invalid"},
		{"prev-.prod.example.com", "host_invalid"},
		{"prev--fraud.prod.example.com", "prev--fraud"},
		{"-predictor.prod.example.com", "host_invalid"},
	})
}

// TestReadingsBesideAComponent has templates that have the component: only a tag, or
// the name of a predictor, can be in the label.
func TestReadingsBesideAComponent(t *testing.T) {
	checkReadings(t, kservePreset, []readingCase{
		{"fraud-predictor.prod", "fraud possibly fraud-predictor"},
		{"fraud-explainer.prod.svc", "fraud possibly fraud-explainer"},
		{"fraud-transformer.prod.svc.cluster.local:80", "fraud possibly fraud-transformer"},
		{"prev-fraud-predictor.prod", "prev-fraud fraud possibly prev-fraud-predictor fraud-predictor"},
		{"latest-fraud-explainer.prod.svc.cluster.local", "latest-fraud fraud possibly latest-fraud-explainer fraud-explainer"},
		{"bert-transformer-predictor.prod", "bert-transformer possibly bert-transformer-predictor bert"},
		{"fraud-00001-predictor.prod", "fraud-00001 possibly fraud-00001-predictor fraud"},
		{"fraud-predictor-00001.prod", "host_invalid"},
		{"fraud-predictor-default.prod", "host_invalid"},
		{"Prev-fraud-predictor.prod", "host_invalid"},
	})
}

func TestReadingsWithTags(t *testing.T) {
	routes := edit.Set(t, publicDomain, "/0/names/tags", `["stable", "v-1"]`)
	checkReadings(t, routes, []readingCase{
		{"stable-fraud.prod.example.com", "stable-fraud fraud"},
		{"v-1-fraud-predictor.prod.example.com", "v-1-fraud-predictor v-1-fraud fraud-predictor fraud"},
		{"prev-fraud.prod.example.com", "prev-fraud fraud"},
		{"v-2-fraud.prod.example.com", "v-2-fraud"},
	})
	checkReadings(t, publicDomain, []readingCase{{"stable-fraud.prod.example.com", "stable-fraud"}})
}

func TestReadingsWithPredictors(t *testing.T) {
	checkReadings(t, edit.Set(t, kservePreset, "/0/names/predictors", `["v2"]`), []readingCase{
		{"fraud-v2-predictor.prod", "fraud-v2 fraud possibly fraud-v2-predictor"},
		{"prev-fraud-v2-predictor.prod", "prev-fraud-v2 prev-fraud fraud-v2 fraud possibly " +
			"prev-fraud-v2-predictor fraud-v2-predictor"},
		{"fraud-v3-predictor.prod", "fraud-v3 possibly fraud-v3-predictor"},
	})
	checkReadings(t, edit.Set(t, publicDomain, "/0/names/predictors", `["v2"]`), []readingCase{
		{"fraud-v2-predictor.prod.example.com", "fraud-v2-predictor fraud-v2 fraud"},
		{"fraud-v2.prod.example.com", "fraud-v2"},
	})
	checkReadings(t, kservePreset, []readingCase{{"fraud-v2-predictor.prod", "fraud-v2 possibly fraud-v2-predictor"}})
}

// TestReadingsOfExactNames has services whose names look like a tag of others. The
// default needs a grant on both.
func TestReadingsOfExactNames(t *testing.T) {
	exact := func(routes string) string {
		return edit.Set(t, routes, "/0/names/exact", `["prod/latest-*", "prod/churn-predictor"]`)
	}
	checkReadings(t, exact(publicDomain), []readingCase{
		{"latest-fraud.prod.example.com", "latest-fraud"},
		{"latest-fraud-predictor.prod.example.com", "latest-fraud-predictor"},
		{"churn-predictor.prod.example.com", "churn-predictor"},
		{"churn-predictor-predictor-00001.prod.example.com", "churn-predictor-predictor-00001 churn-predictor-predictor churn-predictor"},
		{"prev-churn-predictor.prod.example.com", "prev-churn-predictor prev-churn churn-predictor churn"},
		{"latest-fraud.test.example.com", "latest-fraud fraud"},
		{"prev-fraud.prod.example.com", "prev-fraud fraud"},
	})
	checkReadings(t, exact(kservePreset), []readingCase{
		{"latest-fraud-predictor.prod", "latest-fraud"},
		{"churn-predictor-predictor.prod", "churn-predictor"},
		{"prev-fraud-predictor.prod", "prev-fraud fraud possibly prev-fraud-predictor fraud-predictor"},
	})
	checkReadings(t, publicDomain, []readingCase{{"churn-predictor.prod.example.com", "churn-predictor churn"}})
}

// TestReadingsOfTwoRoutes has hosts that the templates of two routes make, in either
// order of the routes.
func TestReadingsOfTwoRoutes(t *testing.T) {
	const (
		whole     = `{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.example.com"}}`
		component = `{"protocol": "kserve-v1", "names": {"predictor": "{service}-predictor.{namespace}.example.com"}}`
		tag       = `{"protocol": "kserve-v1", "names": {"predictor": "latest-{service}.{namespace}.example.com"}}`
	)
	checkReadings(t, "["+component+","+whole+"]", []readingCase{
		{"fraud.prod.example.com", "fraud"},
		{"fraud-predictor.prod.example.com", "fraud fraud-predictor"},
		{"latest-fraud-predictor.prod.example.com", "latest-fraud latest-fraud-predictor fraud fraud-predictor"},
	})
	checkReadings(t, "["+whole+","+component+"]", []readingCase{
		{"fraud-predictor.prod.example.com", "fraud-predictor fraud"},
	})
	// A template with a tag says whose tag it is.
	for _, routes := range []string{"[" + tag + "," + whole + "]", "[" + whole + "," + tag + "]"} {
		checkReadings(t, routes, []readingCase{
			{"flowers.ns.example.com", "flowers"},
			{"latest-flowers.ns.example.com", "flowers possibly latest-flowers"},
			{"prev-flowers.ns.example.com", "prev-flowers flowers"},
			{"latest-flowers-predictor.ns.example.com", "flowers-predictor flowers possibly latest-flowers-predictor latest-flowers"},
		})
	}
}

// TestReadingsOfNamespaces has templates whose names have no dot between them.
func TestReadingsOfNamespaces(t *testing.T) {
	const (
		flat = `[{"protocol": "kserve-v1",
			"names": {"predictor": "{service}-{namespace}.example.com", "namespaces": ["admin", "iris-admin"]}}]`
		component = `[{"protocol": "kserve-v1", "names": {"predictor": "{service}-predictor-{namespace}.example.com", "namespaces": ["admin"]}}]`
		fixed     = `[{"protocol": "kserve-v1", "names": {"predictor": "{service}-admin.example.com", "namespaces": ["admin"]}}]`
		dotted    = `[{"protocol": "kserve-v1", "names": {"preset": "kserve", "namespaces": ["admin"]}, "serviceHosts": true}]`
	)
	checkReadings(t, flat, []readingCase{
		{"fraud-admin.example.com", "fraud"},
		{"sklearn-v2-iris-admin.example.com", "sklearn-v2-iris sklearn-v2"},
		{"fraud-predictor-admin.example.com", "fraud-predictor fraud"},
		{"prev-fraud-predictor-00001-admin.example.com", "prev-fraud-predictor-00001 prev-fraud-predictor prev-fraud " +
			"fraud-predictor-00001 fraud-predictor fraud"},
		{"fraud-test.example.com", "host_invalid"},
		{"fraud.admin.example.com", "host_invalid"},
		{"-admin.example.com", "host_invalid"},
		{"admin.example.com", "host_invalid"},
		{"Fraud-admin.example.com", "host_invalid"},
	})
	checkReadings(t, component, []readingCase{
		{"fraud-predictor-admin.example.com", "fraud possibly fraud-predictor"},
		{"bert-transformer-predictor-admin.example.com", "bert-transformer possibly bert-transformer-predictor bert"},
		{"fraud-admin.example.com", "host_invalid"},
	})
	checkReadings(t, fixed, []readingCase{
		{"fraud-admin.example.com", "fraud"},
		{"prev-fraud-admin.example.com", "prev-fraud fraud"},
	})
	checkReadings(t, dotted, []readingCase{
		{"fraud-predictor.admin", "fraud fraud-predictor"},
		{"fraud.admin.svc", "fraud"},
		{"fraud-predictor.prod", "host_invalid"},
	})
}

// TestNamespacesOfPublicPaths has public paths to hosts of listed namespaces.
func TestNamespacesOfPublicPaths(t *testing.T) {
	const routes = `[{"protocol": "kserve-v1", "prefix": "/p",
		"names": {"predictor": "{service}-{namespace}.example.com", "namespaces": ["admin", "iris-admin"]}}]`
	for _, c := range []struct{ path, want string }{
		{"POST /p/admin/fraud:predict", "kserve-v1 predict admin/fraud -> fraud-admin.example.com /v1/models/fraud:predict"},
		{"POST /p/iris-admin/fraud:predict",
			"kserve-v1 predict iris-admin/fraud admin/fraud-iris/fraud -> fraud-iris-admin.example.com /v1/models/fraud:predict"},
		{"POST /p/test/fraud:predict", "model_invalid"},
	} {
		t.Run(c.path, func(t *testing.T) {
			r := request(c.path, public)
			m, why := compile(t, routes).Match(r)
			got := why.String()
			if why == reason.Allowed {
				got = matchText(r, m)
			}
			if got != c.want {
				t.Errorf("Match(%s) = %s, want %s", c.path, got, c.want)
			}
		})
	}
}

// TestHashedRevision has names of revisions that are too long, so that Knative puts a
// hash into them: no one knows whose they are.
func TestHashedRevision(t *testing.T) {
	long := strings.Repeat("l", 50) + "-predictor"
	revision := childName(long, "-00001")
	checkReadings(t, publicDomain, []readingCase{
		{revision + ".prod.example.com", "host_invalid"},
		{childName(revision, "-private") + ".prod.example.com", "host_invalid"},
		{long + ".prod.example.com", long + " " + strings.Repeat("l", 50)},
		{strings.Repeat("a", 63) + ".prod.example.com", strings.Repeat("a", 63)},
		{strings.Repeat("a", 62) + ".prod.example.com", strings.Repeat("a", 62)},
	})
}

// FuzzHost compares what a host reads as with what the host of each of its services
// reads as.
func FuzzHost(f *testing.F) {
	routes := compile(f, `[{"protocol": "kserve-v1", "prefix": "/p", "names": {"preset": "kserve", "tags": ["stable"], "predictors": ["v2"]}},
		{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.example.com", "exact": ["prod/latest-*"]}}]`)
	for _, label := range hostLabels("fraud") {
		f.Add(label + ".prod.example.com")
		f.Add(label + ".prod")
	}
	f.Fuzz(func(t *testing.T, host string) {
		m, why := routes.Match(request("GET /v1/models/m", host))
		if why != reason.Allowed {
			return
		}
		for _, model := range slices.Concat(m.Call.Models, m.Call.Possible) {
			if !inference.IsLabel(model.Service) || !strings.Contains(host, model.Service) || !strings.Contains(host, "."+model.Namespace) {
				t.Errorf("Match(%q) = %v and possibly %v, want parts of the host", host, m.Call.Models, m.Call.Possible)
			}
		}
		for _, model := range m.Call.Models {
			if slices.Contains(m.Call.Possible, model) {
				t.Errorf("Match(%q) = %v and possibly %v, want each model once", host, m.Call.Models, m.Call.Possible)
			}
		}
	})
}
