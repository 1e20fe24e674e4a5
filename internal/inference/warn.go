package inference

import "fmt"

// Warnings say where routes overlap: allowed, since the first one decides, but
// rarely meant.
func (rs *Routes) Warnings() (list []string) {
	for i, r := range rs.routes {
		for j := range i {
			if rs.routes[j].overlap(r) {
				list = append(list, fmt.Sprintf("routes %d and %d read the same hosts; the first decides, with its own credentials and shadow", j, i))
			}
		}
	}
	return list
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
