//go:build kubernetes

package kubernetes

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// plaintext is the warning for a namespace without a PeerAuthentication.
const plaintext = "there is no PeerAuthentication: mutual TLS is PERMISSIVE, so the pods accept plaintext from any client"

// TestCheckMesh gives `modelgate check --mesh` what kubectl prints of a namespace.
func TestCheckMesh(t *testing.T) {
	c := newCluster(t)
	c.run(t, testdata(t, "mesh.yaml", nil), "apply", "-f", "-")
	open := []string{
		"Pod prod/fraud-predictor-2: ports 8081 bypass the sidecar (excludeInboundPorts)",
		"Pod prod/fraud-predictor-2: uses its node's network, where no sidecar intercepts (hostNetwork)",
		"Service prod/fraud-raw: port 9000 has the protocol tcp: Istio runs no HTTP filters there",
		"Service prod/fraud-raw: port 9001 declares no protocol: what does not start like HTTP passes as TCP; name the port http or grpc",
	}
	c.warns(t, "prod", append(slices.Clone(open), plaintext))
	c.apply(t, "-k", filepath.Join(root, "manifests", "istio", "sidecar"))
	c.warns(t, "prod", open)
	c.run(t, "", "-n", "prod", "delete", "service/fraud-raw", "pod/fraud-predictor-2")
	c.warns(t, "prod", nil)
	c.run(t, "", "-n", "prod", "patch", "peerauthentication", "modelgate", "--type=merge", "-p", `{"spec": {"mtls": {"mode": "PERMISSIVE"}}}`)
	c.warns(t, "prod", []string{
		"PeerAuthentication prod/modelgate: mtls.mode must be STRICT, or the pods accept plaintext from any client; got PERMISSIVE",
	})
}

// warns checks the warnings of `check --mesh` about a namespace, in both forms of kubectl's.
func (c *cluster) warns(t *testing.T, namespace string, want []string) {
	t.Helper()
	for _, form := range []string{"json", "yaml"} {
		file := filepath.Join(t.TempDir(), "mesh."+form)
		write(t, file, c.run(t, "", "-n", namespace, "get", "services,pods,peerauthentications", "-o", form))
		cmd := exec.Command(modelgate, "check", "--mesh", file, filepath.Join(root, "examples", "iap", "config.json"))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("check --mesh: %v\n%s", err, stderr.String())
		}
		var got []string
		for line := range strings.Lines(stderr.String()) {
			got = append(got, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), file+": warning: "))
		}
		slices.Sort(got)
		sorted := slices.Sorted(slices.Values(want))
		if !slices.Equal(got, sorted) {
			t.Errorf("%s: check --mesh warns of %q\nwant %q", form, got, sorted)
		}
	}
}

// TestCheckInstalled gives `modelgate check` the resources as kubectl prints them: with what the
// API server has added, among it the annotation in which apply keeps the manifest.
func TestCheckInstalled(t *testing.T) {
	c := newCluster(t)
	s, err := corpus.Load(filepath.Join(root, "examples", "iap"))
	if err != nil {
		t.Fatal(err)
	}
	c.apply(t, "-k", overlay(t, "gateway", module, s.Config))
	for _, form := range []string{"json", "yaml"} {
		if out, err := c.checkInstalled(t, form); err != nil || !strings.HasSuffix(out, ": ok\n") {
			t.Errorf("%s: %v: %s", form, err, out)
		}
	}
	c.run(t, "", "-n", "istio-system", "patch", "wasmplugin", "modelgate", "--type=json", "-p",
		`[{"op": "replace", "path": "/spec/pluginConfig/grants/0/role", "value": "invokers"}]`)
	const want = `"/grants/0/role": must be viewer, invoker or admin; got "invokers"`
	for _, form := range []string{"json", "yaml"} {
		if out, err := c.checkInstalled(t, form); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v: %s, want %s", form, err, out, want)
		}
	}
}

// checkInstalled is `kubectl get | modelgate check -`.
func (c *cluster) checkInstalled(t *testing.T, form string) (string, error) {
	t.Helper()
	cmd := exec.Command(modelgate, "check", "-")
	cmd.Stdin = strings.NewReader(c.run(t, "", "-n", "istio-system", "get", "wasmplugin", "modelgate", "-o", form))
	out, err := cmd.CombinedOutput()
	return string(out), err
}
