package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawgrpc"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const (
	streamInfer = "/inference.GRPCInferenceService/ModelStreamInfer"
	modelInfer  = "/inference.GRPCInferenceService/ModelInfer"
)

// triton is examples/triton-stream before a real gRPC server.
type triton struct {
	envoy  *harness.Envoy
	server *rawgrpc.Server
	conn   *grpc.ClientConn
	bearer []string
}

// startTriton starts it in one of the two ways of hosting.
func startTriton(t *testing.T, holds bool, claims map[string]any, edits ...func(map[string]any)) *triton {
	t.Helper()
	s := load(t, "triton-stream")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &triton{server: rawgrpc.Serve(listener)}
	t.Cleanup(x.server.Stop)
	options := harness.Options{
		Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Wasm: shipped,
		Upstreams: map[string]string{"grpc": listener.Addr().String()}, Timeout: 3 * time.Minute,
		ExtraArgs: []string{"--file-flush-interval-msec", "50"}, // the access log's
	}
	if holds {
		options.PluginConfig = strings.Replace(s.Config, `"version": 1,`, `"version": 1, "host": {"holdHeaders": true},`, 1)
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
	all := map[string]any{"email": "ana@example.com", "email_verified": true}
	for name, value := range claims {
		all[name] = value
	}
	token, err := s.Mint(corpus.Token{Issuer: "corp", Claims: all}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	x.bearer = []string{"authorization", "Bearer " + token}
	return x
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

// await waits until the server has got n messages.
func (x *triton) await(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); len(x.server.Got()) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the server got %v, want %d messages\n%s", x.server.Got(), n, tail(x.envoy.Log()))
		}
	}
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
		x.await(t, before+1)
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

// TestStreams: in a stream of requests the seventh names a model without a
// grant. It never arrives, and neither does one after the token has expired.
func TestStreams(t *testing.T) {
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("holds=%v", holds), func(t *testing.T) {
			t.Parallel()                                                                  // most of it is waiting for a token to expire
			x := startTriton(t, holds, map[string]any{"iat": "now-60s", "exp": "now+0s"}) // and the skew of 30 s
			end := time.Now().Add(31 * time.Second)
			open := func() grpc.ClientStream {
				stream, err := rawgrpc.Open(t.Context(), x.conn, streamInfer, x.bearer)
				if err != nil {
					t.Fatal(err)
				}
				return stream
			}
			lasting := map[bool]grpc.ClientStream{}
			for _, quiet := range []bool{true, false} {
				x.server.Quiet(quiet)
				stream := open()
				x.send(t, stream, quiet, "1:asr 3:1", "1:asr 3:2", "1:tts 2:2 3:3", "1:asr 3:4", "1:asr 3:5", "1:asr 3:6")
				x.ends(t, stream, "1:llm 3:7", quiet, codes.PermissionDenied, "grant_missing")
				lasting[quiet] = open()
				x.send(t, lasting[quiet], quiet, "1:asr")
			}
			time.Sleep(time.Until(end))
			for quiet, stream := range lasting {
				x.ends(t, stream, "1:asr", quiet, codes.Unauthenticated, "token_expired")
			}
			x.reasons(t, "grant_missing", "token_expired")
		})
	}
}

// reasons finds each Reason in the counters and in the log.
func (x *triton) reasons(t *testing.T, reasons ...string) {
	t.Helper()
	stats, err := x.envoy.Stats()
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range reasons {
		if stats["wasmcustom.modelgate."+why] != 2 || !logged(x.envoy, `{"modelgate":"`+why+`"`) || !logged(x.envoy, " modelgate_"+why) {
			t.Errorf("%s is counted %d times, or not in the log\n%s", why, stats["wasmcustom.modelgate."+why], tail(x.envoy.Log()))
		}
	}
}

// TestHeldApart puts a message and the beginning of the next one into one frame
// of data: the first arrives before the second is whole, which never arrives.
func TestHeldApart(t *testing.T) {
	for _, holds := range []bool{false, true} {
		x := startTriton(t, holds, nil)
		x.server.Quiet(true)
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		frames := func(texts ...string) (all string) {
			for _, text := range texts {
				f, err := corpus.Frame(text)
				if err != nil {
					t.Fatal(err)
				}
				all += f
			}
			return all
		}
		good, bad := frames("1:asr 3:1", "1:asr 3:2"), frames("3:tensor 1:llm")
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
				x.await(t, from+2)
				io.WriteString(writer, bad[i:])
			}()
			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			writer.Close()
			if got := response.Header.Get("grpc-status") + " " + response.Header.Get("grpc-message"); got != "7 grant_missing" || len(x.server.Got()) != from+2 {
				t.Errorf("cut after %d bytes, holds %v: %q, the server got %v", i, holds, got, x.server.Got()[from:])
			}
		}
	}
}

// TestLargeBodies sends 64 MiB of tensors with the name first, through an Envoy
// that may keep no more than 1 MiB of a stream: they flow, and reading them takes
// next to nothing.
func TestLargeBodies(t *testing.T) {
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("holds=%v", holds), func(t *testing.T) {
			x := startTriton(t, holds, map[string]any{"groups": []string{"operators"}}, smallBuffers)
			// What Envoy itself needs: a call that names no model is not read.
			const plain = "/inference.GRPCInferenceService/LogSettings"
			large, small := message(t, "1:asr "+tensor(64)), message(t, "1:asr 7:"+strings.Repeat("x", 32<<10))
			call := func(method string) int {
				return x.peak(t, func() {
					if _, err := rawgrpc.Call(t.Context(), x.conn, method, x.bearer, large); err != nil {
						t.Errorf("%s: %v", method, err)
					}
				})
			}
			// The module's heap grows to its first collections, whatever is asked.
			for range 400 {
				if _, err := rawgrpc.Call(t.Context(), x.conn, modelInfer, x.bearer, small); err != nil {
					t.Fatal(err)
				}
			}
			unread := max(call(plain), call(plain), call(plain))
			read := min(call(modelInfer), call(modelInfer), call(modelInfer))
			t.Logf("64 MiB unread: %d kB at most; read: %d kB", unread, read)
			if read-unread > 2<<10 {
				t.Errorf("reading 64 MiB takes %d kB more than letting it pass", read-unread)
			}
			if got := x.server.Got(); len(got) != 406 {
				t.Errorf("the server got %d messages", len(got))
			}
		})
	}
}

// smallBuffers takes back what an example raises.
func smallBuffers(bootstrap map[string]any) {
	listener := bootstrap["static_resources"].(map[string]any)["listeners"].([]any)[0].(map[string]any)
	delete(listener, "per_connection_buffer_limit_bytes")
	chain := listener["filter_chains"].([]any)[0].(map[string]any)["filters"].([]any)[0].(map[string]any)
	chain["typed_config"].(map[string]any)["http2_protocol_options"] = map[string]any{"initial_stream_window_size": 1 << 20, "initial_connection_window_size": 1 << 20}
}

func tensor(mebibytes int) string { return "7:" + strings.Repeat("x", mebibytes<<20) }

// TestNameLast: a name at the end of 64 MiB waits for it, within the listener's
// limit; beyond it the answer is a clear one.
func TestNameLast(t *testing.T) {
	x := startTriton(t, false, nil)
	for _, c := range []struct {
		text string
		code codes.Code
		why  string
	}{
		{tensor(64) + " 1:asr", codes.OK, ""}, {tensor(64) + " 1:llm", codes.PermissionDenied, "grant_missing"},
		{"1:llm " + tensor(64), codes.PermissionDenied, "grant_missing"}, {tensor(128) + " 1:asr", codes.Unknown, "413"},
	} {
		_, err := rawgrpc.Call(t.Context(), x.conn, modelInfer, x.bearer, message(t, c.text))
		if got := status.Convert(err); got.Code() != c.code && c.why != "413" || !strings.Contains(got.Message(), c.why) && c.why != "413" || err == nil && c.why != "" {
			t.Errorf("%d MiB ending in %s: %v %q", len(c.text)>>20, c.text[len(c.text)-5:], got.Code(), got.Message())
		}
	}
	if got := x.server.Got(); len(got) != 1 {
		t.Errorf("the server got %v", got)
	}
	if !logged(x.envoy, " 413 request_payload_too_large") && !logged(x.envoy, "request_payload_too_large") {
		t.Errorf("nothing is too large:\n%s", tail(x.envoy.Log()))
	}
}

// peak is the most memory that Envoy has while f runs, in kB.
func (x *triton) peak(t *testing.T, f func()) int {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", x.envoy.Pid())
	if err := os.WriteFile(proc+"clear_refs", []byte("5"), 0); err != nil { // VmHWM begins anew
		t.Fatal(err)
	}
	f()
	text, err := os.ReadFile(proc + "status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
