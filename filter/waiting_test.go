package main_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

const waitingBytes = "modelgate.waiting_bytes"

// waiters makes requests that wait.
type waiters struct {
	t   *testing.T
	vm  *wasmhost.VM
	key keyPair // that the issuer publishes
	new keyPair // that it does not
	now time.Time
}

// startWaiters starts a VM that has the issuer's key, with a limit for what waits.
func startWaiters(t *testing.T, m *wasmhost.Module, mebibytes int) *waiters {
	t.Helper()
	w := &waiters{t: t, key: newKeyPair(t, "k1"), new: newKeyPair(t, "k2"), now: time.Now()}
	w.vm = start(t, m, wasmhost.Options{
		Now: func() time.Time { return w.now }, Clusters: []string{"keys"}, StopIteration: true,
		Env: map[string]string{"MODELGATE_FAULT": "request"},
	})
	configure(t, w.vm, limitedConfig(t, mebibytes))
	tick(t, w.vm)
	respond(t, status200, keySet(w.key), w.vm)
	tick(t, w.vm)
	return w
}

func limitedConfig(t *testing.T, mebibytes int) string {
	t.Helper()
	return edit.Set(t, bodyConfig(t, true), "/limits", fmt.Sprintf(`{"waitingMiB": %d}`, mebibytes))
}

// begin sends the head of a request, 54 kB long, whose token a key signs.
func (w *waiters) begin(key keyPair, path, mediaType string, more ...[2]string) *wasmhost.Stream {
	w.t.Helper()
	r := key.request(w.t, w.now)
	if r.Path = path; path == "/v1/models" {
		r.Method = "GET"
	}
	r.Headers = append(append(r.Headers, [2]string{"content-type", mediaType}), more...)
	pad := strings.Repeat("x", 3000)
	for range 18 {
		r.Headers = append(r.Headers, [2]string{"x-pad", pad})
	}
	s := w.vm.NewStream(nil)
	if _, err := s.RequestHeaders(r.Pairs(), false); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// TestHeadsTakeNoMemory: thousands of long heads whose bodies do not come take the
// memory that the metric says, and not that of the heads.
func TestHeadsTakeNoMemory(t *testing.T) {
	w := startWaiters(t, shipped, 256)
	before := w.vm.MemoryBytes()
	var streams []*wasmhost.Stream
	for range 2000 {
		streams = append(streams, w.begin(w.key, "/v1/chat/completions", "application/json"))
	}
	grown, told := int(w.vm.MemoryBytes()-before), int(w.vm.Gauges()[waitingBytes])
	t.Logf("2000 heads of 54 kB: the memory has grown by %d kB, the metric says %d kB", grown>>10, told>>10)
	if grown > 32<<20 || told > 8<<20 || told < 2<<20 {
		t.Errorf("the memory has grown by %d bytes and the metric says %d; want 32 MiB at most, and 2 to 8 MiB", grown, told)
	}
	for _, s := range streams {
		s.Close()
	}
	if got := w.vm.Gauges()[waitingBytes]; got != 0 {
		t.Errorf("%d bytes are held by nobody", got)
	}
}

// TestMessagesAreBounded: bytes of a next message, which the module itself keeps, stay
// within the limit. Requests beyond it are refused, and others are served.
func TestMessagesAreBounded(t *testing.T) {
	w := startWaiters(t, shipped, 16)
	message := frames(t, "1:a")
	next := "\x00\x00\x10\x00\x00" + strings.Repeat("\x3a\x7f"+strings.Repeat("x", 127), 4000)
	before, refused := w.vm.MemoryBytes(), 0
	var streams []*wasmhost.Stream
	for range 200 {
		s := w.begin(w.key, "/inference.GRPCInferenceService/ModelStreamInfer", "application/grpc")
		s.RequestBody([]byte(message+next), false)
		if local := s.LocalReply(); local != nil {
			if refused++; local.GRPC != 14 || local.Body != "overloaded" || !hasHeader(local.Headers, "retry-after", "10") {
				t.Fatalf("the reply is %+v, want 14 overloaded with retry-after", local)
			}
		}
		streams = append(streams, s)
	}
	grown := w.vm.MemoryBytes() - before
	t.Logf("200 times %d kB: %d refused, the memory has grown by %d kB", len(next)>>10, refused, grown>>10)
	if refused < 150 || grown > 80<<20 {
		t.Errorf("%d of 200 are refused, the memory has grown by %d bytes; want 150 at least, and 80 MiB at most", refused, grown)
	}
	s := w.begin(w.key, "/v1/chat/completions", "application/json")
	body := `{"model":"a"}`
	if s.RequestBody([]byte(body), true); string(s.Request().Body) != body {
		t.Errorf("a small body beside them: %q is forwarded, local reply %+v", s.Request().Body, s.LocalReply())
	}
	for _, s := range append(streams, s) {
		s.Close()
	}
	if got := w.vm.Gauges()[waitingBytes]; got != 0 {
		t.Errorf("%d bytes are held by nobody", got)
	}
}

// TestWaitingReturnsToZero runs random requests side by side: bodies in pieces, keys
// that come and that do not, replies that are trimmed, panics, refusals, clients that
// leave, and new configurations. Whatever becomes of them, nothing is held in the end.
func TestWaitingReturnsToZero(t *testing.T) {
	w := startWaiters(t, faulty, 1)
	random := rand.New(rand.NewPCG(3, 4))
	var live []*wasmhost.Stream
	outcomes, most := map[string]int{}, uint64(0)
	end := func(s *wasmhost.Stream) {
		if local := s.LocalReply(); local != nil {
			outcomes[corpus.RefusedReply(int(local.Status), local.Body)]++
		}
		s.Close()
	}
	for i := range 2000 {
		if len(live) < 80 && random.IntN(3) > 0 {
			live = append(live, w.beginAny(random))
		}
		if len(live) > 0 {
			at := random.IntN(len(live))
			if s := live[at]; w.step(random, s) {
				end(s)
				live = append(live[:at], live[at+1:]...)
			}
		}
		if i%50 == 0 {
			w.now = w.now.Add(time.Second)
			tick(t, w.vm)
			for _, call := range w.vm.PendingCalls() {
				call.Respond(status200, keySet(w.key))
			}
		}
		if i%400 == 399 {
			configure(t, w.vm, edit.Set(t, limitedConfig(t, 1), "/grants/0/name", fmt.Sprintf(`"n%d"`, i)))
		}
		most = max(most, w.vm.Gauges()[waitingBytes])
	}
	for _, s := range live {
		end(s)
	}
	t.Logf("%d bytes are held at most; %v", most, outcomes)
	if w.vm.Failed() || most > 1<<20 || outcomes["503 overloaded"] == 0 {
		t.Errorf("VM failed: %v, %d bytes were held at most, %v; want false, 1 MiB at most, and some overloaded", w.vm.Failed(), most, outcomes)
	}
	if got := w.vm.Gauges()[waitingBytes]; got != 0 {
		t.Errorf("%d bytes are held by nobody", got)
	}
}

func (w *waiters) beginAny(random *rand.Rand) *wasmhost.Stream {
	key := w.key
	if random.IntN(4) == 0 {
		key = w.new
	}
	switch random.IntN(5) {
	case 0:
		return w.begin(key, "/inference.GRPCInferenceService/ModelStreamInfer", "application/grpc")
	case 1:
		return w.begin(key, "/v1/models", "application/json")
	case 2:
		return w.begin(key, "/kfserving/prod/fraud:predict", "application/json")
	case 3:
		return w.begin(key, "/v1/chat/completions", "application/json", [2]string{"x-fault", "1"})
	}
	return w.begin(key, "/v1/chat/completions", "application/json")
}

// step lets something happen to a stream, and reports whether the stream ends.
func (w *waiters) step(random *rand.Rand, s *wasmhost.Stream) (ends bool) {
	switch random.IntN(12) {
	case 0:
		s.RequestBody([]byte(`{"model":"a",`), false)
	case 1:
		s.RequestBody([]byte(`{"model":"a"}`), true)
	case 2:
		s.RequestBody([]byte(frames(w.t, "1:a")+"\x00\x00\x00\x40\x00"+strings.Repeat("x", 2000)), false)
	case 4:
		s.RequestTrailers([][2]string{{"x-sum", "1"}})
	case 5:
		s.ResponseHeaders([][2]string{{":status", "200"}, {"content-type", "application/json"}}, false)
	case 3:
		s.ResponseBody([]byte(`{"data":[{"id":"a"}]}`), random.IntN(2) == 0)
	default: // white space before a document, in which no server reads a model
		s.RequestBody([]byte(strings.Repeat(" ", 150_000)), false)
	}
	return random.IntN(12) == 0
}
