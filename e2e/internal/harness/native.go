package harness

import (
	"path/filepath"
	"slices"
	"strings"
)

// nativeType is the @type of a dynamic module's configuration as an HTTP filter.
const nativeType = "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter"

// SearchPath names the variable by which Envoy finds lib<name>.so.
const SearchPath = "ENVOY_DYNAMIC_MODULES_SEARCH_PATH"

func isNative(module string) bool { return strings.HasSuffix(module, ".so") }

// moduleName is what a configuration calls the file.
func moduleName(module string) string {
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(module), "lib"), ".so")
}

// Native turns each Wasm HTTP filter of an Envoy configuration into the dynamic module
// lib<name>.so with the same configuration of its own. What is said of the VM is left
// out: a dynamic module has the environment of Envoy. In filter chains with TLS a filter
// before it tells the module of the client's certificate.
func Native(node any, name string) { native(node, name, false) }

func native(node any, name string, tls bool) {
	switch node := node.(type) {
	case object:
		tls = tls || node["transport_socket"] != nil
		if filters, ok := node["http_filters"].([]any); ok {
			node["http_filters"] = nativeFilters(filters, name, tls)
		}
		for _, value := range node {
			native(value, name, tls)
		}
	case []any:
		for _, value := range node {
			native(value, name, tls)
		}
	}
}

func nativeFilters(filters []any, name string, tls bool) []any {
	filters = slices.Clone(filters)
	for i := 0; i < len(filters); i++ {
		filter, _ := filters[i].(object)
		typed, _ := filter["typed_config"].(object)
		if kind, _ := typed["@type"].(string); !strings.HasSuffix(kind, wasmType) {
			continue
		}
		filter["typed_config"] = object{
			"@type": nativeType,
			// Go's runtime cannot be unloaded.
			"dynamic_module_config": object{"name": name, "do_not_close": true},
			"filter_name":           "modelgate",
			"filter_config":         get(typed, "config", "configuration"),
		}
		if tls {
			filters = slices.Insert(filters, i, any(peerState()))
			i++
		}
	}
	return filters
}

// peerState is the filter that tells a dynamic module what Envoy's interface to modules does
// not: whether the client's certificate was verified, and the certificate.
func peerState() object {
	state := func(key, text string, formatters ...any) object {
		format := object{"text_format_source": object{"inline_string": text}}
		if formatters != nil {
			format["formatters"] = formatters
		}
		return object{"object_key": key, "factory_key": "envoy.string", "skip_if_empty": true, "format_string": format}
	}
	cel := object{
		"name": "envoy.formatter.cel", "typed_config": object{"@type": "type.googleapis.com/envoy.extensions.formatter.cel.v3.Cel"},
	}
	return object{
		"name": "envoy.filters.http.set_filter_state",
		"typed_config": object{
			"@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
			"on_request_headers": []any{
				state("modelgate.peer_validated", "%CEL(connection.peer_certificate_valid)%", cel),
				state("modelgate.peer_certificate", "%DOWNSTREAM_PEER_CERT%"),
			},
		},
	}
}
