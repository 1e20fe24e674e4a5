//go:build metrics

package monitoring

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/keyserver"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// site is an Envoy with an example, and the requests that are sent to it.
type site struct {
	scenario *corpus.Scenario
	envoy    *harness.Envoy
}

// startSite starts an example with a module. tags says whether the bootstrap makes the labels.
func startSite(t *testing.T, name, module string, tags bool, clusters map[string]string) site {
	t.Helper()
	s, err := corpus.Load(filepath.Join(root, "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	servers, addrs, err := testbed.Upstreams("models")
	for _, server := range servers {
		t.Cleanup(func() { server.Close() })
	}
	if err != nil {
		t.Fatal(err)
	}
	for cluster, addr := range clusters {
		addrs[cluster] = addr
	}
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: module, Upstreams: addrs, Concurrency: 2,
		Edit: func(bootstrap map[string]any) {
			if !tags {
				delete(bootstrap, "stats_config")
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(envoy.Stop)
	return site{s, envoy}
}

// send sends the cases whose outcome is wanted, one after the other, until the context ends: each
// several times with one token, and then with a new one.
func (s site) send(ctx context.Context, wanted func(c corpus.Case) bool) error {
	requests := map[string]corpus.Request{}
	for round := 0; ; round++ {
		for _, c := range s.scenario.Cases {
			if !wanted(c) {
				continue
			}
			if round%8 == 0 {
				r, err := s.scenario.Request(c, time.Now())
				if err != nil {
					return err
				}
				requests[c.Name] = r
			}
			r := requests[c.Name]
			_, err := testbed.Ask(ctx, s.envoy.Addr(), nil, testbed.Proto(r), r)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// traffic sends requests to all sites until stop is called.
func traffic(t *testing.T, sites []site, wanted func(c corpus.Case) bool) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, s := range sites {
		all.Go(func() {
			if err := s.send(ctx, wanted); err != nil {
				t.Error(err)
			}
		})
	}
	stop = func() {
		cancel()
		all.Wait()
	}
	t.Cleanup(stop)
	return stop
}

func passes(c corpus.Case) bool {
	counter := c.Counter(corpus.EnvoyHTTP1)
	return counter == "allowed" || strings.HasPrefix(counter, "shadow.")
}

// TestFlood: a Prometheus sees a Wasm module whose labels Envoy makes, and a dynamic module whose
// labels the scrape makes, alike. Under honest traffic each record and each query of the dashboard
// has an answer, and no alert fires but that of the rules in shadow; a flood of refusals fires its alert.
func TestFlood(t *testing.T) {
	clusters := map[string]string{}
	for _, issuer := range [][3]string{
		{"keys", "https://issuer.example.com", "ES256"}, {"partner", "https://login.partner.example", "RS256"},
	} {
		keys, err := keyserver.Start(issuer[1], issuer[2])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(keys.Close)
		keys.Advertise("http://keys.partner.example" + keyserver.JWKS)
		clusters[issuer[0]] = keys.Addr
	}
	sites := []site{startSite(t, "remote-keys", wasm, true, clusters), startSite(t, "shadow", native, false, nil)}
	s := startPrometheus(t, sites[0].envoy, sites[1].envoy)

	stop := traffic(t, sites, passes)
	s.await("records", func() string {
		for _, record := range []string{
			`modelgate:requests:rate5m{reason="allowed"} > 0`, `modelgate:refused:ratio_rate5m < 0.5`,
			`modelgate:issuers:rate5m{issuer="corp", result="allowed"} > 0`, `modelgate:token_cache:hit_ratio_rate5m >= 0`,
			`modelgate:decision_cache:hit_ratio_rate5m >= 0`, `modelgate:decision_microseconds:p50_rate5m > 0`,
			`modelgate:decision_microseconds:p99_rate5m{token="fresh"} > 0`,
		} {
			if len(s.query(record)) == 0 {
				return record
			}
		}
		return ""
	})
	checkAlike(s)
	for _, expr := range expressions(t) {
		s.await("the dashboard", func() string {
			for _, answer := range s.query(expr) {
				if answer.Value[1] != "NaN" {
					return ""
				}
			}
			return expr + " has no answer"
		})
	}
	for _, name := range s.firing() {
		if name != "ModelGateShadowPasses" && name != "ModelGateSlow" { // as slow as this machine is
			t.Errorf("%s fires under honest traffic", name)
		}
	}
	stop()

	traffic(t, sites, func(c corpus.Case) bool { return !passes(c) })
	s.await("the flood", func() string {
		if firing := s.firing(); !slices.Contains(firing, "ModelGateRefusalFlood") {
			return "ModelGateRefusalFlood does not fire"
		}
		return ""
	})
	if firing := s.firing(); slices.Contains(firing, "ModelGateFault") || slices.Contains(firing, "ModelGateAbsent") {
		t.Errorf("%v fire, want neither a fault nor an absent gate", firing)
	}
}

// checkAlike checks that both proxies have the same metrics with the same labels, and no other of the gate's.
func checkAlike(s *server) {
	s.Helper()
	shapes := map[string]map[string]bool{}
	for _, series := range s.query(`{__name__=~"(envoy_dynamicmodulescustom_)?modelgate_.+"}`) {
		name := series.Metric["__name__"]
		instance := series.Metric["instance"]
		var labels []string
		for label := range series.Metric {
			if label != "__name__" && label != "instance" && label != "job" {
				labels = append(labels, label)
			}
		}
		slices.Sort(labels)
		if shapes[instance] == nil {
			shapes[instance] = map[string]bool{}
		}
		shapes[instance][name+"{"+strings.Join(labels, ",")+"}"] = true
	}
	if len(shapes) != 2 {
		s.Fatalf("%d proxies have metrics, want 2", len(shapes))
	}
	var all []map[string]bool
	for _, shape := range shapes {
		all = append(all, shape)
	}
	for i, shape := range all {
		for name := range shape {
			if !all[1-i][name] && !strings.HasPrefix(name, "modelgate_keys_") { // only one has published keys
				s.Errorf("one proxy has %s, and the other has not", name)
			}
			if strings.HasPrefix(name, "envoy_") {
				s.Errorf("a proxy has %s, want the names of the Wasm module", name)
			}
		}
	}
}
