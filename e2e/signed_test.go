package e2e

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// signed is examples/signed with two workers, before a server that says what it got.
type signed struct {
	*corpus.Scenario
	envoy *harness.Envoy
	rest  *upstream.Server
}

// TestSigned sends what the corpus cannot: one request on many connections at once, and long
// bodies through an Envoy that may keep no more than 1 MiB of a stream. The gate holds
// the headers back, or it cannot.
func TestSigned(t *testing.T) {
	for _, holds := range []bool{true, false} {
		t.Run(fmt.Sprintf("holds=%v", holds), func(t *testing.T) {
			t.Parallel()
			s := load(t, "signed")
			options := harness.Options{Concurrency: 2, Edit: smallBuffers}
			if !holds {
				for _, needsIt := range []string{"/routes/2", "/signatures/responses", "/host"} {
					s.Config = edit.Delete(t, s.Config, needsIt)
				}
				options.Edit = func(bootstrap map[string]any) {
					smallBuffers(bootstrap)
					forbidHolding(bootstrap)
				}
			}
			envoy, servers := runWith(t, s, options)
			x := &signed{s, envoy, servers["rest"]}
			t.Run("Once", x.once)
			t.Run("LongBodies", x.longBodies)
			if holds {
				t.Run("Replies", x.replies)
			}
		})
	}
}

// forbidHolding takes back what an example with holdHeaders needs.
func forbidHolding(bootstrap map[string]any) {
	listener := bootstrap["static_resources"].(map[string]any)["listeners"].([]any)[0].(map[string]any)
	manager := listener["filter_chains"].([]any)[0].(map[string]any)["filters"].([]any)[0].(map[string]any)
	filter := manager["typed_config"].(map[string]any)["http_filters"].([]any)[0].(map[string]any)
	config := filter["typed_config"].(map[string]any)["config"].(map[string]any)
	delete(config, "allow_on_headers_stop_iteration")
}

// request is a prediction by ana with a body, signed over another one if that is not nil.
func (x *signed) request(t *testing.T, body string, over *string) corpus.Request {
	t.Helper()
	c := corpus.Case{
		Name: t.Name(), Request: "POST /serving/pay/fraud:predict", Body: body, Headers: [][2]string{{"content-type", "application/json"}},
		Token: &corpus.Token{Issuer: "corp", Claims: map[string]any{"email": "ana@example.com", "email_verified": true}},
		Sign:  []corpus.Sign{{Key: "ana-phone"}},
	}
	if over != nil {
		c.Sign[0].Signed = &corpus.Signed{Body: over}
	}
	r, err := x.Request(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// once sends each request on many connections at once: one copy passes, whichever workers
// have the connections.
func (x *signed) once(t *testing.T) {
	const requests, copies = 30, 24
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	for n := range requests {
		r := x.request(t, fmt.Sprintf(`{"instances": [%d]}`, n), nil)
		lines, start, all := make([]string, copies), make(chan struct{}), sync.WaitGroup{}
		for i := range copies {
			conn, err := rawhttp.Dial(ctx, x.envoy.Addr(), nil, rawhttp.H1)
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				defer conn.Close()
				<-start
				o, err := testbed.AskOn(ctx, conn, r)
				if lines[i] = o.Line; err != nil {
					lines[i] = err.Error()
				}
			})
		}
		close(start)
		all.Wait()
		got := map[string]int{}
		for _, line := range lines {
			got[line]++
		}
		want := map[string]int{
			"allow fraud-predictor.pay.svc.cluster.local /v1/models/fraud:predict": 1, "401 request_signature_replayed": copies - 1,
		}
		if !maps.Equal(got, want) {
			t.Fatalf("request %d: %v, want %v", n, got, want)
		}
	}
	if got := len(x.rest.Requests()); got != requests {
		t.Errorf("the server got %d requests, want %d", got, requests)
	}
	stats, err := x.envoy.Stats()
	if err != nil {
		t.Fatal(err)
	}
	workers := 0
	for name, n := range stats {
		if n > 0 && strings.HasPrefix(name, "listener.127") && strings.Contains(name, ".worker_") && strings.HasSuffix(name, "_cx_total") {
			workers++
		}
	}
	if workers != 2 {
		t.Errorf("%d workers had connections, want 2", workers)
	}
}

// longBodies sends bodies that flow while they are read. The server gets the end only of
// one that was signed.
func (x *signed) longBodies(t *testing.T) {
	const size = 3 << 20
	body := strings.Repeat("0123456789abcdef", size/16)
	at := func(i int) string { return body[:i] + "X" + body[i+1:] }
	for _, c := range []struct{ name, body, want string }{
		{"whole", body, "allow fraud-predictor.pay.svc.cluster.local /v1/models/fraud:predict"},
		{"the first byte is another", at(0), "400 digest_mismatch"},
		{"one in the middle is another", at(size / 2), "400 digest_mismatch"},
		{"the last byte is another", at(size - 1), "400 digest_mismatch"},
		{"the last byte is missing", body[:size-1], "400 digest_mismatch"},
		{"the end is missing", body[:size/3], "400 digest_mismatch"},
		{"a byte more", body + "0", "400 digest_mismatch"},
	} {
		for _, proto := range []rawhttp.Proto{rawhttp.H1, rawhttp.H2} {
			t.Run(c.name+"/"+proto.String(), func(t *testing.T) {
				x.rest.Reset()
				ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
				defer cancel()
				o, err := testbed.Ask(ctx, x.envoy.Addr(), nil, proto, x.request(t, c.body, &body))
				if err != nil || o.Line != c.want {
					t.Errorf("got %q, %v, want %q", o.Line, err, c.want)
				}
				switch got := x.rest.Requests(); {
				case c.name == "whole" && (len(got) != 1 || got[0].BodyBytes != size):
					t.Errorf("the server got %v, want %d bytes", got, size)
				case c.name != "whole" && len(got) != 0:
					t.Errorf("the server got %v, want no complete request", got)
				}
			})
		}
	}
}

// replies reads what the server answers to a signed request: the gate has signed it, unless it is
// longer than the gate holds.
func (x *signed) replies(t *testing.T) {
	for _, c := range []struct {
		name   string
		size   int
		signed bool
	}{{"short", 20, true}, {"long", 500 << 10, true}, {"too long", 600 << 10, false}, {"longer than any buffer", 4 << 20, false}} {
		for _, proto := range []rawhttp.Proto{rawhttp.H1, rawhttp.H2} {
			t.Run(c.name+"/"+proto.String(), func(t *testing.T) {
				x.rest.Answer(strings.Repeat("y", c.size))
				defer x.rest.Answer("")
				ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
				defer cancel()
				r := x.request(t, "{}", nil)
				got, err := rawhttp.Do(ctx, x.envoy.Addr(), nil, rawhttp.Request{
					Proto: proto, Method: r.Method, Path: r.Path, Authority: r.Authority, Headers: r.Headers, Body: []byte(r.Body),
				})
				if err != nil || got.Status != 200 || len(got.Body) != c.size {
					t.Fatalf("status %d, %d bytes, %v, want 200 and %d bytes", got.Status, len(got.Body), err, c.size)
				}
				err = x.CheckReply(r, "200", got.Headers, string(got.Body))
				if signed := got.Headers.Get("signature") != ""; signed != c.signed || signed && err != nil {
					t.Errorf("signed %v, want %v: %v", signed, c.signed, err)
				}
			})
		}
	}
}
