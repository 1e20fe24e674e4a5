package gate

import (
	"slices"

	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/inference"
)

// editHead makes the edit of a request that is forwarded: what is removed, who calls,
// and where the request goes. A request that only its route's shadow lets pass keeps its
// credentials: it goes on as without a gate.
func (x *Exchange) editHead(m *inference.Match, byRoute bool) *Edit {
	x.stripHeaders(m.Route.Forward || byRoute)
	x.untold = false
	x.edit.Set = x.appendForwardHeaders(x.edit.Set[:0], m)
	if x.listing != nil {
		x.edit.removePartialReplyHeaders(x.request.Pairs)
	}
	return &x.edit
}

// bytes returns what an edit takes that waits with the head.
func (e *Edit) bytes() int {
	n := cap(e.Remove)*pairBytes/2 + cap(e.Set)*pairBytes
	for i := range e.Set {
		n += len(e.Set[i][0]) + len(e.Set[i][1])
	}
	return n
}

// stripHeaders removes the client's credentials, identities and overrides.
func (x *Exchange) stripHeaders(keepCredentials bool) {
	e := &x.edit
	e.Remove = e.Remove[:0]
	for _, u := range x.head.unsafe {
		name := x.request.Pairs[u.index][0]
		if keepCredentials && u.safety == credential && name == headers.Fold(name) {
			continue // no other spelling of a credential stays: nobody has verified it
		}
		if !slices.Contains(e.Remove, name) {
			e.Remove = append(e.Remove, name)
		}
	}
}

// appendForwardHeaders appends the headers that the gate writes on a request that is
// forwarded: the verified identity, the call, and the destination where it is another than
// the request's.
func (x *Exchange) appendForwardHeaders(set [][2]string, m *inference.Match) [][2]string {
	verified := x.verified && !x.Principal.Anonymous()
	for i := range x.gate.identity {
		h := &x.gate.identity[i]
		if h.ofCaller && !verified || h.ofPeer && !x.verified || !h.isFor(x.Principal.Issuer) {
			continue
		}
		value, told := h.render(x.Principal, &m.Call)
		if value != "" {
			set = append(set, [2]string{h.name, value})
		}
		x.untold = x.untold || !told
	}
	set = x.appendDestination(set, m.Authority, m.Path)
	if m.Header[0] != "" {
		set = append(set, m.Header)
	}
	return set
}

// appendDestination appends where a request goes, if that is not where it came to, and the
// mark of the activator.
func (x *Exchange) appendDestination(set [][2]string, authority, path string) [][2]string {
	if authority != x.head.Authority || x.head.byActivator {
		set = append(set, [2]string{":authority", authority})
	}
	if x.head.byActivator {
		set = append(set, [2]string{proxyHeader, "activator"})
	}
	if path != x.head.Path {
		set = append(set, [2]string{":path", path})
	}
	return set
}
