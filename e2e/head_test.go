package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
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

// TestCorpusHead is TestCorpusEnvoy with the module for heads only, for the examples that it
// is enough for, over HTTP/1.1 and where TestCorpusEnvoy does over HTTP/2.
func TestCorpusHead(t *testing.T) {
	testbed.OnlyWasm(t, "a build for heads only")
	t.Parallel()
	enough, _ := headScenarios(t)
	for _, s := range enough {
		if hasOwnTest[s.Name] {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			envoy, servers := runWith(t, s, harness.Options{Module: heads})
			for _, c := range s.Cases {
				checkIn(t, s, c, envoy, nil, corpus.EnvoyHTTP1)
			}
			checkVisible(t, s, envoy)
			if s.Name == "hostile" {
				hostileHTTP2(t, s, envoy, servers["kubeflow"])
			}
		})
	}
}

func headScenarios(t *testing.T) (enough []*corpus.Scenario, rest map[*corpus.Scenario]string) {
	t.Helper()
	all, err := corpus.LoadAll(filepath.Join(root, "examples"))
	if err != nil {
		t.Fatal(err)
	}
	if enough, rest, err = corpus.ForHeads(all); err != nil {
		t.Fatal(err)
	}
	return enough, rest
}

// TestHeadRejects: Envoy does not start with the module for heads only and a configuration that
// needs more, and says which route does.
func TestHeadRejects(t *testing.T) {
	testbed.OnlyWasm(t, "a build for heads only")
	t.Parallel()
	s := load(t, "openai")
	options := harness.Options{Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: heads}
	_, err := harness.StartEnvoy(options)
	var refused *harness.StartError
	if !errors.As(err, &refused) {
		t.Fatalf("Envoy started, or %v", err)
	}
	const want = `"/routes/0": needs modelgate.wasm, which reads bodies and replies of the protocol openai`
	if !strings.Contains(refused.Log, want) {
		t.Errorf("the log has no %q:\n%s", want, tail(refused.Log))
	}
}

// TestHeadHoldsBodies: nothing of a refused request or of its body reaches the server, in an
// Envoy that goes on to a body although the headers wait, and an allowed body arrives whole.
func TestHeadHoldsBodies(t *testing.T) {
	testbed.OnlyWasm(t, "a build for heads only")
	t.Parallel()
	s := load(t, "iap")
	envoy, servers := runWith(t, s, harness.Options{Module: heads, Edit: allowHolding})
	for _, c := range s.Cases {
		if c.Body = strings.Repeat("x", 100<<10); c.GRPC || c.Envoy != "" || !strings.HasPrefix(c.Request, "POST ") {
			continue
		}
		for _, server := range servers {
			server.Reset()
		}
		r, err := s.Request(c, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(r, ask(t, envoy, r), corpus.EnvoyHTTP1); err != nil {
			t.Error(err)
		}
		arrived := 0
		for _, server := range servers {
			for _, got := range server.Requests() {
				if arrived++; got.BodyBytes != int64(len(c.Body)) {
					t.Errorf("%s: a body of %d bytes arrives, want %d", c.Name, got.BodyBytes, len(c.Body))
				}
			}
		}
		if allowed := strings.HasPrefix(c.Want, "allow "); arrived > 1 || allowed != (arrived == 1) {
			t.Errorf("%s: %d requests arrive, want %s", c.Name, arrived, c.Want)
		}
	}
}

// TestHeadWaits: while there are no keys, nothing of a request reaches the server, in such an
// Envoy too. Then the one with a good signature goes on, and the other is refused.
func TestHeadWaits(t *testing.T) {
	testbed.OnlyWasm(t, "a build for heads only")
	t.Parallel()
	s := load(t, "remote-keys")
	var config struct {
		Issuers []struct {
			JWKS struct{ Inline json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(s.Config), &config); err != nil {
		t.Fatal(err)
	}
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-answer
		w.Write(config.Issuers[0].JWKS.Inline)
	}))
	t.Cleanup(keys.Close)
	s.Config = edit.Set(t, edit.Delete(t, s.Config, "/issuers/0/jwks/inline"), "/routes/0/lists", "false")
	s.Config = edit.Set(t, edit.Set(t, s.Config, "/issuers/0/jwks/remote/timeout", `"30s"`), "/issuers/0/jwks/remote/wait", `"30s"`)
	beside := map[string]string{"keys": keys.Listener.Addr().String()}
	envoy, servers := runBeside(t, s, beside, harness.Options{Module: heads, Edit: allowHolding})
	outcomes := make(chan string)
	for _, fault := range []string{"", "other-key"} {
		c := s.Cases[0]
		c.Token, c.Body = &corpus.Token{Issuer: c.Token.Issuer, Claims: c.Token.Claims, Fault: fault}, strings.Repeat("x", 100<<10)
		r, err := s.Request(c, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			o, err := testbed.Ask(t.Context(), envoy.Addr(), nil, testbed.Proto(r), r)
			if err != nil {
				o.Line = err.Error()
			}
			outcomes <- o.Line
		}()
	}
	<-asked
	time.Sleep(500 * time.Millisecond) // what goes on although it should wait has the time to
	if got := servers["models"].Requests(); len(got) > 0 {
		t.Errorf("%v arrives before there are keys", got)
	}
	close(answer)
	got := []string{<-outcomes, <-outcomes}
	slices.Sort(got)
	if want := []string{"401 signature_invalid", s.Cases[0].Want}; !slices.Equal(got, want) {
		t.Errorf("outcomes = %q, want %q", got, want)
	}
	if got := servers["models"].Requests(); len(got) != 1 || got[0].BodyBytes != 100<<10 {
		t.Errorf("the server gets %v, want one request with its body", got)
	}
}
