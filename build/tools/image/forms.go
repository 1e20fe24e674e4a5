package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The media types of a Wasm artifact that Istio's agent accepts (istio.io/istio,
// pkg/wasm/imagefetcher.go).
const (
	wasmConfig types.MediaType = "application/vnd.module.wasm.config.v1+json"
	wasmLayer  types.MediaType = "application/vnd.module.wasm.content.layer.v1+wasm"
	spdxType   types.MediaType = "application/spdx+json"
)

// labels returns the labels of the OCI image specification, and what the module requires.
func (r release) labels(requires string) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "modelgate",
		"org.opencontainers.image.description": "Decides, inside Envoy, who may call which machine-learning model",
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.revision":    r.revision,
		"org.opencontainers.image.created":     r.date(),
		"modelgate.requires":                   requires,
	}
}

func (r release) date() string { return r.created.Format("2006-01-02T15:04:05Z") }

// layered returns an ordinary image with one layer that contains one file, as `FROM scratch`
// makes it. Every registry stores such an image, and Kubernetes mounts it as a volume.
func layered(m module, r release) (v1.Image, error) {
	layer, err := tarOf(m.name, m.bytes, r.created)
	if err != nil {
		return nil, err
	}
	compressed, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layer)), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.AppendLayers(img, compressed); err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Architecture, config.OS = m.arch, m.os
	config.Created = v1.Time{Time: r.created}
	config.History, config.Config.Labels = nil, r.labels(m.requires)
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return nil, err
	}
	return mutate.Annotations(img, r.labels(m.requires)).(v1.Image), nil
}

// tarOf returns a tar archive of one file. It depends on nothing but its arguments.
func tarOf(name string, content []byte, created time.Time) ([]byte, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	err := w.WriteHeader(&tar.Header{
		Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: created, Format: tar.FormatUSTAR,
	})
	if err == nil {
		_, err = w.Write(content)
	}
	err = errors.Join(err, w.Close())
	return layer.Bytes(), err
}

// artifact returns the form without a tar file: the module itself is a layer, and a
// second layer is its (empty) runtime configuration.
func artifact(m module, r release) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), wasmConfig)
	img, err := mutate.AppendLayers(img, static.NewLayer(m.bytes, wasmLayer), static.NewLayer([]byte("{}"), wasmConfig))
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(img, r.labels(m.requires)).(v1.Image), nil
}

// document returns the SPDX document as an artifact.
func document(sbom []byte, r release) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), spdxType)
	img, err := mutate.AppendLayers(img, static.NewLayer(sbom, spdxType))
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(img, map[string]string{
		"org.opencontainers.image.created": r.date(),
	}).(v1.Image), nil
}
