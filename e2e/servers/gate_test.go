//go:build servers || vllm

package servers

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// behind is a gate before a server, with the tokens of an analyst, who may use alpha, and of
// an operator, who may do everything.
type behind struct {
	envoy             *harness.Envoy
	analyst, operator string
}

func startGate(t *testing.T, upstreams map[string]string) behind {
	t.Helper()
	s, err := corpus.LoadConfig(filepath.Join(root, "e2e", "servers", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: module, Upstreams: upstreams, LogLevel: "warning",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		envoy.Stop()
		if text := envoy.Log(); t.Failed() {
			t.Logf("Envoy wrote:\n%s", text[max(0, len(text)-4000):])
		}
	})
	b := behind{envoy: envoy}
	for group, token := range map[string]*string{"analysts": &b.analyst, "operators": &b.operator} {
		if *token, err = s.Mint(corpus.Token{Issuer: "corp", Claims: map[string]any{"groups": []string{group}}}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return b
}
