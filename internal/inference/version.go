package inference

import (
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// versionForm reports whether s is a version as one server writes it itself. Every
// other text is refused, because the server might read it as that version.
type versionForm func(s string) bool

// isExactVersion is the form of a server that compares versions as strings:
// TorchServe, MLServer.
func isExactVersion(s string) bool { return isNameSegment(s) }

// isVersionNumber is the form of a server that reads a number, without zeros before
// it. Over gRPC, Triton reads it with C's stol, which skips white space, takes a sign
// and ignores what follows the digits: 1x, 1.5, 01 and +1 are 1.
func isVersionNumber(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}

// isVersionOrLabel is TensorFlow Serving's form: a number, or the name of a label,
// which is no number.
func isVersionOrLabel(s string) bool {
	return isVersionNumber(s) || isNameSegment(s) && !isNumber(s)
}

// isSharedVersion is the form where it is not known which server reads the version:
// what begins like a number must be one.
func isSharedVersion(s string) bool {
	if strings.HasPrefix(s, "-") || s != "" && numberBytes[s[0]] {
		return isVersionNumber(s)
	}
	return isNameSegment(s)
}

// HasVersionLabels reports whether a request of the protocol may name a version by a
// label, which the server maps to one. Then each version that is no number is a label.
func HasVersionLabels(protocol string) bool { return protocol == "tfserving" }

// compileUnversioned reads "unversioned": the version of a model that a request means
// which names none.
func (s *server) compileUnversioned(v strictjson.Value) {
	if !v.Exists() {
		return
	}
	s.unversioned = map[string]string{}
	for _, m := range v.Object().Members {
		version := m.Value.Text()
		s.unversioned[m.Name] = version
		switch {
		case version != "" && !s.isVersion(version):
			m.Value.MustBe("a version as the server writes it, such as 3")
		case !s.isOwnName(m.Name):
			m.Value.Fail("must be under a model's name, which %q is not", m.Name)
		case s.resolveAlias(m.Name) != m.Name:
			m.Value.Fail("must not be under an alias, which %q is", m.Name)
		}
	}
}

// versionOf returns the version that a request asks for. The verbs that load and
// unload are about all versions of a model, if they name none.
func (s *server) versionOf(verb Verb, name, version string) string {
	if version != "" || s.unversioned == nil || verb >= List {
		return version
	}
	return s.unversioned[name]
}

// DeclaresVersion reports whether requests that name no version have a certain one,
// for the model that a pattern with a version names: each route that may lead to the
// model declares it. Requests of some protocols never name a version.
func (rs *Routes) DeclaresVersion(p Pattern) bool {
	name := p.Segments[1]
	if len(p.Segments) > 2 {
		name = strings.Join(p.Segments[2:], "/")
	}
	for _, r := range rs.routes {
		s := r.server
		switch {
		case s == nil: // of one model, which has the name of its service
			if name == p.Segments[1] || strings.HasSuffix(name, "*") {
				return false
			}
		case s.mayLeadTo(p) && s.unversioned[s.resolveAlias(name)] == "":
			return false
		}
	}
	return true
}

// AsksNoVersion reports whether the routes that may lead to the models of a pattern are such
// that no request names a version: those of OpenAI's API, where '@' is part of a name.
func (rs *Routes) AsksNoVersion(p Pattern) (none bool) {
	for _, r := range rs.routes {
		switch s := r.server; {
		case s == nil || s.protocol == "kserve-v1" || r.match == nil || !s.mayLeadTo(p): // which never have a version
		case !s.free:
			return false
		default:
			none = true
		}
	}
	return none
}

// mayLeadTo reports whether requests of the route may be for a service that p selects.
func (s *server) mayLeadTo(p Pattern) bool {
	return s.service == Model{} || segmentMatches(p.Segments[0], s.service.Namespace) && segmentMatches(p.Segments[1], s.service.Service)
}
