package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// FindEnvoy returns the path that the script build/tools/envoy prints. The script may
// install Envoy first, which takes seconds and the network.
func FindEnvoy() (string, error) {
	script, err := above(filepath.Join("build", "tools", "envoy"))
	if err != nil {
		return "", err
	}
	cmd := exec.Command(script)
	cmd.Stderr = os.Stderr
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("harness: build/tools/envoy found no Envoy: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
}

// above looks for a file in the working directory and its parents: go test runs
// in the directory of the package.
func above(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			return path, err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("harness: no %s here or above", name)
		}
		dir = parent
	}
}
