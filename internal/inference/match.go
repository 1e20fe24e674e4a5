package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// Match is what the head of a request says of its call, and where it goes.
type Match struct {
	Call      Call
	Authority string    // to forward with; the request's own where nothing is rewritten
	Path      string    // to forward with, including the query
	Header    [2]string // to forward with: the model, for a router behind the gate
	Route     *Route

	// Body says how the body names the models, and is nil where it names none.
	// Until Complete, Call.Models are then services without a model's name.
	Body *Body
	// Listing says how the reply lists models: a caller may see only those that are
	// granted. It is nil where the reply lists none.
	Listing *Listing

	server   *server
	routes   *Routes
	host     string
	pinned   string // the model that the body must name, or ""
	deferred bool   // the body says which of the services it is for
	byModel  bool   // the model's name has said which service it is for
	listed   bool   // see AnswersList
}

// Clone returns a copy that shares no memory with the request.
func (m *Match) Clone() Match {
	c := *m
	for _, text := range []*string{&c.Authority, &c.Path, &c.Header[0], &c.Header[1], &c.host, &c.pinned} {
		*text = strings.Clone(*text)
	}
	c.Call = m.Call.Clone()
	return c
}

// Clone returns a copy that shares no memory with the request.
func (c Call) Clone() Call {
	c.Models, c.Possible = cloneModels(c.Models), cloneModels(c.Possible)
	return c
}

// cloneModels copies models and their texts.
func cloneModels(models []Model) []Model {
	models = slices.Clone(models)
	for i := range models {
		model := &models[i]
		for _, text := range []*string{&model.Namespace, &model.Service, &model.Name, &model.Version} {
			*text = strings.Clone(*text)
		}
	}
	return models
}

// answer returns the reason for a refusal of a match. Where the model's name has said
// which service the request is for, every conflict with that service is answered like
// a model that does not exist: else anybody could find out which models do.
func (m *Match) answer(why reason.Reason) reason.Reason {
	if m.byModel && why != reason.Allowed {
		return reason.GrantMissing
	}
	return why
}

// Bytes returns how much memory a Clone has of its own.
func (m *Match) Bytes() int {
	n := len(m.Authority) + len(m.Path) + len(m.Header[0]) + len(m.Header[1]) + len(m.host) + len(m.pinned)
	return n + m.Call.Bytes()
}

// Bytes returns how much memory a Clone has of its own.
func (c Call) Bytes() (n int) {
	for _, list := range [][]Model{c.Models, c.Possible} {
		for i := range list {
			n += list[i].bytes()
		}
	}
	return n
}

// Deferred reports whether only the body says to which service the request goes.
func (m *Match) Deferred() bool { return m.deferred }

// HeadSaysWhere reports whether nothing in the body changes where the request goes, or what the
// gate writes in its head.
func (m *Match) HeadSaysWhere() bool {
	return !m.deferred && (m.server == nil || m.server.header == "")
}

// finish checks the call against the request's host and against "serves", and adds
// what this host and the destination can mean besides. arrival is the reading of the
// request's host.
func (m Match) finish(arrival *hostReading) (Match, reason.Reason) {
	if why := m.checkHost(arrival); why != reason.Allowed {
		return Match{}, why
	}
	m.Call.Possible = nil
	if !m.deferred || m.Call.Models[0].Name != "" {
		m.addReading(arrival)
		if m.isRewritten() {
			var destination hostReading
			m.routes.read(&destination, m.Authority)
			if destination.isUnclear {
				return Match{}, reason.HostInvalid
			}
			m.addReading(&destination)
		}
	}
	if !m.routes.isServed(m.Call.Models) {
		return Match{}, reason.NotServed
	}
	return m, reason.Allowed
}

// isRewritten reports whether the gate writes the host, which has no port then.
func (m *Match) isRewritten() bool {
	port, isOwn := strings.CutPrefix(m.Authority, m.host)
	return !isOwn || port != "" && port[0] != ':'
}

// isServed reports whether one of the models is in the service behind this proxy.
// Every request that is forwarded from here arrives there, even where its path and
// its host agree on another service.
func (rs *Routes) isServed(models []Model) bool {
	return rs.serves == Model{} || rs.serves.sharesServiceWith(models)
}
