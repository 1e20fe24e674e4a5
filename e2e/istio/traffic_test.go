package istio

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// asked is a request of a load, and the answers that are right.
type asked struct {
	request corpus.Request
	want    []string
}

// traffic asks over two connections, one request after the other, with a pause
// that leaves Envoy the processor on which it compiles. It ends before the proxy
// does, also where the test ends early.
type traffic struct {
	t    *testing.T
	done chan struct{}
	end  func() // closes done, once
	wg   sync.WaitGroup
	n    atomic.Int64
}

func newTraffic(t *testing.T, addr string, all []asked) *traffic {
	l := &traffic{t: t, done: make(chan struct{})}
	l.end = sync.OnceFunc(func() { close(l.done) })
	for range 2 {
		l.wg.Add(1)
		go func() {
			defer l.wg.Done()
			l.run(addr, all)
		}()
	}
	t.Cleanup(func() { l.stop() })
	return l
}

func (l *traffic) run(addr string, all []asked) {
	conn, err := rawhttp.Dial(context.Background(), addr, nil, rawhttp.H1)
	if err != nil {
		l.t.Error(err)
		return
	}
	defer conn.Close()
	for {
		for _, a := range all {
			select {
			case <-l.done:
				return
			case <-time.After(2 * time.Millisecond):
			}
			if !l.one(conn, a) {
				return
			}
		}
	}
}

func (l *traffic) one(conn *rawhttp.Conn, a asked) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	o, err := testbed.AskOn(ctx, conn, a.request)
	if err != nil {
		l.t.Errorf("a request without an answer: %v", err)
		return false
	}
	if l.n.Add(1); !slices.Contains(a.want, o.Line) {
		l.t.Errorf("%s, want one of %q", o.Line, a.want)
		return false
	}
	return true
}

// stop ends the load and says how many requests were answered.
func (l *traffic) stop() int64 {
	l.end()
	l.wg.Wait()
	return l.n.Load()
}
