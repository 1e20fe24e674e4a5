//go:build attacks

package attacks

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/load"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

type object = map[string]any

// world is an Envoy with a gate whose models anybody with a token may call.
type world struct {
	t        *testing.T
	scenario *corpus.Scenario
	envoy    *harness.Envoy
}

// startWorld starts Envoy with a failure policy. Without limits it has none of its
// own, which the examples set.
func startWorld(t *testing.T, policy string, limits bool) *world {
	t.Helper()
	s, err := corpus.LoadConfig("testdata")
	if err != nil {
		t.Fatal(err)
	}
	server, err := upstream.Start("models")
	if err != nil {
		t.Fatal(err)
	}
	server.Record(false)
	t.Cleanup(func() { server.Close() })
	w := &world{t: t, scenario: s}
	w.envoy, err = harness.StartEnvoy(harness.Options{
		Bootstrap:    filepath.Join(root, "examples", "triton-stream", "envoy.yaml"),
		PluginConfig: s.Config, Module: shipped, LogLevel: "warning",
		Upstreams: map[string]string{"grpc": server.Addr, "rest": server.Addr},
		Edit: func(bootstrap map[string]any) {
			editBootstrap(bootstrap, policy, limits)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.envoy.Stop)
	t.Cleanup(func() {
		if log := w.envoy.Log(); t.Failed() {
			t.Logf("Envoy's log begins and ends with:\n%s\n...\n%s", log[:min(len(log), 2000)], log[max(0, len(log)-2000):])
		}
	})
	return w
}

// editBootstrap sets the failure policy, and takes away the access log, which nobody
// reads here, and the limits of a listener that is to have none.
func editBootstrap(bootstrap object, policy string, limits bool) {
	resources := bootstrap["static_resources"].(object)
	listener := resources["listeners"].([]any)[0].(object)
	manager := listener["filter_chains"].([]any)[0].(object)["filters"].([]any)[0].(object)["typed_config"].(object)
	delete(manager, "access_log")
	plugin := manager["http_filters"].([]any)[0].(object)["typed_config"].(object)["config"].(object)
	plugin["failure_policy"], plugin["allow_on_headers_stop_iteration"] = policy, true
	for _, cluster := range resources["clusters"].([]any) {
		most := object{"max_connections": 30000, "max_pending_requests": 300000, "max_requests": 300000}
		cluster.(object)["circuit_breakers"] = object{"thresholds": []any{most}}
	}
	if limits {
		return
	}
	delete(bootstrap, "overload_manager")
	delete(bootstrap, "layered_runtime")
	delete(listener, "per_connection_buffer_limit_bytes")
	for _, name := range []string{
		"http2_protocol_options", "common_http_protocol_options",
		"max_request_headers_kb", "request_headers_timeout", "stream_idle_timeout",
	} {
		delete(manager, name)
	}
}

// token is a token of a caller.
func (w *world) token(email string) string {
	w.t.Helper()
	claims := object{"email": email, "email_verified": true}
	token, err := w.scenario.Mint(corpus.Token{Issuer: "corp", Claims: claims}, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// What the others ask for: a model that the path names, and one that the body names.
var (
	byPath = load.Load{Path: always("/kfserving/prod/fraud:predict")}
	byBody = load.Load{
		Path: always("/v1/chat/completions"), Body: `{"model":"a","messages":[]}`,
		Headers: map[string]string{"content-type": "application/json"},
	}
)

func always(text string) func(int) string { return func(int) string { return text } }

// honest are the other callers.
type honest struct{ byPath, byBody *load.Running }

func (w *world) honest(rate int) honest {
	token := always(w.token("bob@example.com"))
	start := func(l load.Load) *load.Running {
		l.Addr, l.Token, l.Rate, l.Workers = w.envoy.Addr(), token, rate, 16
		l.Timeout = 20 * time.Second
		r := load.Start(l)
		w.t.Cleanup(func() { r.Stop() })
		return r
	}
	return honest{start(byPath), start(byBody)}
}

// stop returns what became of the others' requests: whether all were served, and whether
// one was refused. What had no answer in time is neither.
func (h honest) stop() (text string, served, refused bool) {
	a, b := h.byPath.Stop(), h.byBody.Stop()
	for _, report := range []load.Report{a, b} {
		for line := range report.Lines {
			refused = refused || strings.HasPrefix(line, "50") && !strings.HasPrefix(line, "504")
		}
	}
	text = fmt.Sprintf("by path %s, p99 %v; by body %s, p99 %v", a, a.Percentile(load.Allowed, 99).Round(time.Millisecond),
		b, b.Percentile(load.Allowed, 99).Round(time.Millisecond))
	return text, a.Only(load.Allowed) && b.Only(load.Allowed), refused
}

// peaks are the most memory that a process had, in MiB.
type peaks struct {
	rss     int // anonymous memory of the process
	vms     int // the part of it that is not Envoy's heap: the VMs'
	waiting int // that the gate says waiting requests hold, in all VMs
}

func (p peaks) String() string {
	return fmt.Sprintf("Envoy %d MiB, of it the module %d MiB, waiting requests %d MiB", p.rss, p.vms, p.waiting)
}

// watch measures until stop is called.
func (w *world) watch() (stop func() peaks) {
	var p peaks
	var done sync.WaitGroup
	end := make(chan struct{})
	done.Go(func() {
		for {
			w.measure(&p)
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return func() peaks {
		close(end)
		done.Wait()
		return p
	}
}

func (w *world) measure(p *peaks) {
	var memory struct {
		Physical int `json:"total_physical_bytes,string"`
	}
	text, err := w.envoy.Admin("/memory")
	if err == nil {
		err = json.Unmarshal([]byte(text), &memory)
	}
	rss := anonymous(w.envoy.Pid())
	p.rss = max(p.rss, rss)
	metrics, metricsErr := w.envoy.Metrics()
	if err != nil || metricsErr != nil {
		return
	}
	heap := memory.Physical >> 20
	p.vms = max(p.vms, rss-heap)
	p.waiting = max(p.waiting, int(metrics["modelgate.waiting_bytes"]>>20))
}

// waitingBytes is what the gate says waiting requests hold.
func (w *world) waitingBytes() uint64 {
	w.t.Helper()
	metrics, err := w.envoy.Metrics()
	if err != nil {
		w.t.Fatal(err)
	}
	return metrics["modelgate.waiting_bytes"]
}

// stat returns a counter or gauge of Envoy's.
func (w *world) stat(name string) uint64 {
	w.t.Helper()
	stats, err := w.envoy.Stats()
	if err != nil {
		w.t.Fatal(err)
	}
	return stats[name]
}

// anonymous returns the anonymous memory of a process in MiB (proc(5), status).
func anonymous(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kib >> 10
		}
	}
	return 0
}
