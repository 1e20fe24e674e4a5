package gate

import (
	"unsafe"

	"github.com/modelgate/modelgate/internal/reason"
)

// Waiting counts what the waiting requests of one VM hold, in bytes: heads that wait for
// keys, bodies and replies that are held back, in the module or in the host, and what
// reading them takes. Every addition and every release goes through it. It is not safe for
// concurrent use.
//
// A request waits while the gate needs more of it than its head, more of its reply, or a
// key. Any other request holds nothing.
type Waiting struct{ bytes int }

// Bytes returns what all waiting requests hold.
func (w *Waiting) Bytes() int { return w.bytes }

const (
	// waitingBytes is what a waiting request takes beside what is counted byte by byte:
	// the structs of the filter and of the gate. TestWaitingIsMeasured compares it with
	// the heap.
	waitingBytes = 2 << 10
	// smallWaiting is the most that one request may hold of the last quarter of the
	// limit. So a few callers with long bodies do not keep others with short ones out.
	smallWaiting = 64 << 10
)

// resize changes what one request holds. It reports false and changes nothing if more
// would then be held than the limit allows.
func (w *Waiting) resize(from, to, limit int) bool {
	if to > smallWaiting {
		limit -= limit / 4
	}
	if to > from && w.bytes+to-from > limit {
		return false
	}
	w.bytes += to - from
	return true
}

// HostHolds tells the gate how many bytes of the body or of the reply the host holds back
// for it now. ok is false if that is too much: then the step ends the request.
func (x *Exchange) HostHolds(n int) (step Step, ok bool) {
	if x.hostBytes = n; x.listing != nil && n > maxListing {
		return x.end(x.withholdList()), false
	}
	if r := x.reply; r != nil && r.sum != nil && x.listing == nil && n > x.gate.signatures.replies.limit {
		return x.passReply(), false
	}
	if x.count() {
		return Step{}, true
	}
	return x.end(x.refuseOrReset(reason.Overloaded)), false
}

// End releases all that the request holds. A host calls it when the stream ends, however
// it ends.
func (x *Exchange) End() {
	x.body, x.listing, x.reply, x.missing, x.hostBytes, x.origin = nil, nil, nil, nil, 0, origin{}
	x.route, x.unread, x.passed = routeUnasked, nil, nil
	x.count()
}

// end ends a request that is refused or answered: nothing of it is held any more.
func (x *Exchange) end(step Step) Step {
	step = x.withCORS(step)
	x.tell(&step)
	x.End()
	return step
}

// settle counts what the request holds after a step, and refuses it if that is too much.
func (x *Exchange) settle(step Step) Step {
	switch step.Act {
	case Refuse, Reset, Answer:
		return x.end(step)
	}
	if !x.count() {
		return x.end(x.refuseOrReset(reason.Overloaded))
	}
	x.tell(&step)
	return step
}

// count counts what the request holds now, and reports whether that is within the limit.
func (x *Exchange) count() bool {
	now := x.hostBytes
	if x.waits() {
		kept := x.keptBytes + cap(x.head.unsafe)*int(unsafe.Sizeof(unsafeHeader{}))
		if x.body != nil {
			kept += x.body.scannerBytes()
		}
		if x.listing != nil {
			kept += cap(x.listing.reply)
		}
		if x.reply != nil {
			kept += x.reply.request.Bytes() + x.reply.message.Bytes()
		}
		now += waitingBytes + kept + kept/8 // the allocator rounds sizes up
	}
	if x.waiting == nil || now == x.counted {
		return true
	}
	if !x.waiting.resize(x.counted, now, x.gate.waitingLimit) {
		return false
	}
	x.counted = now
	return true
}

func (b *body) scannerBytes() (n int) {
	if b.document != nil {
		return b.document.Bytes()
	}
	if b.proto != nil {
		return b.proto.Bytes()
	}
	return 0
}
