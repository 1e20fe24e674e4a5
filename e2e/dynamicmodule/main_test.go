// Package dynamicmodule_test tests in a real Envoy what the gate has as a dynamic module, and not
// as a Wasm module: narrowings of routes, metadata and filter state for other filters, metrics with
// labels, and exact gRPC refusals.
package dynamicmodule_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

var root, module, poisoned string

func TestMain(m *testing.M) {
	os.Exit(testbed.Run(m, func(repository, dir string) error {
		root, module, poisoned = repository, filepath.Join(dir, "libmodelgate.so"), filepath.Join(dir, "libpoisoned.so")
		if err := testbed.BuildNative(root, module); err != nil {
			return err
		}
		return testbed.BuildNative(root, poisoned, "-tags=native,faults") // overwrites what a hook could keep too long
	}))
}

// object is a JSON object of a bootstrap.
type object = map[string]any

// gate is an example in Envoy.
type gate struct {
	*harness.Envoy
	s       *corpus.Scenario
	servers map[string]*upstream.Server
}

// options are how an example runs. edit, which may be nil, changes its bootstrap.
func options(s *corpus.Scenario, addrs map[string]string, edit func(bootstrap object)) harness.Options {
	return harness.Options{
		Module: module, Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Upstreams: addrs, HostEnv: s.Env,
		Edit: edit, ExtraArgs: []string{"--file-flush-interval-msec", "50"},
	}
}

// start starts an example, with its clusters and changes to its bootstrap.
func start(t *testing.T, s *corpus.Scenario, clusters []string, o func(*harness.Options), edit func(object)) *gate {
	t.Helper()
	servers, addrs, err := testbed.Upstreams(clusters...)
	t.Cleanup(func() {
		for _, server := range servers {
			server.Close()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	opts := options(s, addrs, edit)
	if o != nil {
		o(&opts)
	}
	envoy, err := harness.StartEnvoy(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(envoy.Stop)
	return &gate{envoy, s, servers}
}

func load(t *testing.T, name string) *corpus.Scenario {
	t.Helper()
	s, err := corpus.Load(filepath.Join(root, "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends the request of a case, and returns what the gate has done.
func (g *gate) ask(t *testing.T, c corpus.Case) (o corpus.Outcome) {
	t.Helper()
	g.do(t, c, func(ctx context.Context, r corpus.Request) (err error) {
		o, err = testbed.Ask(ctx, g.Addr(), nil, testbed.Proto(r), r)
		return err
	})
	return o
}

// send sends the request of a case, and returns the response, whoever answers.
func (g *gate) send(t *testing.T, c corpus.Case) (response rawhttp.Response) {
	t.Helper()
	g.do(t, c, func(ctx context.Context, r corpus.Request) (err error) {
		response, err = rawhttp.Do(ctx, g.Addr(), nil, rawhttp.Request{
			Proto: testbed.Proto(r), Method: r.Method, Path: r.Path, Authority: r.Authority, Headers: r.Headers, Body: []byte(r.Body),
		})
		return err
	})
	return response
}

// do makes the request of a case.
func (g *gate) do(t *testing.T, c corpus.Case, send func(context.Context, corpus.Request) error) {
	t.Helper()
	r, err := g.s.Request(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	if err := send(ctx, r); err != nil {
		t.Fatalf("%s: %v\n%s", c.Name, err, g.tail())
	}
}

func (g *gate) tail() string {
	log := g.Log()
	return log[max(0, len(log)-4000):]
}

// awaitLog waits for a line of the log that contains a text, and returns it.
func (g *gate) awaitLog(t *testing.T, text string) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for line := range strings.Lines(g.Log()) {
			if strings.Contains(line, text) {
				return strings.TrimSpace(line)
			}
		}
	}
	t.Fatalf("the log has no %q:\n%s", text, g.tail())
	return ""
}

// manager is the only HTTP connection manager of a bootstrap.
func manager(bootstrap object) object {
	return at(bootstrap, "static_resources", "listeners", 0, "filter_chains", 0, "filters", 0, "typed_config").(object)
}

// at returns a part of a document: keys are names and indexes.
func at(node any, keys ...any) any {
	for _, key := range keys {
		switch key := key.(type) {
		case string:
			node = node.(object)[key]
		case int:
			node = node.([]any)[key]
		}
	}
	return node
}

// virtualHost is a virtual host of a bootstrap.
func virtualHost(bootstrap object, name string) object {
	for _, host := range at(manager(bootstrap), "route_config", "virtual_hosts").([]any) {
		if host.(object)["name"] == name {
			return host.(object)
		}
	}
	panic("no virtual host " + name)
}

// beforeRouter adds a filter after the gate.
func beforeRouter(bootstrap object, filter object) {
	m := manager(bootstrap)
	filters := m["http_filters"].([]any)
	last := len(filters) - 1
	m["http_filters"] = append(append(append([]any{}, filters[:last]...), filter), filters[last])
}
