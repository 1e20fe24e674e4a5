package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// component is the part of an InferenceService that a host name points to.
type component uint8

const (
	predictor component = iota
	explainer
	transformer
)

// Names is how host names are made of services, one template a component.
type Names struct {
	templates [3]*hostTemplate
	// short allows the names without the cluster's domain that a pod's resolver
	// completes: service.namespace and service.namespace.svc.
	short bool
	// serviceHosts takes <service>.<namespace>.svc.cluster.local too, the name
	// that KServe gives an InferenceService as a whole. The predictor of a is
	// then also the service a-predictor.
	serviceHosts bool
}

const clusterDomain = ".svc.cluster.local"

// namesPreset has the host names of KServe: pkg/constants/constants.go of
// kubeflow/kfserving v0.3 to v0.6, and of kserve/kserve, which dropped
// "-default" for new services in v0.11 and everywhere in v0.16.
func namesPreset(preset string) *Names {
	suffix := map[string]string{"kfserving": "-default", "kserve": ""}
	s, ok := suffix[preset]
	if !ok {
		return nil
	}
	n := &Names{short: true}
	for c, name := range [...]string{"predictor", "explainer", "transformer"} {
		n.templates[c] = &hostTemplate{between: "-" + name + s + ".", after: clusterDomain}
	}
	return n
}

// compileNames reads "names": a preset, or a template a component.
func compileNames(v strictjson.Value) *Names {
	if v.JSON().IsObject() {
		n := &Names{}
		o := v.Object("predictor", "explainer", "transformer")
		n.templates[predictor] = compileTemplate(o.Need("predictor"))
		for c, name := range []string{explainer: "explainer", transformer: "transformer"} {
			if n.templates[c] = n.templates[predictor]; name != "" && o.Get(name).Exists() {
				n.templates[c] = compileTemplate(o.Get(name))
			}
		}
		return n
	}
	n := namesPreset(v.Text())
	if n == nil {
		if v.Exists() {
			v.Fail(`is "kfserving", "kserve", or an object with a template for predictor, explainer and transformer`)
		}
		return &Names{}
	}
	return n
}

// hostTemplate is a host name with a service and then a namespace in it. A
// label has no dot and the text between the two has one, so that a host name
// can be read back in one way only.
type hostTemplate struct{ before, between, after string }

const (
	servicePlace   = "{service}"
	namespacePlace = "{namespace}"
)

func compileTemplate(v strictjson.Value) *hostTemplate {
	text := v.Text()
	before, rest, ok := strings.Cut(text, servicePlace)
	between, after, ok2 := strings.Cut(rest, namespacePlace)
	t := &hostTemplate{before, between, after}
	switch {
	case text == "":
	case !ok || !ok2 || strings.ContainsAny(before+between+after, "{}"):
		v.Fail("has %s once and after it %s once", servicePlace, namespacePlace)
	case !strings.Contains(between, "."):
		v.Fail("has no dot between %s and %s, and could be read in two ways", servicePlace, namespacePlace)
	case !hostForm(t.host("a", "a")):
		v.Fail("does not make host names of lower-case DNS-1123 labels")
	}
	return t
}

// host is the name for a service; "" where it would be no host name.
func (t *hostTemplate) host(service, namespace string) string {
	h := t.before + service + t.between + namespace + t.after
	if !hostForm(h) {
		return ""
	}
	return h
}

// read is host turned round.
func (t *hostTemplate) read(host string) (service, namespace string, ok bool) {
	inner, ok1 := strings.CutPrefix(host, t.before)
	inner, ok2 := strings.CutSuffix(inner, t.after)
	dot := strings.IndexByte(inner, '.') - strings.IndexByte(t.between, '.')
	if !ok1 || !ok2 || dot < 0 {
		return "", "", false
	}
	namespace, ok = strings.CutPrefix(inner[dot:], t.between)
	service = inner[:dot]
	return service, namespace, ok && Label(service) && Label(namespace)
}

// hostForm reports whether s is a host name of at most 253 bytes whose labels
// are all lower case.
func hostForm(s string) bool {
	for l := range strings.SplitSeq(s, ".") {
		if !Label(l) {
			return false
		}
	}
	return len(s) <= 253
}

// readings are all the services that a host name can mean.
func (n *Names) readings(host string) []Model {
	models := n.components(host)
	if n == nil || !n.serviceHosts {
		return models
	}
	t := hostTemplate{between: ".", after: clusterDomain}
	if service, namespace, ok := t.read(n.full(host)); ok {
		models = append(models, Model{Namespace: namespace, Service: service, Name: service})
	}
	return models
}

// components are the services of which a host name can be a component.
func (n *Names) components(host string) (models []Model) {
	if n == nil {
		return nil
	}
	for _, t := range n.templates {
		service, namespace, ok := t.read(n.full(host))
		m := Model{Namespace: namespace, Service: service, Name: service}
		if ok && !slices.Contains(models, m) {
			models = append(models, m)
		}
	}
	return models
}

// full completes a short name.
func (n *Names) full(host string) string {
	switch {
	case n.short && strings.Count(host, ".") == 1:
		return host + clusterDomain
	case n.short && strings.HasSuffix(host, ".svc"):
		return strings.TrimSuffix(host, ".svc") + clusterDomain
	}
	return host
}

// splitAuthority takes host[:port] apart (RFC 9110 section 7.2). It refuses
// userinfo, a trailing dot, an empty or odd port, and whatever else is no host.
func splitAuthority(authority string) (host string, ok bool) {
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		port := authority[i+1:]
		if port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "" {
			return "", false
		}
		host = authority[:i]
	}
	if inner, v6 := strings.CutPrefix(host, "["); v6 {
		inner, v6 = strings.CutSuffix(inner, "]")
		return host, v6 && inner != "" && strings.Trim(inner, "0123456789abcdefABCDEF:.") == ""
	}
	for i := 0; i < len(host); i++ {
		c := host[i] | 0x20
		if !(c >= 'a' && c <= 'z' || host[i] >= '0' && host[i] <= '9' || host[i] == '-' || host[i] == '.' || host[i] == '_') {
			return "", false
		}
	}
	return host, host != "" && host[0] != '.' && host[len(host)-1] != '.' && !strings.Contains(host, "..")
}
