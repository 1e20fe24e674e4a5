package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// yamlConfig is a configuration with mistakes in lines 4 and 9.
const yamlConfig = `# what may be
version: 1
issuers:
  - name: corp
    issuer: https://corp.example
    audiences: [models]
    algorithms: [HS256]
    symmetric: { env: CORP }
    extra: 1
routes:
  - { prefix: /p, protocol: kserve-v1, names: kserve }
grants:
  - name: all
    issuers: [corp]
    members: [allAuthenticatedUsers]
    role: invokers
    models: [prod/*]
`

// indented puts spaces before each line of a text.
func indented(spaces int, text string) string {
	pad := strings.Repeat(" ", spaces)
	return pad + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+pad) + "\n"
}

// inWasmPlugin puts a configuration in YAML into a WasmPlugin.
func inWasmPlugin(name, config string) string {
	return "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata:\n  name: " + name +
		"\n  namespace: prod\nspec:\n  url: file:///x\n  pluginConfig:\n" + indented(4, config)
}

// inEnvoyFilter puts a configuration in JSON into an EnvoyFilter.
func inEnvoyFilter(name, config string) string {
	return `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: gates
spec:
  configPatches:
    - applyTo: HTTP_FILTER
      patch:
        operation: INSERT_BEFORE
        value:
          name: ` + name + `
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
            config:
              configuration:
                "@type": type.googleapis.com/google.protobuf.StringValue
                value: |
` + indented(18, config)
}

// TestCheckYAML: mistakes have their line and column in the file, wherever the configuration is.
func TestCheckYAML(t *testing.T) {
	good := strings.ReplaceAll(strings.ReplaceAll(yamlConfig, "    extra: 1\n", ""), "invokers", "invoker")
	unknown := `: "/issuers/0/extra": unknown field "extra"`
	role := `must be viewer, invoker or admin; got "invokers"`
	for _, c := range []struct {
		name, text string
		status     int
		out        string
		err        []string // parts of it
	}{
		{"YAML", good, 0, "FILE: ok\n", nil},
		{"YAML with mistakes", yamlConfig, 1, "", []string{"FILE:9:5" + unknown, `FILE:16:5: "/grants/0/role": ` + role}},
		{"a WasmPlugin", inWasmPlugin("gate", good), 0, "FILE#prod/gate: ok\n", nil},
		{"a WasmPlugin with mistakes", inWasmPlugin("gate", yamlConfig), 1, "",
			[]string{"FILE:17:9" + unknown, `FILE:24:9: "/grants/0/role": ` + role}},
		{"two of them", inWasmPlugin("a", yamlConfig) + "---\n" + inWasmPlugin("b", good), 1, "FILE#prod/b: ok\n",
			[]string{"FILE:17:9" + unknown}},
		{"an EnvoyFilter", inEnvoyFilter("gate", config), 0, "FILE#gate: ok\n", nil},
		{"an EnvoyFilter with mistakes", inEnvoyFilter("gate", strings.Replace(config, `"version": 1`, `"version": 2`, 1)), 1, "",
			[]string{`FILE:19:20: "/version": must be 1; got 2`}},
		{"an EnvoyFilter with YAML where Envoy takes JSON", inEnvoyFilter("gate", good[strings.Index(good, "version"):]), 1, "",
			[]string{`FILE:18:19: "": expected a value; got 'v' (this looks like YAML; it must be JSON)`}},
		{"with another plugin", inEnvoyFilter("gate", config) + "---\n" + inWasmPlugin("other", "size: 1"), 0, "FILE#gate: ok\n",
			[]string{`FILE#gate: warning: the plugin "prod/other" is not checked: its configuration has none of issuers, peer, routes or grants`}},
		{"a repeated name", "version: 1\nroutes: []\nversion: 1\n", 1, "",
			[]string{`FILE:3:1: "": must have each name once; got "version" in line 1 already`}},
		{"no YAML", "version: [1\nroutes: 2\n", 1, "",
			[]string{`FILE:2:7: "": must be YAML; got did not find expected ',' or ']' while parsing a flow sequence`}},
		{"no plugin", "kind: Pod\nmetadata: {name: a}\n", 1, "", []string{`FILE:1:7: "": must have a plugin with a configuration`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := writeScenario(t, config)
			file := writeFile(t, t.TempDir(), "config.yaml", c.text)
			for _, name := range []string{file, "-"} {
				got := runCommand(s.Secret, c.text, "check", name)
				for _, text := range []*string{&got.out, &got.err} {
					*text = strings.ReplaceAll(strings.ReplaceAll(*text, file, "FILE"), stdin, "FILE")
				}
				if got.status != c.status || got.out != c.out || (len(c.err) == 0) != (got.err == "") {
					t.Errorf("check = %+v\nwant %d, %s and %q", got, c.status, c.out, c.err)
				}
				for _, part := range c.err {
					if !strings.Contains(got.err, part) {
						t.Errorf("errors are %s\nwant one of them: %s", got.err, part)
					}
				}
			}
		})
	}
}

// TestConfigOfPlugin: a command that needs one configuration takes that of the plugin that is named.
func TestConfigOfPlugin(t *testing.T) {
	s, _ := writeScenario(t, config)
	file := writeFile(t, t.TempDir(), "plugins.yaml", inEnvoyFilter("a", config)+"---\n"+
		inEnvoyFilter("b", strings.ReplaceAll(config, "public", "other")))
	const request = `{"method": "POST", "path": "/kfserving/public/iris:predict", "authority": "a"}`
	for _, c := range []struct {
		config string
		status int
		want   string
	}{
		{file + "#a", 0, `"allow":true`},
		{file + "#b", 0, `"allow":false`},
		{file, 1, file + ": must have one configuration; got 2: say which, as " + file + "#a or " + file + "#b"},
		{file + "#c", 1, file + `: must have a configuration of the plugin "c"; got those of ["a" "b"]`},
		{"-", 2, "--config must be a file: the requests come from standard input"},
	} {
		t.Run(c.config, func(t *testing.T) {
			got := runCommand(s.Secret, request, "decide", "--config", c.config)
			if got.status != c.status || !strings.Contains(got.out+got.err, c.want) {
				t.Errorf("decide = %+v, want %d, %s", got, c.status, c.want)
			}
		})
	}
}

// TestExamplesInEnvoy: each example's envoy.yaml has the example's configuration, and as YAML it
// is the same.
func TestExamplesInEnvoy(t *testing.T) {
	scenarios, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			dir := "../../examples/" + s.Name
			config, err := os.ReadFile(dir + "/config.json")
			if err != nil {
				t.Fatal(err)
			}
			written := yamlOf(t, string(config))
			term := &terminal{in: strings.NewReader(written)}
			for _, file := range []string{dir + "/config.json", dir + "/envoy.yaml", "-"} {
				found, notes, err := term.sources(file)
				if err != nil || len(found) != 1 || len(notes) != 0 {
					t.Fatalf("%s has the configurations %v, %v, %v; want one", file, found, notes, err)
				}
				if got, want := compact(t, found[0].JSON), compact(t, string(config)); got != want {
					t.Errorf("%s has %s\nwant %s", file, got, want)
				}
			}
		})
	}
}

// TestManifestsAreChecked: the configurations of Istio's resources are found.
func TestManifestsAreChecked(t *testing.T) {
	files, err := filepath.Glob("../../manifests/istio/*/wasmplugin.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("manifests = %v, %v", files, err)
	}
	for _, file := range files {
		found, _, err := (&terminal{}).sources(file)
		if err != nil || len(found) == 0 || !strings.Contains(found[0].JSON, `"version":1`) {
			t.Errorf("%s has %v, %v; want a configuration", file, found, err)
		}
	}
}

// yamlOf returns a JSON document in YAML.
func yamlOf(t *testing.T, doc string) string {
	t.Helper()
	var b strings.Builder
	if err := printYAML(&b, json.RawMessage(doc)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// compact returns a JSON document without spaces, with its names in order.
func compact(t *testing.T, doc string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestYAMLElsewhere: key sets, requests and a mesh can be YAML.
func TestYAMLElsewhere(t *testing.T) {
	s, file := writeScenario(t, config)
	keys := yamlOf(t, strings.Replace(keySetForm, "%s", "", 1))
	if got := runCommand(noSecrets, keys, "keys", "-"); got.status != 0 || !strings.Contains(got.out, `-: kid "good": serves ES256`) {
		t.Errorf("keys of YAML = %+v", got)
	}
	if got := runCommand(noSecrets, "keys: [*x]", "keys", "-"); got.status != 1 || !strings.Contains(got.err, "standard input:1:8: ") {
		t.Errorf("keys of a text that is no YAML = %+v", got)
	}
	const requests = "method: POST\npath: /kfserving/public/iris:predict\nauthority: a\n---\n{}\n---\nverb: predict\n"
	got := runCommand(s.Secret, requests, "decide", "--config", file, "--input", "yaml")
	if lines := strings.Split(got.out, "\n"); got.status != 1 || len(lines) != 4 || !strings.Contains(lines[0], `"allow":true`) ||
		!strings.Contains(lines[1], "host_missing") || !strings.Contains(lines[2], `unknown field \"verb\"`) {
		t.Errorf("decide of YAML = %+v", got)
	}
	if got := runCommand(s.Secret, "a: b: c", "decide", "--config", file, "--input", "yaml"); got.status != 1 || got.out != "" ||
		!strings.Contains(got.err, "standard input:1:5: ") {
		t.Errorf("decide of a text that is no YAML = %+v", got)
	}
	mesh := yamlOf(t, `{"items": [`+strictMTLS+`]}`)
	if got := runCommand(s.Secret, mesh, "check", "--mesh", "-", file); got != (result{0, file + ": ok\n", ""}) {
		t.Errorf("check --mesh of YAML = %+v", got)
	}
}
