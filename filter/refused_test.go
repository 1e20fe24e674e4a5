package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// TestRefusedConfigurations: the module reports each problem of a configuration in the words
// that internal/gate has natively. (Its library is not the same: build/tools/library.)
func TestRefusedConfigurations(t *testing.T) {
	paths, err := filepath.Glob("../internal/gate/testdata/config/refused/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	env := map[string]string{
		"KEY":    strings.Repeat("A", 43),
		"KEY32":  strings.Repeat("A", 43),
		"KEY64":  strings.Repeat("A", 86),
		"SHORT":  "AAAA",
		"PADDED": "AAAAAA==",
		"JWKS":   "two\nlines",
	}
	vm := start(t, shipped, wasmhost.Options{Env: env})
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			config, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".want")
			if err != nil {
				t.Fatal(err)
			}
			before := len(vm.Logs())
			if ok, err := vm.Configure(string(config)); ok || err != nil {
				t.Fatalf("Configure() = %v, %v, want false", ok, err)
			}
			logs := vm.Logs()[before:]
			text := "model gate: the configuration has errors:\n" + strings.TrimSuffix(string(want), "\n")
			if len(logs) != 1 || logs[0].Text != text {
				t.Errorf("log = %v, want\n%s", logs, text)
			}
		})
	}
}
