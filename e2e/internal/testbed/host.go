package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The hosts of a gate inside Envoy. HOST in the environment says which one runs.
const (
	Wasm   = "wasm"   // V8, by Proxy-Wasm; also where HOST is empty
	Native = "native" // a dynamic module
)

// Host returns the host that HOST names.
func Host() string {
	if host := os.Getenv("HOST"); host != "" {
		return host
	}
	return Wasm
}

// OnlyWasm skips a test whose subject only the Wasm host has: what, in a few words.
func OnlyWasm(t *testing.T, what string) {
	t.Helper()
	if Host() != Wasm {
		t.Skip("only Wasm has it: " + what)
	}
}

// OnlyNative skips a test whose subject only the dynamic module has.
func OnlyNative(t *testing.T, what string) {
	t.Helper()
	if Host() != Native {
		t.Skip("only the dynamic module has it: " + what)
	}
}

// Build builds the module for [Host] from the sources, and returns its file in dir.
func Build(root, dir, name string, flags ...string) (string, error) {
	var out string
	switch Host() {
	case Wasm:
		out = filepath.Join(dir, name+".wasm")
	case Native:
		out = filepath.Join(dir, "lib"+name+".so")
	default:
		return "", fmt.Errorf("HOST must be %s or %s; got %q", Wasm, Native, Host())
	}
	return out, run(root, Host(), append([]string{out}, flags...)...)
}

// BuildWasm builds the Wasm module from the sources into a file.
func BuildWasm(root, out string, flags ...string) error {
	return run(root, "wasm", append([]string{out}, flags...)...)
}

// BuildNative builds the dynamic module from the sources into a file lib*.so.
func BuildNative(root, out string, flags ...string) error {
	return run(root, "native", append([]string{out}, flags...)...)
}

// run runs a script below build/tools.
func run(root, script string, arguments ...string) error {
	command := exec.Command(filepath.Join(root, "build", "tools", script), arguments...)
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build/tools/%s: %w\n%s", script, err, text)
	}
	return nil
}
