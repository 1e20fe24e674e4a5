package inference

import (
	"slices"
	"strconv"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// Body says how the body of a request names its models. Either Keys or Fields
// is set.
type Body struct {
	Keys   []scan.Key   // of a JSON document
	Fields []scan.Field // of every message of a gRPC call
	Stream bool         // the client may send any number of messages; each names its own
	whole  bool         // a message that names no model is about all of them
}

// What the leaves of a Body are.
const (
	idName    = iota
	idOther   // another reading of the name, as another server has it
	idVersion // a string
	idNumber  // a version that is a number
	idLabel   // of a version
	idFurther // where there must be nothing: a server may take further models from it
)

// named is what one message, or one part of it, names.
type named struct {
	found   bool // there is such a part
	names   []string
	version string
}

// Complete is the match of a request whose body, or whose latest message, says
// these values. What the path, the host and the headers have said already must
// agree with it. It can be asked again for the next message.
func (m Match) Complete(values []scan.Value) (Match, reason.Reason) {
	services := m.Call.Models
	m.Call.Models = nil
	for item := 0; ; item++ {
		n, ok := readNamed(values, item)
		if !ok {
			return Match{}, reason.ModelInvalid
		}
		if !n.found {
			break
		}
		for _, name := range n.names {
			if why := m.name(services, name, n.version); why != reason.Allowed {
				return Match{}, why
			}
		}
	}
	if len(m.Call.Models) == 0 {
		return Match{}, reason.ModelMissing
	}
	return m.settle()
}

// readNamed collects the leaves of one item. ok is false for a version that is
// none.
func readNamed(values []scan.Value, item int) (n named, ok bool) {
	for i := range values {
		v := &values[i]
		if v.Item != item {
			continue
		}
		n.found = true
		switch {
		case v.ID == idName || v.ID == idOther:
			if v.Text != "" || v.ID == idName {
				n.names = append(n.names, v.Text)
			}
		case v.ID == idNumber && v.Present:
			if n.version = strconv.FormatInt(v.Int, 10); v.Int < 0 {
				return n, false
			}
		case v.ID == idFurther && v.Present:
			return n, false
		case v.ID == idLabel && v.Text != "" && digits(v.Text):
			return n, false // it could not be told from a version
		case v.Text != "":
			n.version = v.Text
		}
	}
	if len(n.names) > 1 { // a reading that names none is none
		n.names = slices.DeleteFunc(n.names, func(s string) bool { return s == "" })
	}
	return n, n.version == "" || versionForm(n.version)
}

// name adds one model to the call: under every service that it can be in.
func (m *Match) name(services []Model, text, version string) reason.Reason {
	s := m.server
	if text == "" && m.Body.whole {
		m.add(services, "", version)
		return reason.Allowed
	}
	if text == "" {
		if text = s.absent; text == "" {
			return reason.ModelMissing
		}
	}
	namespace, name, why := s.canonical(text)
	if why != reason.Allowed {
		return why
	}
	if m.pinned != "" && m.pinned != name {
		return reason.IdentityConflict
	}
	if m.open {
		home, ok := s.homes[name]
		if !ok {
			return reason.GrantMissing // as for a model that is served and not granted
		}
		services = []Model{home}
		m.place(home, name)
	}
	for i := range services {
		if namespace != "" && namespace != services[i].Namespace {
			return reason.IdentityConflict
		}
	}
	m.add(services, name, version)
	return reason.Allowed
}

func (m *Match) add(services []Model, name, version string) {
	for _, model := range services {
		model.Name, model.Version = name, version
		if !slices.Contains(m.Call.Models, model) {
			m.Call.Models = append(m.Call.Models, model)
		}
	}
}

// nameAndVersion begin most messages that name a model.
var nameAndVersion = []scan.Field{{Number: 1, ID: idName}, {Number: 2, ID: idVersion}}
