package wasmhost

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestClockAndEnvironment(t *testing.T) {
	noon := time.Date(2100, 1, 2, 12, 0, 0, 0, time.UTC)
	vm := newVM(t, Options{
		Now: func() time.Time { return noon },
		Env: map[string]string{"TEAM": "red", "A": "b"},
	})
	perform(t, vm, "now; host-now; env TEAM; env A; sleep")
	wantReport(t, vm, "now: 2100-01-02T12:00:00Z", "host-now: 2100-01-02T12:00:00Z", "env: red", "env: b", "sleep: awake")

	vm = newVM(t, Options{})
	perform(t, vm, "now")
	got, err := time.Parse("now: "+time.RFC3339, logged(vm, Info)[0])
	if d := time.Since(got); err != nil || d < 0 || d > time.Minute {
		t.Errorf("the guest's clock is off by %v, %v, want less than a minute", d, err)
	}
}

func TestOutput(t *testing.T) {
	var lines []LogLine
	vm := newVM(t, Options{Log: func(l LogLine) { lines = append(lines, l) }})
	lines = nil
	perform(t, vm, "print hello; eprint oh; open")
	want := []LogLine{
		{Debug, "plugin 1 stream 2: 1 request headers, end false"},
		{Info, "hello"},
		{Error, "oh"},
		{Info, "open: open /etc/passwd: No such file or directory"},
	}
	if !slices.Equal(lines, want) {
		t.Errorf("logged %v, want %v", lines, want)
	}
}

func TestMemory(t *testing.T) {
	vm := newVM(t, Options{})
	before := vm.MemoryBytes()
	perform(t, vm, "grow 50000000")
	if grown := vm.MemoryBytes() - before; grown < 40_000_000 {
		t.Errorf("the memory grew by %d bytes, want about 50,000,000", grown)
	}
}

func TestHostCalls(t *testing.T) {
	vm := newVM(t, Options{})
	vm.ResetCalls()
	s := vm.NewStream(nil)
	s.RequestHeaders([][2]string{{"x-do", "get a; get b; now; remove a"}}, true)
	want := map[string]int{
		"proxy_log":                     4,
		"proxy_get_header_map_pairs":    1,
		"proxy_get_header_map_value":    2,
		"proxy_remove_header_map_value": 1,
	}
	if got := vm.HostCalls(); !maps.Equal(got, want) {
		t.Errorf("HostCalls() = %v, want %v", got, want)
	}
}

func TestFaultInjection(t *testing.T) {
	vm := newVM(t, Options{Fail: func(call string) Status {
		if call == "proxy_get_header_map_value" {
			return InternalFailure
		}
		return OK
	}})
	perform(t, vm, "get x-do; shared k")
	wantReport(t, vm, "get: error status returned by host: internal failure", "shared: error status returned by host: not found")
}

// TestConcurrentVMs: VMs share only what Options says, and may run concurrently.
func TestConcurrentVMs(t *testing.T) {
	shared := &SharedData{}
	var wg sync.WaitGroup
	for i := range 4 {
		vm := newVM(t, Options{Shared: shared})
		wg.Go(func() {
			for n := range 50 {
				perform(t, vm, "share vm"+strconv.Itoa(i)+" "+strconv.Itoa(n+1)+"; counter c 1").Close()
			}
		})
	}
	wg.Wait()
	for i := range 4 {
		if v, _, _ := shared.Get("vm" + strconv.Itoa(i)); string(v) != "50" {
			t.Errorf("VM %d has stored %q, want 50", i, v)
		}
	}
}
