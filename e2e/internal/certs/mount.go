package certs

import (
	"fmt"
	"os"
	"path/filepath"
)

// Mount is a directory of files that are replaced all at once, as Kubernetes does with
// those of a Secret: each name is a link through "..data", and "..data" is a link that is
// replaced by a rename (kubelet's pkg/volume/util/atomic_writer.go).
type Mount struct {
	dir     string
	version int
}

// NewMount makes the directory with its first files.
func NewMount(dir string, files map[string][]byte) (*Mount, error) {
	m := &Mount{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for name := range files {
		if err := os.Symlink(filepath.Join("..data", name), m.Path(name)); err != nil {
			return nil, err
		}
	}
	return m, m.Replace(files)
}

// Path returns where a file is.
func (m *Mount) Path(name string) string { return filepath.Join(m.dir, name) }

// Replace puts other files of the same names into the directory, all at once.
func (m *Mount) Replace(files map[string][]byte) error {
	m.version++
	version := fmt.Sprintf("..%d", m.version)
	if err := os.Mkdir(m.Path(version), 0o700); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(m.Path(filepath.Join(version, name)), content, 0o600); err != nil {
			return err
		}
	}
	if err := os.Symlink(version, m.Path("..data_tmp")); err != nil {
		return err
	}
	if err := os.Rename(m.Path("..data_tmp"), m.Path("..data")); err != nil {
		return err
	}
	return os.RemoveAll(m.Path(fmt.Sprintf("..%d", m.version-1)))
}
