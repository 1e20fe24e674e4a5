package main

import (
	"archive/tar"
	"bytes"
	"io"

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

// labels returns the labels of the OCI image specification, and the Envoy version that
// the module requires.
func (r release) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "modelgate",
		"org.opencontainers.image.description": "Decides, inside Envoy, who may call which machine-learning model",
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.revision":    r.revision,
		"org.opencontainers.image.created":     r.created.Format("2006-01-02T15:04:05Z"),
		"modelgate.requires":                   "envoy>=1.39",
	}
}

// layered returns an ordinary image with one layer that contains plugin.wasm, as
// `FROM scratch` makes it. Every registry stores such an image.
func layered(module []byte, r release) (v1.Image, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	err := w.WriteHeader(&tar.Header{
		Name: "plugin.wasm", Mode: 0o644, Size: int64(len(module)), ModTime: r.created, Format: tar.FormatUSTAR,
	})
	if err == nil {
		_, err = w.Write(module)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	compressed, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layer.Bytes())), nil
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
	config.Architecture, config.OS = "wasm", "wasip1"
	config.Created = v1.Time{Time: r.created}
	config.History, config.Config.Labels = nil, r.labels()
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return nil, err
	}
	return mutate.Annotations(img, r.labels()).(v1.Image), nil
}

// artifact returns the form without a tar file: the module itself is a layer, and a
// second layer is its (empty) runtime configuration.
func artifact(module []byte, r release) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), wasmConfig)
	img, err := mutate.AppendLayers(img, static.NewLayer(module, wasmLayer), static.NewLayer([]byte("{}"), wasmConfig))
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(img, r.labels()).(v1.Image), nil
}

// document returns the SPDX document as an artifact.
func document(sbom []byte, r release) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), spdxType)
	img, err := mutate.AppendLayers(img, static.NewLayer(sbom, spdxType))
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(img, map[string]string{
		"org.opencontainers.image.created": r.labels()["org.opencontainers.image.created"],
	}).(v1.Image), nil
}
