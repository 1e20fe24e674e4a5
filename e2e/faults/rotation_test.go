package faults

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelgate/modelgate/e2e/load"
)

// rotation rotates the issuer's key under load. Callers use a new key the
// moment it is served: none of them is refused. Of a key that is withdrawn no
// token passes on a connection, and so in a worker, that has once refused one.
func rotation(w *world) {
	t := w.t
	w.configure(nil, nil)
	w.served()
	var tokens atomic.Pointer[[]string]
	renew := func() { fresh := w.tokens(w.corp, 20); tokens.Store(&fresh) }
	renew()
	good := load.Start(load.Load{
		Addr: w.envoy.Addr(), Path: always(granted), Rate: scale(1000, 200), Workers: scale(2000, 500),
		Token: func(i int) string { return (*tokens.Load())[i%20] },
	})
	for range scale(10, 2) {
		old := w.corp.Kid()
		if _, err := w.corp.Rotate(true); err != nil {
			t.Fatal(err)
		}
		renew()
		time.Sleep(time.Second)
		w.corp.Withdraw()
		w.goes(w.token(w.corp, old))
	}
	report := good.Stop()
	t.Log(report)
	if !report.Only(load.Allowed) {
		t.Errorf("a good token was refused: %s", report)
	}
}

// goes sees to it that a token of a withdrawn key is refused on each of some
// connections, and then stays so.
func (w *world) goes(token string) {
	w.t.Helper()
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			refused := make(chan struct{})
			var once sync.Once
			var after atomic.Int64
			probe := load.Start(load.Load{
				Addr: w.envoy.Addr(), Path: always(granted), Token: always(token), Workers: 1, Rate: 20,
				Answered: func(a load.Answer) {
					gone := after.Load() > 0
					switch {
					case a.Line == load.Allowed && gone:
						w.t.Errorf("a token of a key that is gone passes again")
					case a.Line == unknown:
						if after.Add(1) == 20 {
							once.Do(func() { close(refused) })
						}
					case a.Line != load.Allowed:
						w.t.Errorf("a token of a withdrawn key: %s", a.Line)
					}
				},
			})
			select {
			case <-refused:
			case <-time.After(patience):
				w.t.Errorf("a token of a withdrawn key was refused %d times in %v", after.Load(), patience)
			}
			probe.Stop()
		})
	}
	done.Wait()
}
