package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// meshWarnings reads Kubernetes objects, as `kubectl get services,pods,
// peerauthentications -o json` or `-o yaml` prints them, and returns a warning for each way past
// the gate that they leave open. A filter sees only the traffic that its proxy
// intercepts and parses as HTTP.
func (t *terminal) meshWarnings(file string) (warnings []string, err error) {
	text, err := t.readJSON(file)
	if err != nil {
		return nil, err
	}
	var list struct{ Items []object }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("%s: must be a list as kubectl get -o json or yaml prints it: %w", file, err)
	}
	if len(list.Items) == 0 {
		return nil, fmt.Errorf("%s: must be a list as kubectl get -o json or yaml prints it; got no items", file)
	}
	hasPeerAuthentication := false
	for _, o := range list.Items {
		hasPeerAuthentication = hasPeerAuthentication || o.Kind == "PeerAuthentication"
		for _, w := range o.warnings() {
			warnings = append(warnings, fmt.Sprintf("%s %s/%s: %s", o.Kind, o.Metadata.Namespace, o.Metadata.Name, w))
		}
	}
	if !hasPeerAuthentication {
		warnings = append(warnings, "there is no PeerAuthentication: mutual TLS is PERMISSIVE, so the pods accept plaintext from any client")
	}
	return warnings, nil
}

// object has the fields of a Service, a Pod or a PeerAuthentication that matter
// here.
type object struct {
	Kind     string
	Metadata struct {
		Namespace, Name     string
		Annotations, Labels map[string]string
	}
	Spec struct {
		HostNetwork bool
		Ports       []struct {
			Name, Protocol, AppProtocol string
			Port                        int
		}
		MTLS          *struct{ Mode string }
		PortLevelMTLS map[string]struct{ Mode string }
	}
}

func (o *object) warnings() []string {
	switch o.Kind {
	case "Service":
		return o.portWarnings()
	case "Pod":
		return o.interceptionWarnings()
	case "PeerAuthentication":
		return o.mtlsWarnings()
	}
	return []string{"is ignored: only Service, Pod and PeerAuthentication are checked"}
}

// portWarnings warns of ports on which Istio runs no HTTP filters, or lets the
// client's first bytes decide whether it does. The protocol of a port is its
// appProtocol, or else its name up to the first hyphen
// (istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection).
func (o *object) portWarnings() (list []string) {
	for _, p := range o.Spec.Ports {
		protocol, _, _ := strings.Cut(p.Name, "-")
		if p.AppProtocol != "" {
			protocol = p.AppProtocol
		}
		if strings.HasPrefix(p.Name, "grpc-web") && p.AppProtocol == "" {
			protocol = "grpc-web"
		}
		if p.Protocol != "" && p.Protocol != "TCP" {
			protocol = p.Protocol
		}
		switch strings.ToLower(protocol) {
		case "http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws":
		case "tcp", "tls", "https", "kubernetes.io/wss", "mongo", "mysql", "redis", "udp", "sctp":
			list = append(list, fmt.Sprintf("port %d has the protocol %s: Istio runs no HTTP filters there", p.Port, protocol))
		default:
			list = append(list, fmt.Sprintf("port %d declares no protocol: what does not start like HTTP passes as TCP; "+
				"name the port http or grpc", p.Port))
		}
	}
	return list
}

// interceptionWarnings warns of a pod's traffic that its sidecar does not intercept
// (istio.io/latest/docs/reference/config/annotations).
func (o *object) interceptionWarnings() (list []string) {
	annotations := o.Metadata.Annotations
	for _, from := range []map[string]string{annotations, o.Metadata.Labels} {
		if from["sidecar.istio.io/inject"] == "false" {
			list = append(list, "has no sidecar (sidecar.istio.io/inject)")
		}
	}
	if ports := annotations["traffic.sidecar.istio.io/excludeInboundPorts"]; ports != "" {
		list = append(list, fmt.Sprintf("ports %s bypass the sidecar (excludeInboundPorts)", ports))
	}
	if ports, ok := annotations["traffic.sidecar.istio.io/includeInboundPorts"]; ok && ports != "*" {
		list = append(list, fmt.Sprintf("all ports but %q bypass the sidecar (includeInboundPorts)", ports))
	}
	if interfaces := annotations["traffic.istio.io/excludeInterfaces"]; interfaces != "" {
		list = append(list, fmt.Sprintf("interfaces %s bypass the sidecar (excludeInterfaces)", interfaces))
	}
	if o.Spec.HostNetwork {
		list = append(list, "uses its node's network, where no sidecar intercepts (hostNetwork)")
	}
	return list
}

// mtlsWarnings warns of plaintext that a PeerAuthentication accepts.
func (o *object) mtlsWarnings() (list []string) {
	if o.Spec.MTLS == nil || o.Spec.MTLS.Mode != "STRICT" {
		mode := "none"
		if o.Spec.MTLS != nil && o.Spec.MTLS.Mode != "" {
			mode = o.Spec.MTLS.Mode
		}
		list = append(list, fmt.Sprintf("mtls.mode must be STRICT, or the pods accept plaintext from any client; got %s", mode))
	}
	for _, port := range slices.Sorted(maps.Keys(o.Spec.PortLevelMTLS)) {
		if m := o.Spec.PortLevelMTLS[port]; m.Mode != "STRICT" {
			list = append(list, fmt.Sprintf("portLevelMtls of port %s must be STRICT, or it accepts plaintext; got %s", port, m.Mode))
		}
	}
	return list
}
