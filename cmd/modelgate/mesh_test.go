package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestCheckMesh holds each way round a gate to its warning, and what closes it to
// none.
func TestCheckMesh(t *testing.T) {
	s, config := scenario(t)
	dir := t.TempDir()
	const strict = `{"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"name": "p", "namespace": "prod"}, "spec": {"mtls": {"mode": "STRICT"}}}`
	service := func(port string) string {
		return `{"kind": "Service", "metadata": {"name": "s", "namespace": "prod"}, "spec": {"clusterIP": "None", "ports": [` + port + `]}}`
	}
	pod := func(metadata, spec string) string {
		return `{"kind": "Pod", "metadata": {"name": "a", "namespace": "prod"` + metadata + `}, "spec": {"containers": [{"name": "x"}]` + spec + `}}`
	}
	peer := func(spec string) string { return strings.Replace(strict, `{"mtls": {"mode": "STRICT"}}`, spec, 1) }
	const http, guessed, plaintext = "port 80 is %s: no HTTP filter runs there", "port 80 names no protocol: what does not begin like HTTP passes as TCP; name it http or grpc", "is not STRICT: plaintext reaches the pods, from whoever it is"
	for _, c := range []struct{ object, want string }{
		{service(`{"port": 80, "name": "http"}, {"port": 81, "name": "http-models", "protocol": "TCP"}, {"port": 82, "name": "grpc"}, {"port": 83, "name": "http2-x"}, {"port": 84, "name": "grpc-web"}, {"port": 85, "name": "x", "appProtocol": "kubernetes.io/h2c"}, {"port": 86, "name": "tcp-x", "appProtocol": "http"}, {"port": 87, "appProtocol": "HTTP"}, {"port": 88, "appProtocol": "kubernetes.io/ws"}`), ""},
		{service(`{"port": 80, "name": "tcp"}`), fmt.Sprintf(http, "tcp")}, {service(`{"port": 80, "name": "tcp-http"}`), fmt.Sprintf(http, "tcp")}, {service(`{"port": 80, "name": "https"}`), fmt.Sprintf(http, "https")},
		{service(`{"port": 80, "name": "http", "appProtocol": "tcp"}`), fmt.Sprintf(http, "tcp")}, {service(`{"port": 80, "name": "http", "protocol": "UDP"}`), fmt.Sprintf(http, "UDP")},
		{service(`{"port": 80}`), guessed}, {service(`{"port": 80, "name": "metrics"}`), guessed}, {service(`{"port": 80, "name": "httpx"}`), guessed}, {service(`{"port": 80, "name": "h2c"}`), guessed}, {service(`{"port": 80, "name": "http", "appProtocol": "h2c"}`), guessed}, {service(`{"port": 80, "name": "http", "appProtocol": "x/y"}`), guessed},
		{pod(``, ``), ""}, {pod(`, "annotations": {"traffic.sidecar.istio.io/includeInboundPorts": "*", "sidecar.istio.io/inject": "true"}`, `, "hostNetwork": false`), ""},
		{pod(`, "annotations": {"traffic.sidecar.istio.io/excludeInboundPorts": "8080,9000"}`, ``), "takes ports 8080,9000 past its sidecar (excludeInboundPorts)"},
		{pod(`, "annotations": {"traffic.sidecar.istio.io/includeInboundPorts": "80"}`, ``), `gives its sidecar no other ports than "80" (includeInboundPorts)`}, {pod(`, "annotations": {"traffic.sidecar.istio.io/includeInboundPorts": ""}`, ``), `gives its sidecar no other ports than "" (includeInboundPorts)`},
		{pod(`, "annotations": {"traffic.istio.io/excludeInterfaces": "eth1"}`, ``), "takes interfaces eth1 past its sidecar (excludeInterfaces)"},
		{pod(`, "labels": {"sidecar.istio.io/inject": "false"}`, ``), "has no sidecar (sidecar.istio.io/inject)"}, {pod(`, "annotations": {"sidecar.istio.io/inject": "false"}`, ``), "has no sidecar (sidecar.istio.io/inject)"},
		{pod(``, `, "hostNetwork": true`), "is on its node's network, where no sidecar intercepts"},
		{peer(`{"mtls": {"mode": "PERMISSIVE"}}`), plaintext}, {peer(`{"mtls": {"mode": "DISABLE"}}`), plaintext}, {peer(`{"mtls": {"mode": "UNSET"}}`), plaintext}, {peer(`{"mtls": {}}`), plaintext}, {peer(`{}`), plaintext},
		{peer(`{"mtls": {"mode": "STRICT"}, "portLevelMtls": {"80": {"mode": "STRICT"}, "8080": {"mode": "PERMISSIVE"}}}`), "lets plaintext in on port 8080 (portLevelMtls PERMISSIVE)"},
		{`{"kind": "Deployment", "metadata": {"name": "d", "namespace": "prod"}}`, "is not looked at: Services, Pods and PeerAuthentications are"},
	} {
		file := write(t, dir, "mesh.json", `{"apiVersion": "v1", "kind": "List", "items": [`+strict+","+c.object+`]}`)
		var out, errs strings.Builder
		status := run([]string{"check", "--mesh", file, config}, nil, &out, &errs, s.Secret)
		want := ""
		if c.want != "" {
			kind, _, _ := strings.Cut(c.object[strings.Index(c.object, `"kind": "`)+len(`"kind": "`):], `"`)
			name, _, _ := strings.Cut(c.object[strings.Index(c.object, `"name": "`)+len(`"name": "`):], `"`)
			want = file + ": warning: " + kind + " prod/" + name + " " + c.want + "\n"
		}
		if status != 0 || out.String() != config+": ok\n" || errs.String() != want {
			t.Errorf("check --mesh of %s = %d\n%s%s\nwant\n%s", c.object, status, out.String(), errs.String(), want)
		}
	}
	for text, want := range map[string]string{
		`{"items": [` + pod(``, ``) + `]}`: ": warning: no PeerAuthentication: mutual TLS is PERMISSIVE, and plaintext reaches the pods from anywhere\n",
		`{"items": []}`:                    ": no items: a list as kubectl get -o json prints it is expected\n",
		`{"kind": "Pod"}`:                  ": no items: a list as kubectl get -o json prints it is expected\n",
		`[]`:                               "cannot unmarshal", ``: "unexpected end of JSON input", `{"items": [`: "unexpected end of JSON input", `{"items": [{"spec": 1}]}`: "cannot unmarshal",
	} {
		file := write(t, dir, "mesh.json", text)
		var out, errs strings.Builder
		status := run([]string{"check", "--mesh", file, config}, nil, &out, &errs, s.Secret)
		if wrong := !strings.Contains(want, "warning"); (status != 0) != wrong || !strings.HasPrefix(errs.String(), file) || !strings.Contains(errs.String(), want) || out.String() != config+": ok\n" {
			t.Errorf("check --mesh of %q = %d\n%s%s\nwant %s", text, status, out.String(), errs.String(), want)
		}
	}
	for _, args := range [][]string{{"check", "--mesh"}, {"check", "--mesh", "x"}, {"check", "--frob", "x"}} {
		var out, errs strings.Builder
		if status := run(args, nil, &out, &errs, s.Secret); status != 2 || !strings.Contains(errs.String(), "usage:") {
			t.Errorf("run(%q) = %d, %s", args, status, errs.String())
		}
	}
}
