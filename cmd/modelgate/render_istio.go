package main

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
)

// wasmPlugin returns the gate as Istio's WasmPlugin.
func (r *rendering) wasmPlugin() []fields {
	resources := r.services() // which changes the configuration
	var match any
	if r.inbound {
		match = []fields{{{"mode", "SERVER"}}} // a gateway is a CLIENT to Istio
	}
	var env any
	if len(r.variables) > 0 {
		var list []fields
		for _, name := range r.variables {
			list = append(list, fields{{"name", name}, {"valueFrom", "HOST"}})
		}
		env = fields{{"env", list}}
	}
	var digest any
	if r.sha256 != "" {
		digest = r.sha256
	}
	plugin := resource("extensions.istio.io/v1alpha1", "WasmPlugin", r.name, r.namespace, fields{
		{"selector", fields{{"matchLabels", r.selector}}},
		{"url", r.url}, {"sha256", digest},
		{"pluginName", r.name}, {"phase", "AUTHN"}, {"match", match}, {"failStrategy", "FAIL_RELOAD"},
		{"vmConfig", env},
		{"pluginConfig", json.RawMessage(r.config)},
	})
	return append(resources, plugin)
}

// envoyFilter returns the gate as Istio's EnvoyFilter: as Wasm, which Istio's agent fetches, or
// as a dynamic module.
func (r *rendering) envoyFilter() []fields {
	resources := r.services() // which changes the configuration
	context := "GATEWAY"
	if r.inbound {
		context = "SIDECAR_INBOUND"
	}
	filter, types := r.dynamicModule(), []string{typeURL(typeDynamicModule)}
	if !r.native {
		digest := "nil" // the agent's word for none
		if r.sha256 != "" {
			digest = r.sha256
		}
		filter = r.wasm(fields{{"remote", fields{
			{"http_uri", fields{{"uri", r.url}, {"timeout", "30s"}, {"cluster", "_"}}}, {"sha256", digest},
		}}})
		// The second is the filter that refuses every request while the agent has no module.
		types = []string{typeURL(typeWasm), typeURL("envoy.extensions.filters.http.rbac.v3.RBAC")}
	}
	patch := func(to, operation string, match, value fields) fields {
		return fields{{"applyTo", to}, {"match", match}, {"patch", fields{{"operation", operation}, {"value", value}}}}
	}
	anywhere := fields{{"context", context}}
	atHTTP := fields{{"context", context}, {"listener", fields{{"filterChain", fields{{"filter", fields{
		{"name", "envoy.filters.network.http_connection_manager"},
	}}}}}}}
	discovery := fields{{"name", r.name}, {"config_discovery", fields{
		{"config_source", fields{{"ads", fields{}}, {"resource_api_version", "V3"}, {"initial_fetch_timeout", "0s"}}},
		{"type_urls", types},
	}}}
	patches := []fields{
		patch("EXTENSION_CONFIG", "ADD", anywhere, fields{{"name", r.name}, {"typed_config", filter}}),
		patch("HTTP_FILTER", "INSERT_FIRST", atHTTP, discovery),
	}
	if r.native && r.readsPeer { // a later INSERT_FIRST comes before an earlier one
		patches = append(patches, patch("HTTP_FILTER", "INSERT_FIRST", atHTTP, peerState()))
	}
	gate := resource("networking.istio.io/v1alpha3", "EnvoyFilter", r.name, r.namespace, fields{
		{"workloadSelector", fields{{"labels", r.selector}}}, {"configPatches", patches},
	})
	return append(resources, gate)
}

// services returns what Istio needs so that the proxies have a cluster for each server of keys,
// and writes its name into the configuration. Both resources are for the proxies of this
// namespace only, and the rule for the selected ones: others may speak TLS to the same server
// themselves, and would then speak it twice.
func (r *rendering) services() (resources []fields) {
	clusters, seen := map[string]string{}, map[string]bool{}
	for _, e := range r.endpoints {
		host := e.host
		inMesh := strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
		if strings.HasSuffix(host, ".svc") {
			host += ".cluster.local"
		}
		if net.ParseIP(host) != nil {
			r.warn("%s: %s is an address, for which there is no ServiceEntry here: the cluster stays %q", e.pointer, host, e.cluster)
			continue
		}
		clusters[e.pointer] = fmt.Sprintf("%q", fmt.Sprintf("outbound|%d||%s", e.port, host)) // no letter that JSON escapes
		switch key := fmt.Sprint(host, e.port); {
		case seen[key]:
		case inMesh && e.tls:
			r.warn("%s: %s is a service of the cluster: its own DestinationRule says how to speak TLS with it", e.pointer, host)
		case !inMesh:
			resources = append(resources, r.service(host, e.port, e.tls)...)
			seen[key] = true
		}
	}
	r.config = r.source.With(clusters)
	return resources
}

// service returns a ServiceEntry, and for TLS a DestinationRule. Without caCertificates Istio
// has the server's certificate verified by the authorities of the proxy's operating system
// (istio.io/latest/docs/reference/config/networking/destination-rule).
func (r *rendering) service(host string, port int, tls bool) []fields {
	name := fmt.Sprintf("%s-keys-%s-%d", r.name, strings.ReplaceAll(host, ".", "-"), port)
	protocol := "HTTP"
	if tls {
		protocol = "HTTPS"
	}
	entry := resource("networking.istio.io/v1", "ServiceEntry", name, r.namespace, fields{
		{"hosts", []string{host}}, {"exportTo", []string{"."}}, {"location", "MESH_EXTERNAL"}, {"resolution", "DNS"},
		{"ports", []fields{{{"number", port}, {"name", strings.ToLower(protocol)}, {"protocol", protocol}}}},
	})
	if !tls {
		return []fields{entry}
	}
	rule := resource("networking.istio.io/v1", "DestinationRule", name, r.namespace, fields{
		{"host", host}, {"exportTo", []string{"."}}, {"workloadSelector", fields{{"matchLabels", r.selector}}},
		{"trafficPolicy", fields{{"tls", fields{{"mode", "SIMPLE"}, {"sni", host}, {"subjectAltNames", []string{host}}}}}},
	})
	return []fields{entry, rule}
}

// duplicates returns the clusters that lead to more than one server.
func duplicates(endpoints []endpoint) (list []string) {
	first := map[string]endpoint{}
	for _, e := range endpoints {
		if f, ok := first[e.cluster]; ok && (f.host != e.host || f.port != e.port) && !slices.Contains(list, e.cluster) {
			list = append(list, e.cluster)
		}
		first[e.cluster] = e
	}
	return list
}
