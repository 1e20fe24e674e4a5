package gate

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// New compiles a configuration. The error lists everything that is wrong with
// it, as strictjson.Problems; a configuration with one problem is none.
func New(doc string, secrets authn.Secrets) (*Gate, error) {
	var problems strictjson.Problems
	g := &Gate{}
	if root, ok := strictjson.Parse(doc, &problems); ok {
		g.compile(root, secrets)
	}
	if problems != nil {
		return nil, problems
	}
	return g, nil
}

func (g *Gate) compile(root strictjson.Value, secrets authn.Secrets) {
	o := root.Object("$schema", "version", "issuers", "peer", "routes", "serves", "groups", "grants", "denies",
		"iam", "exempt", "identity", "challenge", "audit", "tokenCache", "host")
	if v := o.Need("version"); v.Exists() && v.JSON().Raw != "1" {
		v.Fail("is 1")
	}
	o.Get("$schema").Text()
	g.authn, g.keys = authn.Compile(o.Need("issuers"), o.Get("peer"), secrets)
	g.holds = o.Get("host").Object("holdHeaders").Need("holdHeaders").Bool()
	g.routes = inference.Compile(o.Need("routes"), o.Get("serves"), g.holds)
	g.policy = authz.Compile(authz.Config{
		Groups: o.Get("groups"),
		Grants: o.Get("grants"),
		Denies: o.Get("denies"),
		IAM:    o.Get("iam"),
	}, g.authn)
	g.exempt = compileExemptions(o.Get("exempt"))
	g.identity = compileIdentity(o.Get("identity"))
	tokens, relayed := g.authn.Headers()
	g.names = newNames(tokens, relayed, g.routes.ModelHeaders(), g.identity)
	g.metadata = compileChallenge(o.Get("challenge"))
	if c := o.Get("tokenCache"); !c.Exists() || c.Bool() {
		g.cached = true
	}
	if a := o.Get("audit"); a.Exists() {
		switch a.Text() {
		case "refused":
		case "all":
			g.auditPass = true
		default:
			a.Fail(`is "refused" or "all"`)
		}
	}
}

// Warnings say where a configuration that compiles may not mean what it says.
func (g *Gate) Warnings() (list []string) {
	for _, r := range g.Remotes() {
		if r.Source.Plain() {
			list = append(list, fmt.Sprintf("issuer %q publishes its keys under http: unless the cluster speaks TLS all the same, whoever answers in its place is the issuer", r.Name))
		}
	}
	return slices.Concat(list, g.routes.Warnings(), g.policy.Warnings(g.authn))
}

// compileChallenge reads where the protected resource's metadata stands (RFC
// 9728 section 5.1): an https URL that a quoted string can hold as it is.
func compileChallenge(v strictjson.Value) string {
	m := v.Object("resourceMetadata").Need("resourceMetadata")
	text := m.Text()
	if text == "" { // absent, or reported
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Contains(text, "#") || !quotable(text) {
		m.Fail("is an https URL without a user and a fragment")
	}
	return text
}

// quotable reports whether s can stand in a challenge's quoted string: the
// characters of RFC 6750 section 3, without the space.
func quotable(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
