//go:build providers

package providers

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
)

// testRotation rotates the keys while requests run. Callers use a token of the new key the
// moment they have it, and others keep that of the old key: none is refused.
func (w *world) testRotation(t *testing.T) {
	var mu sync.Mutex
	current := make([]string, len(w.p.kinds))
	renew := func() {
		for i, k := range w.p.kinds {
			token := k.mint(t)
			mu.Lock()
			current[i] = token
			mu.Unlock()
		}
	}
	renew()
	first := append([]string{}, current...)
	stop, sent := make(chan struct{}), atomic.Int64{}
	var done sync.WaitGroup
	end := sync.OnceFunc(func() { close(stop); done.Wait() })
	defer end() // before the test does
	for i, k := range w.p.kinds {
		for _, renews := range []bool{true, false} {
			done.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(5 * time.Millisecond):
					}
					mu.Lock()
					token := current[i]
					mu.Unlock()
					if !renews {
						token = first[i]
					}
					if a, err := w.send(w.gate, k.issuer, token); err != nil || a.line != "200" {
						t.Errorf("%s, a token of the new key: %v: %s, %v", k.name, renews, a.line, err)
					}
					sent.Add(1)
				}
			})
		}
	}
	for range 3 {
		before := keyID(t, current[0])
		w.p.rotate(t)
		renew()
		if keyID(t, current[0]) == before {
			t.Errorf("the provider's new tokens still have the key %q", before)
		}
		time.Sleep(2 * time.Second)
	}
	end()
	t.Logf("%d requests", sent.Load())
	if w.p.withdraw == nil || t.Failed() {
		return
	}
	w.p.withdraw(t)
	for deadline := time.Now().Add(harness.Patience); ; time.Sleep(100 * time.Millisecond) {
		switch a, err := w.send(w.gate, w.p.kinds[0].issuer, first[0]); {
		case err != nil:
			t.Fatal(err)
		case a.line == "401 key_unknown":
			return
		case a.line != "200" || time.Now().After(deadline):
			t.Fatalf("a token of a key that is withdrawn: %s, want 401 key_unknown", a.line)
		}
	}
}
