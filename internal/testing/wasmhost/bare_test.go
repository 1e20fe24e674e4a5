package wasmhost

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func startBare(mode string, oldPoll bool) (*VM, []string, error) {
	var lines []string
	vm, err := bare.NewVM(context.Background(), Options{
		Env:      map[string]string{"MODE": mode},
		VMConfig: "vm",
		OldPoll:  oldPoll,
		Log: func(l LogLine) {
			if l.Level == Info {
				lines = append(lines, l.Text)
			}
		},
	})
	return vm, lines, err
}

// TestRestrictedCalls: a guest may make fewer calls while it initializes and while it
// allocates memory.
func TestRestrictedCalls(t *testing.T) {
	for _, c := range []struct {
		mode string
		old  bool
		want string // what is logged, or a part of the trap
	}{
		{"", false, "init 0, allocate 2, buffer 0"},
		{"done in init", false, "restricted_callback: proxy_done"},
		{"yield in init", false, "restricted_callback: sched_yield"},
		{"poll in init", false, "poll 0, init 0, allocate 2, buffer 0"},
		{"poll in init", true, "restricted_callback: poll_oneoff"},
		{"done in allocate", false, "restricted_callback: proxy_done"},
		{"random in allocate", false, "restricted_callback: random_get"},
		{"poll in allocate", false, "init 0, allocate 2, poll 0, buffer 0"},
		{"poll in allocate", true, "restricted_callback: poll_oneoff"},
		{"panic in allocate", false, "unreachable"},
	} {
		t.Run(fmt.Sprintf("%s, old poll %v", c.mode, c.old), func(t *testing.T) {
			_, lines, err := startBare(c.mode, c.old)
			got := strings.Join(lines, ", ")
			if err != nil {
				got = err.Error()
			}
			if err == nil && !sameLines(got, c.want) || err != nil && !strings.Contains(got, c.want) {
				t.Errorf("start = %s, want %s", got, c.want)
			}
		})
	}
}

func sameLines(a, b string) bool {
	return slices.Equal(slices.Sorted(strings.SplitSeq(a, ", ")), slices.Sorted(strings.SplitSeq(b, ", ")))
}

func TestWASI(t *testing.T) {
	want := []string{
		"random 0", "much random 28", "other clock 58", "write to 3 8", "write nothing 0",
		"stat of 0 8", "stat of 1 0", "rights 64", "poll 0", "poll to nowhere 21", "yield 0",
	}
	_, lines, err := startBare("wasi", false)
	if err != nil || !slices.Equal(lines[3:], want) {
		t.Errorf("WASI calls = %v, %v, want %v", lines, err, want)
	}
	want[8], want[9] = "poll 52", "poll to nowhere 52"
	if _, lines, err = startBare("wasi", true); err != nil || !slices.Equal(lines[3:], want) {
		t.Errorf("WASI calls = %v, %v, want %v", lines, err, want)
	}
}

// TestAbsentCallbacks: a callback that the module does not have accepts everything.
func TestAbsentCallbacks(t *testing.T) {
	vm, _, err := startBare("", false)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := vm.Configure("{}"); !ok || err != nil {
		t.Errorf("Configure() = %v, %v", ok, err)
	}
	s := vm.NewStream(nil)
	wantAction(t, Continue)(s.RequestHeaders([][2]string{{":path", "/"}}, false))
	wantAction(t, Continue)(s.RequestBody([]byte("a"), true))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := vm.Close(); err != nil {
		t.Error(err)
	}
}
