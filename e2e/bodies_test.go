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

	"github.com/modelgate/modelgate/e2e/harness"
	"github.com/modelgate/modelgate/e2e/rawgrpc"
	"github.com/modelgate/modelgate/internal/gatetest"
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
func startTriton(t *testing.T, holds bool, claims map[string]any) *triton {
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
	}
	if holds {
		options.PluginConfig = strings.Replace(s.Config, `"version": 1,`, `"version": 1, "host": {"holdHeaders": true},`, 1)
		options.Edit = allowHolding
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
	token, err := s.Mint(gatetest.Token{Issuer: "corp", Claims: all}, time.Now())
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
	m, err := gatetest.Message(text)
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
			x := startTriton(t, holds, map[string]any{"iat": "now-60s", "exp": "now"}) // and the skew of 30 s
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
				f, err := gatetest.Frame(text)
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
				t.Errorf("cut after %d octets, holds %v: %q, the server got %v", i, holds, got, x.server.Got()[from:])
			}
		}
	}
}

// TestLargeBodies sends 64 MiB of tensors: with the name first they flow, with
// the name last they wait within the listener's limit, and beyond it get 413.
func TestLargeBodies(t *testing.T) {
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("holds=%v", holds), func(t *testing.T) {
			x := startTriton(t, holds, map[string]any{"groups": []string{"operators"}})
			call := func(method string, m []byte) codes.Code {
				_, err := rawgrpc.Call(t.Context(), x.conn, method, x.bearer, m)
				return status.Code(err)
			}
			tensor := func(n int) string { return "7:" + strings.Repeat("x", n<<20) }
			first, last := message(t, "1:asr "+tensor(64)), message(t, tensor(64)+" 1:asr")
			// What Envoy itself needs: a call that names no model is not read.
			const plain = "/inference.GRPCInferenceService/LogSettings"
			for _, method := range []string{plain, modelInfer} { // grow to size first
				if code := call(method, message(t, "1:asr "+tensor(8))); code != codes.OK {
					t.Fatalf("%s: %v", method, code)
				}
			}
			unread := x.peak(t, func() { call(plain, first) })
			read := x.peak(t, func() {
				if code := call(modelInfer, first); code != codes.OK {
					t.Errorf("name first: %v", code)
				}
			})
			t.Logf("64 MiB unread: %d kB at most; read: %d kB", unread, read)
			if read-unread > 2<<10 {
				t.Errorf("reading 64 MiB takes %d kB more than letting it pass", read-unread)
			}
			if code := call(modelInfer, last); code != codes.OK {
				t.Errorf("name last: %v", code)
			}
			if code := call(modelInfer, message(t, tensor(128)+" 1:asr")); code == codes.OK {
				t.Error("name last, beyond the limit: OK")
			}
			if code := call(modelInfer, message(t, "1:llm "+tensor(64))); code != codes.OK { // an operator
				t.Errorf("another model: %v", code)
			}
			if got := x.server.Got(); len(got) != 6 {
				t.Errorf("the server got %d messages", len(got))
			}
		})
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
