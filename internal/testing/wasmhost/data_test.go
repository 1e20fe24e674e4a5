package wasmhost

import (
	"encoding/binary"
	"maps"
	"slices"
	"testing"
)

func TestMetrics(t *testing.T) {
	vm := newVM(t, Options{})
	perform(t, vm, "counter c 2; counter c 3; gauge g 5; gauge g -2; histogram h 9")
	wantReport(t, vm, "counter: 2", "counter: 5", "gauge: 5", "gauge: 3")
	if !maps.Equal(vm.Counters(), map[string]uint64{"c": 5}) || !maps.Equal(vm.Gauges(), map[string]uint64{"g": 3}) ||
		!maps.Equal(vm.Histograms(), map[string]uint64{"h": 9}) {
		t.Errorf("Counters() = %v, Gauges() = %v, Histograms() = %v", vm.Counters(), vm.Gauges(), vm.Histograms())
	}
	// Ids end in the kind: 4 is the first counter here, 5 would be a gauge, 22 is the histogram.
	perform(t, vm, "raw-define 3; raw-record 4; raw-record 400; raw-metric 400; raw-metric 22; raw-increment 4 0; "+
		"raw-increment 4 -1; raw-increment 5 1; raw-increment 22 1")
	wantReport(t, vm, "raw-define: 2", "raw-record: 0", "raw-record: 1", "raw-metric: 1", "raw-metric: 2", "raw-increment: 2",
		"raw-increment: 2", "raw-increment: 1", "raw-increment: 2")
	if got := vm.Counters()["c"]; got != 12 {
		t.Errorf("the counter is %d, want 12", got)
	}
	s := vm.NewStream(nil)
	if _, err := s.RequestHeaders([][2]string{{"x-do", "counter c 0"}}, true); err == nil {
		t.Error("increment by zero: no error, want a panic of the SDK")
	}
}

// TestSharedMetrics: Envoy has one metric of a name for all VMs. A gauge may be
// lowered, and below zero it wraps around.
func TestSharedMetrics(t *testing.T) {
	stats := &Stats{}
	one, two := newVM(t, Options{Stats: stats}), newVM(t, Options{Stats: stats})
	perform(t, one, "counter c 2; gauge g 5; set-gauge s 7")
	perform(t, two, "counter c 3; gauge g -4; set-gauge s 6")
	wantReport(t, two, "counter: 5", "gauge: 1", "set-gauge: 6")
	if !maps.Equal(one.Counters(), map[string]uint64{"c": 5}) || !maps.Equal(one.Gauges(), map[string]uint64{"g": 1, "s": 6}) {
		t.Errorf("Counters() = %v, Gauges() = %v", one.Counters(), one.Gauges())
	}
	perform(t, one, "gauge g -2")
	if got := two.Gauges()["g"]; got != 1<<64-1 {
		t.Errorf("the gauge is %d, want -1 wrapped around", got)
	}
}

// TestSharedDataElection: a missing key accepts any version, so several VMs can create
// it; only one of them can change a version.
func TestSharedDataElection(t *testing.T) {
	const mismatch = "share: error status returned by host: cas mismatch"
	shared := &SharedData{}
	one, two := newVM(t, Options{Shared: shared}), newVM(t, Options{Shared: shared})
	perform(t, one, "share k a 7")
	perform(t, two, "share k b 0; shared k; share k two 2")
	wantReport(t, one)
	wantReport(t, two, "shared: b at 2")
	perform(t, one, "share k one 2; shared k")
	wantReport(t, one, mismatch, "shared: two at 3")
}

func TestSharedData(t *testing.T) {
	const mismatch = "share: error status returned by host: cas mismatch"
	shared := &SharedData{}
	one, two := newVM(t, Options{Shared: shared}), newVM(t, Options{Shared: shared})
	perform(t, one, "shared k; share k a 99; shared k")
	wantReport(t, one, "shared: error status returned by host: not found", "shared: a at 1")
	perform(t, two, "share k b 1; share k c 1; share k d; shared k; share e; shared e")
	wantReport(t, two, mismatch, "shared: d at 3", "shared:  at 4")
	perform(t, newVM(t, Options{}), "share k z")
	if v, cas, status := shared.Get("k"); string(v) != "d" || cas != 3 || status != OK {
		t.Errorf("Get(k) = %q, %d, %d, want d, 3, OK", v, cas, status)
	}
}

func TestForeignFunctions(t *testing.T) {
	vm := newVM(t, Options{Foreign: map[string]func([]byte) ([]byte, Status){
		"double": func(b []byte) ([]byte, Status) { return slices.Repeat(b, 2), OK },
		"refuse": func(b []byte) ([]byte, Status) { return nil, BadArgument },
	}})
	perform(t, vm, "foreign double ab; foreign double; foreign refuse a; foreign nothing")
	wantReport(t, vm, "foreign: abab", "foreign: error status returned by host: bad argument",
		"foreign: error status returned by host: not found")
}

func TestBadCalls(t *testing.T) {
	vm := newVM(t, Options{})
	perform(t, vm, "queue q; effective 99; done; raw-log 6; raw-log-nowhere; raw-buffer 9; "+
		"raw-set-buffer 9; raw-set-buffer 6; raw-set-buffer 0")
	wantReport(t, vm, "queue: error status returned by host: unimplemented", "effective: error status returned by host: bad argument",
		"raw-log: 2", "raw-log-nowhere: 6", "raw-buffer: 1", "raw-set-buffer: 1", "raw-set-buffer: 2", "raw-set-buffer: 2")
}

func TestDecodePairs(t *testing.T) {
	good := encodePairs([][2]string{{"a", "1"}, {"", ""}})
	if got := decodePairs(good); !slices.Equal(got, [][2]string{{"a", "1"}, {"", ""}}) {
		t.Errorf("decoded %q", got)
	}
	broken := func(at int, v byte) []byte {
		b := slices.Clone(good)
		b[at] = v
		return b
	}
	many := make([][2]string, maxPairs)
	if got := decodePairs(encodePairs(many)); len(got) != maxPairs {
		t.Errorf("decoded %d pairs of %d", len(got), maxPairs)
	}
	for name, b := range map[string][]byte{
		"none":           nil,
		"no number":      {1, 0},
		"no sizes":       binary.LittleEndian.AppendUint32(nil, 2),
		"too many":       encodePairs(append(many, [2]string{})),
		"too large":      encodePairs([][2]string{{string(make([]byte, maxPairsBytes)), ""}}),
		"size past end":  broken(4, 200),
		"unterminated":   broken(len(good)-1, 'x'),
		"more than said": append(slices.Clone(good), 0),
	} {
		if got := decodePairs(b); got != nil {
			t.Errorf("%s: decoded %q", name, got)
		}
	}
}
