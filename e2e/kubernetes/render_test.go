//go:build kubernetes

package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestRender applies what `modelgate render` writes in each form of Istio's, of an example whose
// keys are published at https: the gate, and an entry and a rule for each server of keys.
func TestRender(t *testing.T) {
	c := newCluster(t)
	c.istiod(t, "")
	file := filepath.Join(t.TempDir(), "config.json")
	config := strings.ReplaceAll(read(t, "examples/remote-keys/config.json"), `"http://`, `"https://`)
	write(t, file, edit.Set(t, config, "/issuers/0/jwks/remote/uri", `"https://keys.example.com:8443/jwks.json"`))
	for _, form := range []string{"wasmplugin", "envoyfilter", "envoyfilter --native"} {
		t.Run(form, func(t *testing.T) {
			cmd := exec.Command(modelgate, append([]string{"render", "--config", file}, strings.Fields(form)...)...)
			cmd.Stderr = os.Stderr
			rendered, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			out, printed, err := c.kubectl(string(rendered), "apply", "-f", "-")
			if err != nil || strings.ReplaceAll(printed, everyEnvoyFilter, "") != "" {
				t.Errorf("%v: %s", err, printed)
			}
			if n := strings.Count(out, " created\n"); n != 7 {
				t.Errorf("%d resources, want 7:\n%s", n, out)
			}
			c.run(t, string(rendered), "delete", "-f", "-")
		})
	}
}
