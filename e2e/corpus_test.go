package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// Built once, from the sources, so that no test runs against a stale module.
var root, shipped, faulty string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "modelgate")
		if err == nil {
			defer os.RemoveAll(dir)
			root, err = testbed.Root()
		}
		if err == nil {
			shipped, faulty = filepath.Join(dir, "modelgate.wasm"), filepath.Join(dir, "faults.wasm")
			err = testbed.BuildWasm(root, shipped)
		}
		if err == nil {
			err = testbed.BuildWasm(root, faulty, "-tags=faults")
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// clusters are those of each example's envoy.yaml.
var clusters = map[string][]string{
	"iap":            {"kubeflow", "prod"},
	"bearer":         {"models"},
	"grpc-cloud-run": {"echo"},
	"hostile":        {"kubeflow"},
	"shadow":         {"models"},
	"kserve-v2":      {"rest", "grpc"},
	"tfserving":      {"rest", "grpc"},
	"openai":         {"llm", "embed"},
	"triton-stream":  {"rest", "grpc"},
	"remote-keys":    {"models"},

	"gateway-and-sidecar":         {"fraud"},
	"gateway-and-sidecar/gateway": {"fraud"},
}

// run starts an example in Envoy, as its envoy.yaml says, with the run's keys.
func run(t *testing.T, s *corpus.Scenario, options harness.Options) *harness.Envoy {
	t.Helper()
	envoy, _ := runWith(t, s, options)
	return envoy
}

func runWith(t *testing.T, s *corpus.Scenario, options harness.Options) (*harness.Envoy, map[string]*upstream.Server) {
	t.Helper()
	for name, value := range s.Env {
		t.Setenv(name, value) // the example hands the variable on to the VM
	}
	servers, addrs, err := testbed.Upstreams(clusters[s.Name]...)
	if err != nil {
		t.Fatal(err)
	}
	options.Bootstrap = filepath.Join(s.Dir, "envoy.yaml")
	options.PluginConfig = s.Config
	options.Upstreams = addrs
	options.Timeout = 3 * time.Minute
	options.ExtraArgs = append(options.ExtraArgs, "--file-flush-interval-msec", "50") // the access log's
	if options.Wasm == "" {
		options.Wasm = shipped
	}
	envoy, err := harness.StartEnvoy(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(envoy.Stop)
	return envoy, servers
}

func load(t *testing.T, name string) *corpus.Scenario {
	t.Helper()
	s, err := corpus.Load(filepath.Join(root, "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(t *testing.T, envoy *harness.Envoy, r corpus.Request) corpus.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	o, err := testbed.Ask(ctx, envoy.Addr(), nil, testbed.Proto(r), r)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", r.Method, r.Path, err, tail(envoy.Log()))
	}
	return o
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// TestCorpusEnvoy runs every case through Envoy with one worker and with two.
func TestCorpusEnvoy(t *testing.T) {
	all, err := corpus.LoadAll(filepath.Join(root, "examples"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == "gateway-and-sidecar" { // has its own test, with certificates
			continue
		}
		for _, workers := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/%d", s.Name, workers), func(t *testing.T) {
				envoy, servers := runWith(t, s, harness.Options{Concurrency: workers})
				for _, c := range s.Cases {
					r, err := s.Request(c, time.Now())
					if err != nil {
						t.Fatal(err)
					}
					for _, server := range servers {
						server.Answer(r.Reply)
					}
					checkIn(t, s, c, envoy, nil, corpus.EnvoyHTTP1)
				}
				visible(t, s, envoy)
			})
		}
	}
}

// TestHostileHTTP2 sends over HTTP/2 what HTTP/1.1's codec would not let
// through, or would let through in another way.
func TestHostileHTTP2(t *testing.T) {
	s := load(t, "hostile")
	envoy, servers := runWith(t, s, harness.Options{})
	allowed := 0
	for _, c := range s.Cases {
		checkIn(t, s, c, envoy, nil, corpus.EnvoyHTTP2)
		if c.HTTP2 == "" && strings.HasPrefix(c.Want, "allow ") || strings.HasPrefix(c.HTTP2, "allow ") {
			allowed++
		}
	}
	if got := len(servers["kubeflow"].Requests()); got != allowed {
		t.Errorf("the upstream got %d requests, want the %d allowed ones", got, allowed)
	}
}

func checkIn(t *testing.T, s *corpus.Scenario, c corpus.Case, envoy *harness.Envoy, config *tls.Config, host corpus.Host) {
	t.Helper()
	r, err := s.Request(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	proto := testbed.Proto(r)
	if host == corpus.EnvoyHTTP2 {
		proto = rawhttp.H2
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	o, err := testbed.Ask(ctx, envoy.Addr(), config, proto, r)
	if err != nil {
		o.Line = "closed"
	}
	if err := c.Check(r, o, host); err != nil {
		t.Error(err)
	}
}

// visible holds Envoy's statistics and its access log to the corpus: a counter
// a Reason, and the Reason among the response code's details.
func visible(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy) {
	t.Helper()
	if !strings.Contains(envoy.Log(), "signatures are verified by the host: true") {
		t.Error("Envoy did not pass the probe of its verify_signature")
	}
	stats, err := envoy.Stats()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{}
	for _, c := range s.Cases {
		why := c.Counter(corpus.EnvoyHTTP1)
		if why == "" {
			continue
		}
		want[why]++
		if why == "list_withheld" { // of a request that was allowed
			want["allowed"]++
		}
	}
	for why, n := range want {
		if got := stats["wasmcustom.modelgate."+why]; got != n {
			t.Errorf("counter %s = %d, want %d", why, got, n)
		}
		if !goesOn[why] && !logged(envoy, " modelgate_"+why) {
			t.Errorf("the access log does not have modelgate_%s", why)
		}
	}
}

// logged waits for the access log to be flushed.
func logged(envoy *harness.Envoy, text string) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if strings.Contains(envoy.Log(), text) {
			return true
		}
	}
	return false
}

// goesOn are the counters of requests that the gate does not answer itself, or
// not always.
var goesOn = map[string]bool{"allowed": true, "exempt": true, "shadow.grant_missing": true, "shadow.denied": true,
	"shadow.token_expired": true, "shadow.signature_invalid": true, "shadow.credential_missing": true}

// TestConfigOfEnvoyYAML holds the configuration that stands in an example's
// envoy.yaml to the config.json beside it.
func TestConfigOfEnvoyYAML(t *testing.T) {
	for name := range clusters {
		text, err := os.ReadFile(filepath.Join(root, "examples", name, "envoy.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		config, err := os.ReadFile(filepath.Join(root, "examples", name, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		if err := yaml.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		flat, _ := json.Marshal(tree)
		quoted, _ := json.Marshal(string(config))
		if !strings.Contains(string(flat), string(quoted)) {
			t.Errorf("examples/%s: the configuration in envoy.yaml is not config.json", name)
		}
	}
}
