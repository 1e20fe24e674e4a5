package harness_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
)

func start(t *testing.T, options harness.Options) *harness.Envoy {
	t.Helper()
	envoy, err := harness.StartEnvoy(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(envoy.Stop)
	return envoy
}

// plain starts Envoy without Wasm, in front of two upstreams.
func plain(t *testing.T) *harness.Envoy {
	t.Helper()
	upstreams := map[string]string{}
	for _, name := range []string{"one", "two"} {
		server, err := upstream.Start(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		upstreams[name] = server.Addr
	}
	return start(t, harness.Options{Bootstrap: "testdata/plain.yaml", Upstreams: upstreams})
}

func get(t *testing.T, proto rawhttp.Proto, addr, authority string) rawhttp.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	response, err := rawhttp.Do(ctx, addr, nil, rawhttp.Request{Proto: proto, Method: "GET", Path: "/a", Authority: authority})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestRoutesToUpstreams(t *testing.T) {
	envoy := plain(t)
	for _, proto := range []rawhttp.Proto{rawhttp.H1, rawhttp.H2} {
		for authority, want := range map[string]string{"one.example": "one", "other.example": "two"} {
			response := get(t, proto, envoy.Addr(), authority)
			if got := response.Headers.Get("x-upstream"); response.Status != 200 || got != want {
				t.Errorf("%v %s: %d from %q, want 200 from %q", proto, authority, response.Status, got, want)
			}
		}
	}
	if front, back := envoy.AddrOf("front"), envoy.AddrOf("back"); front != envoy.Addr() || back == front || envoy.AddrOf("side") != "" {
		t.Errorf("listeners at %q and %q, the first at %q", front, back, envoy.Addr())
	}
	if response := get(t, rawhttp.H1, envoy.AddrOf("back"), "one.example"); response.Status != 200 {
		t.Errorf("the second listener answers %d, want 200", response.Status)
	}
}

func TestAdmin(t *testing.T) {
	envoy := plain(t)
	get(t, rawhttp.H1, envoy.Addr(), "one.example")
	stats, err := envoy.Stats()
	if err != nil || stats["http.front.downstream_rq_total"] != 1 || stats["server.live"] != 1 {
		t.Errorf("rq_total %d, live %d: %v", stats["http.front.downstream_rq_total"], stats["server.live"], err)
	}
	if _, err := envoy.Admin("/healthcheck/fail"); err != nil {
		t.Error(err)
	}
	if _, err := envoy.Admin("/ready"); err == nil {
		t.Error("/ready of a draining Envoy is not an error")
	}
}

func TestStop(t *testing.T) {
	envoy := plain(t)
	get(t, rawhttp.H1, envoy.Addr(), "one.example")
	envoy.Stop()
	envoy.Stop()
	<-envoy.Exited()
	if err := syscall.Kill(envoy.Pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d: %v, want %v", envoy.Pid(), err, syscall.ESRCH)
	}
	if log := envoy.Log(); !strings.Contains(log, "ACCESS 200") || !strings.Contains(log, "starting main dispatch loop") {
		t.Errorf("the log after Stop is %q", log)
	}
	if envoy.Wait() != nil {
		t.Errorf("Envoy ended with %v", envoy.Wait())
	}
}

func TestRefusedConfiguration(t *testing.T) {
	_, err := harness.StartEnvoy(harness.Options{Bootstrap: "testdata/plain.yaml",
		Edit: func(bootstrap map[string]any) { bootstrap["no_such_field"] = true }})
	var refused *harness.StartError
	if !errors.As(err, &refused) || refused.ExitCode != 1 || !strings.Contains(refused.Log, "no_such_field") ||
		!strings.Contains(err.Error(), "no_such_field") {
		t.Errorf("got %v", err)
	}
}

func TestMistakes(t *testing.T) {
	for name, options := range map[string]harness.Options{
		"no cluster":  {Upstreams: map[string]string{"three": "127.0.0.1:1"}},
		"no endpoint": {Upstreams: map[string]string{"one": "127.0.0.1"}},
		"no filter":   {PluginConfig: "{}"},
	} {
		options.Bootstrap, options.Binary = "testdata/plain.yaml", "/bin/false"
		var ran *harness.StartError
		if _, err := harness.StartEnvoy(options); err == nil || errors.As(err, &ran) {
			t.Errorf("%s: got %v before Envoy runs", name, err)
		}
	}
	wasm := harness.Options{Bootstrap: "testdata/wasm.yaml", Binary: "/bin/false", Module: "hello.wasm"}
	if _, err := harness.StartEnvoy(wasm); err == nil || !strings.Contains(err.Error(), "not absolute") {
		t.Errorf("relative module: got %v", err)
	}
}

// buildHello builds the filter in testdata/hello.
func buildHello(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hello.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", path, ".")
	cmd.Dir = "testdata/hello"
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

func TestWasm(t *testing.T) {
	t.Parallel()
	hello := buildHello(t)
	for name, c := range map[string]struct {
		config, env         string
		wantConfig, wantEnv string
	}{
		"of the file": {"", "", "of the file", ""},
		"of the test": {`{"a": "b"}`, "there", `{"a": "b"}`, "there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := harness.Options{Bootstrap: "testdata/wasm.yaml", Module: hello, PluginConfig: c.config, Concurrency: 2}
			if c.env != "" {
				options.Env = map[string]string{"HELLO": c.env}
			}
			response := get(t, rawhttp.H2, start(t, options).Addr(), "a")
			if got := response.Headers.Get("x-config"); got != c.wantConfig {
				t.Errorf("configuration %q, want %q", got, c.wantConfig)
			}
			if got := response.Headers.Get("x-env"); got != c.wantEnv {
				t.Errorf("environment %q, want %q", got, c.wantEnv)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		_, err := harness.StartEnvoy(harness.Options{Bootstrap: "testdata/wasm.yaml", Module: hello, PluginConfig: "refuse"})
		var refused *harness.StartError
		if !errors.As(err, &refused) || refused.ExitCode != 1 || !strings.Contains(refused.Log, "hello will not start") {
			t.Errorf("got %v", err)
		}
	})
}

// TestPush replaces the plugin's configuration while Envoy runs. One that the
// plugin refuses changes nothing.
func TestPush(t *testing.T) {
	t.Parallel()
	envoy := start(t, harness.Options{Bootstrap: "testdata/wasm.yaml", Module: buildHello(t), PluginConfig: "first", Discover: true})
	for i, c := range []struct {
		push, want     string
		taken, refused uint64
	}{{"", "first", 1, 0}, {"second", "second", 2, 0}, {"refuse", "second", 2, 1}, {"third", "third", 3, 1}} {
		if i > 0 {
			if err := envoy.Push(c.push); err != nil {
				t.Fatal(err)
			}
		}
		for deadline := time.Now().Add(harness.Patience); ; time.Sleep(20 * time.Millisecond) {
			taken, refused, err := envoy.Pushed()
			got := get(t, rawhttp.H1, envoy.Addr(), "a").Headers.Get("x-config")
			if taken == c.taken && refused == c.refused && got == c.want {
				break
			}
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("after %q: configuration %q, %d taken, %d refused, %v", c.push, got, taken, refused, err)
			}
		}
	}
	if plain(t).Push("x") == nil {
		t.Error("a configuration was pushed to nobody")
	}
	if _, err := harness.StartEnvoy(harness.Options{Bootstrap: "testdata/plain.yaml", Binary: "/bin/false", Discover: true}); err == nil ||
		!strings.Contains(err.Error(), "0 filters of modules") {
		t.Errorf("discovery without a filter: %v", err)
	}
}

func TestFindEnvoy(t *testing.T) {
	t.Setenv("ENVOY", "/bin/sh")
	if path, err := harness.FindEnvoy(); err != nil || path != "/bin/sh" {
		t.Errorf("got %q, %v; want the file that ENVOY names", path, err)
	}
	t.Setenv("ENVOY", "/no/such/envoy")
	if path, err := harness.FindEnvoy(); err == nil {
		t.Errorf("got %q, want an error for a file that is not there", path)
	}
}
