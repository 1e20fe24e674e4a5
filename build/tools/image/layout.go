package main

import (
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// imageLayout is the directory to write. Each image in it has its SPDX document as a referrer
// (OCI distribution 1.1).
type imageLayout struct {
	layout.Path
	root string
	release
}

// newLayout makes an empty layout, in the place of one that is there.
func newLayout(out, root string, r release) (imageLayout, error) {
	if err := os.RemoveAll(out); err != nil {
		return imageLayout{}, err
	}
	path, err := layout.Write(out, empty.Index)
	return imageLayout{path, root, r}, err
}

// add appends a module in a form, with a tag, and prints the digest.
func (l imageLayout) add(m module, tag string, form func(module, release) (v1.Image, error)) error {
	img, err := form(m, l.release)
	if err != nil {
		return fmt.Errorf("%s: %w", tag, err)
	}
	if err := l.AppendImage(img, named(tag)); err != nil {
		return fmt.Errorf("%s: %w", tag, err)
	}
	return l.describe(m, img, tag)
}

// addIndex appends one image for several architectures, of which a client takes its own.
func (l imageLayout) addIndex(modules []module, tag string) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var images []v1.Image
	for _, m := range modules {
		img, err := layered(m, l.release)
		if err != nil {
			return fmt.Errorf("%s: %w", tag, err)
		}
		platform := &v1.Platform{OS: m.os, Architecture: m.arch}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: platform}})
		images = append(images, img)
	}
	index = mutate.Annotations(index, l.labels(modules[0].requires)).(v1.ImageIndex)
	if err := l.AppendIndex(index, named(tag)); err != nil {
		return fmt.Errorf("%s: %w", tag, err)
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	fmt.Printf("%s\t%s\n", tag, digest)
	for i, m := range modules {
		if err := l.describe(m, images[i], tag+" "+m.os+"/"+m.arch); err != nil {
			return err
		}
	}
	return nil
}

// describe appends the SPDX document that refers to an image, whose digest it prints.
func (l imageLayout) describe(m module, img v1.Image, what string) error {
	sbom, err := spdx(m, l.root, l.release)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	about, err := document(sbom, l.release)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	subject, err := partial.Descriptor(img)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	subject.Annotations = nil
	if err := l.AppendImage(mutate.Subject(about, *subject).(v1.Image)); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Printf("%s\t%s\n", what, subject.Digest)
	return nil
}

func named(tag string) layout.Option {
	return layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})
}
