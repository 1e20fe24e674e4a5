package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// The fields of SPDX 2.3 (ISO/IEC 5962) that the document has, as JSON.
type (
	sbomDocument struct {
		Version       string        `json:"spdxVersion"`
		License       string        `json:"dataLicense"`
		ID            string        `json:"SPDXID"`
		Name          string        `json:"name"`
		Namespace     string        `json:"documentNamespace"`
		Creation      creation      `json:"creationInfo"`
		Packages      []sbomPackage `json:"packages"`
		Relationships []relation    `json:"relationships"`
	}
	creation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	sbomPackage struct {
		ID        string     `json:"SPDXID"`
		Name      string     `json:"name"`
		Version   string     `json:"versionInfo"`
		Location  string     `json:"downloadLocation"`
		Analyzed  bool       `json:"filesAnalyzed"`
		Checksums []checksum `json:"checksums,omitempty"`
		Refs      []ref      `json:"externalRefs,omitempty"`
		Comment   string     `json:"comment,omitempty"`
	}
	checksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	ref struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	relation struct {
		Element string `json:"spdxElementId"`
		Type    string `json:"relationshipType"`
		Related string `json:"relatedSpdxElement"`
	}
)

// edited says of which parts the Wasm module has less than they have, and what makes the edits.
var edited = map[string]string{
	"stdlib":                       "with the edits of build/tools/library",
	"github.com/tidwall/gjson":     "without its init, by build/tools/wasm",
	"github.com/golang-jwt/jwt/v5": "without its readers of PEM, by build/tools/wasm",
}

// spdx returns an SPDX document that lists the module, the Go modules in it, and the version
// of Go that built it.
func spdx(m module, root string, r release) ([]byte, error) {
	linked, err := linked(root, m.sources)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(m.bytes)
	digest := hex.EncodeToString(sum[:])
	d := sbomDocument{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: "modelgate-" + r.version,
		Namespace: "https://spdx.org/spdxdocs/modelgate-" + r.version + "-" + digest,
		Creation:  creation{Created: r.date(), Creators: []string{"Tool: modelgate-build-image"}},
		Packages: []sbomPackage{{
			ID: "SPDXRef-modelgate", Name: m.file, Version: r.version, Location: "NOASSERTION",
			Checksums: []checksum{{"SHA256", digest}},
		}},
		Relationships: []relation{{"SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-modelgate"}},
	}
	for i, part := range linked {
		id := fmt.Sprintf("SPDXRef-%d", i+1)
		d.Packages = append(d.Packages, sbomPackage{
			ID: id, Name: part[0], Version: part[1], Location: "NOASSERTION",
			Refs:    []ref{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + part[0] + "@" + part[1]}},
			Comment: m.edited[part[0]],
		})
		d.Relationships = append(d.Relationships, relation{"SPDXRef-modelgate", "CONTAINS", id})
	}
	return json.MarshalIndent(d, "", " ")
}

// sources are the package that a module is built from, and how.
type sources struct {
	pkg, tags string
	env       []string
}

// linked returns the name and version of Go's standard library, and of each Go module
// that the packages come from.
func linked(root string, from sources) ([][2]string, error) {
	run := func(arguments ...string) (string, error) {
		cmd := exec.Command("go", arguments...)
		cmd.Dir, cmd.Stderr = root, os.Stderr
		cmd.Env = append(append(os.Environ(), "GOFLAGS=", "GOWORK=off"), from.env...)
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	version, err := run("env", "GOVERSION")
	if err != nil {
		return nil, err
	}
	const notOurs = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}"
	list, err := run("list", "-deps", "-tags", from.tags, "-f", notOurs, from.pkg)
	if err != nil {
		return nil, err
	}
	modules := [][2]string{{"stdlib", strings.TrimPrefix(version, "go")}}
	for _, line := range slices.Compact(slices.Sorted(strings.SplitSeq(list, "\n"))) {
		if path, version, ok := strings.Cut(line, " "); ok {
			modules = append(modules, [2]string{path, version})
		}
	}
	return modules, nil
}
