package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// wasmPlugin is a gateway's plugin as Istio has it, with keys that are published where nobody is.
const wasmPlugin = `
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: modelgate}
spec:
  url: oci://registry.example.com/modelgate/modelgate:0.1.0
  pluginConfig:
    version: 1
    issuers:
      - name: corp
        issuer: https://login.example.com
        audiences: [models]
        algorithms: [PS256, RS256]
        groups: /groups
        jwks: {remote: {uri: "https://login.example.com/keys", cluster: "outbound|443||login.example.com"}}
      - name: partners
        from: [{header: x-api-key}]
        apiKeys: {inline: [{sha256: 3f786850e387550fdab836ed7e6dc881de23001b0b8b3a1c0f5f3e1c3ad6b1c5, subject: partner-1}]}
    routes:
      - {protocol: kserve-v1, prefix: /kfserving, names: kserve}
      - {protocol: openai, service: prod/llm, hosts: [llm.example.com]}
    grants:
      - {name: chat, issuers: [corp], members: ["group:analysts"], role: invoker, models: ["prod/llm/llama3:*"]}
`

// TestTrial runs configurations with development keys, each as its file is, and the calls that are
// shown: the token has a grant.
func TestTrial(t *testing.T) {
	t.Chdir(root)
	dir := t.TempDir()
	plugin := filepath.Join(dir, "wasmplugin.yaml")
	if err := os.WriteFile(plugin, []byte(wasmPlugin), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file string
		want []string // of each command
		note string
	}{
		{"examples/iap/config.json", []string{`"reason":"credential_missing"`, `"path":"/v1/models/sklearn-iap:predict"`}, ""},
		{plugin, []string{`"reason":"credential_missing"`, `"authority":"llm.example.com","path":"/v1/chat/completions"`}, "has API keys"},
	} {
		try, err := prepareOwn(root, filepath.Join(dir, "modelgate"), filepath.Join(dir, filepath.Base(c.file)+".run"), c.file, true)
		if err != nil {
			t.Fatal(err)
		}
		o, err := startOwn(root, module, try.file(), "")
		defer o.stage.stop()
		if err != nil {
			t.Fatal(err)
		}
		lines := try.lines(o.stage.envoys[ownName].Addr())
		if len(lines) != len(c.want) || !strings.Contains(strings.Join(try.notes, "\n"), c.note) {
			t.Errorf("%s: %d commands and the notes %q, want %d, and %q", c.file, len(lines), try.notes, len(c.want), c.note)
		}
		for i, want := range c.want[:min(len(lines), len(c.want))] {
			out, err := exec.Command("sh", "-c", lines[i].command).CombinedOutput()
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s: %s\ngives %s (%v), want %s", c.file, lines[i].command, out, err, want)
			}
		}
	}
}

// TestOwnWithErrors: a configuration that does not compile does not run.
func TestOwnWithErrors(t *testing.T) {
	t.Chdir(root)
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte("version: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := prepareOwn(root, filepath.Join(dir, "modelgate"), dir, file, false)
	if err == nil || !strings.Contains(err.Error(), "modelgate check") {
		t.Errorf("prepareOwn says %v, want that check fails", err)
	}
}
