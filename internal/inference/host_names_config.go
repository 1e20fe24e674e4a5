package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// presetHostNames returns KServe's host names, or nil for an unknown preset:
// pkg/constants/constants.go of kubeflow/kfserving v0.3 to v0.6, and of
// kserve/kserve, which dropped "-default" for new services in v0.11 and everywhere
// in v0.16.
func presetHostNames(preset string) *hostNames {
	suffix, ok := map[string]string{"kfserving": "-default", "kserve": ""}[preset]
	if !ok {
		return nil
	}
	n := &hostNames{short: true}
	for c, name := range componentNames {
		n.templates[c] = &hostTemplate{between: "-" + name + suffix + ".", after: clusterDomain}
	}
	return n
}

// compileHostNames reads "names": a preset, or an object with templates. A
// component without a template has the predictor's.
func compileHostNames(v strictjson.Value) *hostNames {
	n := &hostNames{}
	if !v.JSON().IsObject() {
		if preset := presetHostNames(v.JSON().Str); preset != nil {
			return preset
		}
		if v.Exists() {
			v.MustBe("kfserving, kserve or an object with templates for predictor, explainer and transformer")
		}
		return n
	}
	o := v.Object(componentNames[:]...)
	n.templates[predictor] = compileTemplate(o.Need(componentNames[predictor]))
	for _, c := range []component{explainer, transformer} {
		n.templates[c] = n.templates[predictor]
		if t := o.Get(componentNames[c]); t.Exists() {
			n.templates[c] = compileTemplate(t)
		}
	}
	return n
}

const (
	servicePlace   = "{service}"
	namespacePlace = "{namespace}"
)

func compileTemplate(v strictjson.Value) *hostTemplate {
	text := v.Text()
	before, rest, hasService := strings.Cut(text, servicePlace)
	between, after, hasNamespace := strings.Cut(rest, namespacePlace)
	t := &hostTemplate{before, between, after}
	switch {
	case text == "": // reported
	case !hasService || !hasNamespace || strings.ContainsAny(before+between+after, "{}"):
		v.MustBe(`a host name with %s once and, after it, %s once`, servicePlace, namespacePlace)
	case !strings.Contains(between, "."):
		v.Fail("must have a dot between %s and %s, or a host name could be read in two ways; got %q", servicePlace, namespacePlace, text)
	case t.host("a", "a") == "":
		v.MustBe("a host name of DNS-1123 labels%s", hostHint(before+"a"+between+"a"+after))
	}
	return t
}

// compileHosts reads the hosts that a route is on.
func compileHosts(v strictjson.Value) []string {
	hosts := v.Texts()
	for i, host := range hosts {
		if host != "" && !isHostName(host) {
			v.Items()[i].MustBe("a host name of DNS-1123 labels%s", hostHint(host))
		}
	}
	return hosts
}

// hostHint names the mistake that is most often made in a host name.
func hostHint(host string) string {
	switch {
	case strings.ToLower(host) != host:
		return ", in lower case"
	case strings.Contains(host, "://"):
		return ", without a scheme"
	case strings.Contains(host, "/"):
		return ", without a path"
	case strings.Contains(host, ":"):
		return ", without a port"
	case strings.Contains(host, "*"):
		return ", without a wildcard"
	case strings.HasSuffix(host, "."):
		return ", without a dot at its end"
	}
	return ""
}
