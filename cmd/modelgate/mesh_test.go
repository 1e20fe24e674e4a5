package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const strictMTLS = `{"kind": "PeerAuthentication", "metadata": {"name": "p", "namespace": "prod"}, "spec": {"mtls": {"mode": "STRICT"}}}`

// service returns a Service with these ports.
func service(ports ...string) string {
	return `{"kind": "Service", "metadata": {"name": "s", "namespace": "prod"},
		"spec": {"clusterIP": "None", "ports": [` + strings.Join(ports, ", ") + `]}}`
}

// pod returns a Pod with more members in its metadata and spec.
func pod(metadata, spec string) string {
	return `{"kind": "Pod", "metadata": {"name": "a", "namespace": "prod"` + metadata + `},
		"spec": {"containers": [{"name": "x"}]` + spec + `}}`
}

// annotated returns a Pod with one annotation.
func annotated(name, value string) string {
	return pod(fmt.Sprintf(`, "annotations": {%q: %q}`, name, value), ``)
}

// peerAuthentication returns a PeerAuthentication.
func peerAuthentication(spec string) string {
	return `{"kind": "PeerAuthentication", "metadata": {"name": "q", "namespace": "prod"}, "spec": ` + spec + `}`
}

// meshResult runs check --mesh over objects, besides a strict PeerAuthentication.
// It returns the warnings without the name of the file.
func meshResult(t *testing.T, text string) (got result, configFile string) {
	t.Helper()
	s, configFile := writeScenario(t, config)
	file := writeFile(t, t.TempDir(), "mesh.json", text)
	got = runCommand(s.Secret, "", "check", "--mesh", file, configFile)
	got.err = strings.ReplaceAll(strings.ReplaceAll(got.err, file+": ", ""), file, "FILE")
	return got, configFile
}

// TestCheckMesh: each way past the gate has its warning, and a mesh that has closed
// it has none.
func TestCheckMesh(t *testing.T) {
	const (
		noFilter   = "port 80 has the protocol %s: Istio runs no HTTP filters there"
		undeclared = "port 80 declares no protocol: what does not start like HTTP passes as TCP; name the port http or grpc"
		plaintext  = "mtls.mode must be STRICT, or the pods accept plaintext from any client; got %s"
		sidecar    = "traffic.sidecar.istio.io/"
	)
	for _, c := range []struct{ name, object, want string }{
		{"name http", service(`{"port": 81, "name": "http"}`), ""},
		{"name http-x", service(`{"port": 81, "name": "http-models", "protocol": "TCP"}`), ""},
		{"name grpc", service(`{"port": 82, "name": "grpc"}`), ""},
		{"name http2-x", service(`{"port": 83, "name": "http2-x"}`), ""},
		{"name grpc-web", service(`{"port": 84, "name": "grpc-web"}`), ""},
		{"appProtocol h2c", service(`{"port": 85, "name": "x", "appProtocol": "kubernetes.io/h2c"}`), ""},
		{"appProtocol before name", service(`{"port": 86, "name": "tcp-x", "appProtocol": "http"}`), ""},
		{"appProtocol in upper case", service(`{"port": 87, "appProtocol": "HTTP"}`), ""},
		{"appProtocol ws", service(`{"port": 88, "appProtocol": "kubernetes.io/ws"}`), ""},
		{"two ports, one wrong", service(`{"port": 81, "name": "http"}`, `{"port": 80, "name": "tcp"}`), fmt.Sprintf(noFilter, "tcp")},
		{"name tcp", service(`{"port": 80, "name": "tcp"}`), fmt.Sprintf(noFilter, "tcp")},
		{"name tcp-http", service(`{"port": 80, "name": "tcp-http"}`), fmt.Sprintf(noFilter, "tcp")},
		{"name https", service(`{"port": 80, "name": "https"}`), fmt.Sprintf(noFilter, "https")},
		{"appProtocol tcp", service(`{"port": 80, "name": "http", "appProtocol": "tcp"}`), fmt.Sprintf(noFilter, "tcp")},
		{"protocol UDP", service(`{"port": 80, "name": "http", "protocol": "UDP"}`), fmt.Sprintf(noFilter, "UDP")},
		{"no name", service(`{"port": 80}`), undeclared},
		{"name metrics", service(`{"port": 80, "name": "metrics"}`), undeclared},
		{"name httpx", service(`{"port": 80, "name": "httpx"}`), undeclared},
		{"name h2c", service(`{"port": 80, "name": "h2c"}`), undeclared},
		{"appProtocol h2c alone", service(`{"port": 80, "name": "http", "appProtocol": "h2c"}`), undeclared},
		{"appProtocol x/y", service(`{"port": 80, "name": "http", "appProtocol": "x/y"}`), undeclared},

		{"a pod", pod(``, ``), ""},
		{"all ports included", annotated(sidecar+"includeInboundPorts", "*"), ""},
		{"injected", annotated("sidecar.istio.io/inject", "true"), ""},
		{"not on the host's network", pod(``, `, "hostNetwork": false`), ""},
		{"excluded ports", annotated(sidecar+"excludeInboundPorts", "8080,9000"),
			"ports 8080,9000 bypass the sidecar (excludeInboundPorts)"},
		{"some ports included", annotated(sidecar+"includeInboundPorts", "80"),
			`all ports but "80" bypass the sidecar (includeInboundPorts)`},
		{"no ports included", annotated(sidecar+"includeInboundPorts", ""),
			`all ports but "" bypass the sidecar (includeInboundPorts)`},
		{"excluded interfaces", annotated("traffic.istio.io/excludeInterfaces", "eth1"),
			"interfaces eth1 bypass the sidecar (excludeInterfaces)"},
		{"a label against injection", pod(`, "labels": {"sidecar.istio.io/inject": "false"}`, ``),
			"has no sidecar (sidecar.istio.io/inject)"},
		{"an annotation against injection", annotated("sidecar.istio.io/inject", "false"),
			"has no sidecar (sidecar.istio.io/inject)"},
		{"the host's network", pod(``, `, "hostNetwork": true`),
			"uses its node's network, where no sidecar intercepts (hostNetwork)"},

		{"mTLS strict", peerAuthentication(`{"mtls": {"mode": "STRICT"}}`), ""},
		{"mTLS permissive", peerAuthentication(`{"mtls": {"mode": "PERMISSIVE"}}`), fmt.Sprintf(plaintext, "PERMISSIVE")},
		{"mTLS off", peerAuthentication(`{"mtls": {"mode": "DISABLE"}}`), fmt.Sprintf(plaintext, "DISABLE")},
		{"mTLS unset", peerAuthentication(`{"mtls": {"mode": "UNSET"}}`), fmt.Sprintf(plaintext, "UNSET")},
		{"mTLS without a mode", peerAuthentication(`{"mtls": {}}`), fmt.Sprintf(plaintext, "none")},
		{"no mTLS", peerAuthentication(`{}`), fmt.Sprintf(plaintext, "none")},
		{"mTLS not on one port", peerAuthentication(
			`{"mtls": {"mode": "STRICT"}, "portLevelMtls": {"80": {"mode": "STRICT"}, "8080": {"mode": "PERMISSIVE"}}}`),
			"portLevelMtls of port 8080 must be STRICT, or it accepts plaintext; got PERMISSIVE"},

		{"another kind", `{"kind": "Deployment", "metadata": {"name": "d", "namespace": "prod"}}`,
			"is ignored: only Service, Pod and PeerAuthentication are checked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, configFile := meshResult(t, `{"apiVersion": "v1", "kind": "List", "items": [`+strictMTLS+","+c.object+`]}`)
			want := result{0, configFile + ": ok\n", ""}
			if c.want != "" {
				var o object
				if err := json.Unmarshal([]byte(c.object), &o); err != nil {
					t.Fatal(err)
				}
				want.err = "warning: " + o.Kind + " prod/" + o.Metadata.Name + ": " + c.want + "\n"
			}
			if got != want {
				t.Errorf("check --mesh of %s = %+v\nwant %+v", c.object, got, want)
			}
		})
	}
}

func TestCheckMeshFiles(t *testing.T) {
	const form = "must be a list as kubectl get -o json or yaml prints it"
	for _, c := range []struct {
		name, text string
		status     int
		want       string // the error, or its start
	}{
		{"no PeerAuthentication", `{"items": [` + pod(``, ``) + `]}`, 0,
			"warning: there is no PeerAuthentication: mutual TLS is PERMISSIVE, so the pods accept plaintext from any client\n"},
		{"an empty list", `{"items": []}`, 1, form + "; got no items\n"},
		{"one object", `{"kind": "Pod"}`, 1, form + "; got no items\n"},
		{"an array", `[]`, 1, form + ": json: cannot unmarshal"},
		{"an empty file", ``, 1, `"": must be one document; got 0`},
		{"half a file", `{"items": [`, 1, `FILE:1:12: "/items/0": expected a value; got the end of the document`},
		{"a spec that is a number", `{"items": [{"spec": 1}]}`, 1, form + ": json: cannot unmarshal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, configFile := meshResult(t, c.text)
			if got.status != c.status || got.out != configFile+": ok\n" || !strings.HasPrefix(got.err, c.want) {
				t.Errorf("check --mesh of %s = %+v\nwant %d, ok and %s", c.text, got, c.status, c.want)
			}
		})
	}
}
