package inference

import "strings"

// maxSplits bounds the services that one host can mean by a template that isSplit. A host
// with more places where it can be cut is refused.
const maxSplits = 8

// appendSplits adds every service and namespace that a host name can have by a template
// with a hyphen and no dot between them, such as {service}-{namespace}.example.com:
// DefaultDomainTemplate of kserve/kserve, pkg/controller/v1beta1/inferenceservice/
// reconcilers/ingress/domain.go. Both names may contain hyphens, so that
// fraud-team-a.example.com is fraud in team-a and fraud-team in a: nobody but the cluster
// knows which. more reports that there are more than maxSplits.
func (t *hostTemplate) appendSplits(list [][2]string, host string) (splits [][2]string, more bool) {
	inner, hasPrefix := strings.CutPrefix(host, t.before)
	inner, hasSuffix := strings.CutSuffix(inner, t.after)
	if !hasPrefix || !hasSuffix || len(inner) > maxLabel {
		return list, false
	}
	for at := 1; at < len(inner); at++ {
		service, rest := inner[:at], inner[at:]
		namespace, ok := strings.CutPrefix(rest, t.between)
		switch {
		case !ok || !IsLabel(service) || !IsLabel(namespace):
		case len(list) == maxSplits:
			return list, true
		default:
			list = append(list, [2]string{service, namespace})
		}
	}
	return list, false
}

// addSplits adds the services of a host for each place where it can be cut. If a route
// declares one of them on the host, the others do not exist.
func (h *hostReading) addSplits(n *hostNames, t *hostTemplate, host string, declared Model) {
	if declared != (Model{}) && t.host(declared.Service, declared.Namespace) == host {
		h.add(n, t, declared.Namespace, declared.Service)
		return
	}
	var buffer [maxSplits][2]string
	splits, more := t.appendSplits(buffer[:0], host)
	if more { // the host is refused whatever the others are
		splits, h.isUnclear = splits[:1], true
	}
	for _, s := range splits {
		h.add(n, t, s[1], s[0])
	}
}

// compileDeclared collects the hosts that routes declare. A host that is declared for two
// services is neither's.
func (rs *Routes) compileDeclared() {
	rs.declared = map[string]Model{}
	for _, r := range rs.routes {
		service, hosts := r.declared()
		for _, host := range hosts {
			if known, again := rs.declared[host]; again && known != service {
				rs.declared[host] = Model{}
				continue
			}
			rs.declared[host] = service
		}
	}
}
