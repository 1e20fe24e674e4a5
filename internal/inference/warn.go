package inference

import "fmt"

// Warnings say where routes overlap: allowed, since the first one decides, but
// rarely meant. And where the host, which the caller writes, is all that says which
// server is asked.
func (rs *Routes) Warnings() (list []string) {
	for i, r := range rs.routes {
		if r.anyHost && rs.serves == (Model{}) {
			list = append(list, fmt.Sprintf("route %d is on any host, and the call goes to the one that it names: \"hosts\" or \"names\" would say where the model is", i))
		}
		for j := range i {
			if rs.routes[j].overlap(r) {
				list = append(list, fmt.Sprintf("routes %d and %d read the same hosts; the first decides, with its own credentials and shadow", j, i))
			}
		}
	}
	if rs.hostsOnly() {
		list = append(list, `the routes read only the services' own hosts, as at a sidecar, and "serves" is missing: whoever may call another service may call this one under that one's host name`)
	}
	return list
}

// hostsOnly reports whether nothing but the host that a caller names says which
// service is meant. Before one service it may name any.
func (rs *Routes) hostsOnly() (only bool) {
	for _, r := range rs.routes {
		if r.native && r.public {
			return false
		}
		only = only || r.native
	}
	return only && rs.serves == Model{}
}

// overlap reports whether both take the same request on a service's own host.
// One that is told by its path, such as gRPC, takes none of another's.
func (r *Route) overlap(other *Route) bool {
	return r.family != "" && r.family == other.family && r.names != nil && other.names != nil && (r.names.within(other.names) || other.names.within(r.names))
}

// within reports whether a host that n makes means something to the other too.
func (n *Names) within(other *Names) bool {
	for _, t := range n.templates {
		if other.readings(t.host("service", "namespace")) != nil {
			return true
		}
	}
	return false
}
