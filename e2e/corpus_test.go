package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// Built once, from the sources, so that no test runs against a stale module.
var root, shipped, heads, faulty string

func TestMain(m *testing.M) {
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		if shipped, err = testbed.Build(root, dir, "modelgate"); err == nil {
			faulty, err = testbed.Build(root, dir, "faults", "-tags=faults")
		}
		heads = filepath.Join(dir, "modelgate-head.wasm")
		return errors.Join(err, testbed.BuildWasm(root, heads, "-tags=head"))
	}))
}

// clusters are those of each example's envoy.yaml.
var clusters = map[string][]string{
	"iap":            {"kubeflow", "prod"},
	"bearer":         {"models"},
	"cors":           {"models"},
	"denies":         {"models"},
	"grpc-cloud-run": {"echo"},
	"hostile":        {"kubeflow"},
	"headers":        {"models"},
	"hosts":          {"models"},
	"http":           {"models"},
	"kubeflow":       {"dashboard", "pipelines", "notebooks", "models"},
	"shadow":         {"models"},
	"kserve-v2":      {"rest", "grpc"},
	"tfserving":      {"rest", "grpc"},
	"torchserve":     {"rest", "management", "grpc"},
	"openai":         {"llm", "embed"},
	"vllm":           {"llm"},
	"names":          {"llm", "embed"},
	"llm-clients":    {"llm"},
	"api-keys":       {"llm"},
	"triton-stream":  {"rest", "grpc"},
	"remote-keys":    {"models"},
	"signed":         {"rest", "grpc"},
	"secrets":        {"models"},
	"providers":      {"models"},
	"oauth2":         {"models"},

	"tfserving-mtls":             {"rest", "grpc"},
	"external-authorizer":        {"rest", "grpc"},
	"external-authorizer/before": {"models"},

	"client-certificates":         {"models"},
	"gateway-and-sidecar":         {"fraud"},
	"gateway-and-sidecar/gateway": {"fraud"},
	"knative":                     {"fraud"},
}

// hasOwnTest are the examples with more than an Envoy and recording servers: certificates
// (TestCorpusPeers, TestCorpusCertificates, TestCorpusMTLS), or an authorizer (TestExternalAuthorizer).
var hasOwnTest = map[string]bool{
	"gateway-and-sidecar": true, "knative": true, "client-certificates": true, "tfserving-mtls": true, "external-authorizer": true,
}

// run starts an example in Envoy, as its envoy.yaml says, with the run's keys.
func run(t *testing.T, s *corpus.Scenario, options harness.Options) *harness.Envoy {
	t.Helper()
	envoy, _ := runWith(t, s, options)
	return envoy
}

func runWith(t *testing.T, s *corpus.Scenario, options harness.Options) (*harness.Envoy, map[string]*upstream.Server) {
	t.Helper()
	return runBeside(t, s, nil, options)
}

// runBeside is runWith beside further servers, whose addresses are those of clusters.
func runBeside(t *testing.T, s *corpus.Scenario, others map[string]string, options harness.Options) (*harness.Envoy,
	map[string]*upstream.Server) {
	t.Helper()
	servers, addrs, err := testbed.Upstreams(clusters[s.Name]...)
	t.Cleanup(func() {
		for _, server := range servers {
			server.Close()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(addrs, others)
	options.Bootstrap = filepath.Join(s.Dir, "envoy.yaml")
	options.PluginConfig = s.Config
	options.Upstreams = addrs
	options.HostEnv = s.Env                                                           // the example hands the variables on to the VM
	options.ExtraArgs = append(options.ExtraArgs, "--file-flush-interval-msec", "50") // the access log's
	if options.Module == "" {
		options.Module = shipped
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
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	o, err := testbed.Ask(ctx, envoy.Addr(), nil, testbed.Proto(r), r)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", r.Method, r.Path, err, tail(envoy.Log()))
	}
	return o
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// TestCorpusEnvoy runs every case through Envoy with two workers, so that two VMs share
// the requests; one VM alone has them under wazero. The hostile ones have both, here. The dynamic
// module has four workers.
func TestCorpusEnvoy(t *testing.T) {
	t.Parallel()
	all, err := corpus.LoadAll(filepath.Join(root, "examples"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if hasOwnTest[s.Name] {
			continue
		}
		workers := []int{2}
		if testbed.Host() == testbed.Native {
			workers = []int{4}
		}
		if s.Name == "hostile" {
			workers = []int{1, 2}
		}
		for _, workers := range workers {
			t.Run(fmt.Sprintf("%s/%d", s.Name, workers), func(t *testing.T) {
				t.Parallel()
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
				checkVisible(t, s, envoy)
				if s.Name == "signed" {
					t.Run("Clients", func(t *testing.T) { signedClients(t, s, envoy) })
				}
				if s.Name == "kubeflow" {
					t.Run("WebSocket", func(t *testing.T) { webSockets(t, s, envoy, servers["notebooks"]) })
				}
				if s.Name == "oauth2" {
					t.Run("Clients", func(t *testing.T) { oauth2Clients(t, s, envoy) })
				}
				if s.Name == "cors" {
					t.Run("Pages", func(t *testing.T) { pages(t, s, envoy, servers["models"]) })
				}
				if s.Name == "hostile" && workers == 1 { // these need the example's Envoy, and Envoys take long to start
					t.Run("HTTP2", func(t *testing.T) { hostileHTTP2(t, s, envoy, servers["kubeflow"]) })
					t.Run("Codec", func(t *testing.T) { codec(t, s, envoy, servers["kubeflow"]) })
				}
			})
		}
	}
}

// hostileHTTP2 sends over HTTP/2 what HTTP/1.1's codec would not let through, or
// would let through in another way.
func hostileHTTP2(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy, model *upstream.Server) {
	model.Reset()
	allowed := 0
	for _, c := range s.Cases {
		checkIn(t, s, c, envoy, nil, corpus.EnvoyHTTP2)
		if c.HTTP2 == "" && strings.HasPrefix(c.Want, "allow ") || strings.HasPrefix(c.HTTP2, "allow ") {
			allowed++
		}
	}
	if got := len(model.Requests()); got != allowed {
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
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	o, err := testbed.Ask(ctx, envoy.Addr(), config, proto, r)
	if err != nil {
		o.Line = "closed"
	}
	if err := c.Check(r, o, host); err != nil {
		t.Error(err)
	}
}

// checkVisible compares Envoy's statistics and its access log with the corpus:
// each Reason has a counter, and is in the response code's details.
func checkVisible(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy) {
	t.Helper()
	if testbed.Host() == testbed.Wasm && !logged(envoy, "signatures are verified by the host: true") {
		t.Error("Envoy did not pass the probe of its verify_signature")
	}
	metrics, err := envoy.Metrics()
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
		if got := metrics[corpus.CounterMetric(why)]; got != n {
			t.Errorf("counter %s = %d, want %d", why, got, n)
		}
		if !goesOn[why] && !logged(envoy, " modelgate_"+why) {
			t.Errorf("the access log does not have modelgate_%s", why)
		}
	}
}

// logged waits until the log has a text: Envoy flushes it every 50 ms.
func logged(envoy *harness.Envoy, text string) bool {
	for deadline := time.Now().Add(harness.Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if strings.Contains(envoy.Log(), text) {
			return true
		}
	}
	return false
}

// goesOn are the counters of requests that the gate does not answer itself, or
// not always.
var goesOn = map[string]bool{"allowed": true, "exempt": true, "preflight": true, "shadow.grant_missing": true, "shadow.denied": true,
	"shadow.token_expired": true, "shadow.signature_invalid": true, "shadow.credential_missing": true}

// TestConfigOfEnvoyYAML compares the configuration inside an example's envoy.yaml
// with the config.json beside it.
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
		// The gate takes host:port for the host. To a router that does not, it is another virtual host's.
		if strings.Count(string(text), "domains:") > 1 && !strings.Contains(string(text), "ignore_port_in_host_matching: true") {
			t.Errorf("examples/%s: envoy.yaml has several virtual hosts, and does not ignore the port of a host", name)
		}
	}
}
