package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

const configurationHead = `<!-- Written by: go run ./build/tools/reference. Edit manifests/config.schema.json. -->
# Configuration

Every field of a configuration, from its [JSON Schema](../manifests/config.schema.json). The
[README](../README.md#a-configuration) has a whole configuration, and [examples](../examples) has
one for each kind of server and of caller.

A configuration is one JSON document. At the terminal, and inside a WasmPlugin, it is YAML too.

- An unknown field is an error, and so is one that is there twice, also where it would change
  nothing: a newer field is never passed over ([upgrading](upgrading.md)).
- An empty text, list or object is an error. Leave the field out instead.
- All errors are told at once: ` + "`modelgate check config.json`" + ` has the line and the column of each. It
  checks more than the schema can say: that names refer to something, that keys are usable, that
  routes do not overlap.

An editor marks a field that is wrong, completes, and shows what is said here, if it knows the
schema. In JSON, ` + "`$schema`" + ` says where it is; the gate ignores this field. In YAML, a comment in the
first line does, for yaml-language-server, which Visual Studio Code, Neovim, Emacs and others run:

` + "```yaml" + `
# yaml-language-server: $schema=manifests/config.schema.json
version: 1
` + "```" + `

For a WasmPlugin, the schema is [` + "`manifests/wasmplugin.schema.json`" + `](../manifests/wasmplugin.schema.json).

In the tables, *required* is a field that must be there; one without a default may be left out, and
nothing is in its place.
`

// configuration writes docs/configuration.md.
func configuration(root string) (string, error) {
	const name, narrowing = "config.schema.json", "narrowing.schema.json"
	files, err := load(filepath.Join(root, "manifests"), name, narrowing)
	if err != nil {
		return "", err
	}
	whole := schema{files[name].root, files[name]}
	r := &reader{titles: map[string]bool{}, home: map[string]string{}}
	r.object("The configuration", "", whole.get("description").text(), "", whole)
	narrow := schema{files[narrowing].root, files[narrowing]}
	r.object("A narrowing", "", "What may pass by one route of Envoy, of all that the configuration lets pass.", "", narrow)
	var b strings.Builder
	b.WriteString(configurationHead)
	b.WriteString("\n## Fields\n")
	anchors := map[string]bool{}
	for _, s := range r.sections {
		if a := anchor(s.title); anchors[a] {
			return "", fmt.Errorf("two sections with the anchor #%s", a)
		}
		anchors[anchor(s.title)] = true
		s.topics = topics[s.title]
		b.WriteString(s.String())
	}
	for title := range topics {
		if !r.titles[title] {
			return "", fmt.Errorf("no section is %s", title)
		}
	}
	err = writeValues(&b, whole)
	return b.String(), err
}

// topics are the pages about what a section has.
var topics = map[string]string{
	"issuers[]":              "[what each provider needs](providers.md)",
	"issuers[] with apiKeys": "[API keys](api-keys.md)",
	"issuers[] with relay":   "[a gateway and a sidecar](../examples/gateway-and-sidecar/README.md)",
	"issuers[].jwks":         "[keys](keys.md)",
	"issuers[].symmetric":    "[keys](keys.md)",
	"issuers[].absent":       "[denies](denies.md)",
	"peer":                   "[client certificates](client-certificates.md)",
	"signatures":             "[signed requests](signatures.md)",
	"routes[] of openai":     "[endpoints of openai routes](openai.md), [bodies](bodies.md) and [names of models](models.md)",
	"routes[] of http":       "[resources over HTTP](http.md)",
	"routes[].names":         "[every host of a service](../examples/hosts/README.md)",
	"host":                   "[clients that wait](expect.md) and [what the gate tells other filters](metadata.md)",
	"grants[]":               "[grants](grants.md) and [members](members.md)",
	"grants[].claims[]":      "[conditions](conditions.md)",
	"denies[]":               "[denies](denies.md)",
	"identity[]":             "[an external authorizer](../examples/external-authorizer/README.md)",
	"headers":                "[headers](headers.md)",
	"activator":              "[Knative](knative.md)",
	"cors":                   "[CORS](cors.md)",
	"challenge":              "[OAuth 2](oauth2.md)",
	"limits":                 "[limits](limits.md)",
	"lint[]":                 "[questions about a policy](policy.md)",
	"A narrowing":            "[a narrower policy on a route](narrowing.md)",
}

// writeValues writes what the definitions of texts are.
func writeValues(b *strings.Builder, whole schema) error {
	b.WriteString("\n## Values\n\n| | |\n|---|---|\n")
	about := map[string]string{}
	for definition, word := range values {
		d := whole.get("$defs", definition)
		if !d.get("description").exists() {
			return fmt.Errorf("$defs/%s has no description", definition)
		}
		about[word] = d.get("description").text()
	}
	for _, word := range slices.Sorted(maps.Keys(about)) {
		fmt.Fprintf(b, "| %s | %s |\n", word, escape(about[word]))
	}
	return nil
}
