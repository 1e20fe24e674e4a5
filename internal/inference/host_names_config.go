package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// namesFields are those of "names" where it is an object.
var namesFields = append(componentNames[:], "preset", "namespaces", "tags", "predictors", "exact")

// compileHostNames reads "names", a preset or an object, and "serviceHosts".
func compileHostNames(v, serviceHosts strictjson.Value) *hostNames {
	n := &hostNames{serviceHosts: serviceHosts.Bool(), forms: labelForms{tags: kserveTags}, source: v.JSON().Raw}
	switch {
	case v.JSON().IsObject():
		o := v.Object(namesFields...)
		n.forms.compile(o)
		n.namespaces = compileLabels(o.Get("namespaces"))
		if preset := o.Get("preset"); preset.Exists() {
			n.compilePreset(preset, "kfserving or kserve")
			n.forbidTemplates(o)
		} else {
			n.compileTemplates(o)
		}
	case v.Exists():
		n.compilePreset(v, "kfserving, kserve or an object with templates for predictor, explainer and transformer")
	}
	n.collectTemplates()
	return n
}

// collectTemplates sets allTemplates.
func (n *hostNames) collectTemplates() {
	templates := n.templates[:]
	if n.serviceHosts {
		templates = append(slices.Clone(templates), &hostTemplate{between: ".", after: clusterDomain})
	}
	seen := map[*hostTemplate]bool{nil: true}
	for _, t := range templates {
		if seen[t] {
			continue
		}
		seen[t] = true
		switch {
		case n.namespaces != nil && t.namespace == "":
			n.allTemplates = append(n.allTemplates, n.expand(t)...)
		case t.between != "": // one with problems may be of any form
			t.isSplit = t.namespace == "" && !strings.Contains(t.between, ".")
			t.classify(n.forms.tags)
			n.allTemplates = append(n.allTemplates, t)
		}
	}
}

// expand returns a template for each of the namespaces.
func (n *hostNames) expand(t *hostTemplate) (list []*hostTemplate) {
	for _, namespace := range n.namespaces {
		one := &hostTemplate{before: t.before, between: t.between + namespace + t.after, namespace: namespace}
		t.classify(n.forms.tags)
		one.labelBefore, one.labelAfter, one.tag, one.place = t.labelBefore, t.labelAfter, t.tag, t.place
		list = append(list, one)
	}
	t.byNamespace = list
	return list
}

// compilePreset reads the name of a preset, which has KServe's host names:
// pkg/constants/constants.go of kubeflow/kfserving v0.3 to v0.6, and of
// kserve/kserve, which dropped "-default" for new services in v0.11 and everywhere
// in v0.16.
func (n *hostNames) compilePreset(v strictjson.Value, known string) {
	suffix, ok := map[string]string{"kfserving": "-default", "kserve": ""}[v.JSON().Str]
	if !ok {
		v.MustBe("%s", known)
		return
	}
	n.short = true
	for c, name := range componentNames {
		n.templates[c] = &hostTemplate{between: "-" + name + suffix + ".", after: clusterDomain}
	}
}

// compileTemplates reads a template for each component. A component without a
// template has the predictor's.
func (n *hostNames) compileTemplates(o strictjson.Object) {
	n.templates[predictor] = compileTemplate(o.Need(componentNames[predictor]), n.namespaces)
	for _, c := range []component{explainer, transformer} {
		n.templates[c] = n.templates[predictor]
		if t := o.Get(componentNames[c]); t.Exists() {
			n.templates[c] = compileTemplate(t, n.namespaces)
		}
	}
}

// forbidTemplates reports templates beside a preset.
func (n *hostNames) forbidTemplates(o strictjson.Object) {
	for _, name := range componentNames {
		if t := o.Get(name); t.Exists() {
			t.Fail(`must not be there beside "preset"`)
		}
	}
}

// compile reads what says how labels of hosts are read.
func (f *labelForms) compile(o strictjson.Object) {
	f.tags = slices.Clone(f.tags)
	for _, tag := range compileLabels(o.Get("tags")) {
		f.tags = append(f.tags, tag+"-")
	}
	for _, name := range compileLabels(o.Get("predictors")) {
		f.predictors = append(f.predictors, "-"+name)
	}
	f.exact = compileServicePatterns(o.Get("exact"))
}

// compileLabels reads labels without repeats.
func compileLabels(v strictjson.Value) []string {
	labels := v.Texts()
	for i, text := range labels {
		if text != "" {
			checkLabel(v.Items()[i], text)
		}
	}
	return labels
}

const (
	servicePlace   = "{service}"
	namespacePlace = "{namespace}"
)

// compileTemplate reads a host template. Without {namespace} it is for the only one of
// the namespaces.
func compileTemplate(v strictjson.Value, namespaces []string) *hostTemplate {
	text := v.Text()
	before, rest, hasService := strings.Cut(text, servicePlace)
	between, after, hasNamespace := strings.Cut(rest, namespacePlace)
	t := &hostTemplate{before: before, between: between, after: after}
	if !hasNamespace && len(namespaces) == 1 {
		t.namespace = namespaces[0]
	}
	example := before + "a" + between + "a" + after
	if !hasNamespace {
		example = before + "a" + between
	}
	switch {
	case text == "": // reported
	case !hasService || strings.ContainsAny(before+between+after, "{}"):
		v.MustBe(`a host name with %s once and, after it, %s once`, servicePlace, namespacePlace)
	case !hasNamespace && namespaces == nil:
		v.Fail(`must have %s after %s, or one of "namespaces" beside it; got %q`, namespacePlace, servicePlace, text)
	case !hasNamespace && len(namespaces) > 1:
		v.Fail(`must have %s, because "namespaces" has more than one; got %q`, namespacePlace, text)
	case hasNamespace && namespaces == nil && !strings.ContainsAny(between, ".-"):
		v.Fail(`must have a dot or a hyphen between %s and %s, or "namespaces" beside it; got %q`, servicePlace, namespacePlace, text)
	case !isHostName(example):
		v.MustBe("a host name of DNS-1123 labels%s", hostHint(example))
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
