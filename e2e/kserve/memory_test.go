//go:build kserve

package kserve

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/kserve/inferencepb"
)

// tensors is the size of a large request's contents, in bytes.
const tensors = 64 << 20

// maxExtra is how much anonymous memory such a request may take beyond what it
// takes without the gate, in KiB.
const maxExtra = 2 << 10

// TestLargeRequest sends 64 MiB of tensors, the name first, through Envoy with
// the gate and through Envoy without.
func TestLargeRequest(t *testing.T) {
	server := startStreamServer(t)
	grown := map[string]int{}
	for _, hosted := range []string{"bare", "headers go on", "headers held"} {
		var edit func(map[string]any)
		if hosted == "bare" {
			edit = withoutWasm
		}
		envoy, token := startGateFor(t, hosted == "headers held", map[string]string{"triton": server.addr}, "now+30m", edit)
		client, ctx := dialInference(t, envoy.Addr(), token)
		request := &inferencepb.ModelInferRequest{ModelName: "allowed", Id: "large", RawInputContents: [][]byte{make([]byte, tensors)}}
		infer := func(r *inferencepb.ModelInferRequest) {
			if _, err := client.ModelInfer(ctx, r); err != nil {
				t.Fatalf("%s: %v", hosted, err)
			}
		}
		// The heap of the module has its working size after the first requests.
		for range 20 {
			infer(&inferencepb.ModelInferRequest{ModelName: "allowed", RawInputContents: [][]byte{make([]byte, 1<<20)}})
		}
		infer(request)
		least := 1 << 30
		var sizes []string
		for range 5 { // the least: Envoy has other things to keep, now and then
			server.arrived()
			grew := watchMemory(t, envoy, func() { infer(request) })
			if got := server.arrived(); len(got) != 1 {
				t.Errorf("%s: the server got %q", hosted, got)
			}
			least = min(least, grew)
			sizes = append(sizes, fmt.Sprint(grew))
		}
		grown[hosted] = least
		t.Logf("%-13s a request of 64 MiB takes %s KiB", hosted, strings.Join(sizes, ", "))
		if hosted != "bare" {
			request.ModelName = "secret"
			if _, err := client.ModelInfer(ctx, request); status.Code(err) != codes.PermissionDenied {
				t.Errorf("%s: of secret: %v", hosted, err)
			}
			if got := server.arrived(); len(got) != 0 {
				t.Errorf("%s: the server got %q", hosted, got)
			}
			if extra := grown[hosted] - grown["bare"]; extra > maxExtra {
				t.Errorf("%s: a request of 64 MiB takes %d KiB more than without the gate", hosted, extra)
			}
		}
		envoy.Stop()
	}
}

// watchMemory returns by how much a process's anonymous memory was larger during
// something than before it, in KiB.
func watchMemory(t *testing.T, envoy *harness.Envoy, do func()) int {
	t.Helper()
	before := anonymous(t, envoy.Pid())
	var most atomic.Int64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			most.Store(max(most.Load(), int64(anonymous(t, envoy.Pid()))))
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	do()
	close(done)
	<-stopped
	return int(most.Load()) - before
}

// anonymous is RssAnon of proc_pid_status(5), in KiB.
func anonymous(t *testing.T, pid int) (size int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Error(err)
		return 0
	}
	_, after, ok := strings.Cut(string(text), "RssAnon:")
	if _, err := fmt.Sscan(after, &size); err != nil || !ok {
		t.Errorf("no RssAnon in /proc/%d/status: %v", pid, err)
	}
	return size
}

// withoutWasm takes the gate out.
func withoutWasm(node map[string]any) {
	for _, value := range node {
		switch value := value.(type) {
		case map[string]any:
			withoutWasm(value)
		case []any:
			for _, item := range value {
				if child, ok := item.(map[string]any); ok {
					if filters, ok := child["http_filters"].([]any); ok {
						child["http_filters"] = filters[len(filters)-1:]
					}
					withoutWasm(child)
				}
			}
		}
	}
	if filters, ok := node["http_filters"].([]any); ok {
		node["http_filters"] = filters[len(filters)-1:]
	}
}
