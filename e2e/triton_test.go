package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawgrpc"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

const (
	streamInfer = "/inference.GRPCInferenceService/ModelStreamInfer"
	modelInfer  = "/inference.GRPCInferenceService/ModelInfer"
)

// triton is examples/triton-stream before a real gRPC server.
type triton struct {
	scenario *corpus.Scenario
	envoy    *harness.Envoy
	server   *rawgrpc.Server
	conn     *grpc.ClientConn
	bearer   []string // the metadata of a caller who may use asr and tts
}

// startTriton starts it in one of the two ways of hosting.
func startTriton(t *testing.T, holds bool, edits ...func(map[string]any)) *triton {
	t.Helper()
	s := load(t, "triton-stream")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &triton{scenario: s, server: rawgrpc.Serve(listener)}
	t.Cleanup(x.server.Stop)
	options := harness.Options{
		Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: shipped,
		Upstreams: map[string]string{"grpc": listener.Addr().String()},
		ExtraArgs: []string{"--file-flush-interval-msec", "50"}, // the access log's
	}
	if holds {
		options.PluginConfig = edit.Set(t, s.Config, "/host", `{"holdHeaders": true}`)
		edits = append(edits, allowHolding)
	}
	options.Edit = func(bootstrap map[string]any) {
		for _, edit := range edits {
			edit(bootstrap)
		}
	}
	if x.envoy, err = harness.StartEnvoy(options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.envoy.Stop)
	if x.conn, err = rawgrpc.Dial(x.envoy.Addr(), "models.example.com"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.conn.Close() })
	x.bearer = x.mint(t, nil)
	return x
}

// mint makes the metadata of ana, with more claims.
func (x *triton) mint(t *testing.T, claims map[string]any) []string {
	t.Helper()
	all := map[string]any{"email": "ana@example.com", "email_verified": true}
	for name, value := range claims {
		all[name] = value
	}
	token, err := x.scenario.Mint(corpus.Token{Issuer: "corp", Claims: all}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return []string{"authorization", "Bearer " + token}
}

// allowHolding sets allow_on_headers_stop_iteration on every Wasm filter.
func allowHolding(bootstrap map[string]any) {
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if kind, _ := node["@type"].(string); strings.HasSuffix(kind, "filters.http.wasm.v3.Wasm") {
				node["config"].(map[string]any)["allow_on_headers_stop_iteration"] = true
			}
			for _, child := range node {
				walk(child)
			}
		case []any:
			for _, child := range node {
				walk(child)
			}
		}
	}
	walk(bootstrap)
}

func message(t testing.TB, text string) []byte {
	t.Helper()
	m, err := corpus.Message(text)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(m)
}

// arrive waits until the server has got n messages.
func (x *triton) arrive(n int) error {
	for deadline := time.Now().Add(harness.Patience); len(x.server.Got()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("the server got %v, want %d messages\n%s", x.server.Got(), n, tail(x.envoy.Log()))
		}
	}
	return nil
}

// send sends messages on a stream, each after the one before has arrived.
func (x *triton) send(t *testing.T, stream grpc.ClientStream, quiet bool, messages ...string) {
	t.Helper()
	for _, text := range messages {
		before := len(x.server.Got())
		m := message(t, text)
		if err := stream.SendMsg(&m); err != nil {
			t.Fatal(err)
		}
		if err := x.arrive(before + 1); err != nil {
			t.Fatal(err)
		}
		if !quiet {
			var reply []byte
			if err := stream.RecvMsg(&reply); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// ends sends a message that must not arrive. The call ends with a status, or by
// a reset where the server has begun to answer.
func (x *triton) ends(t *testing.T, stream grpc.ClientStream, text string, quiet bool, code codes.Code, why string) {
	t.Helper()
	before := len(x.server.Got())
	m := message(t, text)
	_ = stream.SendMsg(&m) // the call may be over already
	var reply []byte
	got := status.Convert(stream.RecvMsg(&reply))
	if quiet && (got.Code() != code || got.Message() != why) || !quiet && got.Code() != codes.Internal {
		t.Errorf("quiet %v: %s ends with %v %q", quiet, text, got.Code(), got.Message())
	}
	if got := x.server.Got(); len(got) != before {
		t.Errorf("the server got %v after %s", got[before:], text)
	}
}

// TestTriton is about messages that arrive one by one, in both ways of hosting.
func TestTriton(t *testing.T) {
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("holds=%v", holds), func(t *testing.T) {
			t.Parallel()
			x := startTriton(t, holds)
			streams := x.openExpiring(t)
			t.Run("Streams", func(t *testing.T) { deniedInStream(t, x) })
			t.Run("HeldApart", func(t *testing.T) { heldApart(t, x) })
			if !holds {
				t.Run("NameLast", func(t *testing.T) { nameLast(t, x) })
			}
			t.Run("Expiry", func(t *testing.T) { expiry(t, x, streams) })
		})
	}
}

func (x *triton) open(t *testing.T, bearer []string) grpc.ClientStream {
	t.Helper()
	stream, err := rawgrpc.Open(context.Background(), x.conn, streamInfer, bearer) // outlives t, which may be a subtest
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// deniedInStream: in a stream of requests the seventh names a model without a
// grant, and never arrives.
func deniedInStream(t *testing.T, x *triton) {
	for _, quiet := range []bool{true, false} {
		x.server.Quiet(quiet)
		stream := x.open(t, x.bearer)
		x.send(t, stream, quiet, "1:asr 3:1", "1:asr 3:2", "1:tts 2:2 3:3", "1:asr 3:4", "1:asr 3:5", "1:asr 3:6")
		x.ends(t, stream, "1:llm 3:7", quiet, codes.PermissionDenied, "grant_missing")
	}
	x.reasons(t, "grant_missing", 2)
}

// expiring are two streams whose first message has arrived, by whether the server
// is quiet, and the time from which their token has expired.
type expiring struct {
	streams map[bool]grpc.ClientStream
	end     time.Time
}

// openExpiring opens them with a token that is good for the skew of 30 seconds
// only, made just before it is used.
func (x *triton) openExpiring(t *testing.T) expiring {
	t.Helper()
	bearer := x.mint(t, map[string]any{"iat": "now-60s", "exp": "now+0s"})
	e := expiring{map[bool]grpc.ClientStream{}, time.Now().Add(31 * time.Second)}
	for _, quiet := range []bool{true, false} {
		x.server.Quiet(quiet)
		e.streams[quiet] = x.open(t, bearer)
		x.send(t, e.streams[quiet], quiet, "1:asr")
	}
	return e
}

// expiry: a message after the token has expired never arrives.
func expiry(t *testing.T, x *triton, e expiring) {
	time.Sleep(time.Until(e.end))
	for quiet, stream := range e.streams {
		x.ends(t, stream, "1:asr", quiet, codes.Unauthenticated, "token_expired")
	}
	x.reasons(t, "token_expired", 2)
}

// reasons finds a Reason in the counters and in the log.
func (x *triton) reasons(t *testing.T, why string, want uint64) {
	t.Helper()
	metrics, err := x.envoy.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	if got := metrics["modelgate.requests."+why]; got != want {
		t.Errorf("counter %s = %d, want %d", why, got, want)
	}
	if !logged(x.envoy, `{"modelgate":"`+why+`"`) || !logged(x.envoy, " modelgate_"+why) {
		t.Errorf("%s is not in the log\n%s", why, tail(x.envoy.Log()))
	}
}

// heldApart puts a message and the beginning of the next one into one frame of
// data: the first arrives before the second is whole, which never arrives.
func heldApart(t *testing.T, x *triton) {
	x.server.Quiet(true)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	good, bad := frames(t, "1:asr 3:1", "1:asr 3:2"), frames(t, "3:tensor 1:llm")
	for i := range len(bad) {
		from := len(x.server.Got())
		reader, writer := io.Pipe()
		request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+x.envoy.Addr()+streamInfer, reader)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "models.example.com"
		request.Header.Set("content-type", "application/grpc")
		request.Header.Set(x.bearer[0], x.bearer[1])
		go func() {
			io.WriteString(writer, good+bad[:i])
			if err := x.arrive(from + 2); err != nil {
				writer.CloseWithError(err)
				return
			}
			io.WriteString(writer, bad[i:])
		}()
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		writer.Close()
		got := response.Header.Get("grpc-status") + " " + response.Header.Get("grpc-message")
		if got != "7 grant_missing" || len(x.server.Got()) != from+2 {
			t.Errorf("cut after %d bytes: %q, the server got %v", i, got, x.server.Got()[from:])
		}
	}
}

func frames(t *testing.T, texts ...string) (all string) {
	t.Helper()
	for _, text := range texts {
		f, err := corpus.Frame(text)
		if err != nil {
			t.Fatal(err)
		}
		all += f
	}
	return all
}
