// Package inference answers what a request asks for: which verb on which model
// of which inference service, and to which host and path it is to be sent. It
// knows the protocols of model servers and nothing of callers or grants.
//
// Nothing is normalised. A path or host is compared byte by byte and refused
// where it could be read in another way; what is sent on is built from the
// parsed parts, never copied.
package inference

import (
	"fmt"
	"slices"
	"strings"
)

// Verb is what is done to a model, whatever the protocol calls it.
type Verb uint8

// The verbs of every protocol.
const (
	Predict Verb = iota
	Explain
	Generate
	Metadata
	Ready
	List
	Load
	Unload
	Admin
)

var verbNames = [...]string{"predict", "explain", "generate", "metadata", "ready", "list", "load", "unload", "admin"}

func (v Verb) String() string {
	if int(v) < len(verbNames) {
		return verbNames[v]
	}
	return fmt.Sprintf("verb(%d)", uint8(v))
}

// ParseVerb finds a verb by its name.
func ParseVerb(s string) (Verb, bool) {
	for i, name := range verbNames {
		if name == s {
			return Verb(i), true
		}
	}
	return 0, false
}

// Verbs is a set of verbs.
type Verbs uint16

// NewVerbs makes a set.
func NewVerbs(list ...Verb) (s Verbs) {
	for _, v := range list {
		s |= 1 << v
	}
	return s
}

// Has reports whether v is in the set.
func (s Verbs) Has(v Verb) bool { return s&(1<<v) != 0 }

// Model names what is called: a model inside an inference service inside a
// namespace. The model that a service is named after has that service's name.
type Model struct {
	Namespace string // DNS-1123 label
	Service   string // DNS-1123 label: the InferenceService
	Name      string // the model inside it; may contain '/'. "" is the service as a whole
	Version   string // "" where the request names none
}

// String writes prod/fraud, prod/llm/meta-llama/Llama-3.1-8B or prod/fraud@3. A
// service as a whole is written as the model that is named after it: a pattern
// for the one covers the other.
func (m Model) String() string {
	s := m.Namespace + "/" + m.Service
	if m.Name != m.Service && m.Name != "" {
		s += "/" + m.Name
	}
	if m.Version != "" {
		s += "@" + m.Version
	}
	return s
}

// amongServices reports whether one of the models is in the same service as m.
func (m Model) amongServices(models []Model) bool {
	return slices.ContainsFunc(models, func(other Model) bool {
		return other.Namespace == m.Namespace && other.Service == m.Service
	})
}

// Call is what a request asks for. Where a request can be read in two ways,
// Models has both, and both must be granted.
type Call struct {
	Verb     Verb
	Models   []Model
	Protocol string
}

// Label reports whether s is a DNS-1123 label: what may become part of a host
// name, and so of a decision about where to send a request.
func Label(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// maxName bounds the name of a model inside a service, in bytes.
const maxName = 253

// modelName reports whether s, one path segment, may be a model's name.
func modelName(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '.' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// Pattern selects models: segments, each exact or with one trailing '*', and
// optionally one exact version. A pattern of two segments covers every model
// inside the services it selects.
type Pattern struct {
	Segments []string
	Version  string
}

// ParsePattern reads prod/fraud, prod/risk-*, prod/llm/meta-llama/*, prod/fraud@3.
func ParsePattern(s string) (Pattern, error) {
	path, version, versioned := strings.Cut(s, "@")
	p := Pattern{Segments: strings.Split(path, "/"), Version: version}
	if len(p.Segments) < 2 {
		return p, fmt.Errorf("%q needs a namespace: namespace/service", s)
	}
	if versioned && !modelName(version) {
		return p, fmt.Errorf("%q has no version after '@'", s)
	}
	for i, segment := range p.Segments {
		exact := strings.TrimSuffix(segment, "*")
		switch {
		case strings.Contains(exact, "*"):
			return p, fmt.Errorf("%q: one '*' may stand at the end of a segment and nowhere else", s)
		case segment == "*":
		case i < 2 && exact == segment && !Label(exact):
			return p, fmt.Errorf("%q: %q is no DNS-1123 label", s, exact)
		case i < 2 && !Label(exact) && !Label(exact+"0"): // "risk-*" continues after the hyphen
			return p, fmt.Errorf("%q: %q cannot begin a DNS-1123 label", s, exact)
		case i >= 2 && !modelName(exact):
			return p, fmt.Errorf("%q: %q cannot be part of a model's name", s, exact)
		}
	}
	return p, nil
}

// Matches reports whether the pattern selects m.
func (p Pattern) Matches(m Model) bool {
	if p.Version != "" && p.Version != m.Version {
		return false
	}
	if !segmentMatches(p.Segments[0], m.Namespace) || !segmentMatches(p.Segments[1], m.Service) {
		return false
	}
	inner := p.Segments[2:]
	if len(inner) == 0 {
		return true
	}
	if m.Name == "" { // every model of the service, and no one of them
		return false
	}
	names := strings.Split(m.Name, "/")
	if len(names) != len(inner) {
		return false
	}
	for i := range inner {
		if !segmentMatches(inner[i], names[i]) {
			return false
		}
	}
	return true
}

func segmentMatches(pattern, s string) bool {
	if prefix, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(s, prefix)
	}
	return pattern == s
}
