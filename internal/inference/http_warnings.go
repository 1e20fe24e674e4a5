package inference

import "slices"

// warnOfResources describes resources such as /* on a host on which another route has a
// model server of another service: what that route refuses, the resource takes, and a router
// behind the gate may send it to the model server.
func (rs *Routes) warnOfResources(list *warnings) {
	for _, r := range rs.routes {
		for _, x := range r.resources {
			if x.cut > 0 || !x.rest || len(x.segments) > 0 && !isPlace(x.segments[0]) {
				continue
			}
			for j, other := range rs.routes {
				service, hosts := other.declared()
				isOther := other.match != nil && other.server != nil && service != (Model{}) && service != x.service
				if !isOther || other.names != nil || !sharesAny(r.server.hosts, hosts) {
					continue
				}
				list.addAt(x.pointer, "%s takes what route %d does not know on the same hosts: "+
					"if one router behind the gate serves both, a caller who may use the one reaches the server of the other, %s", x.pointer, j, service)
			}
		}
	}
}

// sharesAny reports whether two lists of hosts have one in common; nil is any host.
func sharesAny(a, b []string) bool {
	return a == nil || b == nil || slices.ContainsFunc(a, func(host string) bool { return slices.Contains(b, host) })
}
