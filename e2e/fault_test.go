package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// native is a request to a model's own host: without a filter it would reach
// the model, so it shows a gate that is not there.
func native(t *testing.T, s *corpus.Scenario, token *corpus.Token) corpus.Request {
	t.Helper()
	r, err := s.Request(corpus.Case{
		Name: "native", Token: token, Host: "sklearn-iap-predictor-default.kubeflow.svc.cluster.local",
		Request: "POST /v1/models/sklearn-iap:predict",
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const passed = "allow sklearn-iap-predictor-default.kubeflow.svc.cluster.local /v1/models/sklearn-iap:predict"

var ana = &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com"}}

// TestWorkerStartFails: Envoy's base VM and its main thread start, and each
// worker panics. Without the guard the request passes, although the failure
// policy is closed; with it the worker refuses even who might pass.
func TestWorkerStartFails(t *testing.T) {
	testbed.OnlyWasm(t, "a start for each worker")
	t.Parallel()
	s := load(t, "iap")
	for _, c := range []struct{ unguarded, want string }{{"", "503 not_ready"}, {"1", passed}} {
		envoy := run(t, s, harness.Options{Module: faulty, Env: map[string]string{
			"MODELGATE_FAULT": "worker-start", "MODELGATE_UNGUARDED": c.unguarded,
		}})
		if got := ask(t, envoy, native(t, s, nil)).Line; got != c.want {
			t.Errorf("unguarded=%q, nobody: %s, want %s", c.unguarded, got, c.want)
		}
		if c.unguarded == "" {
			if got := ask(t, envoy, native(t, s, ana)).Line; got != c.want {
				t.Errorf("a caller with a grant: %s, want %s", got, c.want)
			}
		}
	}
}

// TestRequestPanics: with the guard one request is refused and the worker lives
// on; without it the VM dies and takes other requests with it, but none passes. A dynamic
// module without it would end Envoy.
func TestRequestPanics(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	fault := native(t, s, nil)
	fault.Headers = append(fault.Headers, [2]string{"x-fault", "1"})
	for _, c := range []struct{ unguarded, first, second string }{
		{"", "500 internal", passed},
		{"1", "503", "503"},
	} {
		if testbed.Host() == testbed.Native && c.unguarded != "" {
			continue
		}
		envoy := run(t, s, harness.Options{Module: faulty, Env: map[string]string{
			"MODELGATE_FAULT": "request", "MODELGATE_UNGUARDED": c.unguarded,
		}})
		if got := ask(t, envoy, fault).Line; got != c.first {
			t.Errorf("unguarded=%q: %s, want %s", c.unguarded, got, c.first)
		}
		if got := ask(t, envoy, native(t, s, ana)).Line; got != c.second {
			t.Errorf("unguarded=%q, then: %s, want %s", c.unguarded, got, c.second)
		}
		returns(t, s, envoy)
	}
}

// TestUnknownHandle: a hook of a stream that the dynamic module does not know refuses the request,
// and no other.
func TestUnknownHandle(t *testing.T) {
	testbed.OnlyNative(t, "handles of streams")
	t.Parallel()
	s := load(t, "openai")
	envoy, servers := runWith(t, s, harness.Options{Module: faulty, Env: map[string]string{"MODELGATE_FAULT": "handle"}})
	at := slices.IndexFunc(s.Cases, func(c corpus.Case) bool { return strings.HasPrefix(c.Want, "allow ") && c.Body != "" })
	r, err := s.Request(s.Cases[at], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := ask(t, envoy, r).Line; got != s.Cases[at].Want {
			t.Errorf("%s, want %s", got, s.Cases[at].Want)
		}
		before := len(servers["llm"].Requests())
		wrong := r
		wrong.Headers = append(slices.Clone(r.Headers), [2]string{"x-fault", "1"})
		if got := ask(t, envoy, wrong).Line; got != "500 internal" {
			t.Errorf("with another handle: %s, want 500 internal", got)
		}
		if got := len(servers["llm"].Requests()); got != before {
			t.Error("the request with another handle arrived")
		}
	}
}

// returns waits until a worker whose VM died serves again, and checks that until
// then no request without a credential passes.
func returns(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy) {
	t.Helper()
	for deadline := time.Now().Add(harness.Patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if got := ask(t, envoy, native(t, s, nil)).Line; got != "503" && got != "401 credential_missing" {
			t.Fatalf("nobody, while the VM is down: %s", got)
		}
		if ask(t, envoy, native(t, s, ana)).Line == passed {
			return
		}
	}
	t.Error("service does not return")
}

// TestMemoryExhausted: no guard in the module can catch it, so the VM dies. The
// host refuses what it had and what comes, until it has started another.
func TestMemoryExhausted(t *testing.T) {
	testbed.OnlyWasm(t, "a limit of memory, whose end Envoy survives")
	t.Parallel()
	s := load(t, "iap")
	envoy := run(t, s, harness.Options{Module: faulty, Env: map[string]string{"MODELGATE_FAULT": "memory"}})
	fault := native(t, s, nil)
	fault.Headers = append(fault.Headers, [2]string{"x-fault", "1"})
	if got := ask(t, envoy, fault).Line; got != "503" {
		t.Errorf("the request that takes all memory: %s, want 503", got)
	}
	returns(t, s, envoy)
}

// TestBrokenConfiguration: Envoy does not start with it, and its log says where
// each error is.
func TestBrokenConfiguration(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	wrong := edit.Set(t, s.Config, "/issuers/0/preset", `"google"`)
	wrong = edit.Set(t, wrong, "/routes/0/nmaes", `1`)
	wrong = edit.Set(t, wrong, "/grants/0/role", `"owner"`)
	for _, c := range []struct {
		name, config string
		want         []string
	}{
		{"a name twice", strings.Replace(s.Config, `{`, `{"version": 1,`, 1), []string{`"version" is there twice`}},
		{"three mistakes", wrong, []string{
			`"/issuers/0/preset": must be google-iap, google-oidc, kubernetes, keycloak, entra, cognito or spiffe; got "google"`,
			`"/routes/0/nmaes": unknown field`,
			`"/grants/0/role": must be viewer, invoker or admin; got "owner"`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			envoy, err := harness.StartEnvoy(harness.Options{
				Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: c.config, Module: shipped,
			})
			var refused *harness.StartError
			if !errors.As(err, &refused) {
				if err == nil {
					envoy.Stop()
				}
				t.Fatalf("Envoy started, or %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(refused.Log, want) {
					t.Errorf("the log has no %q:\n%s", want, tail(refused.Log))
				}
			}
		})
	}
}

// TestBrokenPush: Envoy rejects a configuration that does not compile, and keeps what it has.
func TestBrokenPush(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	envoy := run(t, s, harness.Options{Discover: true})
	served := func(want string) {
		t.Helper()
		if got := ask(t, envoy, native(t, s, ana)).Line; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	pushed := func(config string, wantTaken, wantRefused uint64) {
		t.Helper()
		if err := envoy.Push(config); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(harness.Patience); ; time.Sleep(20 * time.Millisecond) {
			taken, refused, err := envoy.Pushed()
			if err == nil && taken == wantTaken && refused == wantRefused {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d taken, want %d, and %d refused, want %d: %v", taken, wantTaken, refused, wantRefused, err)
			}
		}
	}
	served(passed)
	pushed(edit.Set(t, s.Config, "/grants/0/role", `"owner"`), 1, 1)
	served(passed)
	if !logged(envoy, `"/grants/0/role": must be viewer, invoker or admin; got "owner"`) {
		t.Errorf("the log does not say why\n%s", tail(envoy.Log()))
	}
	pushed(edit.Set(t, s.Config, "/grants/0/models", `["prod/fraud"]`), 2, 1)
	for deadline := time.Now().Add(harness.Patience); ask(t, envoy, native(t, s, ana)).Line != "403 grant_missing"; {
		if time.Now().After(deadline) {
			t.Fatal("the last configuration is taken, and what it does not grant passes")
		}
	}
}

// TestMissingModule: Envoy does not start without the module, nor with an empty one.
func TestMissingModule(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	missing := filepath.Join(t.TempDir(), "libnone"+filepath.Ext(shipped))
	options := harness.Options{Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: missing}
	if _, err := harness.StartEnvoy(options); err == nil {
		t.Fatal("Envoy started without the module")
	}
	empty := map[string]string{testbed.Wasm: "\x00asm\x01\x00\x00\x00", testbed.Native: "\x7fELF"}[testbed.Host()]
	if err := os.WriteFile(missing, []byte(empty), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := harness.StartEnvoy(options); err == nil {
		t.Fatal("Envoy started with an empty module")
	}
}
