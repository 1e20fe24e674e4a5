package gate

import (
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// originalHostHeader is the header in which Knative's activator sends the host of a
// request: RewriteHostIn of knative/networking, pkg/http/header/header.go. The Host of its
// requests is the pod's or the Service's own address, and queue-proxy in the pod puts the
// original one back (RewriteHostOut), which the gate does before it.
const originalHostHeader = "k-original-host"

// proxyHeader is how queue-proxy knows the activator's requests, which the autoscaler counts
// elsewhere: ProxyHandler of knative/serving, pkg/queue/handler.go. Behind an activator only
// the gate writes it.
const proxyHeader = "k-proxy-request"

// compileActivator reads "activator", and returns the names of the activator's certificates.
// RewriteHostIn keeps the header that a caller has sent, so that it says no more than a
// Host that the caller writes: it must not choose among services, and "serves" is needed.
func (g *Gate) compileActivator(v, serves strictjson.Value) (peers []string) {
	if !v.Exists() {
		return nil
	}
	if !serves.Exists() {
		v.Fail(`needs "serves", the one service behind this proxy: callers can send %s through the activator`, originalHostHeader)
	}
	return g.authn.CompilePeers(v.Object("peers").Need("peers"))
}

// takeOriginalHost gives a request of the activator the host that it had before. From
// anyone else the header counts for nothing, and is removed.
func (x *Exchange) takeOriginalHost() reason.Reason {
	h := &x.head
	switch {
	case h.originalHosts == 0 || h.byActivator || !x.gate.authn.IsHolder(&x.request.Peer, x.gate.activators):
		return reason.Allowed
	case h.originalHosts > 1:
		h.repeated = originalHostHeader
		return reason.HeaderRepeated
	}
	h.Authority, h.byActivator = h.originalHost, true
	return reason.Allowed
}
