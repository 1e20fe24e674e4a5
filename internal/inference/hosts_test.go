package inference_test

import (
	"slices"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	const public = `{"protocol": "kserve-v1", "prefix": "/a", "names": "kfserving"}`
	kfserving := []string{"x-predictor-default.ns.svc.cluster.local", "x-explainer-default.ns.svc.cluster.local", "x-transformer-default.ns.svc.cluster.local"}
	for _, c := range []struct {
		routes, namespace, service string
		want                       []string
		ok                         bool
	}{
		{"[" + public + "]", "ns", "x", kfserving, true},
		{"[" + public + `, {"protocol": "kserve-v1", "prefix": "/b", "names": "kfserving"}]`, "ns", "x", kfserving, true},
		{`[{"protocol": "kserve-v1", "prefix": "/a", "names": {"predictor": "{service}.{namespace}.example.com"}}]`, "ns", "x", []string{"x.ns.example.com"}, true},
		{`[{"protocol": "kserve-v1", "names": "kfserving"}]`, "ns", "x", nil, true}, // nothing is rewritten
		{"[" + public + "]", "ns", strings.Repeat("x", 60), nil, true},
		{"[" + public + "]", "ns", "X", nil, false},
		{"[" + public + "]", "ns", "a.b", nil, false},
		{"[" + public + "]", "", "x", nil, false},
		{"[" + public + "]", "n/s", "x", nil, false},
	} {
		got, ok := compile(t, c.routes).Hosts(c.namespace, c.service)
		if ok != c.ok || !slices.Equal(got, c.want) {
			t.Errorf("%s: Hosts(%q, %q) = %v, %v, want %v, %v", c.routes, c.namespace, c.service, got, ok, c.want, c.ok)
		}
	}
}
