//go:build kubernetes

package kubernetes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRoutes runs the command of manifests/istio/README.md that writes a route for each
// InferenceService and applies it.
func TestRoutes(t *testing.T) {
	c := newCluster(t)
	c.define(t, "kserve")
	c.istiod(t, "")
	c.run(t, testdata(t, "inferenceservices.yaml", nil), "apply", "-f", "-")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "config.json"), read(t, "examples/iap/config.json"))
	cmd := exec.Command("sh", "-c", documented(t, "kubectl get inferenceservices"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), c.env()...)
	cmd.Env = append(cmd.Env, "PATH="+tools+":"+filepath.Dir(modelgate)+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "Warning") {
		t.Fatalf("%v: %s", err, out)
	}
	hosts := strings.Fields(c.run(t, "", "get", "virtualservices", "-A", "-o", "jsonpath={.items[*].spec.hosts[*]}"))
	slices.Sort(hosts)
	var want []string // each host of a service to which the gate may send a request on
	for _, service := range []string{"fraud-%s-default.prod", "images-%s-default.kubeflow"} {
		for _, component := range []string{"explainer", "predictor", "transformer"} {
			want = append(want, fmt.Sprintf(service, component)+".svc.cluster.local")
		}
	}
	if !slices.Equal(hosts, want) {
		t.Errorf("there are routes for %q, want %q", hosts, want)
	}
}

// documented returns the command of manifests/istio/README.md that begins like this.
func documented(t *testing.T, begin string) string {
	t.Helper()
	_, block, ok := strings.Cut(read(t, "manifests/istio/README.md"), "```\n"+begin)
	block, _, end := strings.Cut(block, "```")
	if !ok || !end {
		t.Fatalf("manifests/istio/README.md has no command that begins with %s", begin)
	}
	return begin + block
}
