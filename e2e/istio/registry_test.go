package istio

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// makeImage runs the program of `make image` and returns the layout it wrote.
func makeImage(t *testing.T, wasm string, more ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "oci")
	cmd := exec.Command("go", append([]string{"run", ".", "-wasm", wasm, "-root", root, "-out", out,
		"-version", "0.1.0", "-revision", "0123456789abcdef0123456789abcdef01234567", "-time", "1700000000"}, more...)...)
	cmd.Dir = filepath.Join(root, "build", "tools", "image")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build/tools/image: %v\n%s", err, text)
	}
	return out
}

// store is a registry that holds what was pushed to it.
type store struct {
	repository string            // host:port/modelgate
	digests    map[string]string // by tag, with "sha256:"
}

// push starts a registry and pushes a layout to it, as a registry's client does:
// tags where the layout has names, digests where it has none.
func push(t *testing.T, dir string) store {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	s := store{strings.TrimPrefix(server.URL, "http://") + "/modelgate", map[string]string{}}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range manifest.Manifests {
		as := "@" + d.Digest.String()
		if tag := d.Annotations["org.opencontainers.image.ref.name"]; tag != "" {
			as, s.digests[tag] = ":"+tag, d.Digest.String()
		}
		ref, err := name.ParseReference(s.repository + as)
		if err == nil {
			err = write(ref, index, d)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// write pushes an image of a layout, or an index of images.
func write(ref name.Reference, from v1.ImageIndex, d v1.Descriptor) error {
	if d.MediaType.IsIndex() {
		index, err := from.ImageIndex(d.Digest)
		if err != nil {
			return err
		}
		return remote.WriteIndex(ref, index)
	}
	img, err := from.Image(d.Digest)
	if err != nil {
		return err
	}
	return remote.Write(ref, img)
}

// TestImage holds what `make image` writes: the same bytes each time, both forms of both Wasm
// modules with their labels, and beside each an SPDX document that names the module.
func TestImage(t *testing.T) {
	head := filepath.Join(t.TempDir(), "modelgate-head.wasm")
	if err := os.WriteFile(head, []byte("a module for heads only"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := makeImage(t, shipped, "-head", head)
	if a, b := tree(t, dir), tree(t, makeImage(t, shipped, "-head", head)); a != b {
		t.Errorf("made twice:\n%s\n%s", a, b)
	}
	s := push(t, dir)
	for tag, file := range map[string]string{"0.1.0": shipped, "0.1.0-artifact": shipped, "0.1.0-head": head, "0.1.0-head-artifact": head} {
		module, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(module)
		manifest, err := imageOf(t, s, tag).Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for label, want := range map[string]string{"version": "0.1.0", "revision": "0123456789abcdef0123456789abcdef01234567",
			"created": "2023-11-14T22:13:20Z"} {
			if got := manifest.Annotations["org.opencontainers.image."+label]; got != want {
				t.Errorf("%s: %s is %q, want %q", tag, label, got, want)
			}
		}
		if text := referrer(t, s, s.digests[tag]); !strings.Contains(text, hex.EncodeToString(sum[:])) ||
			!strings.Contains(text, "pkg:golang/stdlib@") {
			t.Errorf("%s: the SPDX document names neither the module nor Go:\n%s", tag, text)
		}
	}
	config, err := imageOf(t, s, "0.1.0").ConfigFile()
	if err != nil || config.Config.Labels["modelgate.requires"] != "envoy>=1.39" {
		t.Errorf("labels %v, %v", config.Config.Labels, err)
	}
}

func imageOf(t *testing.T, s store, tag string, options ...remote.Option) v1.Image {
	t.Helper()
	ref, err := name.ParseReference(s.repository + ":" + tag)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(ref, options...)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// referrer returns the one document that refers to a digest.
func referrer(t *testing.T, s store, digest string) string {
	t.Helper()
	ref, err := name.NewDigest(s.repository + "@" + digest)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Referrers(ref)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].ArtifactType != "application/spdx+json" {
		t.Fatalf("referrers of %s: %v, %v", digest, manifest, err)
	}
	about, err := remote.Image(ref.Context().Digest(manifest.Manifests[0].Digest.String()))
	if err != nil {
		t.Fatal(err)
	}
	layers, err := about.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatal(layers, err)
	}
	r, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tree is every file of a directory with its sum.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %x\n", strings.TrimPrefix(path, dir), sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
