package gate

import (
	"strings"
	"unsafe"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
)

// A host gives the gate the head of a request in memory that it uses for the next request.
// This file copies what a request that waits still needs, and counts it.

// keepHead copies the whole head, for a request that is decided again when its key is
// there. The strings share one allocation.
func (x *Exchange) keepHead() {
	p := x.request.Peer
	size := len(p.URI) + len(p.Subject) + len(p.Certificate) + len(p.Digest)
	for i := range x.request.Pairs {
		size += len(x.request.Pairs[i][0]) + len(x.request.Pairs[i][1])
	}
	var all strings.Builder
	all.Grow(size)
	kept := func(s string) string {
		at := all.Len()
		all.WriteString(s)
		return all.String()[at:]
	}
	h := &Head{Pairs: make([][2]string, len(x.request.Pairs)), End: x.request.End, Peer: p}
	for i, p := range x.request.Pairs {
		h.Pairs[i] = [2]string{kept(p[0]), kept(p[1])}
	}
	for _, s := range [...]*string{&h.Peer.URI, &h.Peer.Subject, &h.Peer.Certificate, &h.Peer.Digest} {
		*s = kept(*s)
	}
	x.request, x.head = h, head{unsafe: x.head.unsafe[:0]}
	x.head.parse(&x.gate.headers, h.Pairs) // as before: now its strings are those of the copy
	x.missing = &authn.MissingKey{Issuer: x.missing.Issuer, KeyID: strings.Clone(x.missing.KeyID)}
	x.headKept, x.keptBytes = true, size+pairBytes*len(h.Pairs)+2*len(x.missing.KeyID) // the host keeps it too
}

const pairBytes = int(unsafe.Sizeof([2]string{}))

// keepMatch copies a match, and the caller, for a request whose body or reply is to come.
// Of the head nothing is kept but the names of the headers that are to be removed, if the
// head itself waits too.
func (x *Exchange) keepMatch(m *inference.Match, withNames bool) inference.Match {
	kept := m.Clone()
	x.Call, x.Principal = kept.Call, x.Principal.Detach()
	x.keptBytes = kept.Bytes() + x.Principal.Bytes()
	own := inference.Request{GRPC: x.head.GRPC}
	var names *Head
	if withNames {
		own.Path, own.Authority = strings.Clone(x.head.Path), strings.Clone(x.head.Authority)
		names = x.keepNames()
		x.keptBytes += len(own.Path) + len(own.Authority)
	}
	x.head.errors = errorFormOf(x.head.Path)
	x.head.Request, x.request = own, names
	return kept
}

// keepNames copies the names of the headers that must not reach the upstream.
func (x *Exchange) keepNames() *Head {
	names := &Head{Pairs: make([][2]string, len(x.head.unsafe))}
	for i := range x.head.unsafe {
		u := &x.head.unsafe[i]
		names.Pairs[i][0] = strings.Clone(x.request.Pairs[u.index][0])
		u.index = i
		x.keptBytes += len(names.Pairs[i][0]) + pairBytes
	}
	return names
}

// DropHead forgets what performing a step needed of the request's head. The host calls it
// when it has performed a step of Begin, Resume, Body or Narrow, before the head's memory changes.
// What a request that waits still needs, the exchange has copied. Of any other request
// only trailers can follow, and their refusal needs no more than the request's id.
func (x *Exchange) DropHead() {
	if !x.waits() {
		switch {
		case x.route == routeAwaited && x.head.Path != "":
			x.head.errors = errorFormOf(x.head.Path)
		case x.route != routeAwaited:
			x.Principal, x.Call, x.Rule = authn.Nobody(), inference.Call{}, ""
		}
		x.request, x.head.Request = nil, inference.Request{GRPC: x.head.GRPC}
	}
	if x.body == nil || x.body.edit == nil {
		x.edit.forget()
		if cap(x.head.unsafe) > keptHeaders && (x.body == nil || !x.gate.holdsHeaders) {
			x.head.unsafe = nil
		}
	}
}

// keptHeaders is for how many headers an Edit keeps its memory for the next request.
const keptHeaders = 16

// forget drops the strings of an edit that has been performed, and memory that most
// requests do not need.
func (e *Edit) forget() {
	clear(e.Remove[:cap(e.Remove)])
	clear(e.Set[:cap(e.Set)])
	if e.Remove, e.Set = e.Remove[:0], e.Set[:0]; cap(e.Remove) > keptHeaders {
		e.Remove = nil
	}
	if cap(e.Set) > keptHeaders {
		e.Set = nil
	}
}
