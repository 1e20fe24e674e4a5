package istio

import (
	"fmt"
	"strings"
	"testing"
	"time"

	extensions "istio.io/api/extensions/v1alpha1"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// The iap example's two requests of a granted caller and of nobody, to a model's
// own host: without a gate either would reach the model.
const passed = "allow sklearn-iap-predictor-default.kubeflow.svc.cluster.local /v1/models/sklearn-iap:predict"

var ana = &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com"}}

func native(t *testing.T, s *corpus.Scenario, token *corpus.Token) corpus.Request {
	t.Helper()
	r, err := s.Request(corpus.Case{
		Name: "native", Token: token, Host: "sklearn-iap-predictor-default.kubeflow.svc.cluster.local",
		Request: "POST /v1/models/sklearn-iap:predict",
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// from is a WasmPlugin's image, by tag or digest, and the sum it must have.
func from(url, sum string) func(*extensions.WasmPlugin) {
	return func(w *extensions.WasmPlugin) { w.Url, w.Sha256 = "oci://"+url, sum }
}

// TestImageFetched has Istio's own code fetch the module from a registry in each
// form and by each name, and the gate run from what came. For an image, sha256
// is the sum of its manifest, not of the module.
func TestImageFetched(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	repository := push(t, makeImage(t, shipped))
	sum := func(tag string) string { return strings.TrimPrefix(repository.digests[tag], "sha256:") }
	none := strings.Repeat("0", 64)

	plane := newPlane(t, nil, append(public(t, w, clusters), plugin(t, "gateway", s, from(repository.repository+":0.1.0", "")))...)
	gateway := plane.start(t, w)
	for i, c := range []struct {
		name string
		edit func(*extensions.WasmPlugin)
		open bool // what a failed fetch does
		want string
	}{
		{"by tag", from(repository.repository+":0.1.0", ""), false, passed},
		{"by a tag that is not there", from(repository.repository+":0.2.0", ""), false, "403"},
		{"by digest", from(repository.repository+"@"+repository.digests["0.1.0"], ""), false, passed},
		{"by a digest that is not there", from(repository.repository+"@sha256:"+none, ""), false, "403"},
		{"the artifact's form", from(repository.repository+":0.1.0-artifact", ""), false, passed},
		{"by tag, with the sum", from(repository.repository+":0.1.0", sum("0.1.0")), false, passed},
		{"by tag, with another sum", from(repository.repository+":0.1.0-artifact", none), false, "403"},
		// Whatever the tag says by now: the agent has what has that sum.
		{"by a sum that was fetched before", from(repository.repository+":0.1.0-artifact", sum("0.1.0")), false, passed},
		{"from a registry that is not there", from("127.0.0.1:1/modelgate:0.1.0", ""), false, "403"},
		{"where a failed fetch is to let traffic through", from("127.0.0.1:1/modelgate:0.1.0", ""), true, passed},
		{"and back", from(repository.repository+":0.1.0", ""), false, passed},
	} {
		mark := fmt.Sprintf("row-%d-plugin", i) // by which this row is told from the last
		plane.apply(plugin(t, "gateway", s, c.edit, marked(mark), func(w *extensions.WasmPlugin) {
			if c.open {
				w.FailStrategy = extensions.FailStrategy_FAIL_OPEN
			}
		}))
		if c.want == passed && !c.open { // otherwise there is no gate that could have it
			gateway.serves(t, mark)
		}
		settled(t, gateway, native(t, s, ana), c.want, c.name)
		nobody := "401 credential_missing"
		if c.want != passed || c.open {
			nobody = c.want
		}
		settled(t, gateway, native(t, s, nil), nobody, c.name+", nobody")
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// serves waits until Envoy has put to work what is marked by some text, and
// nothing is on its way.
func (x *proxy) serves(t *testing.T, marks ...string) {
	t.Helper()
	eventually(t, strings.Join(marks, " and ")+" in force", func() bool {
		dump, err := x.Admin("/config_dump?include_eds")
		has := err == nil && !strings.Contains(dump, "warming_state")
		for _, m := range marks {
			has = has && strings.Contains(dump, m)
		}
		return has
	})
}

// settled waits until an answer is the one that is wanted, which a worker gives
// a moment after Envoy has accepted a configuration, and sees that it stays. A
// connection belongs to a worker, by chance: where there are several, so many
// answers in a row are awaited that each worker has given one.
func settled(t *testing.T, x *proxy, r corpus.Request, want, what string) {
	t.Helper()
	inARow := 1
	if x.workers > 1 {
		inARow = 16 * x.workers
	}
	deadline := time.Now().Add(patience)
	for had := 0; had < inARow && time.Now().Before(deadline); {
		if had++; ask(t, x.addr, nil, r).Line != want {
			had = 0
			time.Sleep(50 * time.Millisecond)
		}
	}
	for range 3 {
		if got := ask(t, x.addr, nil, r).Line; got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
			return
		}
	}
}
