package harness

import (
	"path/filepath"
	"strings"
)

// nativeType is the @type of a dynamic module's configuration as an HTTP filter.
const nativeType = "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter"

// searchPath names the variable by which Envoy finds lib<name>.so.
const searchPath = "ENVOY_DYNAMIC_MODULES_SEARCH_PATH"

func isNative(module string) bool { return strings.HasSuffix(module, ".so") }

// moduleName is what a configuration calls the file.
func moduleName(module string) string {
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(module), "lib"), ".so")
}

// Native turns each Wasm HTTP filter of an Envoy configuration into the dynamic module
// lib<name>.so with the same configuration of its own. What is said of the VM is left
// out: a dynamic module has the environment of Envoy.
func Native(node any, name string) {
	switch node := node.(type) {
	case object:
		if typed, ok := node["typed_config"].(object); ok && isWasm(typed) {
			node["typed_config"] = object{
				"@type": nativeType,
				// Go's runtime cannot be unloaded.
				"dynamic_module_config": object{"name": name, "do_not_close": true},
				"filter_name":           "modelgate",
				"filter_config":         get(typed, "config", "configuration"),
			}
			return
		}
		for _, value := range node {
			Native(value, name)
		}
	case []any:
		for _, value := range node {
			Native(value, name)
		}
	}
}

func isWasm(typed object) bool {
	kind, _ := typed["@type"].(string)
	return strings.HasSuffix(kind, wasmType)
}
