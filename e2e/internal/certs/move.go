package certs

import (
	"path/filepath"
	"strings"
)

// Move has a bootstrap read the files of /etc/certs from dir.
func Move(node any, dir string) {
	switch node := node.(type) {
	case map[string]any:
		for name, value := range node {
			if text, ok := value.(string); ok && strings.HasPrefix(text, "/etc/certs/") {
				node[name] = filepath.Join(dir, filepath.Base(text))
			}
			Move(value, dir)
		}
	case []any:
		for _, value := range node {
			Move(value, dir)
		}
	}
}
