package inference

import (
	"slices"
	"strings"
)

// declaredPath is a path that a route declares, and the hosts on which it does; nil for any.
type declaredPath struct {
	resourcePath
	hosts []string
}

// leaveDeclared leaves to other routes what they declare for other services on the hosts of an
// openai route: a narrower "base", and resources below its root. Many paths are below a root,
// such as /generate and /openai/deployments/: a router behind the gate may send those to
// another server, and a grant on the one service must not be one on the other.
func (rs *Routes) leaveDeclared() {
	for _, r := range rs.routes {
		if r.openAI == nil || r.byHost {
			continue
		}
		for _, other := range rs.routes {
			if other.server != nil && sharesAny(r.server.hosts, other.server.hosts) {
				r.openAI.leaveTo(other, r.base)
			}
		}
	}
}

// leaveTo leaves to another route what it declares for another service. own is the "base" that
// the configuration gives this one: a base that it has by default gives way to a declared one.
func (a *openAI) leaveTo(other *Route, own string) {
	hosts := other.server.hosts
	for i := range a.places {
		p := &a.places[i]
		isNarrower := !p.isBase || other.base != own && strings.HasPrefix(other.base+"/", p.prefix)
		if other.base != "" && other.server.service != a.service && isNarrower {
			base := resourcePath{segments: strings.Split(other.base[1:], "/"), rest: true}
			p.left = append(p.left, declaredPath{base, hosts})
		}
		for _, x := range other.resources {
			isWide := len(x.segments) == 0 || isPlace(x.segments[0]) // such as /*, which takes what is left
			if !p.isBase && x.cut == 0 && !isWide && !x.byHost && x.service != a.service {
				p.left = append(p.left, declaredPath{x.resourcePath, hosts})
			}
		}
	}
}

// leaves reports whether another route declares the path of a request. A path behind a prefix
// is none.
func (p *place) leaves(r *parsedRequest, path string) bool {
	if path != r.path {
		return false
	}
	for i := range p.left {
		if d := &p.left[i]; d.match(path, false, &pathParts{}) && (d.hosts == nil || slices.Contains(d.hosts, r.host)) {
			return true
		}
	}
	return false
}
