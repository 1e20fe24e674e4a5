package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawgrpc"
)

// TestLargeBodies sends 64 MiB of tensors with the name first, through an Envoy
// that may keep no more than 1 MiB of a stream: they flow, and reading them takes
// next to nothing.
func TestLargeBodies(t *testing.T) {
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("holds=%v", holds), func(t *testing.T) {
			t.Parallel()
			x := startTriton(t, holds, smallBuffers)
			x.bearer = x.mint(t, map[string]any{"groups": []string{"operators"}})
			// What Envoy itself needs: a call that names no model is not read.
			const plain = "/inference.GRPCInferenceService/LogSettings"
			large, small := message(t, "1:asr "+tensor(64)), message(t, "1:asr 7:"+strings.Repeat("x", 32<<10))
			call := func(method string) int {
				return peak(t, x.envoy, func() {
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
	chain["typed_config"].(map[string]any)["http2_protocol_options"] = map[string]any{
		"initial_stream_window_size": 1 << 20, "initial_connection_window_size": 1 << 20,
	}
}

func tensor(mebibytes int) string { return "7:" + strings.Repeat("x", mebibytes<<20) }

// nameLast: a name at the end of 64 MiB waits for it, within the listener's
// limit; beyond it the answer is a clear one.
func nameLast(t *testing.T, x *triton) {
	from := len(x.server.Got())
	for _, c := range []struct {
		text string
		code codes.Code
		why  string
	}{
		{tensor(64) + " 1:asr", codes.OK, ""},
		{tensor(64) + " 1:llm", codes.PermissionDenied, "grant_missing"},
		{"1:llm " + tensor(64), codes.PermissionDenied, "grant_missing"},
		{tensor(128) + " 1:asr", codes.Unknown, "413"},
	} {
		_, err := rawgrpc.Call(t.Context(), x.conn, modelInfer, x.bearer, message(t, c.text))
		got := status.Convert(err)
		same := got.Code() == c.code && strings.Contains(got.Message(), c.why)
		if err == nil && c.why != "" || !same && c.why != "413" {
			t.Errorf("%d MiB ending in %s: %v %q", len(c.text)>>20, c.text[len(c.text)-5:], got.Code(), got.Message())
		}
	}
	if got := x.server.Got()[from:]; len(got) != 1 {
		t.Errorf("the server got %v", got)
	}
	if !logged(x.envoy, "request_payload_too_large") {
		t.Errorf("nothing is too large:\n%s", tail(x.envoy.Log()))
	}
}

// peak is the most memory that an Envoy has while f runs, in kB.
func peak(t *testing.T, envoy *harness.Envoy, f func()) int {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", envoy.Pid())
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
