// Command image writes the modules as an OCI image layout, which any registry client
// can push. The layout has the two forms of a Wasm module that Istio's agent accepts, for
// both Wasm modules, and the dynamic module as one image for the architectures that are
// given; each has an SPDX document that lists its content. The same modules, revision and
// time give the same bytes.
//
//	image -wasm FILE [-head FILE] [-native amd64=FILE] [-native arm64=FILE] -root DIR -version V -revision COMMIT -time SECONDS -out DIR
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// release is what the image's labels say.
type release struct {
	version, revision string
	created           time.Time
}

func main() {
	wasm := flag.String("wasm", "", "the Wasm module")
	head := flag.String("head", "", "the Wasm module for heads only")
	root := flag.String("root", ".", "the root of the sources that the modules were built from")
	out := flag.String("out", "", "the directory to write; an existing one is replaced")
	seconds := flag.Int64("time", 0, "the time of creation, in seconds since 1970")
	r, native := release{}, []string{}
	flag.Func("native", "the dynamic module for an architecture of Linux, as amd64=FILE or arm64=FILE; may be repeated",
		func(from string) error {
			native = append(native, from)
			return nil
		})
	flag.StringVar(&r.version, "version", "", "the version, which becomes the tag")
	flag.StringVar(&r.revision, "revision", "", "the commit")
	flag.Parse()
	if *wasm == "" || *out == "" || r.version == "" || r.revision == "" || *seconds <= 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	r.created = time.Unix(*seconds, 0).UTC()
	if err := write(*wasm, *head, native, *root, *out, r); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// write writes the layout, and prints the digest of each tag: V and V-artifact for the Wasm
// module, V-head and V-head-artifact for the one for heads only, and V-native.
func write(wasm, head string, native []string, root, out string, r release) error {
	filters, libraries, err := read(wasm, head, native)
	if err != nil {
		return err
	}
	to, err := newLayout(out, root, r)
	if err != nil {
		return err
	}
	for i, filter := range filters {
		tag := r.version + []string{"", "-head"}[i]
		if err := to.add(filter, tag, layered); err != nil {
			return err
		}
		if err := to.add(filter, tag+"-artifact", artifact); err != nil {
			return err
		}
	}
	if len(libraries) == 0 {
		return nil
	}
	return to.addIndex(libraries, r.version+"-native")
}

// read reads the Wasm modules, of which the second may not be there, and the dynamic ones.
func read(wasm, head string, native []string) (filters, libraries []module, err error) {
	filter, err := wasmModule(wasm, "modelgate.wasm", "")
	if err != nil {
		return nil, nil, err
	}
	filters = append(filters, filter)
	if head != "" {
		if filter, err = wasmModule(head, "modelgate-head.wasm", "head"); err != nil {
			return nil, nil, err
		}
		filters = append(filters, filter)
	}
	for _, from := range native {
		library, err := nativeModule(from)
		if err != nil {
			return nil, nil, err
		}
		libraries = append(libraries, library)
	}
	return filters, libraries, nil
}
