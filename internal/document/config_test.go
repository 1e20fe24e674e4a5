package document

import (
	"fmt"
	"strings"
	"testing"
)

const (
	wasm    = "type.googleapis.com/" + typeWasm
	dynamic = "type.googleapis.com/" + typeDynamicModule
)

// message returns a configuration in a message of this type, in YAML's flow style.
func message(name, value string) string {
	return fmt.Sprintf(`{"@type": type.googleapis.com/google.protobuf.%s, value: %s}`, name, value)
}

// TestPlugins: configurations are found wherever a plugin has them, with its name.
func TestPlugins(t *testing.T) {
	const gate = `{"routes":[]}`
	for _, c := range []struct{ name, text, want string }{
		{"the file itself", gate, ":" + gate},
		{"another document that is itself one", "x: 1", `:{"x":1}`},
		{"a WasmPlugin", "kind: WasmPlugin\nmetadata: {name: a, namespace: b}\nspec: {pluginConfig: {routes: []}}", "b/a:" + gate},
		{"one without a namespace", "kind: WasmPlugin\nmetadata: {name: a}\nspec: {pluginConfig: {routes: []}}", "a:" + gate},
		{"a List of them", `{"kind": "List", "items": [
			{"kind": "WasmPlugin", "metadata": {"name": "a"}, "spec": {"pluginConfig": {"routes":[]}}},
			{"kind": "WasmPlugin", "metadata": {"name": "b"}, "spec": {"pluginConfig": {"routes": [1]}}}]}`, "a:" + gate + ` b:{"routes":[1]}`},
		{"a filter", "name: f\ntyped_config: {'@type': " + wasm + ", config: {configuration: " +
			message("StringValue", "'"+gate+"'") + "}}", "f:" + gate},
		{"the plugin's own name", "name: f\ntypedConfig: {'@type': " + wasm + ", config: {name: p, configuration: " +
			message("Struct", "{routes: []}") + "}}", "p:" + gate},
		{"bytes", "name: f\ntyped_config: {'@type': " + wasm + ", config: {configuration: " +
			message("BytesValue", "eyJyb3V0ZXMiOltdfQ==") + "}}", "f:" + gate},
		{"a dynamic module", "name: f\ntyped_config: {'@type': " + dynamic + ", filter_config: " +
			message("StringValue", "'"+gate+"'") + "}", "f:" + gate},
		{"in camel case", "'@type': " + dynamic + "\nfilterName: f\nfilterConfig: " + message("StringValue", "'"+gate+"'"), "f:" + gate},
		{"a TypedStruct", "name: f\ntyped_config: {'@type': type.googleapis.com/udpa.type.v1.TypedStruct, type_url: " + wasm +
			", value: {config: {configuration: " + message("StringValue", "'"+gate+"'") + "}}}", "f:" + gate},
		{"other plugins beside it", "- name: f\n  typed_config: {'@type': " + dynamic + ", filter_config: " +
			message("StringValue", "'"+gate+"'") + "}\n" +
			"- name: m\n  typed_config: {'@type': " + dynamic + ", filter_config: " + message("StringValue", "'{}'") + "}\n",
			`f:` + gate + ` the plugin "m" is not checked: its configuration has none of issuers, peer, routes or grants`},
		{"only others", "- name: f\n  typed_config: {'@type': " + dynamic + ", filter_config: " + message("StringValue", "'[]'") + "}\n" +
			"- name: m\n  typed_config: {'@type': " + dynamic + ", filter_config: " + message("StringValue", "'{}'") + "}\n", `f:[] m:{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Read(c.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, found := range f.Configs {
				if found.Err != nil {
					t.Error(found.Err)
				}
				got = append(got, found.Name+":"+found.JSON)
			}
			if text := strings.Join(append(got, f.Others...), " "); text != c.want {
				t.Errorf("found %s, want %s", text, c.want)
			}
		})
	}
}

// TestPluginsRefused: a plugin whose configuration cannot be found is not passed over.
func TestPluginsRefused(t *testing.T) {
	filter := func(message string) string {
		return "name: f\ntyped_config: {'@type': " + wasm + ", config: {" + message + "}}"
	}
	const types = `must be a StringValue, a Struct or a BytesValue; got `
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", `: "": must have one configuration; got 0 documents without a plugin`},
		{"two documents", "a: 1\n---\nb: 1\n", `: "": must have one configuration; got 2 documents without a plugin`},
		{"another resource", "kind: Pod", `1:7: "": must have a plugin with a configuration (a WasmPlugin, or`},
		{"an Envoy without a gate", "static_resources: {}", `1:19: "": must have a plugin`},
		{"a WasmPlugin without one", "kind: WasmPlugin\nmetadata: {name: a}\nspec: {url: x}",
			`3:7: "": must have pluginConfig of the plugin "a"; got none`},
		{"a WasmPlugin without a spec", "kind: WasmPlugin\nmetadata: {name: a}", `: "": must have pluginConfig of the plugin "a"; got none`},
		{"a filter without one", filter("name: x"), `2:`},
		{"no message", filter("configuration: {a: 1}"), `must have a value; got none, of the plugin "f"`},
		{"another message", filter("configuration: " + message("Int32Value", "1")), types + `"google.protobuf.Int32Value", of the plugin "f"`},
		{"no type", filter("configuration: {value: {}}"), types + `"", of the plugin "f"`},
		{"no base64", filter("configuration: " + message("BytesValue", "'%'")), `must have a value in base64, of the plugin "f"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f, err := Read(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Read = %v, %v; want %s", f, err, c.want)
			}
		})
	}
}

// TestPlacesInside: a text inside a document has its own lines if it is a literal block.
func TestPlacesInside(t *testing.T) {
	const head = "name: f\ntyped_config:\n  '@type': " + dynamic + "\n  filter_config:\n" +
		"    '@type': type.googleapis.com/google.protobuf.StringValue\n    value: "
	for _, c := range []struct{ name, value, pointer, want string }{
		{"a literal block", "|\n      {\n        \"a\": 1,\n        \"b\": 2}\n", "/b", "9:9"},
		{"with empty lines first", "|\n\n\n      {\n        \"a\": 1}\n", "/a", "10:9"},
		{"with a given indentation", "|2-\n       {\"a\": 1}\n", "/a", "7:9"},
		{"with CRLF", "|\r\n      {\r\n      \"a\": 1}\r\n", "/a", "8:7"},
		{"quotes", "'{\"a\": 1}'", "/a", "6:12"},
		{"a folded block", ">\n      {\"a\": 1}\n", "/a", "6:12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Read(head + c.value)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Configs[0].Find(c.pointer).String(); f.Configs[0].Err != nil || got != c.want {
				t.Errorf("the place is %s (%v), want %s", got, f.Configs[0].Err, c.want)
			}
		})
	}
	f, err := Read(head + "|\n      {\n        \"a\": x}\n")
	if err != nil {
		t.Fatal(err)
	}
	c := f.Configs[0]
	if want := `8:14: "/a": expected a value; got 'x'`; c.Err == nil || c.Err.Error() != want {
		t.Errorf("the error is %v, want %s", c.Err, want)
	}
	if got := c.Find("/a"); got != c.Place {
		t.Errorf("the place in a text with mistakes is %v, want the text's %v", got, c.Place)
	}
}

func TestWith(t *testing.T) {
	f, err := Read("a: x\nb:\n  - {c/d: x}\n  - 1\n")
	if err != nil {
		t.Fatal(err)
	}
	c := f.Configs[0]
	if got := c.With(map[string]string{"/b/0/c~1d": `["y"]`}); got != `{"a":"x","b":[{"c/d":["y"]},1]}` {
		t.Errorf("With = %s", got)
	}
	if c.With(nil) != c.JSON || c.JSON != `{"a":"x","b":[{"c/d":"x"},1]}` {
		t.Errorf("the configuration is %s, want it unchanged", c.JSON)
	}
}
