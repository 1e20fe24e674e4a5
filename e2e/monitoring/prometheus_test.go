//go:build metrics

package monitoring

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/process"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// Built and installed once.
var root, prometheus, wasm, native string

func TestMain(m *testing.M) {
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		if prometheus, err = testbed.Tool(root, "prometheus"); err != nil {
			return err
		}
		wasm, native = filepath.Join(dir, "modelgate.wasm"), filepath.Join(dir, "libmodelgate.so")
		if err := testbed.BuildWasm(root, wasm); err != nil {
			return err
		}
		return testbed.BuildNative(root, native)
	}))
}

// server is a running Prometheus.
type server struct {
	*testing.T
	addr string
}

// startPrometheus starts one that scrapes Envoys each second as scrape.yaml says.
func startPrometheus(t *testing.T, envoys ...*harness.Envoy) *server {
	t.Helper()
	config := readYAML(t, "scrape.yaml")
	config["global"] = object{"scrape_interval": "1s", "evaluation_interval": "1s"}
	var targets []any
	for _, e := range envoys {
		targets = append(targets, e.AdminAddr())
	}
	at(t, config, "scrape_configs", 0).(object)["static_configs"] = []any{object{"targets": targets}}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for name, content := range map[string]string{"prometheus.yaml": string(text), "rules.yaml": quick(t)} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	addrs := process.Serve(t, "prometheus", 1, syscall.SIGTERM, func(addrs []string) *exec.Cmd {
		return exec.Command(filepath.Join(prometheus, "prometheus"), "--config.file="+filepath.Join(home, "prometheus.yaml"),
			"--storage.tsdb.path="+filepath.Join(home, "data"), "--web.listen-address="+addrs[0])
	}, func(addrs []string) error {
		response, err := http.Get("http://" + addrs[0] + "/-/ready")
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("it is not ready: %s", response.Status)
		}
		return nil
	})
	return &server{t, addrs[0]}
}

// ask calls Prometheus' API.
func (s *server) ask(path string, parameters url.Values, into any) error {
	response, err := http.Get("http://" + s.addr + path + "?" + parameters.Encode())
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: into}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", parameters.Get("query"), answer.Error)
	}
	return nil
}

// sample is one series of an answer, with its value.
type sample struct {
	Metric map[string]string
	Value  [2]any
}

// query returns what an expression says now.
func (s *server) query(expr string) []sample {
	s.Helper()
	var data struct{ Result []sample }
	if err := s.ask("/api/v1/query", url.Values{"query": {expr}}, &data); err != nil {
		s.Fatal(err)
	}
	return data.Result
}

// firing returns the names of the alerts that fire, in order.
func (s *server) firing() (names []string) {
	s.Helper()
	var data struct {
		Alerts []struct {
			State  string
			Labels map[string]string
		}
	}
	if err := s.ask("/api/v1/alerts", nil, &data); err != nil {
		s.Fatal(err)
	}
	for _, a := range data.Alerts {
		if a.State == "firing" {
			names = append(names, a.Labels["alertname"])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// await waits until a condition holds; it says what is missing while it does not.
func (s *server) await(what string, missing func() string) {
	s.Helper()
	var last string
	for deadline := time.Now().Add(harness.Patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if last = missing(); last == "" {
			return
		}
	}
	s.Fatalf("%s: %s", what, last)
}

// expressions returns the queries of the dashboard, with what Grafana fills in.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	var board object
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	var walk func(panels any)
	walk = func(panels any) {
		list, _ := panels.([]any)
		for _, p := range list {
			walk(at(t, p, "panels"))
			targets, _ := at(t, p, "targets").([]any)
			for _, target := range targets {
				all = append(all, strings.NewReplacer("$job", ".+", "$__rate_interval", "10s").Replace(at(t, target, "expr").(string)))
			}
		}
	}
	walk(board["panels"])
	if len(all) < 15 {
		t.Fatalf("the dashboard has %d queries, want 15 at least", len(all))
	}
	return all
}
