package istio

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// filled is the EnvoyFilter with an image and a configuration.
func filled(t *testing.T, image, doc string) config.Config {
	t.Helper()
	c := only[*networking.EnvoyFilter](t, manifests(t, "body")).DeepCopy()
	wasm := c.Spec.(*networking.EnvoyFilter).ConfigPatches[0].Patch.Value.
		Fields["typed_config"].GetStructValue().Fields["config"].GetStructValue()
	uri := wasm.Fields["vm_config"].GetStructValue().Fields["code"].GetStructValue().
		Fields["remote"].GetStructValue().Fields["http_uri"].GetStructValue()
	uri.Fields["uri"] = structpb.NewStringValue("oci://" + image)
	wasm.Fields["configuration"].GetStructValue().Fields["value"] = structpb.NewStringValue(doc)
	return c
}

// TestBody shows how far a filter gets with bodies under Istio: a WasmPlugin can
// hold a body and refuse it, but a head that waits for its body waits for ever;
// by the EnvoyFilter it gets the body, and routes by it.
func TestBody(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	held := push(t, makeImage(t, holding(t)))
	byPlugin := plugin(t, "gateway", s, from(held.repository+":0.1.0", ""))
	plane := newPlane(t, nil, append(public(t, w, clusters), byPlugin)...)
	gateway := plane.start(t, w)
	const kubeflow, prod = "a.kubeflow.svc.cluster.local", "a.prod.svc.cluster.local"
	send := func(hold, body string) corpus.Request {
		return corpus.Request{Method: "POST", Path: "/x", Authority: kubeflow, Headers: [][2]string{{"x-hold", hold}}, Body: body}
	}
	settled(t, gateway, send("body", "hello"), "allow "+kubeflow+" /x", "WasmPlugin: a held body is forwarded")
	settled(t, gateway, send("body", "refuse"), "403 refused", "WasmPlugin: a held body is refused")
	if o, err := within(t, gateway, send("head", prod), 3*time.Second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("WasmPlugin: a held head gets its body: %v, %v", o.Line, err)
	}
	plane.remove(byPlugin)
	plane.apply(filled(t, held.repository+":0.1.0", ""))
	gateway.serves(t, "allow_on_headers_stop_iteration")
	settled(t, gateway, send("head", prod), "allow "+prod+" /x", "EnvoyFilter: routed by body")
	settled(t, gateway, send("head", "refuse"), "403 refused", "EnvoyFilter: refused by body")

	t.Log("the gate by the EnvoyFilter, and a fetch that fails")
	real := push(t, makeImage(t, shipped))
	plane.apply(filled(t, real.repository+":0.1.0", s.Config))
	settled(t, gateway, native(t, s, nil), "401 credential_missing", "the gate, nobody")
	settled(t, gateway, native(t, s, ana), passed, "the gate")
	plane.apply(filled(t, real.repository+":0.2.0", s.Config))
	settled(t, gateway, native(t, s, ana), "403", "no such tag")
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// within asks, and waits no longer than that.
func within(t *testing.T, x *proxy, r corpus.Request, d time.Duration) (corpus.Outcome, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return testbed.Ask(ctx, x.addr, nil, rawhttp.H1, r)
}

// holding builds the filter that holds.
func holding(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "hold.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", out, "./hold")
	cmd.Env = append(cmd.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}
