// Command image writes the module as an OCI image layout, which any registry client
// can push. The layout has the two forms that Istio's agent accepts, each with an SPDX
// document that lists its content. The same module, revision and time give the same
// bytes.
//
//	image -wasm FILE -root DIR -version V -revision COMMIT -time SECONDS -out DIR
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// release is what the image's labels say.
type release struct {
	version, revision string
	created           time.Time
}

func main() {
	wasm := flag.String("wasm", "", "the Wasm module")
	root := flag.String("root", ".", "the root of the sources that the module was built from")
	out := flag.String("out", "", "the directory to write; an existing one is replaced")
	seconds := flag.Int64("time", 0, "the time of creation, in seconds since 1970")
	r := release{}
	flag.StringVar(&r.version, "version", "", "the version, which becomes the tag")
	flag.StringVar(&r.revision, "revision", "", "the commit")
	flag.Parse()
	if *wasm == "" || *out == "" || r.version == "" || r.revision == "" || *seconds <= 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	r.created = time.Unix(*seconds, 0).UTC()
	if err := write(*wasm, *root, *out, r); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// write writes the layout: the tags V and V-artifact, and for each its SPDX document as
// a referrer (OCI distribution 1.1). It prints the digest of each tag.
func write(wasm, root, out string, r release) error {
	module, err := os.ReadFile(wasm)
	if err != nil {
		return err
	}
	sbom, err := spdx(module, root, r)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	to, err := layout.Write(out, empty.Index)
	if err != nil {
		return err
	}
	for _, form := range []struct {
		tag  string
		make func([]byte, release) (v1.Image, error)
	}{{r.version, layered}, {r.version + "-artifact", artifact}} {
		img, err := form.make(module, r)
		if err != nil {
			return err
		}
		if err := add(to, img, form.tag, sbom, r); err != nil {
			return fmt.Errorf("%s: %w", form.tag, err)
		}
	}
	return nil
}

// add appends an image with a tag, and the SPDX document that refers to it.
func add(to layout.Path, img v1.Image, tag string, sbom []byte, r release) error {
	named := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})
	if err := to.AppendImage(img, named); err != nil {
		return err
	}
	subject, err := partial.Descriptor(img)
	if err != nil {
		return err
	}
	subject.Annotations = nil
	about, err := document(sbom, r)
	if err != nil {
		return err
	}
	about = mutate.Subject(about, *subject).(v1.Image)
	if err := to.AppendImage(about); err != nil {
		return err
	}
	fmt.Println(strings.Join([]string{tag, subject.Digest.String()}, "\t"))
	return nil
}
