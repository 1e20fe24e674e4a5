package importer

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// modelList are the models of one server with OpenAI's API, in front of which the gate stands.
type modelList struct {
	service string // NAMESPACE/NAME of the server
	base    string
	names   []string // patterns of models inside the service
	aliases map[string]string
}

// addModels adds the route to a server, and the grant that the options name. at is where the
// list begins.
func (s *session) addModels(at value, l modelList) error {
	namespace, name, _ := strings.Cut(l.service, "/")
	if !isLabel(namespace) || !isLabel(name) {
		return at.problem("must have a server with DNS-1123 labels: name it with --service NAMESPACE/NAME; got %q", l.service)
	}
	s.config.Routes = append(s.config.Routes, route{Protocol: "openai", Service: l.service, Base: l.base, Aliases: l.aliases})
	var models []string
	for _, name := range l.names {
		models = append(models, l.service+"/"+strings.ReplaceAll(name, "@", "@@"))
	}
	if len(models) == 0 {
		s.leftOut(at, "it has no model that the gate can name")
		return s.addCallers(at)
	}
	return s.grantModels(at, models, "generate", "predict", "list", "metadata")
}

// grantModels grants models to the members of the options. Without any, nobody may use them.
func (s *session) grantModels(at value, models []string, verbs ...string) error {
	if err := s.addCallers(at); err != nil {
		return err
	}
	issuers := s.config.issuerNames()
	switch isForAll := slices.Contains(s.options.Members, "allUsers"); {
	case s.options.Members == nil && s.hasPolicy:
		return nil
	case s.options.Members == nil:
		s.remark(at, "it does not say who may use the models, and so nobody may: name callers with --member, or write grants for %s",
			strings.Join(models, ", "))
		return nil
	case isForAll:
		issuers = nil
	case issuers == nil:
		return at.problem("must have --issuer beside --member: who makes the members' tokens")
	}
	g := rule{Name: uniqueName("imported models", ruleNames(s.config.Grants)), Issuers: issuers, Members: s.options.Members,
		Verbs: verbs, Models: models}
	s.config.Grants = append(s.config.Grants, g)
	return nil
}

// addCallers adds the issuer of the options, since a list of models names none.
func (s *session) addCallers(at value) error {
	switch {
	case len(s.config.Issuers) > 0 || s.hasPolicy:
		return nil
	case s.options.Issuer == "":
		s.remark(at, "it does not say who calls: name with --issuer and --audience who makes the callers' tokens")
		return nil
	case s.options.Audiences == nil && !s.options.AnyAudience:
		return at.problem("must have --audience beside --issuer: for whom the callers' tokens are")
	}
	if _, ok := s.addIssuer(provider{at: at, iss: s.options.Issuer}); !ok {
		return at.problem("must have an https URL as --issuer; got %q", s.options.Issuer)
	}
	s.config.Issuers[0].Groups = s.options.Groups
	for _, m := range s.options.Members {
		if strings.HasPrefix(m, "group:") && s.options.Groups == "" {
			s.leftOut(at, "no claim of the tokens names groups, and nobody is in %s: name the claim with --groups", m)
		}
	}
	return nil
}

// nameForm are the names of models that requests of openai routes can have.
var nameForm = regexp.MustCompile(`^/?[A-Za-z0-9._:@+~=-]+(/[A-Za-z0-9._:@+~=-]+)*$`)

// isModelName reports whether a request can name the model.
func isModelName(name string) bool {
	return len(name) <= 253 && nameForm.MatchString(name) && !dotSegment.MatchString("/"+name)
}

// server returns the service of a server that the options name.
func (s *session) server(otherwise string) string { return cmp.Or(s.options.Service, otherwise) }
