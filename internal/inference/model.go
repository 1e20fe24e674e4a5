// Package inference says what a request asks for: which verb on which model of
// which inference service, and to which host and path the gate forwards it. It
// knows the protocols of model servers and nothing of callers or grants.
//
// Nothing is normalised. A path or a host is compared byte by byte, and refused
// where it could be read in another way. A host or a path that the gate writes is
// built from the parsed parts, never copied from the request.
//
// Compile reads a configuration's "routes" and "serves" into Routes. Routes.Match
// reads the head of a request, in this order:
//
//  1. splitAuthority and splitPath check the host and the path.
//  2. Each route's matcher is asked in turn. The path parser of its protocol (one
//     file for each protocol) returns an operation: a verb and a model.
//     Where none knows the path, matchResource looks for a resource of protocol http.
//  3. checkRoutingHeaders compares the headers by which routers choose a model.
//  4. finish compares the request's host, adds every other service that it and the
//     destination can mean (hostReading), and compares the service behind this proxy.
//
// Where the body names the models, Match.Complete adds them to the call and does
// step 4 again. Match.Trim removes models from a reply that lists them.
package inference

import (
	"slices"
	"strings"
	"unsafe"
)

// Model identifies a model inside an inference service inside a namespace. A
// service's main model has the name of the service.
type Model struct {
	Namespace string // DNS-1123 label
	Service   string // DNS-1123 label: the InferenceService
	Name      string // the model inside the service, see isFreeName. "" is the service as a whole
	Version   string // "" where the request names none
}

// String returns prod/fraud, prod/llm/meta-llama/Llama-3.1-8B or prod/fraud@3. In the
// model's name '@' is written twice: prod/llm/claude@@2025. A service as a whole is
// written like its main model, because a pattern of two segments covers both.
func (m Model) String() string {
	return m.Namespace + "/" + m.Service + m.inside() // is inlined, so that it may stay on the stack of the caller
}

// inside returns what String writes after the service.
func (m *Model) inside() (s string) {
	if m.Name != m.Service && m.Name != "" {
		s = "/" + strings.ReplaceAll(m.Name, "@", "@@")
	}
	if m.Version != "" {
		s += "@" + m.Version
	}
	return s
}

// bytes returns the size of the model with its strings.
func (m *Model) bytes() int {
	return int(unsafe.Sizeof(*m)) + len(m.Namespace) + len(m.Service) + len(m.Name) + len(m.Version)
}

// sharesServiceWith reports whether one of the models is in the service of m.
func (m Model) sharesServiceWith(models []Model) bool {
	return slices.ContainsFunc(models, func(other Model) bool {
		return other.Namespace == m.Namespace && other.Service == m.Service
	})
}

// Call is what a request asks for. Where a request can be read in two ways,
// Models has the model of each, and all of them must be granted.
type Call struct {
	Verb     Verb
	Models   []Model
	Possible []Model // further readings of the host: a deny on one of them denies, and none needs a grant
	Protocol string
}
