package faults

import (
	"sync"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/load"
)

// rotation rotates the issuer's key under load. Callers use a new key the
// moment it is served: none of them is refused. Of a key that is withdrawn no
// token passes on a connection, and so in a worker, that has once refused one.
func rotation(w *world) {
	w.configure(object{"wait": "1m", "timeout": "30s"}, nil) // as long as may be: for a busy machine
	w.served()
	c := &callers{flying: map[int]string{}, left: map[string]int{}}
	c.renew(w)
	good := w.load(load.Load{
		Path: always(granted), Rate: scale(1000, 200), Workers: scale(600, 200), Token: c.token, Answered: c.answered,
	})
	for range scale(10, 2) {
		old := w.corp.Kid()
		if _, err := w.corp.Rotate(true); err != nil {
			w.t.Fatal(err)
		}
		c.renew(w)
		time.Sleep(time.Second)
		for deadline := time.Now().Add(patience); c.use(old) > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				w.t.Fatalf("%d requests with the old key are not answered after %v", c.use(old), patience)
			}
		}
		w.corp.Withdraw()
		w.goes(w.token(w.corp, old))
	}
	report := good.Stop()
	w.t.Log(report)
	if !report.Only(load.Allowed) {
		w.t.Errorf("a good token was refused: %s", report)
	}
}

// callers use tokens of the present key, and know which they still use.
type callers struct {
	mu     sync.Mutex
	kid    string
	tokens []string
	flying map[int]string // kid of each request under way
	left   map[string]int // how many, by kid
}

func (c *callers) renew(w *world) {
	tokens, kid := w.tokens(w.corp, 20), w.corp.Kid()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens, c.kid = tokens, kid
}

func (c *callers) token(i int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying[i] = c.kid
	c.left[c.kid]++
	return c.tokens[i%len(c.tokens)]
}

func (c *callers) answered(a load.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left[c.flying[a.Index]]--
	delete(c.flying, a.Index)
}

// use is the number of requests under way with a key.
func (c *callers) use(kid string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left[kid]
}

// goes sees to it that a token of a withdrawn key is refused on each of some
// connections, and then stays so.
func (w *world) goes(token string) {
	w.t.Helper()
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() { w.goesOn(token) })
	}
	done.Wait()
}

// goesOn is goes for one connection.
func (w *world) goesOn(token string) {
	refused := make(chan struct{})
	gone := false // the answers of one connection come one after the other
	probe := w.load(load.Load{
		Path: always(granted), Token: always(token), Workers: 1, Rate: 20,
		Answered: func(a load.Answer) {
			switch {
			case a.Line == load.Allowed && gone:
				w.t.Error("a token of a key that is gone passes again")
			case a.Line == unknown && !gone:
				gone = true
				close(refused)
			case a.Line != load.Allowed && a.Line != unknown:
				w.t.Errorf("a token of a withdrawn key: %s", a.Line)
			}
		},
	})
	select {
	case <-refused:
		time.Sleep(time.Second)
	case <-time.After(patience):
		w.t.Errorf("a token of a withdrawn key still passes after %v", patience)
	}
	probe.Stop()
}
