package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The facts about Istio are from istio/istio: pilot/pkg/security/authz/model (what a rule
// means), pilot/pkg/model/policyattachment.go (whom a policy selects) and
// pilot/pkg/security/authn/policy_applier.go (what a JWT rule means).

func isIstio(v value) bool {
	kind := v.get("kind").text()
	return strings.HasPrefix(v.get("apiVersion").text(), "security.istio.io/") &&
		(kind == "AuthorizationPolicy" || kind == "RequestAuthentication")
}

// istioPolicy is a policy that has been read so far as it says for whom it is.
type istioPolicy struct {
	value
	namespace, name string
	labels          map[string]string // of whom it selects; nil for everybody in the namespace
	targets         []string          // names of what it is attached to
}

// readIstio reads RequestAuthentications and AuthorizationPolicies for one workload.
func (s *session) readIstio(list []value) error {
	policies := make([]istioPolicy, len(list))
	for i, v := range list {
		policies[i] = readIstioPolicy(v)
	}
	w, err := s.workload(policies)
	if err != nil {
		return err
	}
	r := &istioReader{session: s, workload: w, program: &program{
		service: w.namespace + "/" + w.name, trustDomain: cmp.Or(s.options.TrustDomain, "cluster.local"),
	}}
	if s.options.Labels == nil && w.labels != nil {
		s.remark(list[0], "it is for the pods of %s with the labels %s", r.program.service, labelText(w.labels))
	}
	var others []string
	for _, p := range policies {
		switch {
		case !w.isSelectedBy(p):
			others = append(others, p.namespace+"/"+p.name)
		case p.get("kind").text() == "RequestAuthentication":
			r.authentication(p)
		}
	}
	if others != nil {
		s.remark(list[0], "of other workloads than %s, and so not read: %s", r.program.service, strings.Join(others, ", "))
	}
	r.program.credentials = r.credentials()
	for _, p := range policies {
		if w.isSelectedBy(p) && p.get("kind").text() == "AuthorizationPolicy" {
			if err := r.authorization(p); err != nil {
				return err
			}
		}
	}
	if r.allows {
		r.program.allow = [][]sourceRule{r.allow}
	} else {
		s.remark(list[0], "no ALLOW policy is for %s: as in Istio, whoever is not denied is allowed", r.program.service)
	}
	return s.compile(r.program)
}

func readIstioPolicy(v value) istioPolicy {
	metadata, spec := v.get("metadata"), v.get("spec")
	p := istioPolicy{value: v, namespace: cmp.Or(metadata.get("namespace").text(), "default"), name: metadata.get("name").text()}
	if labels := spec.get("selector").get("matchLabels").fields(); len(labels) > 0 {
		p.labels = map[string]string{}
		for _, l := range labels {
			p.labels[l.name] = l.value.scalar()
		}
	}
	for _, target := range append(spec.get("targetRefs").items(), spec.get("targetRef")) {
		if target.exists() {
			p.targets = append(p.targets, target.get("name").text())
		}
	}
	return p
}

// workload is whose policies are read: pods with these labels.
type workload struct {
	namespace, name, root string
	labels                map[string]string
}

// isSelectedBy reports whether a policy is for the workload.
func (w workload) isSelectedBy(p istioPolicy) bool {
	if p.namespace != w.namespace && p.namespace != w.root {
		return false
	}
	if p.targets != nil {
		return p.namespace == w.namespace && slices.Contains(p.targets, w.name)
	}
	for name, value := range p.labels {
		if w.labels[name] != value {
			return false
		}
	}
	return true
}

// labelText writes labels as kubectl takes them.
func labelText(labels map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, name+"="+labels[name])
	}
	return strings.Join(list, ",")
}

// nameLabels are labels that name a workload.
var nameLabels = []string{
	"app", "app.kubernetes.io/name", "serving.kserve.io/inferenceservice", "service.istio.io/canonical-name", "istio",
	"gateway.networking.k8s.io/gateway-name",
}

// ownName returns the name of the workload that a policy selects, or "".
func (p istioPolicy) ownName() string {
	if p.targets != nil {
		return p.targets[0]
	}
	for _, label := range nameLabels {
		if name := p.labels[label]; name != "" {
			return name
		}
	}
	if p.labels != nil {
		return slices.Sorted(maps.Values(p.labels))[0]
	}
	return ""
}

// workload returns the workload that the options name, or the one that all policies select.
func (s *session) workload(policies []istioPolicy) (w workload, err error) {
	root := cmp.Or(s.options.RootNamespace, "istio-system")
	namespace, name, isNamed := strings.Cut(s.options.Service, "/")
	w = workload{namespace: root, root: root}
	var known []string
	var own []istioPolicy // which must all select the workload
	for _, p := range policies {
		if p.ownName() == "" && p.namespace == root {
			continue // it is for every workload
		}
		if id := p.namespace + "/" + cmp.Or(p.ownName(), "*"); !slices.Contains(known, id) {
			known = append(known, id)
		}
		isOther := isNamed && (p.ownName() != name || p.namespace != namespace && p.namespace != root)
		if !isOther {
			own = append(own, p)
		}
		if !isOther && (w.name == "" || len(p.labels) > len(w.labels)) {
			w.namespace, w.name, w.labels = p.namespace, cmp.Or(p.ownName(), w.name), p.labels
		}
	}
	if isNamed {
		w.namespace, w.name = namespace, name
	}
	if s.options.Labels != nil {
		w.labels, own = s.options.Labels, nil
	}
	w.name = cmp.Or(w.name, w.namespace)
	switch i := slices.IndexFunc(own, func(p istioPolicy) bool { return !w.isSelectedBy(p) }); {
	case i >= 0 && isNamed:
		return w, own[i].problem("must select the same pods of %s/%s as the others, or --labels must say which are meant", w.namespace, w.name)
	case i >= 0:
		return w, own[i].problem("must be a policy of %s/%s as the others, or --service must say which of %s is meant",
			w.namespace, w.name, strings.Join(known, ", "))
	case !isLabel(w.namespace) || !isLabel(w.name):
		return w, fmt.Errorf("must have a workload with DNS-1123 labels: name it with --service; got %s/%s", w.namespace, w.name)
	}
	return w, nil
}
