//go:build kubernetes

package kubernetes

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// everyEnvoyFilter is the one warning that Istio's webhook has for each EnvoyFilter.
const everyEnvoyFilter = "Warning: EnvoyFilter exposes internal implementation details that may change at any time. " +
	"Prefer other APIs if possible, and exercise extreme caution, especially around upgrades.\n"

// TestManifests applies every manifest as its README says. The API server and the webhook take
// each without a warning, and nothing of it is lost.
func TestManifests(t *testing.T) {
	c := newCluster(t)
	c.istiod(t, read(t, "manifests/istio/authorizer/meshconfig.yaml"))
	applied := map[string]bool{}
	for _, dir := range kustomizations(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			for line := range strings.Lines(c.apply(t, "--dry-run=server", "-k", dir)) {
				if !strings.HasSuffix(line, " created (server dry run)\n") {
					t.Errorf("the dry run says %s", line)
				}
			}
			for line := range strings.Lines(c.apply(t, "-k", dir)) {
				if !strings.HasSuffix(line, " created\n") {
					t.Errorf("it says %s", line)
				}
			}
			if out, _, err := c.kubectl("", "diff", "-k", dir); err != nil || out != "" {
				t.Errorf("what is there differs from the manifest: %v\n%s", err, out)
			}
			c.run(t, "", "delete", "-k", dir)
		})
		for _, file := range resourcesOf(t, dir) {
			applied[file] = true
		}
	}
	for _, file := range others(t, applied) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c.apply(t, "-n", "istio-system", "-f", file)
			c.run(t, "", "delete", "-n", "istio-system", "-f", file)
		})
	}
	t.Run("csi-mount.yaml", func(t *testing.T) { // a patch
		dir := filepath.Join(root, "manifests", "istio", "secrets")
		c.apply(t, "-k", dir)
		c.run(t, "", "-n", "istio-system", "patch", "deployment", "istio-ingressgateway", "--patch-file", filepath.Join(dir, "csi-mount.yaml"))
		spec := "{.spec.template.spec.containers[0].volumeMounts[*].name} {.spec.template.spec.volumes[*].name} " +
			"{.spec.template.spec.containers[0].env[*].name}"
		got := c.run(t, "", "-n", "istio-system", "get", "deployment", "istio-ingressgateway", "-o", "jsonpath="+spec)
		if want := "modelgate-keys modelgate-keys BATCH_KEY_3 BATCH_KEY_4 CORP_JWKS"; got != want {
			t.Errorf("the gateway has %q, want %q", got, want)
		}
	})
}

// apply applies resources that must be taken, without a warning of their own.
func (c *cluster) apply(t *testing.T, args ...string) (out string) {
	t.Helper()
	out, printed, err := c.kubectl("", append([]string{"apply"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	if printed = strings.ReplaceAll(printed, everyEnvoyFilter, ""); printed != "" {
		t.Errorf("kubectl apply %s prints %q", strings.Join(args, " "), printed)
	}
	return out
}

// kustomizations are the directories of manifests that kustomize builds.
func kustomizations(t *testing.T) (dirs []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "manifests", "*", "*", "kustomization.yaml"))
	if err != nil || len(files) < 11 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		dirs = append(dirs, filepath.Dir(file))
	}
	return dirs
}

// resourcesOf are the files that a kustomization names.
func resourcesOf(t *testing.T, dir string) (files []string) {
	t.Helper()
	for line := range strings.Lines(read(t, filepath.Join(dir, "kustomization.yaml"))) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok && strings.HasSuffix(name, ".yaml") {
			files = append(files, filepath.Join(dir, name))
		}
	}
	if len(files) == 0 {
		t.Fatalf("%s has no resources", dir)
	}
	return files
}

// others are the resources of no kustomization, each in the place of one.
func others(t *testing.T, applied map[string]bool) (files []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(root, "manifests", "istio", "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	noResource := []string{"kustomization.yaml", "meshconfig.yaml", "csi-mount.yaml"}
	for _, file := range all {
		if !applied[file] && !slices.Contains(noResource, filepath.Base(file)) {
			files = append(files, file)
		}
	}
	if len(files) != 3 { // vault.yaml, csi-google.yaml and csi-vault.yaml of secrets
		t.Errorf("outside of kustomizations there are %q", files)
	}
	return files
}

// read reads a file of the repository, or of an absolute path.
func read(t *testing.T, file string) string {
	t.Helper()
	if !filepath.IsAbs(file) {
		file = filepath.Join(root, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
