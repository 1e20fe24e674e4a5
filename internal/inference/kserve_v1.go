package inference

import (
	"regexp"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// kserveV1 is KServe's V1 protocol, behind path-based public routes and on the
// services' own hosts:
//
//	POST <prefix>/<namespace>/<service>:predict   POST /v1/models/<model>:predict
//	POST <prefix>/<namespace>/<service>:explain   POST /v1/models/<model>:explain
//	GET  <prefix>/<namespace>/<service>           GET  /v1/models/<model>
//
// Left: docs/samples/gcp-iap of kubeflow/kfserving, whose VirtualService is
// written by hand for each model. Right: python/kserve/kserve/protocol/rest/
// v1_endpoints.py of kserve/kserve, on the host of the service's component.
type kserveV1 struct {
	prefix       string
	names        *Names
	transformers []Pattern
}

const v1Models = "/v1/models/"

var prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

func compileKServeV1(r *Route, v strictjson.Value) {
	o := v.Object("protocol", "prefix", "names", "transformers", "serviceHosts", "credentials", "shadow")
	r.common(o)
	k := &kserveV1{names: compileNames(o.Need("names"))}
	if o.Get("serviceHosts").Bool() {
		k.names.serviceHosts = true
	}
	if p := o.Get("prefix"); p.Exists() {
		if k.prefix = p.Text(); !prefixForm.MatchString(k.prefix) {
			p.Fail(`is a path such as "/kfserving", without a slash at its end`)
		} else if within(k.prefix, "/v1") || within(k.prefix, "/v2") {
			p.Fail("lies on the model servers' own paths")
		}
	}
	for _, item := range o.Get("transformers").Items() {
		p, err := ParsePattern(item.Text())
		if err != nil {
			item.Fail("%s", err)
		} else if len(p.Segments) > 2 || p.Version != "" {
			item.Fail("selects services: namespace/service")
		}
		k.transformers = append(k.transformers, p)
	}
	r.prefix, r.native, r.names, r.match = k.prefix, true, k.names, k.match
}

func (k *kserveV1) match(r *parsed) (Match, reason.Reason) {
	if rest, ok := strings.CutPrefix(r.path, v1Models); ok {
		return k.native(r, rest)
	}
	if rest, ok := strings.CutPrefix(r.path, k.prefix+"/"); ok && k.prefix != "" {
		return k.public(r, rest)
	}
	return Match{}, reason.PathUnknown
}

// verb reads the method and what follows the model's name.
func (k *kserveV1) verb(method, suffix string, hasSuffix bool) (Verb, bool) {
	switch {
	case method == "POST" && suffix == "predict":
		return Predict, true
	case method == "POST" && suffix == "explain":
		return Explain, true
	case method == "GET" && !hasSuffix:
		return Ready, true
	}
	return 0, false
}

// public reads <namespace>/<service>[:verb] and says where it goes.
func (k *kserveV1) public(r *parsed, rest string) (Match, reason.Reason) {
	namespace, last, ok := strings.Cut(rest, "/")
	service, suffix, hasSuffix := strings.Cut(last, ":")
	verb, known := k.verb(r.Method, suffix, hasSuffix)
	switch {
	case !ok || strings.Contains(last, "/") || !known:
		return Match{}, reason.PathUnknown
	case !label(namespace) || !label(service):
		return Match{}, reason.ModelInvalid
	}
	m := Model{Namespace: namespace, Service: service, Name: service}
	host := k.names.templates[k.component(verb, m)].host(service, namespace)
	if host == "" {
		return Match{}, reason.ModelInvalid // the label with its suffix is too long
	}
	path := v1Models + service
	if hasSuffix {
		path += ":" + verb.String()
	}
	return Match{
		Call:      Call{Verb: verb, Models: []Model{m}, Protocol: "kserve-v1"},
		Authority: host,
		Path:      path + r.query,
	}, reason.Allowed
}

func (k *kserveV1) component(verb Verb, m Model) component {
	if verb == Explain {
		return explainer
	}
	for _, p := range k.transformers {
		if p.Matches(m) {
			return transformer
		}
	}
	return predictor
}

// native reads a request that already carries a component's host and path: it
// is checked and sent on as it is.
func (k *kserveV1) native(r *parsed, rest string) (Match, reason.Reason) {
	name, suffix, hasSuffix := strings.Cut(rest, ":")
	verb, known := k.verb(r.Method, suffix, hasSuffix)
	switch {
	case strings.Contains(rest, "/") || !known:
		return Match{}, reason.PathUnknown
	case !modelName(name):
		return Match{}, reason.ModelInvalid
	}
	models := k.names.readings(r.host)
	if models == nil {
		return Match{}, reason.HostInvalid
	}
	for i := range models {
		models[i].Name = name
	}
	return Match{
		Call:      Call{Verb: verb, Models: models, Protocol: "kserve-v1"},
		Authority: r.Authority,
		Path:      r.Path,
	}, reason.Allowed
}
