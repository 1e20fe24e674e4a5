//go:build kubernetes

package kubernetes

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/process"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// gatewayIP is the address of the gateway's pod, which the Gateway binds.
const gatewayIP = "127.0.0.2"

// gateway is the ingress gateway: its Envoy, and where requests come in.
type gateway struct {
	*harness.Envoy
	addr string
}

// TestGateway installs manifests/istio/gateway with the module of this build and the
// configuration of examples/iap, which a user would fill in by an overlay. The proxy answers the
// example's cases by what the cluster says, also after a change, and keeps to it when the
// cluster takes a configuration that does not compile.
func TestGateway(t *testing.T) {
	c := newCluster(t)
	xds := c.istiod(t, "")
	s, err := corpus.Load(filepath.Join(root, "examples", "iap"))
	if err != nil {
		t.Fatal(err)
	}
	installed := overlay(t, "gateway", module, s.Config)
	c.apply(t, "-k", installed)
	g := c.gateway(t, xds)
	if want := s.Cases[0].Want; !strings.HasPrefix(want, "allow ") {
		t.Fatalf("the first case is %q", want)
	}
	g.settles(t, s, s.Cases[0], s.Cases[0].Want)
	for _, one := range s.Cases {
		r := request(t, s, one)
		if one.Envoy == "403" { // Istio lets websockets be asked for, so that the gate refuses
			one.Envoy = ""
		}
		if err := one.Check(r, g.ask(t, r), corpus.EnvoyHTTP1); err != nil {
			t.Error(err)
		}
	}

	change := func(patch string) {
		c.run(t, "", "-n", "istio-system", "patch", "wasmplugin", "modelgate", "--type=json", "-p", patch)
	}
	change(`[{"op": "remove", "path": "/spec/pluginConfig/grants/0"}]`)
	g.settles(t, s, s.Cases[0], "403 grant_missing")

	change(`[{"op": "replace", "path": "/spec/pluginConfig/grants/0/role", "value": "invokers"}]`)
	eventually(t, "the proxy rejects the configuration", func() bool {
		return strings.Contains(g.Log(), `"/grants/0/role": must be viewer, invoker or admin`)
	})
	g.settles(t, s, s.Cases[0], "403 grant_missing")

	nobody := corpus.Case{Name: "nobody", Request: "POST /v1/models/sklearn-iap:predict",
		Host: "sklearn-iap-predictor-default.kubeflow.svc.cluster.local"}
	g.settles(t, s, nobody, "401 credential_missing")
	c.run(t, "", "delete", "-k", installed)
	g.settles(t, s, nobody, "allow "+nobody.Host+" /v1/models/sklearn-iap:predict")
}

// overlay writes a kustomization of a directory of manifests/istio, with a module and a
// configuration, and returns its directory.
func overlay(t *testing.T, name, module, config string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	base, err := filepath.Rel(dir, filepath.Join(root, "manifests", "istio", name))
	if err != nil {
		t.Fatal(err)
	}
	patch := marshal(t, []object{
		{"op": "replace", "path": "/spec/url", "value": "file://" + module},
		{"op": "replace", "path": "/spec/pluginConfig", "value": json.RawMessage(config)},
	})
	write(t, filepath.Join(dir, "kustomization.yaml"), marshal(t, object{
		"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": []string{base},
		"patches": []object{{"target": object{"kind": "WasmPlugin"}, "patch": patch}},
	}))
	return dir
}

type object = map[string]any

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// gateway makes the ingress gateway's pod and the routes of two model servers, and runs Envoy
// where the pod would be.
func (c *cluster) gateway(t *testing.T, xds string) *gateway {
	t.Helper()
	servers, addrs, err := testbed.Upstreams("kubeflow", "prod")
	if err != nil {
		t.Fatal(err)
	}
	port, err := testbed.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	c.run(t, testdata(t, "gateway.yaml", map[string]string{"IP": gatewayIP, "PORT": port,
		"KUBEFLOW": process.Port(addrs["kubeflow"]), "PROD": process.Port(addrs["prod"])}), "apply", "-f", "-")
	c.run(t, "", "-n", "istio-system", "patch", "pod", "istio-ingressgateway", "--subresource=status", "--type=merge", "-p",
		`{"status": {"phase": "Running", "podIP": "`+gatewayIP+`", "podIPs": [{"ip": "`+gatewayIP+`"}],
		"conditions": [{"type": "Ready", "status": "True"}]}}`)
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(root, "e2e", "istio", "testdata", "bootstrap.yaml"),
		Upstreams: map[string]string{"xds-grpc": xds, "sds-grpc": xds},
		Edit: func(bootstrap map[string]any) {
			bootstrap["node"] = object{
				"id":      "router~" + gatewayIP + "~istio-ingressgateway.istio-system~istio-system.svc.cluster.local",
				"cluster": "istio-ingressgateway.istio-system",
				"metadata": object{"NAMESPACE": "istio-system", "CLUSTER_ID": "Kubernetes", "ISTIO_VERSION": "1.31.0",
					"LABELS": object{"istio": "ingressgateway"}},
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		envoy.Stop()
		if log := envoy.Log(); t.Failed() {
			t.Logf("Envoy:\n%s", log[max(0, len(log)-4000):])
		}
		for _, s := range servers {
			s.Close()
		}
	})
	g := &gateway{envoy, net.JoinHostPort(gatewayIP, port)}
	eventually(t, "the gateway listens", func() bool {
		conn, err := net.DialTimeout("tcp", g.addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return g
}

func request(t *testing.T, s *corpus.Scenario, one corpus.Case) corpus.Request {
	t.Helper()
	r, err := s.Request(one, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ask sends a request, and returns what became of it.
func (g *gateway) ask(t *testing.T, r corpus.Request) corpus.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	o, err := testbed.Ask(ctx, g.addr, nil, testbed.Proto(r), r)
	if err != nil {
		o.Line = "closed"
	}
	return o
}

// settles waits until a case is answered like this.
func (g *gateway) settles(t *testing.T, s *corpus.Scenario, one corpus.Case, want string) {
	t.Helper()
	eventually(t, one.Request+" is answered "+want, func() bool { return g.ask(t, request(t, s, one)).Line == want })
}
