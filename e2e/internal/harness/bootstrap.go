package harness

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// wasmType ends the @type of a Wasm HTTP filter's configuration.
const wasmType = "/envoy.extensions.filters.http.wasm.v3.Wasm"

// object is a JSON object of the bootstrap.
type object = map[string]any

// bootstrap reads an Envoy configuration and applies the options to it. Ports
// become free ones on the loopback, so that tests can run side by side.
func bootstrap(options Options) (object, error) {
	text, err := os.ReadFile(options.Bootstrap)
	if err != nil {
		return nil, err
	}
	var tree object
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", options.Bootstrap, err)
	}
	if err := editWasm(tree, options); err != nil {
		return nil, fmt.Errorf("%s: %w", options.Bootstrap, err)
	}
	for name, addr := range options.Upstreams {
		if err := moveCluster(tree, name, addr); err != nil {
			return nil, fmt.Errorf("%s: %w", options.Bootstrap, err)
		}
	}
	for _, listener := range list(tree, "static_resources", "listeners") {
		freePort(get(listener, "address"))
	}
	tree["admin"] = object{"address": object{"socket_address": object{"address": "127.0.0.1", "port_value": 0}}}
	if options.Edit != nil {
		options.Edit(tree)
	}
	if isNative(options.Module) {
		Native(tree, moduleName(options.Module))
	}
	return tree, nil
}

// editWasm applies the options that are about Wasm filters to all of them. To
// ask for such a change where there is no filter is a mistake in the test.
func editWasm(tree object, options Options) error {
	filters := wasmFilters(tree)
	if len(filters) == 0 && (options.PluginConfig != "" || options.Module != "" || len(options.Env) > 0) {
		return fmt.Errorf("no Wasm filter to configure")
	}
	if options.Module != "" && !filepath.IsAbs(options.Module) {
		return fmt.Errorf("the module's path %q is not absolute", options.Module)
	}
	for _, filter := range filters {
		config := child(filter, "config")
		if options.PluginConfig != "" {
			config["configuration"] = stringValue(options.PluginConfig)
		}
		if options.Module != "" {
			child(config, "vm_config")["code"] = object{"local": object{"filename": options.Module}}
		}
		if len(options.Env) > 0 {
			values := child(child(child(config, "vm_config"), "environment_variables"), "key_values")
			for name, value := range options.Env {
				values[name] = value
			}
		}
	}
	return nil
}

// stringValue is how Envoy hands a text to a plugin.
func stringValue(text string) object {
	return object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": text}
}

// wasmFilters finds the filters' configurations wherever they stand.
func wasmFilters(node any) []object {
	var found []object
	switch node := node.(type) {
	case object:
		if kind, _ := node["@type"].(string); strings.HasSuffix(kind, wasmType) {
			return []object{node}
		}
		for value := range maps.Values(node) {
			found = append(found, wasmFilters(value)...)
		}
	case []any:
		for _, value := range node {
			found = append(found, wasmFilters(value)...)
		}
	}
	return found
}

// moveCluster points every endpoint of a static cluster at addr.
func moveCluster(tree object, name, addr string) error {
	host, digits, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return err
	}
	moved := 0
	for _, cluster := range list(tree, "static_resources", "clusters") {
		if get(cluster, "name") != name {
			continue
		}
		for _, locality := range list(cluster, "load_assignment", "endpoints") {
			for _, endpoint := range list(locality, "lb_endpoints") {
				if socket, ok := get(endpoint, "endpoint", "address", "socket_address").(object); ok {
					socket["address"], socket["port_value"] = host, port
					moved++
				}
			}
		}
	}
	if moved == 0 {
		return fmt.Errorf("no cluster %q with an endpoint to move", name)
	}
	return nil
}

// freePort leaves pipes and internal listeners as they are.
func freePort(address any) {
	if socket, ok := get(address, "socket_address").(object); ok {
		socket["address"], socket["port_value"] = "127.0.0.1", 0
	}
}

// get follows a path of names; nil where it leads nowhere.
func get(node any, path ...string) any {
	for _, name := range path {
		in, _ := node.(object)
		node = in[name]
	}
	return node
}

func list(node any, path ...string) []any {
	items, _ := get(node, path...).([]any)
	return items
}

// child returns the object of that name, made if it is not there.
func child(parent object, name string) object {
	value, ok := parent[name].(object)
	if !ok {
		value = object{}
		parent[name] = value
	}
	return value
}
