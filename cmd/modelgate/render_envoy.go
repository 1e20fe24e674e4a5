package main

import (
	"bytes"
	"encoding/json"
	"net"
)

// The filters that can be the gate.
const (
	typeWasm          = "envoy.extensions.filters.http.wasm.v3.Wasm"
	typeDynamicModule = "envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter"
)

func typeURL(name string) string { return "type.googleapis.com/" + name }

// envoy returns the gate as a filter of Envoy, and the clusters through which it fetches keys.
func (r *rendering) envoy() fields {
	filter := r.dynamicModule()
	if !r.native {
		filter = r.wasm(fields{{"local", fields{{"filename", r.module}}}})
	}
	filters := []fields{{{"name", r.name}, {"typed_config", filter}}}
	if r.native && r.readsPeer {
		filters = append([]fields{peerState()}, filters...)
	}
	all := fields{{"http_filters", filters}}
	var clusters []fields
	seen := map[string]bool{}
	for _, name := range duplicates(r.endpoints) {
		seen[name] = true
		r.warn("the cluster %q leads to several servers of keys, and is not written", name)
	}
	for _, e := range r.endpoints {
		if !seen[e.cluster] {
			seen[e.cluster] = true
			clusters = append(clusters, r.cluster(e))
		}
	}
	if len(clusters) > 0 {
		all = append(all, field{"clusters", clusters})
	}
	return all
}

// wasm returns the gate as a Proxy-Wasm filter, with this code.
func (r *rendering) wasm(code fields) fields {
	var holds, environment any
	if r.holdsHeaders {
		holds = true
	}
	if len(r.variables) > 0 {
		environment = fields{{"host_env_keys", r.variables}}
	}
	return typed(typeWasm, field{"config", fields{
		{"name", r.name}, {"root_id", r.name},
		{"failure_policy", "FAIL_RELOAD"}, {"allow_on_headers_stop_iteration", holds},
		{"vm_config", fields{{"runtime", "envoy.wasm.runtime.v8"}, {"code", code}, {"environment_variables", environment}}},
		{"configuration", r.text()},
	}})
}

// dynamicModule returns the gate as a dynamic module. Go's runtime cannot be unloaded.
func (r *rendering) dynamicModule() fields {
	return typed(typeDynamicModule,
		field{"dynamic_module_config", fields{{"name", "modelgate"}, {"do_not_close", true}}},
		field{"filter_name", "modelgate"},
		field{"filter_config", r.text()})
}

// peerState returns the filter that must be before a dynamic module which reads the client's
// certificate. Envoy's interface to modules tells neither the certificate nor whether it was
// verified; the module takes both from the filter state.
func peerState() fields {
	state := func(key, text string, formatters any) fields {
		return fields{
			{"object_key", key}, {"factory_key", "envoy.string"}, {"skip_if_empty", true},
			{"format_string", fields{{"text_format_source", fields{{"inline_string", text}}}, {"formatters", formatters}}},
		}
	}
	cel := []fields{{{"name", "envoy.formatter.cel"}, {"typed_config", typed("envoy.extensions.formatter.cel.v3.Cel")}}}
	return fields{
		{"name", "envoy.filters.http.set_filter_state"},
		{"typed_config", typed("envoy.extensions.filters.http.set_filter_state.v3.Config", field{"on_request_headers", []fields{
			state("modelgate.peer_validated", "%CEL(connection.peer_certificate_valid)%", cel),
			state("modelgate.peer_certificate", "%DOWNSTREAM_PEER_CERT%", nil),
		}})},
	}
}

// text returns the configuration as a text in Envoy's.
func (r *rendering) text() fields {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(r.config), "", "  "); err != nil { // it has compiled
		panic(err)
	}
	return typed("google.protobuf.StringValue", field{"value", b.String()})
}

// cluster returns the cluster of a server of keys.
func (r *rendering) cluster(e endpoint) fields {
	kind := "STRICT_DNS"
	if net.ParseIP(e.host) != nil {
		kind = "STATIC"
	}
	var socket any
	if e.tls {
		socket = fields{{"name", "envoy.transport_sockets.tls"}, {"typed_config", r.upstreamTLS(e.host)}}
	}
	address := fields{{"socket_address", fields{{"address", e.host}, {"port_value", e.port}}}}
	return fields{
		{"name", e.cluster}, {"type", kind}, {"connect_timeout", "5s"},
		{"load_assignment", fields{{"cluster_name", e.cluster}, {"endpoints", []fields{
			{{"lb_endpoints", []fields{{{"endpoint", fields{{"address", address}}}}}}},
		}}}},
		{"transport_socket", socket},
	}
}

// upstreamTLS verifies the server's name and its authority: without both Envoy would talk to
// anybody.
func (r *rendering) upstreamTLS(host string) fields {
	names, sni := fields{{"san_type", "DNS"}, {"matcher", fields{{"exact", host}}}}, any(host)
	if net.ParseIP(host) != nil {
		names, sni = fields{{"san_type", "IP_ADDRESS"}, {"matcher", fields{{"exact", host}}}}, nil
	}
	return typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
		field{"sni", sni},
		field{"common_tls_context", fields{{"validation_context", fields{
			{"trusted_ca", fields{{"filename", r.ca}}},
			{"match_typed_subject_alt_names", []fields{names}},
		}}}})
}
