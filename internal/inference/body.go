package inference

import (
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// Body says how the body of a request names its models. Exactly one of Keys and
// Fields is set.
type Body struct {
	Keys   []scan.Key   // of a JSON document
	Fields []scan.Field // of every message of a gRPC call
	Stream bool         // the client may send any number of messages; each names its own models
	// Refuses is that of scan.Limits: it reports whether a JSON document must not have
	// a key. It is nil where the document may have any.
	Refuses func(name []byte) bool

	// Form says that the body may be multipart/form-data as well as JSON. Keys then are
	// the names of its parts, and Refuses says which names no part may have.
	Form bool

	// MayBeEmpty says that the path has named the model, and that the body may be
	// missing or without a media type. If it has parameters, it is about more.
	MayBeEmpty bool

	allIfUnnamed bool   // a message that names no model is about all of them
	pathNames    bool   // the path has named the model; the body may name it again
	ofServer     bool   // the server reads no name: a request is for its one model, which is the default of the route
	prefix       string // that names have before them, or have not
}

// PathNames reports whether the path has named the model, whatever the body leaves out.
func (b *Body) PathNames() bool { return b.pathNames }

// What a value of a body is: the IDs of Keys and Fields.
const (
	idName          = iota
	idAltName       // another reading of the name, as another server has it
	idVersion       // a string
	idVersionNumber // a version that is a number
	idVersionLabel  // a name for a version
	idParameter     // brings what a model is made of, or reaches other models
)

// namedModels is what one message, or one part of it, says of its models.
type namedModels struct {
	found      bool // there is such a part
	names      []string
	version    string
	parameters bool
}

// Complete returns the match of a request whose body, or whose latest message, has
// these values. They must agree with what the path, the host and the headers have
// said. It can be called again for the next message.
func (m Match) Complete(values []scan.Value) (Match, reason.Reason) {
	services, parameters := m.Call.Models, false
	if !m.Body.MayBeEmpty && !m.Body.pathNames {
		m.Call.Models = nil
	}
	for item := 0; ; item++ {
		n, ok := readNamedModels(values, item)
		if !ok || n.version != "" && !m.server.isVersion(n.version) {
			return Match{}, reason.ModelInvalid
		}
		if !n.found {
			break
		}
		parameters = parameters || n.parameters
		for _, name := range n.names {
			if why := m.addModel(services, name, n.version); why != reason.Allowed {
				return Match{}, why
			}
		}
	}
	if len(m.Call.Models) == 0 {
		return Match{}, reason.ModelMissing
	}
	if parameters {
		m.administer(services)
	}
	var arrival hostReading
	m.routes.read(&arrival, strings.ToLower(m.host))
	done, why := m.finish(&arrival)
	return done, m.answer(why)
}

// administer makes the call one on the services as a whole: what it brings may
// replace any model.
func (m *Match) administer(services []Model) {
	m.Call.Verb, m.Call.Models = Admin, nil
	m.addInServices(services, "", "")
}

// readNamedModels collects the values of one item. ok is false for a version that
// is negative, or a label that is a number.
func readNamedModels(values []scan.Value, item int) (n namedModels, ok bool) {
	for i := range values {
		if values[i].Item != item {
			continue
		}
		n.found = true
		if !n.read(&values[i]) {
			return n, false
		}
	}
	if len(n.names) > 1 { // a reading without a name does not count beside one that has it
		n.names = slices.DeleteFunc(n.names, func(s string) bool { return s == "" })
		if len(n.names) == 0 {
			n.names = append(n.names, "")
		}
	}
	return n, true
}

func (n *namedModels) read(v *scan.Value) (ok bool) {
	switch v.ID {
	case idName:
		n.names = append(n.names, v.Text)
	case idAltName:
		if v.Text != "" {
			n.names = append(n.names, v.Text)
		}
	case idVersion, idVersionLabel:
		if v.Text != "" {
			n.version = v.Text
		}
		return v.ID == idVersion || !isNumber(v.Text) // a number would be another version's
	case idParameter:
		n.parameters = n.parameters || v.Present
	case idVersionNumber:
		if v.Present {
			n.version = strconv.FormatInt(v.Int, 10)
		}
		return v.Int >= 0
	}
	return true
}

// addModel adds a model that the body names to the call, in every service that it
// can be in.
func (m *Match) addModel(services []Model, text, version string) reason.Reason {
	s := m.server
	switch {
	case text == "" && m.Body.allIfUnnamed:
		m.addInServices(services, "", version)
		return reason.Allowed
	case text == "" && m.Body.pathNames:
		return reason.Allowed
	case text == "":
		text = s.defaultModel
	case m.Body.ofServer && s.resolveAlias(text) != s.resolveAlias(s.defaultModel):
		if m.deferred {
			return reason.GrantMissing // as for the default, if the caller may not use it
		}
		return reason.IdentityConflict
	}
	text = strings.TrimPrefix(text, m.Body.prefix)
	if text == "" {
		return reason.ModelMissing
	}
	namespace, name, ok := s.resolve(text)
	if !ok {
		return reason.ModelInvalid
	}
	if m.pinned != "" && m.pinned != name {
		return reason.IdentityConflict
	}
	if services = m.servicesOf(services, name); services == nil {
		return reason.GrantMissing // the answer for a model that is served but not granted
	}
	for i := range services {
		if namespace != "" && namespace != services[i].Namespace {
			return m.answer(reason.IdentityConflict)
		}
	}
	if m.addInServices(services, name, version); m.Body.Keys != nil {
		m.pinned = name // all of the names in a document must agree
	}
	return reason.Allowed
}

// servicesOf returns those of the services that a model is in which the body names. Where the
// body says which one it is, the request goes there; nil if there is no such model.
func (m *Match) servicesOf(services []Model, name string) []Model {
	if !m.deferred {
		return services
	}
	service, ok := m.server.services[name]
	if !ok {
		return nil
	}
	m.byModel = true
	m.setDestination(service, name)
	return []Model{service}
}

// addInServices adds the model of that name in each of the services.
func (m *Match) addInServices(services []Model, name, version string) {
	for _, model := range services {
		model.Name, model.Version = name, m.server.versionOf(m.Call.Verb, name, version)
		if !slices.Contains(m.Call.Models, model) {
			m.Call.Models = append(m.Call.Models, model)
		}
	}
}

// nameAndVersion are the first fields of most messages that name a model.
var nameAndVersion = []scan.Field{{Number: 1, ID: idName}, {Number: 2, ID: idVersion}}
