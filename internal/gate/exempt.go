package gate

import (
	"slices"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// exemption lets a health check pass that carries no credential: those of
// Google's load balancers, of the kubelet and of Knative. It is exact in
// everything, and the gate answers it itself unless told to forward it.
type exemption struct {
	method  string
	path    string
	hosts   []string // nil for any
	forward bool
}

func compileExemptions(v strictjson.Value) (list []exemption) {
	for _, item := range v.Items() {
		o := item.Object("method", "path", "hosts", "forward")
		e := exemption{method: o.Need("method").Text(), path: o.Need("path").Text(), forward: o.Get("forward").Bool()}
		if m := o.Get("method"); m.Exists() && e.method != "GET" && e.method != "HEAD" {
			m.Fail("is GET or HEAD")
		}
		if p := o.Get("path"); p.Exists() && e.path != "/" && !inference.Canonical(e.path) {
			p.Fail("is a canonical path without a query")
		}
		hosts := o.Need("hosts")
		if e.hosts = hosts.Texts(); slices.Contains(e.hosts, "*") {
			if len(e.hosts) > 1 {
				hosts.Fail(`"*", which is any host, stands alone`)
			}
			e.hosts = nil
		}
		list = append(list, e)
	}
	return list
}

// exempts finds the exemption of a request: the method, the whole path without
// a query, the host as it is written, and no body.
func (g *Gate) exempts(h *head, end bool) *exemption {
	for i := range g.exempt {
		e := &g.exempt[i]
		if end && h.Method == e.method && h.Path == e.path && (e.hosts == nil || slices.Contains(e.hosts, h.Authority)) {
			return e
		}
	}
	return nil
}

// let answers an exempt request, or forwards it without anything by which a
// server could be led elsewhere.
func (x *Exchange) let(e *exemption) Step {
	if !e.forward {
		return Step{Act: Answer, Reason: reason.Exempt, Reply: newReply(reason.Exempt, &x.head, "")}
	}
	x.strip(false)
	return Step{Act: Forward, Reason: reason.Exempt, Edit: &x.edited}
}
