//go:build kubernetes

package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestChart installs each release of manifests/helm/modelgate/ci with Helm, and removes it.
func TestChart(t *testing.T) {
	c := newCluster(t)
	c.istiod(t, "")
	for _, release := range []struct{ values, namespace, has string }{
		{"gateway", "istio-system", "configmap podmonitor prometheusrule wasmplugin"},
		{"native", "istio-system", "envoyfilter"},
		{"sidecar", "prod", "destinationrule destinationrule peerauthentication serviceentry serviceentry wasmplugin"},
	} {
		t.Run(release.values, func(t *testing.T) {
			values := filepath.Join(root, "manifests", "helm", "modelgate", "ci", release.values+"-values.yaml")
			out := c.helm(t, release.namespace, "install", "modelgate", chart(), "-f", values)
			if !strings.Contains(out, "STATUS: deployed") {
				t.Errorf("helm install says\n%s", out)
			}
			if got := c.released(t, release.namespace); got != release.has {
				t.Errorf("the release has %q, want %q", got, release.has)
			}
			c.helm(t, release.namespace, "uninstall", "modelgate")
			if got := c.released(t, release.namespace); got != "" {
				t.Errorf("after the release there are %q", got)
			}
		})
	}
}

// TestChartUpgrade changes a release, and goes back to the one before.
func TestChartUpgrade(t *testing.T) {
	c := newCluster(t)
	c.istiod(t, "")
	values := filepath.Join(root, "manifests", "helm", "modelgate", "ci", "gateway-values.yaml")
	member := func() string {
		return c.run(t, "", "-n", "istio-system", "get", "wasmplugin", "modelgate", "-o", "jsonpath={.spec.pluginConfig.grants[0].members[0]}")
	}
	c.helm(t, "istio-system", "install", "modelgate", chart(), "-f", values)
	c.helm(t, "istio-system", "upgrade", "modelgate", chart(), "-f", values, "--set", "config.grants[0].members[0]=user:eve@example.com,"+
		"config.grants[0].name=analysts,config.grants[0].issuers={iap},config.grants[0].role=invoker,config.grants[0].models={prod/fraud}")
	if got := member(); got != "user:eve@example.com" {
		t.Errorf("after the upgrade %s may call", got)
	}
	c.helm(t, "istio-system", "rollback", "modelgate", "1")
	if got := member(); got != "user:ana@example.com" {
		t.Errorf("after going back %s may call", got)
	}
}

func chart() string { return filepath.Join(root, "manifests", "helm", "modelgate") }

// helm runs a command of Helm that must neither fail nor warn of anything but EnvoyFilters.
func (c *cluster) helm(t *testing.T, namespace string, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(tools, "helm"), append(args, "--namespace", namespace)...)
	cmd.Env = append(os.Environ(), append(c.env(), "HELM_CACHE_HOME="+c.dir, "HELM_CONFIG_HOME="+c.dir, "HELM_DATA_HOME="+c.dir)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("helm %q: %v\n%s", args, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(strings.ToLower(line), "warn") && !strings.Contains(line, "EnvoyFilter exposes") {
			t.Errorf("helm %q: %s", args, line)
		}
	}
	return string(out)
}

// released are the kinds of a release's resources, in the order of the alphabet.
func (c *cluster) released(t *testing.T, namespace string) string {
	t.Helper()
	const kinds = "configmaps,destinationrules,envoyfilters,peerauthentications,podmonitors,prometheusrules,serviceentries,wasmplugins"
	out, _, err := c.kubectl("", "-n", namespace, "get", kinds, "-l", "app.kubernetes.io/instance=modelgate", "-o", "name")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(out) {
		kind, _, _ := strings.Cut(line, "/")
		kind, _, _ = strings.Cut(kind, ".")
		found = append(found, kind)
	}
	return strings.Join(found, " ")
}
