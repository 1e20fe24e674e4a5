package istio

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestGeneratedRoutes has `modelgate routes` write the VirtualServices of 300
// services. Istio takes them all; a service among them is reached by its path,
// and one that the gate would let through but is not among them is not.
func TestGeneratedRoutes(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	services := []string{"kubeflow/sklearn-iap"}
	for i := range 299 {
		services = append(services, fmt.Sprintf("kubeflow/model-%d", i))
	}
	routes := generated(t, s, services)
	if len(routes) != 3*len(services) { // predictor, explainer, transformer
		t.Errorf("%d routes for %d services", len(routes), len(services))
	}
	var resources []config.Config
	for _, c := range public(t, w, clusters) {
		if _, ok := c.Spec.(*networking.VirtualService); !ok {
			resources = append(resources, c)
		}
	}
	plane := newPlane(t, nil, append(append(resources, routes...), plugin(t, "gateway", s))...)
	gateway := plane.start(t, w)
	settled(t, gateway, request(t, s, ana, "POST /kfserving/kubeflow/sklearn-iap:predict"), passed, "a service with a route")
	settled(t, gateway, request(t, s, nil, "POST /kfserving/kubeflow/model-7:predict"), "401 credential_missing", "nobody")
	office := &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "zoe@partner.example",
		"google": map[string]any{"access_levels": []any{"accessPolicies/1/accessLevels/office"}}}}
	settled(t, gateway, request(t, s, office, "POST /kfserving/prod/risk-eu:predict"), "404", "a service without a route")
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// generated runs `modelgate routes`.
func generated(t *testing.T, s *corpus.Scenario, services []string) []config.Config {
	t.Helper()
	cmd := exec.Command("go", "run", "./cmd/modelgate", "routes", "--config", filepath.Join(s.Dir, "config.json"),
		"--gateway", "kubeflow/kubeflow-gateway", "--to", "kubeflow.example.com")
	cmd.Dir, cmd.Stdin = root, strings.NewReader(strings.Join(services, "\n"))
	yaml, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := parse(t, string(yaml))
	for _, c := range all {
		if warning, err := validate(c); warning != nil || err != nil {
			t.Errorf("%s: warning %v, error %v", c.Name, warning, err)
		}
	}
	return all
}
