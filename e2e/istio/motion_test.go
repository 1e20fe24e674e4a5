package istio

import (
	"fmt"
	"strings"
	"testing"

	extensions "istio.io/api/extensions/v1alpha1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// pushes is how often TestConfigurationInMotion changes the configuration.
const pushes = 200

// TestConfigurationInMotion changes the plugin's configuration again and again
// under load. A caller with a grant in every configuration is always served. A caller
// without any grant is always refused. A caller who gains and loses the grant gets one
// answer or the other, and that of the newest configuration once Envoy has it. Every
// request gets an answer. Envoy tries each new configuration in a VM of its own, which it
// drops; the VMs that serve are the same from the first configuration to the last.
func TestConfigurationInMotion(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	w.workers = 2
	repository := push(t, makeImage(t, shipped))
	image := from(repository.repository+":0.1.0", "")
	generation := func(n int) config.Config { return plugin(t, "gateway", generations(s, n), image) }
	plane := newPlane(t, nil, append(public(t, w, clusters), generation(0))...)
	gateway := plane.start(t, w)
	const path = "POST /kfserving/kubeflow/sklearn-iap:predict"
	carl := request(t, s, &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "carl@example.com"}}, path)
	settled(t, gateway, carl, passed, "the first configuration")
	serving, started := vms(t, gateway, "active"), vms(t, gateway, "created")

	busy := newTraffic(t, gateway.addr, []asked{
		{request(t, s, ana, path), []string{passed}},
		{request(t, s, &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "bob@example.com"}}, path), []string{"403 grant_missing"}},
		{request(t, s, nil, path), []string{"401 credential_missing"}},
		{carl, []string{passed, "403 grant_missing"}},
	})
	for n := 1; n <= pushes; n++ {
		before := gateway.acks()
		plane.apply(generation(n))
		eventually(t, fmt.Sprintf("configuration %d is accepted", n), func() bool { return gateway.acks() > before })
		want := passed
		if n%2 == 1 {
			want = "403 grant_missing"
		}
		settled(t, gateway, carl, want, fmt.Sprintf("configuration %d", n))
	}
	t.Logf("%d configurations, %d requests", pushes, busy.stop())
	eventually(t, fmt.Sprintf("%d VMs serve, as before", serving), func() bool { return vms(t, gateway, "active") == serving })
	if got := vms(t, gateway, "created") - started; got > pushes {
		t.Errorf("%d VMs were started for %d configurations", got, pushes)
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// generations is a scenario in its nth configuration: Carl has a grant in every
// other one.
func generations(s *corpus.Scenario, n int) *corpus.Scenario {
	who := `"user:ana@example.com", "user:carl@example.com"`
	if n%2 == 1 {
		who = fmt.Sprintf(`"user:ana@example.com", "user:nobody-%d@example.com"`, n)
	}
	changed := *s
	changed.Config = strings.Replace(s.Config, `"user:ana@example.com"`, who, 1)
	return &changed
}

// vms is how many VMs are "active", or were ever "created".
func vms(t *testing.T, x *proxy, which string) uint64 {
	t.Helper()
	stats, err := x.Stats()
	if err != nil {
		t.Fatal(err)
	}
	n, ok := stats["wasm.envoy.wasm.runtime.v8."+which]
	if !ok {
		t.Fatal("no count of VMs")
	}
	return n
}

// TestBrokenConfiguration delivers a configuration that does not compile. Envoy rejects
// it, says where the error is, and keeps the configuration that it has. A proxy that
// starts with it has no other configuration, and lets nothing through.
func TestBrokenConfiguration(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	broken := *s
	broken.Config = strings.Replace(s.Config, `"role": "invoker"`, `"role": "owner"`, 1)
	plane := newPlane(t, nil, append(public(t, w, clusters), plugin(t, "gateway", s))...)
	gateway := plane.start(t, w)
	settled(t, gateway, native(t, s, ana), passed, "before")
	plane.apply(plugin(t, "gateway", &broken))
	eventually(t, "the broken configuration is rejected", func() bool { return len(gateway.nacks()) > 0 })
	eventually(t, "the log says why", func() bool {
		return strings.Contains(gateway.Log(), `"/grants/0/role": must be viewer, invoker or admin`)
	})
	settled(t, gateway, native(t, s, ana), passed, "after it")
	settled(t, gateway, native(t, s, nil), "401 credential_missing", "after it, nobody")
	plane.apply(plugin(t, "gateway", generations(s, 1), marked("a-good-one")))
	gateway.serves(t, "a-good-one")
	settled(t, gateway, native(t, s, ana), passed, "after a good one")

	plane.apply(plugin(t, "gateway", &broken))
	gateway.Stop()
	again := plane.start(t, w)
	settled(t, again, native(t, s, ana), "500", "started with the broken one")
	settled(t, again, native(t, s, nil), "500", "started with the broken one, nobody")
	plane.apply(plugin(t, "gateway", s))
	settled(t, again, native(t, s, ana), passed, "mended")
}

// TestRollBack puts another module in the place of the gate's, and that one back,
// under load. They are told apart by a request at which one of them panics, and
// not by a count of VMs: a module that comes back before the last request has
// left its VMs is served by these.
func TestRollBack(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	other, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	old, new := push(t, makeImage(t, shipped)), push(t, makeImage(t, other))
	panics := func(w *extensions.WasmPlugin) {
		w.VmConfig = &extensions.VmConfig{Env: []*extensions.EnvVar{{Name: "MODELGATE_FAULT", Value: "request"}}}
	}
	plane := newPlane(t, nil, append(public(t, w, clusters), plugin(t, "gateway", s, panics, from(old.repository+":0.1.0", "")))...)
	gateway := plane.start(t, w)
	probe := native(t, s, ana)
	probe.Headers = append(probe.Headers, [2]string{"x-fault", "1"})
	settled(t, gateway, probe, passed, "before")
	serving := vms(t, gateway, "active")
	busy := newTraffic(t, gateway.addr, []asked{
		{native(t, s, ana), []string{passed}},
		{native(t, s, nil), []string{"401 credential_missing"}},
	})
	for i := range 3 {
		for _, module := range []struct {
			store
			want string
		}{{new, "500 internal"}, {old, passed}} {
			plane.apply(plugin(t, "gateway", s, panics, from(module.repository+"@"+module.digests["0.1.0"], "")))
			settled(t, gateway, probe, module.want, fmt.Sprintf("round %d", i))
		}
	}
	t.Logf("6 modules, %d requests", busy.stop())
	eventually(t, fmt.Sprintf("%d VMs serve, as before", serving), func() bool { return vms(t, gateway, "active") == serving })
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}
