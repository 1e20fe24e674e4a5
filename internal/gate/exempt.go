package gate

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// exemption lets a health check without a credential pass: those of Google's load
// balancers, of the kubelet and of Knative. It matches exactly. The gate answers the
// request itself, unless the exemption says that it is forwarded.
type exemption struct {
	method  string
	path    string
	hosts   []string // nil for any
	forward bool
	// document is the answer, if it is metadata of the protected resource and no health check.
	document string
}

func compileExemptions(v strictjson.Value) (list []exemption) {
	for _, item := range v.Items() {
		o := item.Object("method", "path", "hosts", "forward")
		e := exemption{method: o.Need("method").Text(), path: o.Need("path").Text(), forward: o.Get("forward").Bool()}
		if m := o.Get("method"); e.method != "" && e.method != "GET" && e.method != "HEAD" {
			m.MustBe(`GET or HEAD ("cors" is for the OPTIONS of a browser)`)
		}
		if p := o.Get("path"); e.path != "" && e.path != "/" && !inference.IsCanonicalPath(e.path) {
			p.MustBe(`a canonical path without a query, for example "/healthz"`)
		}
		e.hosts = compileExemptHosts(o.Need("hosts"))
		list = append(list, e)
	}
	return list
}

// compileExemptHosts reads the hosts of an exemption; nil means any host.
func compileExemptHosts(v strictjson.Value) (hosts []string) {
	hosts = v.Texts()
	if slices.Contains(hosts, "*") {
		if len(hosts) > 1 {
			v.Fail(`must not have further hosts beside "*", which is any host`)
		}
		return nil
	}
	for i, host := range hosts {
		if host != "" && (!inference.IsAuthority(host) || strings.ToLower(host) != host) {
			v.Items()[i].MustBe(`a host in lower case, with its port where requests have one%s`, exemptHostHint(host))
		}
	}
	return hosts
}

// exemptHostHint names the mistake that is most often made in the host of an exemption.
func exemptHostHint(host string) string {
	switch {
	case strings.Contains(host, "*"):
		return `, without a pattern ("*" alone is any host)`
	case strings.Contains(host, "://"):
		return ", without a scheme"
	case strings.Contains(host, "/"):
		return ", without a path"
	case strings.HasSuffix(host, "."):
		return ", without a dot at its end"
	}
	return ""
}

// findExemption returns the exemption of a request, or nil. It compares the method, the
// whole path, the host as it is written, and requires that neither a body nor trailers
// nor another protocol follow.
func (g *Gate) findExemption(h *head, end bool) *exemption {
	for i := range g.exemptions {
		e := &g.exemptions[i]
		if end && !h.Upgrade && h.Method == e.method && h.Path == e.path && (e.hosts == nil || slices.Contains(e.hosts, h.Authority)) &&
			(e.document == "" || !h.GRPC) {
			return e
		}
	}
	return nil
}

// answerExempt answers an exempt request, or forwards it without any header that names a
// caller or another destination.
func (x *Exchange) answerExempt(e *exemption) Step {
	if e.document != "" {
		return Step{Act: Answer, Reason: reason.ResourceMetadata, Reply: metadataReply(e.document)}
	}
	if !e.forward {
		return Step{Act: Answer, Reason: reason.Exempt, Reply: newReply(reason.Exempt, &x.head, "")}
	}
	x.stripHeaders(false)
	x.route = routeExempt
	return Step{Act: Forward, Reason: reason.Exempt, Edit: &x.edit}
}
