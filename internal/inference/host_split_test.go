package inference_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

const (
	splitRow     = `[{"protocol": "kserve-v1", "prefix": "/p", "names": {"predictor": "{service}-{namespace}.example.com"}}]`
	openShiftRow = `[{"protocol": "kserve-v1", "prefix": "/p", "names": {"predictor": "{service}-predictor-{namespace}.apps.example.com"}}]`
	fixedRow     = `[{"protocol": "kserve-v1", "prefix": "/p", "names": {"predictor": "{service}.example.com",
		"explainer": "{service}-explainer.example.com", "namespaces": ["prod"]}}]`
)

// TestSplitHosts has hosts without a dot between service and namespace: the call is for
// every service that the label can be cut into.
func TestSplitHosts(t *testing.T) {
	checkMatches(t, compile(t, splitRow), []matchCase{
		{"fraud-prod.example.com", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-prod.example.com:443", "GET /v1/models/fraud", "kserve-v1 ready prod/fraud"},
		{"fraud-team-a.example.com", "POST /v1/models/fraud:predict", "kserve-v1 predict team-a/fraud a/fraud-team/fraud"},
		{"fraud-predictor-prod.example.com", "GET /v1/models/fraud",
			"kserve-v1 ready predictor-prod/fraud prod/fraud-predictor/fraud prod/fraud"},
		{"latest-fraud-prod.example.com", "GET /v1/models/fraud",
			"kserve-v1 ready fraud-prod/latest/fraud prod/latest-fraud/fraud prod/fraud"},
		{"a--b.example.com", "GET /v1/models/a", "host_invalid"},
		{"fraud.example.com", "GET /v1/models/fraud", "host_invalid"},
		{"-prod.example.com", "GET /v1/models/fraud", "host_invalid"},
		{"fraud-.example.com", "GET /v1/models/fraud", "host_invalid"},
		{"-.example.com", "GET /v1/models/fraud", "host_invalid"},
		{".example.com", "GET /v1/models/fraud", "host_invalid"},
		{"x.fraud-prod.example.com", "GET /v1/models/fraud", "host_invalid"},
		{"fraud.x-prod.example.com", "GET /v1/models/fraud", "host_invalid"},
		{"Fraud-prod.example.com", "GET /v1/models/fraud", "host_invalid"},
		{strings.Repeat("l", 60) + "-prod.example.com", "GET /v1/models/fraud", "host_invalid"},
		// The path names one of the services: the host must be no other.
		{"fraud-prod.example.com", "POST /p/prod/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-team-a.example.com", "POST /p/team-a/fraud:predict", "identity_conflict"},
		{"churn-prod.example.com", "POST /p/prod/fraud:predict", "identity_conflict"},
		// The host that the gate writes is read too.
		{public, "POST /p/prod/fraud:predict", "kserve-v1 predict prod/fraud"},
		{public, "POST /p/team-a/fraud:predict", "kserve-v1 predict team-a/fraud a/fraud-team/fraud"},
		{public, "POST /p/a/fraud-team:predict", "kserve-v1 predict a/fraud-team team-a/fraud/fraud-team"},
		{public, "POST /p/prod/" + strings.Repeat("l", 60) + ":predict", "model_invalid"},
	})
	checkMatches(t, compile(t, openShiftRow), []matchCase{
		{"fraud-predictor-prod.apps.example.com", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"fraud-v2-predictor-team-a.apps.example.com", "GET /v1/models/fraud", "kserve-v1 ready team-a/fraud-v2/fraud"},
		{"a-predictor-predictor-b.apps.example.com", "GET /v1/models/a", "kserve-v1 ready predictor-b/a b/a-predictor/a"},
		{"fraud-prod.apps.example.com", "GET /v1/models/fraud", "host_invalid"},
		{"fraud-predictor-.apps.example.com", "GET /v1/models/fraud", "host_invalid"},
		{public, "GET /p/prod/fraud", "kserve-v1 ready prod/fraud"},
	})
}

// TestSplitLimit has the most places where a host can be cut, and one more.
func TestSplitLimit(t *testing.T) {
	routes := compile(t, splitRow)
	const most = 8
	for hyphens, want := range map[int]reason.Reason{
		1: reason.Allowed, most: reason.Allowed, most + 1: reason.HostInvalid, 31: reason.HostInvalid,
	} {
		label := strings.Repeat("a-", hyphens) + "b"
		m, why := routes.Match(request("GET /v1/models/m", label+".example.com"))
		if why != want || why == reason.Allowed && len(m.Call.Models) != hyphens {
			t.Errorf("Match(%s) = %s with %d models, want %s", label, why, len(m.Call.Models), want)
		}
		service := strings.TrimSuffix(label, "-b")
		if _, why = routes.Match(request("GET /p/b/"+service, public)); why != want {
			t.Errorf("Match(/p/b/%s) = %s, want %s as on the service's own host", service, why, want)
		}
	}
}

// TestFixedNamespace has a template without a namespace, in both directions.
func TestFixedNamespace(t *testing.T) {
	checkMatches(t, compile(t, fixedRow), []matchCase{
		{"fraud.example.com", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"latest-fraud.example.com", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/latest-fraud/fraud prod/fraud"},
		{"fraud-explainer.example.com", "POST /v1/models/fraud:explain", "kserve-v1 explain prod/fraud-explainer/fraud prod/fraud"},
		{"x.fraud.example.com", "GET /v1/models/fraud", "host_invalid"},
		{"edge.example.org", "POST /p/prod/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"edge.example.org", "POST /p/test/fraud:predict", "model_invalid"},
		{"models.example.com", "POST /p/prod/fraud:predict", "identity_conflict"}, // it is the host of a service models
	})
	tagged := `[{"protocol": "kserve-v1", "names": {"predictor": "latest-{service}.example.com", "namespaces": ["prod"]}},` + fixedRow[1:]
	checkMatches(t, compile(t, tagged), []matchCase{
		{"latest-fraud.example.com", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
		{"prev-fraud.example.com", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/prev-fraud/fraud prod/fraud"},
		{"fraud.example.com", "POST /v1/models/fraud:predict", "kserve-v1 predict prod/fraud"},
	})
}

// TestDeclaredSplitHosts has hosts of which a route says whose they are.
func TestDeclaredSplitHosts(t *testing.T) {
	const long = "a-b-c-d-e-f-g-h-i-j-team-a.example.com"
	declared := func(service string, hosts ...string) string {
		return fmt.Sprintf(`{"protocol": "kserve-v1", "service": %q, "hosts": ["%s"]}`, service, strings.Join(hosts, `", "`))
	}
	routes := func(rows ...string) *inference.Routes { return compile(t, "["+strings.Join(rows, ",")+"]") }
	split := strings.Trim(splitRow, "[]")
	fraud := declared("team-a/fraud", "fraud-team-a.example.com", "fraud.example.org")
	checkMatches(t, routes(fraud, split), []matchCase{
		{"fraud-team-a.example.com", "GET /v1/models/fraud", "kserve-v1 ready team-a/fraud"},
		{"fraud.example.org", "GET /v1/models/fraud", "kserve-v1 ready team-a/fraud"},
		{public, "GET /p/team-a/fraud", "kserve-v1 ready team-a/fraud"},
		{"fraud-team-a.example.com", "GET /p/team-a/fraud", "kserve-v1 ready team-a/fraud"},
		// What another service would be called leads to the declared one too.
		{public, "GET /p/a/fraud-team", "kserve-v1 ready a/fraud-team team-a/fraud/fraud-team"},
		{"fraud-team-a.example.com", "GET /p/a/fraud-team", "identity_conflict"},
		{"churn-team-a.example.com", "GET /v1/models/churn", "kserve-v1 ready team-a/churn a/churn-team/churn"},
	})
	checkMatches(t, routes(split, fraud, declared("team-a/a-b-c-d-e-f-g-h-i-j", long)), []matchCase{
		{"fraud-team-a.example.com", "GET /v1/models/fraud", "kserve-v1 ready team-a/fraud"},
		{long, "GET /v1/models/m", "kserve-v1 ready team-a/a-b-c-d-e-f-g-h-i-j/m"},
	})
	// One that the host cannot mean, and two at once, are none.
	for _, rows := range [][]string{
		{declared("prod/other", "fraud-team-a.example.com"), split},
		{fraud, declared("a/fraud-team", "fraud-team-a.example.com"), split},
	} {
		checkMatches(t, routes(rows...), []matchCase{{"fraud-team-a.example.com", "GET /v1/models/fraud", "identity_conflict"}})
	}
}

// FuzzSplitHosts has any label: its services are exactly those that make it.
func FuzzSplitHosts(f *testing.F) {
	for _, label := range []string{"fraud-prod", "fraud-team-a", "a-predictor-b", "a--b", "-", "a-b-c-d-e-f-g-h-i-j-k-l-m-n", "a.b-c"} {
		f.Add(label)
	}
	routes := compile(f, `[{"protocol": "kserve-v1", "names": {"predictor": "{service}-{namespace}.example.com", "exact": ["*/*"]}}]`)
	f.Fuzz(func(t *testing.T, label string) {
		var want []string
		for i := range len(label) {
			if label[i] == '-' && inference.IsLabel(label[:i]) && inference.IsLabel(label[i+1:]) && inference.IsLabel(label) {
				want = append(want, fmt.Sprintf("%s/%s", label[i+1:], label[:i]))
			}
		}
		m, why := routes.Match(request("GET /v1/models/m", label+".example.com"))
		if allowed := len(want) >= 1 && len(want) <= 8; allowed != (why == reason.Allowed) {
			t.Fatalf("Match(%q) = %s, want allowed %v", label, why, allowed)
		}
		for _, model := range m.Call.Models {
			if s := model.Namespace + "/" + model.Service; !slices.Contains(want, s) {
				t.Errorf("Match(%q) asks for %s, want one of %q", label, s, want)
			}
		}
		if why == reason.Allowed && len(m.Call.Models) != len(want) {
			t.Errorf("Match(%q) asks for %v, want %q", label, m.Call.Models, want)
		}
	})
}
