package inference_test

import (
	"crypto/md5"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// childName is ChildName of knative.dev/pkg, kmeta/names.go, for suffixes of up to
// 30 bytes.
func childName(parent, suffix string) string {
	const longest, head = 63, 63 - 32
	if len(parent)+len(suffix) > longest {
		parent = fmt.Sprintf("%s%x", parent[:head-len(suffix)], md5.Sum([]byte(parent)))
	}
	return parent + suffix
}

// knativeServices are the names of the Knative services, or with raw deployments of
// the Services, that KServe and KFServing make for an InferenceService: pkg/constants/
// constants.go since v0.3, and with a named predictor since v0.20.
func knativeServices(service string) (names []string) {
	for _, component := range []string{"predictor", "explainer", "transformer"} {
		for _, variant := range []string{"", "-default", "-canary"} {
			names = append(names, service+"-"+component+variant)
		}
	}
	return append(names, service, service+"-v2-predictor")
}

// hostLabels are the first labels of the hosts that KServe and Knative make for a
// service. whole is the label of the InferenceService as a whole.
func hostLabels(service string) (labels []string) {
	for _, k := range knativeServices(service) {
		revisions := []string{childName(k, "-00001"), childName(k, "-00042"), childName(k, "-123456")}
		if k != service {
			revisions = append(revisions, k+"-x7k2p", k+"-x7k2p-q9zw4") // before v0.20, and its private Service before v0.11
		}
		for _, r := range revisions {
			labels = append(labels, r, childName(r, "-private"))
		}
		labels = append(labels, k, "latest-"+k, "prev-"+k, "stable-"+k) // stable is a tag of the configuration
	}
	for _, suffix := range []string{"-predictor-worker", "-head-1", "-workers-12", "-kserve-workload-svc", "-tokenizer"} {
		labels = append(labels, service+suffix)
	}
	return slices.DeleteFunc(labels, func(l string) bool { return !inference.IsLabel(l) })
}

// propertyServices have names that look like a component, a tag or a revision of
// another, and long ones, of whose revisions Knative hashes the name.
var propertyServices = []string{
	"fraud", "prev-fraud", "latest-fraud", "stable-fraud", "fraud-predictor", "fraud-predictor-default", "fraud-explainer", "fraud-v2",
	"fraud-00001", "fraud-predictor-00001", "fraud-predictor-00001-private", "fraud-head-1", "fraud-tokenizer", "prev-fraud-predictor",
	"latest-prev-fraud", "fraud-predictor-predictor", "other", "a", "predictor", "private", "prev", "latest-predictor", "fraud-x7k2p",
	strings.Repeat("l", 45), strings.Repeat("l", 53), strings.Repeat("l", 45) + "-predictor",
}

// hostsOf maps every host of propertyServices in namespace prod to those services of
// which it is one.
func hostsOf() map[string][]string {
	hosts := map[string][]string{}
	for _, service := range propertyServices {
		for _, label := range hostLabels(service) {
			for _, domain := range []string{".prod.svc.cluster.local", ".prod.svc", ".prod", ".prod.example.com", "-prod.example.com"} {
				if !slices.Contains(hosts[label+domain], service) {
					hosts[label+domain] = append(hosts[label+domain], service)
				}
			}
		}
	}
	return hosts
}

const propertyForms = `"tags": ["stable"], "predictors": ["v2"]`

// propertyRoutes are the ways to configure host names. opened says that a grant on
// one of the services of a host may be enough: where the host of a whole
// InferenceService is not configured, or a template has the tag.
var propertyRoutes = []struct {
	name, routes string
	opened       bool
}{
	{"KServe", `[{"protocol": "kserve-v1", "prefix": "/p", "names": {"preset": "kserve", ` + propertyForms + `}}]`, true},
	{"KServe with service hosts",
		`[{"protocol": "kserve-v1", "prefix": "/p", "names": {"preset": "kserve", ` + propertyForms + `}, "serviceHosts": true}]`, false},
	{"KFServing", `[{"protocol": "kserve-v1", "prefix": "/p", "names": {"preset": "kfserving", ` + propertyForms + `}}]`, true},
	{"KFServing with service hosts",
		`[{"protocol": "kserve-v1", "prefix": "/p", "names": {"preset": "kfserving", ` + propertyForms + `}, "serviceHosts": true}]`, false},
	{"the public domain",
		`[{"protocol": "kserve-v1", "prefix": "/p", "names": {"predictor": "{service}.{namespace}.example.com", ` + propertyForms + `}}]`, false},
	{"components of the public domain",
		`[{"protocol": "kserve-v1", "names": {"predictor": "{service}-predictor.{namespace}.example.com", ` + propertyForms + `}},
		{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.example.com", ` + propertyForms + `}}]`, false},
	{"a tag of the public domain",
		`[{"protocol": "kserve-v1", "names": {"predictor": "latest-{service}.{namespace}.example.com", ` + propertyForms + `}},
		{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.example.com", ` + propertyForms + `}}]`, true},
	{"a domain without dots",
		`[{"protocol": "kserve-v1", "prefix": "/p",
			"names": {"predictor": "{service}-{namespace}.example.com", "namespaces": ["prod"], ` + propertyForms + `}}]`, false},
	{"a domain without dots and without namespaces",
		`[{"protocol": "kserve-v1", "prefix": "/p", "names": {"predictor": "{service}-{namespace}.example.com", ` + propertyForms + `}}]`, false},
	{"a component in a domain without dots",
		`[{"protocol": "kserve-v1", "prefix": "/p", "names": {"predictor": "{service}-predictor-{namespace}.example.com", ` + propertyForms + `}},
		{"protocol": "kserve-v1", "names": {"predictor": "{service}-{namespace}.example.com", ` + propertyForms + `}}]`, false},
	{"a fixed namespace",
		`[{"protocol": "kserve-v1", "prefix": "/p",
			"names": {"predictor": "{service}-prod.example.com", "namespaces": ["prod"], ` + propertyForms + `}}]`, false},
	{"all of them",
		`[{"protocol": "kserve-v1", "prefix": "/p", "names": {"preset": "kserve", ` + propertyForms + `}},
		{"protocol": "kserve-v1", "prefix": "/q", "names": {"preset": "kfserving", ` + propertyForms + `}, "serviceHosts": true},
		{"protocol": "kserve-v1", "prefix": "/r", "names": {"predictor": "{service}.{namespace}.example.com", ` + propertyForms + `}}]`, false},
}

// TestEveryHostOfAService has every host that KServe and Knative make for a service.
// A deny on the service denies each, and a grant on another service alone reaches
// none.
func TestEveryHostOfAService(t *testing.T) {
	hosts := hostsOf()
	for _, c := range propertyRoutes {
		t.Run(c.name, func(t *testing.T) {
			routes, allowed := compile(t, c.routes), 0
			for host, services := range hosts {
				for _, spelling := range []string{host, strings.ToUpper(host[:1]) + host[1:], host + ":8080"} {
					m, why := routes.Match(request("GET /v1/models/m", spelling))
					if why != reason.Allowed {
						continue
					}
					allowed++
					checkIsEachOf(t, spelling, &m.Call, services, c.opened)
				}
			}
			if allowed < 100 {
				t.Errorf("%d hosts are allowed, want 100 or more", allowed)
			}
		})
	}
}

// TestEveryHostThatTheGateWrites has the public path of each service: the host that
// the gate writes reads back as the same services, and is each service's whose host
// it is.
func TestEveryHostThatTheGateWrites(t *testing.T) {
	hosts := hostsOf()
	for _, c := range propertyRoutes {
		t.Run(c.name, func(t *testing.T) {
			routes := compile(t, c.routes)
			for _, service := range propertyServices {
				for _, path := range []string{"POST /p/prod/%s:predict", "POST /q/prod/%s:explain", "GET /r/prod/%s"} {
					m, why := routes.Match(request(fmt.Sprintf(path, service), public))
					if why != reason.Allowed {
						continue
					}
					checkIsEachOf(t, m.Authority, &m.Call, []string{service}, false)
					checkIsEachOf(t, m.Authority, &m.Call, hosts[m.Authority], c.opened)
					again, why := routes.Match(request("GET /v1/models/"+service, m.Authority))
					if got, want := servicesOf(again.Call.Models), servicesOf(m.Call.Models); why != reason.Allowed || !slices.Equal(got, want) {
						t.Errorf("Match(%s) = %s, %v, want %v as by the public path", m.Authority, why, got, want)
					}
				}
			}
		})
	}
}

// servicesOf returns the services of the models, sorted.
func servicesOf(models []inference.Model) (names []string) {
	for _, m := range models {
		names = append(names, m.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkIsEachOf checks that a deny on any of the services would deny the call, and,
// unless it is opened, that the call needs a grant on each.
func checkIsEachOf(t *testing.T, host string, call *inference.Call, services []string, opened bool) {
	t.Helper()
	granted := servicesOf(call.Models)
	denied := servicesOf(slices.Concat(call.Models, call.Possible))
	for _, service := range services {
		if !slices.Contains(denied, service) {
			t.Errorf("Match(%s) = %v and possibly %v, want a deny on %s to apply", host, call.Models, call.Possible, service)
		}
		if !opened && !slices.Contains(granted, service) {
			t.Errorf("Match(%s) = %v, want a grant on %s to be needed", host, call.Models, service)
		}
	}
}
