package istio

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// workload is a pod with a proxy. Each has an address of its own on the
// loopback, by which Istio tells them apart.
type workload struct {
	router          bool // a gateway; otherwise a sidecar
	name, namespace string
	ip, port        string
	labels          map[string]any
	certs           string // a directory; "" for none
	env             map[string]string
	workers         int
}

// proxy is a running one: its Envoy, and the agent beside it.
type proxy struct {
	*harness.Envoy
	*agent
	addr    string
	workers int
}

// ingress is Istio's ingress gateway.
func ingress(t *testing.T) workload {
	return workload{router: true, name: "istio-ingressgateway", namespace: "istio-system",
		ip: "127.0.0.2", port: freePort(t), labels: map[string]any{"istio": "ingressgateway"}}
}

// predictor is a pod of a KServe predictor.
func predictor(t *testing.T) workload {
	return workload{name: "fraud-predictor", namespace: "prod",
		ip: "127.0.0.3", port: freePort(t), labels: map[string]any{"component": "predictor", "serving.kserve.io/inferenceservice": "fraud",
			"app": "fraud"}}
}

func (w workload) addr() string { return net.JoinHostPort(w.ip, w.port) }

// node is how Istio's agent introduces its Envoy.
func (w workload) node() map[string]any {
	kind, metadata := "sidecar", map[string]any{"INTERCEPTION_MODE": "NONE"}
	if w.router {
		kind, metadata = "router", map[string]any{}
	}
	metadata["NAMESPACE"], metadata["LABELS"], metadata["CLUSTER_ID"] = w.namespace, w.labels, "Kubernetes"
	metadata["ISTIO_VERSION"] = "1.31.0"
	return map[string]any{
		"id":       kind + "~" + w.ip + "~" + w.name + "." + w.namespace + "~" + w.namespace + ".svc.cluster.local",
		"cluster":  w.name + "." + w.namespace,
		"metadata": metadata,
	}
}

// start runs a workload's proxy against the control plane and waits until it
// listens where traffic comes in.
func (p *plane) start(t *testing.T, w workload) *proxy {
	t.Helper()
	a := newAgent(t, p.addr, w.certs)
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap:   filepath.Join(root, "e2e", "istio", "testdata", "bootstrap.yaml"),
		Upstreams:   map[string]string{"xds-grpc": a.addr, "sds-grpc": a.addr},
		Edit:        func(bootstrap map[string]any) { bootstrap["node"] = w.node() },
		HostEnv:     w.env,
		Concurrency: w.workers, Timeout: patience, ExtraArgs: []string{"--file-flush-interval-msec", "50"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if dir := os.Getenv("MODELGATE_LOGS"); dir != "" && t.Failed() {
			dump, _ := envoy.Admin("/config_dump")
			os.WriteFile(filepath.Join(dir, w.name+".dump"), []byte(dump), 0o600)
		}
		envoy.Stop()
		keepLog(t, w, envoy)
	})
	x := &proxy{envoy, a, w.addr(), max(1, w.workers)}
	eventually(t, w.name+" listens", func() bool {
		conn, err := net.DialTimeout("tcp", x.addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return x
}

// keepLog shows the end of a proxy's log where a test has failed.
func keepLog(t *testing.T, w workload, envoy *harness.Envoy) {
	if !t.Failed() {
		return
	}
	log := envoy.Log()
	if dir := os.Getenv("MODELGATE_LOGS"); dir != "" {
		os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "_")+"-"+w.name+".log"), []byte(log), 0o600)
	}
	t.Logf("%s:\n%s", w.name, log[max(0, len(log)-4000):])
}

// patience bounds every wait for what has to come.
const patience = harness.Patience

// eventually waits for what a control plane does in its own time.
func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if true() {
			return
		}
	}
	t.Fatalf("not so after %v: %s", patience, what)
}

// ask sends a request to an address and says what became of it; "closed" is a
// connection that ended without an answer.
func ask(t *testing.T, addr string, config *tls.Config, r corpus.Request) corpus.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o, err := testbed.Ask(ctx, addr, config, testbed.Proto(r), r)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		o.Line = "no answer"
	case err != nil:
		o.Line = "closed"
	}
	return o
}
