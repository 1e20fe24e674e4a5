package inference

import (
	"slices"
	"strings"
)

// labelForms says which labels of host names belong to one service: KServe and
// Knative put a tag before the name of a service, and a component and a revision
// behind it. A label can therefore be read in several ways.
type labelForms struct {
	tags       []string  // each with the hyphen after it
	predictors []string  // the names of predictors, each with the hyphen before it
	exact      []Pattern // the services whose names mean nothing else
}

// kserveTags are the tags that KServe gives to revisions:
// pkg/controller/v1beta1/inferenceservice/reconcilers/knative/ksvc_reconciler.go of
// kserve/kserve. DefaultTagTemplate of knative/networking, pkg/config/config.go,
// puts them before the name.
var kserveTags = []string{"latest-", "prev-"}

// componentSuffixes are what KServe appends to the name of a service:
// pkg/constants/constants.go of kubeflow/kfserving and kserve/kserve since v0.3,
// and pkg/controller/v1alpha2/llmisvc of kserve/kserve.
var componentSuffixes = []string{
	"-predictor", "-predictor-default", "-predictor-canary", "-predictor-worker",
	"-explainer", "-explainer-default", "-explainer-canary",
	"-transformer", "-transformer-default", "-transformer-canary",
	"-kserve-workload-svc", "-tokenizer",
}

// nodeSuffixes are followed by a generation: GetHeadServiceName and
// GetWorkerServiceName of the same file.
var nodeSuffixes = []string{"-head", "-workers"}

const (
	predictorSuffix = "-predictor"
	privateSuffix   = "-private"                    // of a revision's second Service: PrivateService of knative/serving
	generationSize  = 5                             // "%05d" of MakeRevision of knative/serving since v0.20
	randomSize      = 5                             // of GenerateName before that
	randomBytes     = "bcdfghjklmnpqrstvwxz2456789" // k8s.io/apimachinery, pkg/util/rand
	hashSize        = 32                            // of kmeta.ChildName of knative.dev/pkg, in hexadecimal
)

var (
	randomSuffixBytes = newCharset(randomBytes)
	hashBytes         = newCharset(digits + "abcdef")
)

// appendServices adds the services that a label can belong to, first the one that is
// named by the label itself, to an empty list. plain is false for the place in a template that has a
// component of its own: what the place holds then has no second one.
func (f *labelForms) appendServices(list []string, namespace, label string, plain bool) (services []string, exact bool) {
	list = append(list, label)
	if plain {
		list = f.appendSuffixes(list)
	} else {
		list = f.appendPredictors(list, label)
	}
	for i, service := range list {
		if f.isExact(namespace, service) {
			return list[:i+1], true
		}
	}
	for i := range len(list) {
		list = f.appendTags(list, list[i])
	}
	return list, false
}

// appendClosure adds every service that some reading of a label has, in whatever
// order the parts are, to an empty list.
func (f *labelForms) appendClosure(list []string, namespace, label string) []string {
	list = append(list, label)
	for i := 0; i < len(list); i++ {
		if f.isExact(namespace, list[i]) {
			continue
		}
		list = appendCut(list, list[i], withoutRevision(list[i]))
		list = f.appendComponent(list, list[i])
		list = f.appendTags(list, list[i])
	}
	return list
}

func (f *labelForms) isExact(namespace, service string) bool {
	for i := range f.exact {
		if f.exact[i].Matches(Model{Namespace: namespace, Service: service}) {
			return true
		}
	}
	return false
}

// appendTags adds the label without its tag.
func (f *labelForms) appendTags(list []string, label string) []string {
	for _, tag := range f.tags {
		list = appendCut(list, label, strings.TrimPrefix(label, tag))
	}
	return list
}

// appendPredictors adds the label without the name of a predictor, which KServe
// puts between the name of a service and "-predictor" since v0.20.
func (f *labelForms) appendPredictors(list []string, label string) []string {
	for _, name := range f.predictors {
		list = appendCut(list, label, strings.TrimSuffix(label, name))
	}
	return list
}

// appendSuffixes adds the last label without its revision, and that without its
// component.
func (f *labelForms) appendSuffixes(list []string) []string {
	for size := 0; size < len(list); {
		size = len(list)
		list = appendCut(list, list[size-1], withoutRevision(list[size-1]))
	}
	return f.appendComponent(list, list[len(list)-1])
}

// appendComponent adds the label without its component.
func (f *labelForms) appendComponent(list []string, label string) []string {
	service := withoutComponent(label)
	list = appendCut(list, label, service)
	if service+predictorSuffix == label {
		list = f.appendPredictors(list, service)
	}
	return list
}

// appendCut adds what is left of a label, if it is shorter and a label too.
func appendCut(list []string, label, left string) []string {
	if left == label || !IsLabel(left) || slices.Contains(list, left) {
		return list
	}
	return append(list, left)
}

func withoutComponent(label string) string {
	for _, suffix := range componentSuffixes {
		if service, ok := strings.CutSuffix(label, suffix); ok {
			return service
		}
	}
	if hyphen := strings.LastIndexByte(label, '-'); hyphen >= 0 && isNumber(label[hyphen+1:]) {
		for _, suffix := range nodeSuffixes {
			if service, ok := strings.CutSuffix(label[:hyphen], suffix); ok {
				return service
			}
		}
	}
	return label
}

// withoutRevision returns the label without the last part of a revision. A random
// part counts only behind a component, where every revision of KServe has it.
func withoutRevision(label string) string {
	if revision, ok := strings.CutSuffix(label, privateSuffix); ok && withoutRevision(revision) != revision {
		return revision
	}
	hyphen := strings.LastIndexByte(label, '-')
	if hyphen < 0 {
		return label
	}
	service, suffix := label[:hyphen], label[hyphen+1:]
	switch {
	case len(suffix) >= generationSize && isNumber(suffix):
		return service
	case len(suffix) == randomSize && consistsOf(suffix, randomSuffixBytes) &&
		(withoutComponent(service) != service || withoutRevision(service) != service):
		return service
	}
	return label
}

// isHashed reports whether a label has a hash in the place of the name of its
// service. ChildName of knative.dev/pkg, kmeta/names.go, makes such a label of 63
// bytes of the name of a revision that is too long.
func isHashed(label string) bool {
	if len(label) != 63 {
		return false
	}
	name, isPrivate := strings.CutSuffix(label, privateSuffix)
	if !isPrivate {
		name = withoutRevision(label)
	}
	return name != label && len(name) >= hashSize && consistsOf(name[len(name)-hashSize:], hashBytes)
}
