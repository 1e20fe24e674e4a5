//go:build kubernetes

package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/process"
)

// meshConfig is Istio's own configuration, but for what needs an agent: certificates. Paths
// arrive as they were sent, as manifests/istio/README.md recommends.
const meshConfig = `
enableAutoMtls: false
pathNormalization: { normalization: NONE }
`

// istiod starts Istio's control plane, with more of its configuration, and lets the API server
// ask its webhook. The address is where it answers xDS in plaintext.
func (c *cluster) istiod(t *testing.T, more string) (addr string) {
	t.Helper()
	dir := t.TempDir()
	mesh := filepath.Join(dir, "mesh.yaml")
	write(t, mesh, meshConfig+more)
	addrs := process.Serve(t, "pilot-discovery", 5, syscall.SIGTERM, func(addrs []string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(tools, "pilot-discovery"), "discovery", "--kubeconfig", c.kubeconfig(), "--meshConfig", mesh,
			"--grpcAddr", addrs[0], "--secureGRPCAddr", addrs[1], "--httpsAddr", addrs[2], "--httpAddr", addrs[3],
			"--monitoringAddr", addrs[4], "--ctrlz_port", "0", "--registries", "Kubernetes")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig(), "POD_NAMESPACE=istio-system", "POD_NAME=istiod-0",
			"REVISION=default", "CLUSTER_ID=Kubernetes",
			"ISTIOD_CUSTOM_HOST=localhost",                            // in its certificate
			"INJECTION_WEBHOOK_CONFIG_NAME=",                          // there is nothing to inject
			"VALIDATION_WEBHOOK_CONFIG_NAME=istiod-default-validator", // testdata/webhook.yaml
			// Two filters of Istio's own build of Envoy, which upstream's does not know.
			"PILOT_ENABLE_METADATA_EXCHANGE=false", "PILOT_ENABLE_ALPN_FILTER=false")
		return cmd
	}, func(addrs []string) error { return answers("http://"+addrs[3]+"/ready", "") })
	c.run(t, testdata(t, "webhook.yaml", map[string]string{"PORT": process.Port(addrs[2])}), "apply", "-f", "-")
	// The control plane writes its authority into the webhook, and lets it fail closed once it
	// has seen it refuse something.
	eventually(t, "the webhook fails closed", func() bool {
		return c.run(t, "", "get", "validatingwebhookconfiguration", "istiod-default-validator",
			"-o", "jsonpath={.webhooks[0].failurePolicy}") == "Fail"
	})
	return addrs[0]
}

// testdata reads a file of the tests' own, with ${NAME} replaced.
func testdata(t *testing.T, name string, vars map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var replace []string
	for name, value := range vars {
		replace = append(replace, "${"+name+"}", value)
	}
	filled := strings.NewReplacer(replace...).Replace(string(text))
	if strings.Contains(filled, "${") {
		t.Fatalf("%s: a variable has no value:\n%s", name, filled)
	}
	return filled
}

// TestIstio holds the control plane to the commit of Istio with which e2e/istio tests.
func TestIstio(t *testing.T) {
	version := regexp.MustCompile(`(?m)^\s+istio\.io/istio (v\S+)`)
	here := version.FindStringSubmatch(read(t, "build/tools/kubernetes/go.mod"))
	there := version.FindStringSubmatch(read(t, "e2e/istio/go.mod"))
	if here == nil || there == nil || here[1] != there[1] {
		t.Errorf("build/tools/kubernetes has Istio %q, e2e/istio %q", here, there)
	}
}
