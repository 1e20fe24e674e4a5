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
}

// Clone returns a copy that shares no memory with the request.
func (m *Match) Clone() Match {
	c := *m
	for _, text := range []*string{&c.Authority, &c.Path, &c.Header[0], &c.Header[1], &c.host, &c.pinned} {
		*text = strings.Clone(*text)
	}
	c.Call.Models = slices.Clone(m.Call.Models)
	for i := range c.Call.Models {
		model := &c.Call.Models[i]
		for _, text := range []*string{&model.Namespace, &model.Service, &model.Name, &model.Version} {
			*text = strings.Clone(*text)
		}
	}
	return c
}

// Deferred reports whether only the body says to which service the request goes.
func (m *Match) Deferred() bool { return m.deferred }

// finish checks the call against the request's host and against "serves".
func (m Match) finish() (Match, reason.Reason) {
	if why := m.routes.checkHost(m.host, m.Call.Models); why != reason.Allowed {
		return Match{}, why
	}
	if !m.deferred || m.Call.Models[0].Name != "" {
		m.addHostAliases()
	}
	if !m.routes.isServed(m.Call.Models) {
		return Match{}, reason.NotServed
	}
	return m, reason.Allowed
}

// checkHost compares the host with the call. Where the names of any route make the
// host a service's, in upper or lower case, it must be a service of the call.
func (rs *Routes) checkHost(host string, models []Model) reason.Reason {
	lower := strings.ToLower(host)
	for _, route := range rs.routes {
		for _, service := range route.names.servicesAt(lower) {
			if !service.sharesServiceWith(models) {
				return reason.IdentityConflict
			}
			if lower != host {
				return reason.HostInvalid
			}
		}
	}
	return reason.Allowed
}

// addHostAliases adds every other service that the destination host can name, so
// that all of them must be granted. With a template that makes fraud's explainer
// the host of a service fraud-why, a caller of the one needs a grant on the other
// too; serviceHosts makes fraud's predictor the host of a service fraud-predictor.
func (m *Match) addHostAliases() {
	host, _ := splitAuthority(m.Authority)
	first := m.Call.Models[0]
	for _, service := range m.Route.names.servicesAt(host) {
		if service.sharesServiceWith(m.Call.Models) {
			continue
		}
		service.Name, service.Version = first.Name, first.Version // asked of the other service too
		m.Call.Models = append(m.Call.Models, service)
	}
}

// isServed reports whether one of the models is in the service behind this proxy.
// Every request that is forwarded from here arrives there, even where its path and
// its host agree on another service.
func (rs *Routes) isServed(models []Model) bool {
	return rs.serves == Model{} || rs.serves.sharesServiceWith(models)
}
