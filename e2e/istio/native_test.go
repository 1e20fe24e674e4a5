package istio

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	networking "istio.io/api/networking/v1alpha3"
	security "istio.io/api/security/v1beta1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// library is the gate as a dynamic module, built where a test asks for it.
var library = sync.OnceValues(func() (string, error) {
	file := filepath.Join(filepath.Dir(shipped), "libmodelgate.so")
	return file, testbed.BuildNative(root, file)
})

// withLibrary is a workload whose proxy finds the library.
func withLibrary(t *testing.T, w workload) workload {
	t.Helper()
	file, err := library()
	if err != nil {
		t.Fatal(err)
	}
	w.env = map[string]string{harness.SearchPath: filepath.Dir(file)}
	return w
}

// byLibrary is the EnvoyFilter of manifests/istio/native with a configuration.
func byLibrary(t *testing.T, doc string) config.Config {
	t.Helper()
	return libraryOf(t, "native", doc)
}

// libraryOf is the EnvoyFilter of a directory below manifests/istio with a configuration.
func libraryOf(t *testing.T, dir, doc string) config.Config {
	t.Helper()
	c := only[*networking.EnvoyFilter](t, manifests(t, dir)).DeepCopy()
	typed := c.Spec.(*networking.EnvoyFilter).ConfigPatches[0].Patch.Value.Fields["typed_config"].GetStructValue()
	typed.Fields["filter_config"].GetStructValue().Fields["value"] = structpb.NewStringValue(doc)
	return c
}

// TestNative sends the cases of the example for OpenAI, where a body says where its request
// goes, through the gate as a dynamic module that Istio's control plane puts there, and
// through one in an Envoy without Istio: the verdicts are to be the same.
func TestNative(t *testing.T) {
	s, w := load(t, "openai"), withLibrary(t, ingress(t))
	servers, routes := openAI(t)
	w.workers = 4
	plane := newPlane(t, unnormalised, slices.Concat(front(t, w), routes, []config.Config{byLibrary(t, s.Config)})...)
	gateway := plane.start(t, w)
	file, err := library()
	if err != nil {
		t.Fatal(err)
	}
	alone := standalone(t, s, file, map[string]string{"llm": servers["llm"].Addr, "embed": servers["embed"].Addr})
	for _, c := range s.Cases {
		r, err := s.Request(c, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		answer(servers, r)
		sameVerdict(t, s, c, gateway, alone, "")
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// TestNativeInMotion replaces the module's configuration. One that does not compile is
// rejected, and the one before it stays. A proxy that begins with it refuses every request.
func TestNativeInMotion(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), withLibrary(t, ingress(t))
	w.workers = 2
	plane := newPlane(t, nil, append(public(t, w, clusters), byLibrary(t, s.Config))...)
	gateway := plane.start(t, w)
	settled(t, gateway, native(t, s, nil), "401 credential_missing", "nobody")
	settled(t, gateway, native(t, s, ana), passed, "a grant")
	broken := byLibrary(t, strings.Replace(s.Config, `"role": "invoker"`, `"role": "owner"`, 1))
	plane.apply(broken)
	eventually(t, "the broken configuration is rejected", func() bool { return len(gateway.nacks()) > 0 })
	settled(t, gateway, native(t, s, ana), passed, "the one before it stays")
	plane.apply(byLibrary(t, strings.Replace(s.Config, `"user:ana@example.com"`, `"user:carl@example.com"`, 1)))
	settled(t, gateway, native(t, s, ana), "403 grant_missing", "the next one")

	late := withLibrary(t, ingress(t))
	late.ip, late.name = "127.0.0.6", "late"
	plane.apply(broken)
	plane.apply(front(t, late)...)
	settled(t, plane.start(t, late), native(t, s, ana), "500", "a proxy that begins with a broken one")
}

// TestWithoutLibrary: a proxy that finds no library refuses every request, also one that has
// served without a gate.
func TestWithoutLibrary(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	plane := newPlane(t, nil, public(t, w, clusters)...)
	gateway := plane.start(t, w)
	settled(t, gateway, native(t, s, nil), passed, "no gate")
	plane.apply(byLibrary(t, s.Config))
	eventually(t, "the module is rejected", func() bool { return len(gateway.nacks()) > 0 })
	settled(t, gateway, native(t, s, ana), "500", "no library")
}

// TestNativePeerUntold: without the filter that tells the module of the client's certificate, a
// client with a certificate is refused, whatever is granted.
func TestNativePeerUntold(t *testing.T) {
	s, model, w, mesh := load(t, "gateway-and-sidecar"), upstreams(t, "fraud"), withLibrary(t, predictor(t)), authority(t, "mesh")
	w.certs = withCerts(t, mesh, predictorID)
	told := libraryOf(t, "native-sidecar", s.Config)
	plane := newPlane(t, unnormalised, append(inbound(t, w, model["fraud"]), peers(t, security.PeerAuthentication_MutualTLS_STRICT), told)...)
	sidecar := plane.start(t, w)
	scorer := client(t, mesh, "spiffe://cluster.local/ns/batch/sa/scorer")
	predict := request(t, s, nil, "POST /v1/models/fraud:predict")
	predict.Authority = "fraud-predictor.prod.svc.cluster.local"
	answers := func(want string) func() bool {
		return func() bool { return ask(t, sidecar.addr, scorer, predict).Line == want }
	}
	eventually(t, "a peer with a grant is served", answers("allow fraud-predictor.prod.svc.cluster.local /v1/models/fraud:predict"))
	untold := told.DeepCopy()
	filter := untold.Spec.(*networking.EnvoyFilter)
	filter.ConfigPatches = filter.ConfigPatches[:2]
	plane.apply(untold)
	eventually(t, "a peer of whom nothing is told is refused", answers("500 internal"))
}
