package importer

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// The facts about KServe are from kserve/kserve: pkg/apis/serving/v1beta1 (the fields, and which
// protocol a framework has unless protocolVersion says another) and pkg/constants.

func isInferenceService(v value) bool {
	group, _, _ := strings.Cut(v.get("apiVersion").text(), "/")
	return v.get("kind").text() == "InferenceService" && (group == "serving.kserve.io" || group == "serving.kubeflow.org")
}

// frameworks are the fields of a predictor that name a framework, and its protocol where none
// is given.
var frameworks = map[string]string{
	"sklearn": "v1", "xgboost": "v1", "lightgbm": "v1", "pmml": "v1", "paddle": "v1", "tensorflow": "v1", "pytorch": "v1",
	"triton": "v2", "onnx": "v2", "mlflow": "v2", "mlserver": "v2", "huggingface": "v2",
}

// kserveReader collects what the InferenceServices need of routes.
type kserveReader struct {
	*session
	protocols    map[string]bool
	preset       string          // of the hosts in the cluster
	templates    map[string]bool // of hosts outside
	namespaces   []string
	transformers []string
	services     []string
}

// readKServe reads InferenceServices, which are routes and models.
func (s *session) readKServe(list []value) error {
	r := &kserveReader{session: s, protocols: map[string]bool{}, preset: "kserve", templates: map[string]bool{}}
	for _, v := range list {
		r.service(v)
	}
	if len(r.services) == 0 {
		return list[0].problem("must have an InferenceService whose protocol is known; got none")
	}
	for _, protocol := range slices.Sorted(maps.Keys(r.protocols)) {
		s.config.Routes = append(s.config.Routes, route{Protocol: protocol, Names: r.preset, Transformers: r.transformers})
		for _, template := range slices.Sorted(maps.Keys(r.templates)) {
			n := &names{Predictor: template}
			if !separates(template) {
				n.Namespaces = r.namespaces
			}
			s.config.Routes = append(s.config.Routes, route{Protocol: protocol, Names: n, Transformers: r.transformers})
		}
	}
	s.services = append(s.services, r.services...)
	return s.grantModels(list[0], r.services, "predict", "explain", "generate", "metadata", "ready", "list")
}

// separates reports whether a host of the template has one service and one namespace.
func separates(template string) bool {
	_, after, _ := strings.Cut(template, "{service}")
	between, _, _ := strings.Cut(after, "{namespace}")
	return strings.Contains(between, ".")
}

// service reads one InferenceService.
func (r *kserveReader) service(v value) {
	metadata, predictor := v.get("metadata"), v.get("spec").get("predictor")
	namespace, name := cmp.Or(metadata.get("namespace").text(), "default"), metadata.get("name").text()
	annotations := metadata.get("annotations")
	switch protocols := r.protocolsOf(predictor); {
	case !isLabel(namespace) || !isLabel(name):
		r.leftOut(metadata, "a service has a DNS-1123 label as its name; got %s/%s", namespace, name)
		return
	case annotations.get("serving.kserve.io/deploymentMode").text() == "ModelMesh":
		r.leftOut(annotations, "ModelMesh has one address for many services: declare a route by hand")
		return
	case protocols == nil:
		r.leftOut(predictor, "the protocol of %s/%s is not known: declare a route by hand", namespace, name)
		return
	default:
		for _, protocol := range protocols {
			r.protocols[protocol] = true
		}
	}
	service := namespace + "/" + name
	r.services = append(r.services, service)
	if !slices.Contains(r.namespaces, namespace) {
		r.namespaces = append(r.namespaces, namespace)
	}
	if v.get("spec").get("transformer").exists() {
		r.transformers = append(r.transformers, service)
	}
	r.hosts(v.get("status"), namespace, name)
}

// protocolsOf returns the protocols of a predictor, or nil.
func (r *kserveReader) protocolsOf(predictor value) []string {
	model := predictor.get("model")
	framework := model.get("modelFormat").get("name").text()
	for _, f := range predictor.fields() {
		if _, known := frameworks[f.name]; known {
			model, framework = f.value, f.name
		}
	}
	if strings.Contains(model.get("runtime").text(), "triton") {
		framework = "triton"
	}
	version := cmp.Or(model.get("protocolVersion").text(), frameworks[framework])
	switch {
	case !model.exists():
		return nil
	case version == "v1" && framework == "tensorflow":
		return []string{"kserve-v1", "tfserving"}
	case version == "v1":
		return []string{"kserve-v1"}
	case (version == "v2" || version == "grpc-v2") && framework == "triton":
		return []string{"triton"}
	case version == "v2" && framework == "huggingface":
		return []string{"kserve-v2", "openai"}
	case version == "v2", version == "grpc-v2":
		return []string{"kserve-v2"}
	}
	return nil
}

// hosts reads the address of the service. By its host the gate reads those of the components too.
func (r *kserveReader) hosts(status value, namespace, name string) {
	predictor := status.get("components").get("predictor").first("url", "restUrl")
	if strings.HasPrefix(hostOf(predictor), name+"-predictor-default.") {
		r.preset = "kfserving"
	}
	at := status.get("url")
	if !at.exists() {
		at = predictor
	}
	host := hostOf(at)
	if host == "" || strings.HasSuffix(host, ".svc.cluster.local") {
		return
	}
	rest, ok := strings.CutPrefix(host, name)
	between, after, found := strings.Cut(rest, namespace)
	if !ok || !found || between == "" {
		r.leftOut(at, "the host %q is not made of the service's name and namespace: declare a route for it by hand", host)
		return
	}
	r.templates["{service}"+between+"{namespace}"+after] = true
	switch other := hostOf(predictor); other {
	case "", host, name + "-predictor" + rest, name + "-predictor-default" + rest:
	default:
		if !strings.HasSuffix(other, ".svc.cluster.local") {
			r.leftOut(predictor, "the host %q is no other name of %q: declare a route for it by hand", other, host)
		}
	}
}

// hostOf returns the host of a URL without its port, or "".
func hostOf(v value) string {
	u, err := url.Parse(v.text())
	if err != nil {
		return ""
	}
	return u.Hostname()
}
