package inference

import "slices"

// Hosts are the names by which requests for a service go on that came by a
// public path: of its predictor, its explainer and its transformer, each once.
// ok is false where one of the two is no DNS-1123 label; the list is empty where
// no route has a prefix, or the service's name is too long for a host's.
func (rs *Routes) Hosts(namespace, service string) (hosts []string, ok bool) {
	if !Label(namespace) || !Label(service) {
		return nil, false
	}
	for _, r := range rs.routes {
		if r.prefix == "" || r.names == nil {
			continue
		}
		for _, t := range r.names.templates {
			if h := t.host(service, namespace); h != "" && !slices.Contains(hosts, h) {
				hosts = append(hosts, h)
			}
		}
	}
	return hosts, true
}
