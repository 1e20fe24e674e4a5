package istio

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/e2e"
	"github.com/modelgate/modelgate/e2e/rawhttp"
	"github.com/modelgate/modelgate/internal/gatetest"
)

// pushes is how often TestConfigurationInMotion changes the configuration.
const pushes = 200

// TestConfigurationInMotion changes the plugin's configuration again and again
// under load. Whoever has a grant in every configuration is always served, who
// has one in none is always refused, and who gains and loses it gets one answer
// or the other; after Envoy has it, the newest. No request goes without answer.
// Envoy tries each new configuration in a VM of its own, which it drops; those
// that serve are the same ones from the first configuration to the last.
func TestConfigurationInMotion(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	w.workers = 2
	repository := push(t, makeImage(t, shipped))
	image := from(repository.repository+":0.1.0", "")
	generation := func(n int) config.Config { return plugin(t, "gateway", generations(s, n), image) }
	plane := newPlane(t, nil, append(public(t, w, clusters), generation(0))...)
	gateway := plane.start(t, w)
	const path = "POST /kfserving/kubeflow/sklearn-iap:predict"
	carl := request(t, s, &gatetest.Token{Issuer: "iap", Claims: map[string]any{"email": "carl@example.com"}}, path)
	settled(t, gateway, carl, passed, "the first configuration")
	serving, started := vms(t, gateway, "active"), vms(t, gateway, "created")

	busy := newTraffic(t, gateway.addr, []asked{
		{request(t, s, ana, path), []string{passed}},
		{request(t, s, &gatetest.Token{Issuer: "iap", Claims: map[string]any{"email": "bob@example.com"}}, path), []string{"403 grant_missing"}},
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
func generations(s *gatetest.Scenario, n int) *gatetest.Scenario {
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

// TestBrokenConfiguration: the control plane delivers it, Envoy rejects it with
// the error's place, and goes on with the one it has, also from a new start of
// the same proxy, where there is none: then nothing is let through.
func TestBrokenConfiguration(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	broken := *s
	broken.Config = strings.Replace(s.Config, `"role": "invoker"`, `"role": "owner"`, 1)
	plane := newPlane(t, nil, append(public(t, w, clusters), plugin(t, "gateway", s))...)
	gateway := plane.start(t, w)
	settled(t, gateway, native(t, s, ana), passed, "before")
	plane.apply(plugin(t, "gateway", &broken))
	eventually(t, "the broken configuration is rejected", func() bool { return len(gateway.nacks()) > 0 })
	eventually(t, "the log says why", func() bool { return strings.Contains(gateway.Log(), `"/grants/0/role": is viewer, invoker or admin`) })
	settled(t, gateway, native(t, s, ana), passed, "after it")
	settled(t, gateway, native(t, s, nil), "401 credential_missing", "after it, nobody")
	plane.apply(plugin(t, "gateway", generations(s, 1)))
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
// under load.
func TestRollBack(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	other := shipped + ".other"
	if err := e2e.BuildWasm(root, other, "-tags=faults"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(other) })
	old, new := push(t, makeImage(t, shipped)), push(t, makeImage(t, other))
	plane := newPlane(t, nil, append(public(t, w, clusters), plugin(t, "gateway", s, from(old.repository+":0.1.0", "")))...)
	gateway := plane.start(t, w)
	settled(t, gateway, native(t, s, ana), passed, "before")
	busy := newTraffic(t, gateway.addr, []asked{
		{native(t, s, ana), []string{passed}},
		{native(t, s, nil), []string{"401 credential_missing"}},
	})
	for i := range 3 {
		for _, repository := range []store{new, old} {
			before, started := gateway.acks(), vms(t, gateway, "created")
			plane.apply(plugin(t, "gateway", s, from(repository.repository+"@"+repository.digests["0.1.0"], "")))
			eventually(t, fmt.Sprintf("module %d is accepted", i), func() bool { return gateway.acks() > before && vms(t, gateway, "created") > started })
		}
	}
	t.Logf("6 modules, %d requests", busy.stop())
}

// asked is a request of a load, and the answers that are right.
type asked struct {
	request gatetest.Request
	want    []string
}

// traffic asks over two connections, one request after the other.
type traffic struct {
	t    *testing.T
	done chan struct{}
	wg   sync.WaitGroup
	n    atomic.Int64
}

func newTraffic(t *testing.T, addr string, all []asked) *traffic {
	l := &traffic{t: t, done: make(chan struct{})}
	for range 2 {
		l.wg.Add(1)
		go func() {
			defer l.wg.Done()
			l.run(addr, all)
		}()
	}
	return l
}

func (l *traffic) run(addr string, all []asked) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	conn, err := rawhttp.Dial(ctx, addr, nil, rawhttp.H1)
	if err != nil {
		l.t.Error(err)
		return
	}
	defer func() { conn.Close() }()
	for {
		for _, a := range all {
			select {
			case <-l.done:
				return
			default:
			}
			o, err := e2e.AskOn(ctx, conn, a.request)
			if err != nil {
				l.t.Errorf("a request without an answer: %v", err)
				return
			}
			if l.n.Add(1); !slices.Contains(a.want, o.Line) {
				l.t.Errorf("%s, want one of %q", o.Line, a.want)
				return
			}
		}
	}
}

// stop ends the load and says how many requests were answered.
func (l *traffic) stop() int64 {
	close(l.done)
	l.wg.Wait()
	return l.n.Load()
}
