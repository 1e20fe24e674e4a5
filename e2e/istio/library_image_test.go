package istio

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestLibraryImage holds the image of the dynamic module: a node gets the library of its own
// architecture, as one file, the same bytes each time, with an SPDX document that names it.
func TestLibraryImage(t *testing.T) {
	content := map[string][]byte{"amd64": []byte("for amd64"), "arm64": []byte("for arm64")}
	var flags []string
	for _, arch := range []string{"amd64", "arm64"} {
		file := filepath.Join(t.TempDir(), "libmodelgate.so")
		if err := os.WriteFile(file, content[arch], 0o600); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "-native", arch+"="+file)
	}
	dir := makeImage(t, shipped, flags...)
	if a, b := tree(t, dir), tree(t, makeImage(t, shipped, flags...)); a != b {
		t.Errorf("made twice:\n%s\n%s", a, b)
	}
	s := push(t, dir)
	for arch, want := range content {
		img := imageOf(t, s, "0.1.0-native", remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}))
		if got := onlyFile(t, img, "libmodelgate.so"); !bytes.Equal(got, want) {
			t.Errorf("%s: the library is %q", arch, got)
		}
		config, err := img.ConfigFile()
		if err != nil || config.Architecture != arch || config.OS != "linux" || config.Config.Labels["modelgate.requires"] != "envoy>=1.40" {
			t.Errorf("%s: the image is for %s/%s, labels %v, %v", arch, config.OS, config.Architecture, config.Config.Labels, err)
		}
		digest, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(want)
		if text := referrer(t, s, digest.String()); !strings.Contains(text, hex.EncodeToString(sum[:])) ||
			!strings.Contains(text, "pkg:golang/stdlib@") {
			t.Errorf("%s: the SPDX document names neither the library nor Go:\n%s", arch, text)
		}
	}
}

// onlyFile returns the one file of an image.
func onlyFile(t *testing.T, img v1.Image, name string) []byte {
	t.Helper()
	r := mutate.Extract(img)
	defer r.Close()
	files := tar.NewReader(r)
	header, err := files.Next()
	if err != nil || header.Name != name || header.Mode != 0o644 {
		t.Fatalf("the first file is %v, %v", header, err)
	}
	content, err := io.ReadAll(files)
	if err != nil {
		t.Fatal(err)
	}
	if header, err := files.Next(); err != io.EOF {
		t.Errorf("another file: %v, %v", header, err)
	}
	return content
}
