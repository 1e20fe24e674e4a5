package main

import (
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	_, file := scenario(t)
	write := func(gateway, to, in string) (string, string, int) {
		var out, errs strings.Builder
		args := []string{"routes", "--config", file, "--gateway", gateway, "--to", to}
		status := run(args, strings.NewReader(in), &out, &errs, func(string) (string, bool) {
			return strings.Repeat("QUFB", 32), true
		})
		return out.String(), errs.String(), status
	}
	out, errs, status := write("kubeflow/gateway", "local.istio-system.svc.cluster.local", "prod/fraud\nprod/churn\nprod/fraud\n")
	const first = `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: modelgate-fraud-predictor-default, namespace: prod }
spec:
  hosts: [fraud-predictor-default.prod.svc.cluster.local]
  gateways: [kubeflow/gateway]
  http: [{ route: [{ destination: { host: local.istio-system.svc.cluster.local } }] }]
`
	if status != 0 || errs != "" || !strings.HasPrefix(out, first) || strings.Count(out, "kind: VirtualService") != 6 {
		t.Errorf("status %d, errors %q\n%s", status, errs, out)
	}
	if out, _, _ = write("kubeflow/gateway", "", "prod/fraud\n"); !strings.Contains(out, "destination: { host: fraud-explainer-default.prod.svc.cluster.local }") {
		t.Errorf("to the host itself:\n%s", out)
	}
	if out, errs, status = write("kubeflow/gateway", "", "prod/fraud\nprod/Fraud\nfraud\n\nprod/a/b\nprod/"+strings.Repeat("x", 60)+"\n"); status != 1 || strings.Count(errs, "line ") != 5 || strings.Count(out, "kind:") != 3 {
		t.Errorf("status %d, errors %q\n%s", status, errs, out)
	}
	for _, c := range [][2]string{{"gateway", ""}, {"", ""}, {"a/b]", ""}, {"A/b", ""}, {"a/b", "x y"}, {"a/b", "x}"}, {"a/b", "-x"}} {
		if _, errs, status := write(c[0], c[1], "prod/fraud\n"); status != 2 || !strings.Contains(errs, "usage:") {
			t.Errorf("--gateway %q --to %q: status %d, %q", c[0], c[1], status, errs)
		}
	}
}
