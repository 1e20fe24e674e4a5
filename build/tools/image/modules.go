package main

import (
	"fmt"
	"os"
	"strings"
)

// module is a file to publish, and what an image says of it.
type module struct {
	bytes    []byte
	file     string // what the SPDX document calls it
	name     string // in the image
	os, arch string
	requires string
	sources  sources
	edited   map[string]string // comments on Go modules, by path
}

// wasmModule reads the filter for Proxy-Wasm, which was built with tags.
func wasmModule(path, file, tags string) (module, error) {
	content, err := os.ReadFile(path)
	return module{
		bytes: content, file: file, name: "plugin.wasm", os: "wasip1", arch: "wasm", requires: "envoy>=1.39",
		sources: sources{pkg: "./filter", tags: tags, env: []string{"GOOS=wasip1", "GOARCH=wasm"}}, edited: edited,
	}, err
}

// nativeModule reads the dynamic module for one architecture of Linux; from is ARCH=FILE.
func nativeModule(from string) (module, error) {
	arch, path, ok := strings.Cut(from, "=")
	if !ok || arch != "amd64" && arch != "arm64" {
		return module{}, fmt.Errorf("-native must be amd64=FILE or arm64=FILE; got %q", from)
	}
	content, err := os.ReadFile(path)
	return module{
		bytes: content, file: "libmodelgate.so", name: "libmodelgate.so", os: "linux", arch: arch, requires: "envoy>=1.40",
		sources: sources{pkg: "./filter/native", tags: "native", env: []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=1"}},
	}, err
}
