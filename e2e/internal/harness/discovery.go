package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// discovery is the configuration of one HTTP filter, delivered by extension
// config discovery (ECDS) from a file that Envoy watches.
type discovery struct {
	path     string
	name     string
	resource object // the filter's configuration as last pushed
	version  int
}

// discover takes the only module's configuration out of the bootstrap
// and has Envoy read it from path instead.
func discover(tree object, path string) (*discovery, error) {
	filters := httpFilters(tree)
	if len(filters) != 1 {
		return nil, fmt.Errorf("%d filters of modules to discover, want 1", len(filters))
	}
	filter := filters[0]
	d := &discovery{path: path, resource: filter["typed_config"].(object)}
	d.name, _ = filter["name"].(string)
	delete(filter, "typed_config")
	filter["config_discovery"] = object{
		"config_source": object{"path_config_source": object{"path": path}},
		"type_urls":     []any{d.resource["@type"]},
	}
	if tree["node"] == nil {
		tree["node"] = object{"id": "test", "cluster": "test"} // Envoy insists when it discovers
	}
	return d, d.write()
}

// httpFilters finds the entries of http_filters that hold a Wasm filter or a dynamic module.
func httpFilters(node any) []object {
	var found []object
	switch node := node.(type) {
	case object:
		if kind, _ := get(node, "typed_config", "@type").(string); strings.HasSuffix(kind, wasmType) || kind == nativeType {
			return []object{node}
		}
		for _, value := range node {
			found = append(found, httpFilters(value)...)
		}
	case []any:
		for _, value := range node {
			found = append(found, httpFilters(value)...)
		}
	}
	return found
}

// write puts the resource where Envoy looks, which it does when a file is moved
// there, and not when one is written.
func (d *discovery) write() error {
	d.version++
	text, err := json.Marshal(object{
		"version_info": fmt.Sprint(d.version),
		"resources": []any{object{
			"@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
			"name":  d.name, "typed_config": d.resource,
		}},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(d.path+".new", d.path)
}

// Push has Envoy take another configuration for its module, which it does a
// moment later: [Envoy.Pushed] tells. It is not for concurrent use.
func (e *Envoy) Push(pluginConfig string) error {
	if e.discovery == nil {
		return errors.New("harness: Envoy was not started with Discover")
	}
	if resource := e.discovery.resource; resource["@type"] == nativeType {
		resource["filter_config"] = stringValue(pluginConfig)
	} else {
		child(resource, "config")["configuration"] = stringValue(pluginConfig)
	}
	return e.discovery.write()
}

// Pushed says how many configurations Envoy's main thread has taken, the first
// included, and how many it has refused. The workers follow a moment later.
func (e *Envoy) Pushed() (taken, refused uint64, err error) {
	stats, err := e.Stats()
	if err != nil {
		return 0, 0, err
	}
	for name, value := range stats {
		switch {
		case !strings.Contains(name, "extension_config_discovery."):
		case strings.HasSuffix(name, ".update_success"):
			taken += value
		case strings.HasSuffix(name, ".update_rejected"):
			refused += value
		}
	}
	return taken, refused, nil
}
