package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// mesh reads what runs beside a gate, as `kubectl get services,pods,
// peerauthentications -o json` prints it, and warns of every way round the gate
// that stands there. A filter sees only what its proxy takes in and reads as HTTP.
func mesh(file string) (warnings []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list struct{ Items []object }
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(list.Items) == 0 {
		return nil, fmt.Errorf("%s: no items: a list as kubectl get -o json prints it is expected", file)
	}
	strict := false
	for _, o := range list.Items {
		strict = strict || o.Kind == "PeerAuthentication"
		for _, w := range o.ways() {
			warnings = append(warnings, fmt.Sprintf("%s %s/%s %s", o.Kind, o.Metadata.Namespace, o.Metadata.Name, w))
		}
	}
	if !strict {
		warnings = append(warnings, "no PeerAuthentication: mutual TLS is PERMISSIVE, and plaintext reaches the pods from anywhere")
	}
	return warnings, nil
}

// object is what counts here of a Service, a Pod, or a PeerAuthentication.
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

func (o *object) ways() []string {
	switch o.Kind {
	case "Service":
		return o.ports()
	case "Pod":
		return o.interception()
	case "PeerAuthentication":
		return o.mtls()
	}
	return []string{"is not looked at: Services, Pods and PeerAuthentications are"}
}

// ports are those on which Istio runs no HTTP filter, or lets the client's first
// bytes decide (istio.io/latest/docs/ops/configuration/traffic-management/
// protocol-selection: appProtocol, else the name up to its first hyphen).
func (o *object) ports() (list []string) {
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
			list = append(list, fmt.Sprintf("port %d is %s: no HTTP filter runs there", p.Port, protocol))
		default:
			list = append(list, fmt.Sprintf("port %d names no protocol: what does not begin like HTTP passes as TCP; name it http or grpc", p.Port))
		}
	}
	return list
}

// interception is what keeps a pod's traffic from its sidecar
// (istio.io/latest/docs/reference/config/annotations).
func (o *object) interception() (list []string) {
	for _, from := range []map[string]string{o.Metadata.Annotations, o.Metadata.Labels} {
		if from["sidecar.istio.io/inject"] == "false" {
			list = append(list, "has no sidecar (sidecar.istio.io/inject)")
		}
	}
	if ports := o.Metadata.Annotations["traffic.sidecar.istio.io/excludeInboundPorts"]; ports != "" {
		list = append(list, "takes ports "+ports+" past its sidecar (excludeInboundPorts)")
	}
	if ports, ok := o.Metadata.Annotations["traffic.sidecar.istio.io/includeInboundPorts"]; ok && ports != "*" {
		list = append(list, fmt.Sprintf("gives its sidecar no other ports than %q (includeInboundPorts)", ports))
	}
	if interfaces := o.Metadata.Annotations["traffic.istio.io/excludeInterfaces"]; interfaces != "" {
		list = append(list, "takes interfaces "+interfaces+" past its sidecar (excludeInterfaces)")
	}
	if o.Spec.HostNetwork {
		list = append(list, "is on its node's network, where no sidecar intercepts")
	}
	return list
}

// mtls is where plaintext is let in.
func (o *object) mtls() (list []string) {
	if o.Spec.MTLS == nil || o.Spec.MTLS.Mode != "STRICT" {
		list = append(list, "is not STRICT: plaintext reaches the pods, from whoever it is")
	}
	for _, port := range slices.Sorted(maps.Keys(o.Spec.PortLevelMTLS)) {
		if m := o.Spec.PortLevelMTLS[port]; m.Mode != "STRICT" {
			list = append(list, fmt.Sprintf("lets plaintext in on port %s (portLevelMtls %s)", port, m.Mode))
		}
	}
	return list
}
