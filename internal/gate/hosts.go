package gate

// Hosts are the names under which requests for a service are sent on that came
// by a public path; see inference.Routes.Hosts.
func (g *Gate) Hosts(namespace, service string) (hosts []string, ok bool) {
	return g.routes.Hosts(namespace, service)
}
