package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// pathTemplate is "path": the segments of public paths before the server's own path, of
// which one is {service} and one may be {namespace}. It is pathTemplate of KServe's ingress
// configuration: GenerateUrlPath of kserve/kserve, pkg/controller/v1beta1/inferenceservice/
// reconcilers/ingress/path.go. "prefix" is the template PREFIX/{namespace}/{service}.
type pathTemplate []string

// cut returns the service of a public path, and the server's own path.
func (t pathTemplate) cut(path string) (service Model, own string, ok bool) {
	for _, want := range t {
		end := strings.IndexByte(path[1:], '/') + 1
		if end == 0 {
			return Model{}, "", false
		}
		segment := path[1:end]
		switch path = path[end:]; {
		case want == servicePlace:
			service.Service = segment
		case want == namespacePlace:
			service.Namespace = segment
		case want != segment:
			return Model{}, "", false
		}
	}
	return service, path, true
}

// publicTemplate returns the template of the public paths, if they have one: that of "path"
// or of "prefix".
func (s *server) publicTemplate() pathTemplate {
	if s.template != nil || s.prefix == "" {
		return s.template
	}
	return append(strings.Split(s.prefix[1:], "/"), namespacePlace, servicePlace)
}

// isOwnRoot reports whether a path is below one of the model servers' own.
func isOwnRoot(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return slices.Contains(ownRoots, first)
}

// compileTemplate reads "path". Its prefix is what comes before the first name.
func (s *server) compileTemplate(v strictjson.Value, hasPrefix bool) {
	text := v.Text()
	if text == "" {
		return // it is absent, or reported
	}
	s.template = strings.Split(strings.TrimPrefix(text, "/"), "/")
	example := strings.Replace(strings.Replace(text, servicePlace, "a", 1), namespacePlace, "a", 1)
	if !slices.Contains(s.template, servicePlace) || !isPathPrefix(example) {
		v.MustBe("a path such as %q, with %s as a segment", "/serving/{namespace}/{service}", servicePlace)
		return
	}
	switch {
	case hasPrefix:
		v.Fail(`must not be there beside "prefix"`)
	case s.names == nil:
		v.Fail(`needs "names", which say to which hosts public paths lead`)
	case slices.Contains(s.template, namespacePlace):
	case len(s.names.namespaces) == 1:
		s.namespace = s.names.namespaces[0]
	default:
		v.Fail(`must have %s as a segment, or one of "namespaces" in "names"; got %q`, namespacePlace, text)
	}
	s.prefix = strings.TrimSuffix(text[:strings.IndexByte(text, '{')], "/")
	s.prefixIsRoot = s.prefix == ""
	if isOwnRoot(s.prefix) {
		v.Fail("must not be below the model servers' own /%s; got %q", strings.Join(ownRoots, ", /"), text)
	}
}
