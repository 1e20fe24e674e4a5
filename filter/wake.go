//go:build wasip1

package main

import (
	"slices"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/filter/driver"
)

// busyTickMilliseconds is the period of ticks while streams wait to be woken.
const busyTickMilliseconds = 1

// maxBatch is how many streams one callback wakes. Envoy performs what a callback has asked
// for after it, and each local reply in a callback inside the previous one: some hundreds of
// them overflow the stack, and the VM is lost (seen in 1.40.0).
const maxBatch = 32

// waker wakes a stream from a callback of its plugin.
type waker struct {
	plugin *plugin
	stream uint32 // its context
}

// woken is a stream that is to be woken.
type woken struct {
	stream uint32
	event  uint64
}

func (w waker) Wake(event uint64) {
	w.plugin.woken = append(w.plugin.woken, woken{w.stream, event})
	w.plugin.updateTickPeriod()
}

func (w waker) Drop() {}

// wakeBatch wakes up to maxBatch streams. If more are left, it makes the next tick come soon.
func (p *plugin) wakeBatch() {
	n := min(len(p.woken), maxBatch)
	batch := slices.Clone(p.woken[:n])
	p.woken = slices.Delete(p.woken, 0, n)
	for _, w := range batch {
		if s := streams[w.stream]; s != nil { // otherwise it has ended
			p.wake(s, w.event)
		}
	}
	p.updateTickPeriod()
}

// wake continues a stream from a callback of the plugin.
func (p *plugin) wake(s *driver.Stream, event uint64) {
	if err := abi.SetEffectiveContext(s.ID); err != nil {
		abi.Log(abi.Critical, "model gate: selecting a stream that has waited: ", err.Error())
		return
	}
	if s.Wake(event) == driver.Forward {
		if err := abi.ResumeRequest(); err != nil {
			abi.Log(abi.Critical, "model gate: resuming a request: ", err.Error())
		}
	}
	_ = abi.SetEffectiveContext(p.id) // cannot fail: the plugin is in its own callback
}

func (p *plugin) updateTickPeriod() {
	period := uint32(0)
	switch {
	case len(p.woken) > 0:
		period = busyTickMilliseconds
	case p.worker != nil:
		period = uint32(p.worker.TickPeriod() / time.Millisecond)
	}
	if period == p.period {
		return
	}
	if err := abi.SetTickPeriod(period); err != nil {
		abi.Log(abi.Critical, "model gate: setting the tick period: ", err.Error())
		return
	}
	p.period = period
}
