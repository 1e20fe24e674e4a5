package main

import (
	"testing"
	"time"
)

// bell is a driver.Waker that counts.
type bell struct{ woken, dropped chan uint64 }

func (b bell) Wake(event uint64) { b.woken <- event }
func (b bell) Drop()             { b.dropped <- 0 }

func TestAlarm(t *testing.T) {
	b := bell{make(chan uint64, 2), make(chan uint64, 2)}
	a := newAlarm(b, 0, 7)
	if event := <-b.woken; event != 7 {
		t.Errorf("Wake(%d), want 7", event)
	}
	a.stop()
	if len(b.dropped) != 0 {
		t.Error("Drop after Wake")
	}

	a = newAlarm(b, time.Hour, 8)
	a.stop()
	a.stop()
	if len(b.dropped) != 1 || len(b.woken) != 0 {
		t.Errorf("stopped: %d times dropped and %d times woken, want 1 and 0", len(b.dropped), len(b.woken))
	}
}
