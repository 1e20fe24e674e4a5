package inference

import "fmt"

// Warnings say where routes overlap: allowed, since the first one decides, but
// rarely meant.
func (rs *Routes) Warnings() (list []string) {
	for i, r := range rs.routes {
		for j := range i {
			if rs.routes[j].names.overlap(r.names) {
				list = append(list, fmt.Sprintf("routes %d and %d read the same hosts; the first decides, with its own credentials and shadow", j, i))
			}
		}
	}
	return list
}

// overlap reports whether both make a service of the same host.
func (n *Names) overlap(other *Names) bool {
	if n == nil || other == nil {
		return false
	}
	for _, t := range n.templates {
		if other.components(t.host("service", "namespace")) != nil {
			return true
		}
	}
	return false
}
