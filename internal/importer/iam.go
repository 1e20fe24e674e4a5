package importer

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// isIAM tells what gcloud ... get-iam-policy --format=json prints
// (cloud.google.com/iam/docs/reference/rest/v1/Policy).
func isIAM(v value) bool { return v.get("bindings").isArray() && !v.get("kind").exists() }

// iamRoles are what roles of Google mean for models, where the options do not say.
var iamRoles = map[string]string{
	"roles/iap.httpsResourceAccessor": "invoker",
	"roles/run.invoker":               "invoker",
	"roles/cloudfunctions.invoker":    "invoker",
	"roles/aiplatform.user":           "invoker",
	"roles/aiplatform.viewer":         "viewer",
}

// readIAM reads policies. Bindings without a condition stay bindings; one with a condition that
// can be said is a grant.
func (s *session) readIAM(list []value) error {
	models := s.options.Models
	if models == nil {
		models = s.services
	}
	if models == nil {
		return list[0].problem("must be on models, which the policy does not name: say which by --models, or with the InferenceServices")
	}
	issuer, ok := s.googleIssuer(list[0])
	if !ok {
		return list[0].problem("must have an audience for Google's tokens: say by --audience for whom they are, " +
			"for Identity-Aware Proxy as /projects/NUMBER/global/backendServices/ID")
	}
	if len(s.config.Routes) == 0 {
		s.remark(list[0], "it does not say how models are asked for: the routes are those of KServe's protocols, by the hosts in the cluster")
		for _, protocol := range []string{"kserve-v1", "kserve-v2"} {
			s.config.Routes = append(s.config.Routes, route{Protocol: protocol, Names: "kserve"})
		}
	}
	for _, v := range list {
		s.policy(v, issuer, models)
	}
	return nil
}

// Where Google publishes its keys (cloud.google.com/iap/docs/signed-headers-howto and
// accounts.google.com/.well-known/openid-configuration).
const (
	iapKeys  = "https://www.gstatic.com/iap/verify/public_key-jwk"
	oidcKeys = "https://www.googleapis.com/oauth2/v3/certs"
)

// googleIssuer adds who makes the callers' tokens: Identity-Aware Proxy if the audiences are
// its own, else Google's accounts.
func (s *session) googleIssuer(at value) (string, bool) {
	if s.options.Audiences == nil {
		return "", false
	}
	is := issuer{Name: "google", Preset: "google-oidc", Audiences: s.options.Audiences,
		JWKS: jwks{Remote: &remote{URI: oidcKeys, Cluster: "www.googleapis.com"}}}
	if strings.HasPrefix(s.options.Audiences[0], "/projects/") {
		is.Name, is.Preset = "iap", "google-iap"
		is.JWKS.Remote = &remote{URI: iapKeys, Cluster: "www.gstatic.com"}
	}
	s.remark(at, "callers show tokens of the preset %s for %s", is.Preset, strings.Join(is.Audiences, ", "))
	s.config.Issuers = append(s.config.Issuers, is)
	return is.Name, true
}

// policy reads one policy.
func (s *session) policy(v value, issuer string, models []string) {
	for _, f := range v.others("bindings", "etag", "version", "auditConfigs") {
		s.leftOut(f.value, "is not known")
	}
	if logs := v.get("auditConfigs"); logs.exists() {
		s.remark(logs, "says what Google logs")
	}
	p := iam{Name: uniqueName("iam", s.iamNames()), Issuers: []string{issuer}, Roles: map[string]iamRole{}}
	for _, b := range v.get("bindings").items() {
		name := b.get("role").text()
		role, ok := s.iamRole(name)
		if !ok {
			s.leftOut(b.get("role"), "what %q means for models is not known: say it by --role %s=viewer, invoker or admin", name, name)
			continue
		}
		odd := b.others("role", "members", "condition")
		for _, f := range odd {
			s.leftOut(f.value, "is not known, and the binding is left out with it")
		}
		members := s.iamMembers(b.get("members"), issuer)
		if odd != nil || len(members) == 0 {
			continue
		}
		if condition := b.get("condition"); condition.exists() {
			s.conditional(condition, rule{
				Name: uniqueName(p.Name+"/"+name, ruleNames(s.config.Grants)), Issuers: []string{issuer}, Members: members, Role: role, Models: models,
			})
			continue
		}
		p.Roles[name] = iamRole{role, models}
		p.Policy.Bindings = append(p.Policy.Bindings, iamBinding{name, members})
	}
	if p.Policy.Bindings != nil {
		s.config.IAM = append(s.config.IAM, p)
	}
}

func (s *session) iamNames() (list []string) {
	for _, p := range s.config.IAM {
		list = append(list, p.Name)
	}
	return list
}

// iamRole returns what a role means here.
func (s *session) iamRole(name string) (string, bool) {
	roles := maps.Clone(iamRoles)
	maps.Copy(roles, s.options.Roles)
	role, ok := roles[name]
	return role, ok
}

// memberForm are members that a caller with a token of Google can be: the forms of
// cloud.google.com/iam/docs/principal-identifiers that the gate has without a pool.
var memberForm = regexp.MustCompile(
	`^(allUsers|allAuthenticatedUsers|user:[^@:]+@[^@:]+|group:[^@:]+@[^@:]+|domain:[a-z0-9]([a-z0-9.-]*[a-z0-9])?|` +
		`serviceAccount:[^@:/]+@[a-z0-9.-]+\.gserviceaccount\.com|deleted:(user|serviceAccount|group):.+)$`)

// iamMembers returns the members of a binding that a caller can be.
func (s *session) iamMembers(v value, issuer string) (members []string) {
	for _, item := range v.items() {
		m := item.text()
		kind, _, _ := strings.Cut(m, ":")
		switch {
		case slices.Contains(members, m):
		case kind == "principal" || kind == "principalSet":
			s.leftOut(item, "%q is of an identity pool, whose tokens another issuer makes: add one with \"pool\"", m)
		case strings.HasPrefix(kind, "project"):
			s.leftOut(item, "%q is whoever has a role in the project, which no token says", m)
		case !memberForm.MatchString(m) || strings.HasPrefix(m, "user:") && strings.HasSuffix(strings.ToLower(m), ".gserviceaccount.com"):
			s.leftOut(item, "%q is no member that a caller with a token of %s can be", m, issuer)
		default:
			if kind == "group" {
				s.leftOut(item, "no token of %s names groups: list the members of %s in \"groups\"", issuer, strings.TrimPrefix(m, "group:"))
			}
			members = append(members, m)
		}
	}
	return members
}

// accessLevel is a condition on an access level.
var accessLevel = regexp.MustCompile(
	`^\(?\s*["'](accessPolicies/[0-9]+/accessLevels/[A-Za-z0-9_]+)["']\s+in\s+request\.auth\.access_levels\s*\)?$`)

// conditional adds a binding whose condition is on access levels, which an assertion of
// Identity-Aware Proxy has (cloud.google.com/iap/docs/signed-headers-howto). Other conditions
// are expressions that the gate does not evaluate.
func (s *session) conditional(v value, g rule) {
	text := strings.TrimSpace(v.get("expression").text())
	separator := "&&"
	if strings.Contains(text, "||") {
		separator = "||"
	}
	var levels []string
	for part := range strings.SplitSeq(text, separator) {
		m := accessLevel.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil || s.config.Issuers[len(s.config.Issuers)-1].Preset != "google-iap" {
			s.leftOut(v, "the binding is left out with its condition: the gate does not evaluate %q. "+
				"It knows access levels in assertions of Identity-Aware Proxy, joined by && or by ||", text)
			return
		}
		levels = append(levels, m[1])
	}
	if slices.Contains(g.Members, "allUsers") {
		s.leftOut(v, "the binding is left out: a grant to allUsers has no condition")
		return
	}
	const pointer = "/google/access_levels"
	if separator == "||" {
		g.Claims = []condition{{Pointer: pointer, Contains: levels}}
	} else {
		for _, level := range levels {
			g.Claims = append(g.Claims, condition{Pointer: pointer, Contains: []string{level}})
		}
	}
	s.config.Grants = append(s.config.Grants, g)
}
