package main

import (
	"sync"
	"time"

	"github.com/modelgate/modelgate/filter/driver"
)

// alarm wakes a stream after a while, unless it is stopped before: a waker must not be used once
// the stream's thread may have ended.
type alarm struct {
	mu    sync.Mutex
	waker driver.Waker // nil once it has been used
	timer *time.Timer
}

func newAlarm(w driver.Waker, after time.Duration, event uint64) *alarm {
	a := &alarm{waker: w}
	a.timer = time.AfterFunc(after, func() { a.use(func(w driver.Waker) { w.Wake(event) }) })
	return a
}

func (a *alarm) stop() {
	a.timer.Stop()
	a.use(driver.Waker.Drop)
}

// use uses the waker, if nobody has.
func (a *alarm) use(use func(driver.Waker)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waker != nil {
		use(a.waker)
		a.waker = nil
	}
}
