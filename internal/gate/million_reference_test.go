package gate_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// rule is a grant or a deny as the configuration has it.
type rule struct {
	Name    string   `json:"name"`
	Issuers []string `json:"issuers,omitempty"`
	Members []string `json:"members,omitempty"`
	Verbs   []string `json:"verbs,omitempty"`
	Models  []string `json:"models,omitempty"`
	Peer    bool     `json:"peer,omitempty"`
}

var millionGrants = []rule{
	{
		Name: "ana", Issuers: []string{"iap"}, Members: []string{"user:ana@x.example"},
		Verbs: []string{"predict", "ready"}, Models: []string{"prod/fraud", "prod/risk-*"},
	},
	{
		Name: "bob", Issuers: []string{"corp"}, Members: []string{"user:bob@x.example"},
		Verbs: []string{"predict", "explain", "ready"}, Models: []string{"prod/*"},
	},
	{
		Name: "domain", Issuers: []string{"iap"}, Members: []string{"domain:x.example"},
		Verbs: []string{"ready"}, Models: []string{"*/*"},
	},
	{
		Name: "science", Issuers: []string{"corp", "iap", "gateway"}, Members: []string{"group:science"},
		Verbs: []string{"predict"}, Models: []string{"lab/*", "prod/risk-eu"},
	},
	{
		Name: "ops", Issuers: []string{"corp"}, Members: []string{"group:ops"},
		Verbs: []string{"predict", "explain", "ready"}, Models: []string{"*/*"},
	},
	{
		Name: "any", Issuers: []string{"corp"}, Members: []string{"allAuthenticatedUsers"},
		Verbs: []string{"explain"}, Models: []string{"lab/open*"},
	},
	{
		Name: "relayed", Issuers: []string{"gateway"}, Members: []string{"user:ana@x.example"},
		Verbs: []string{"explain", "ready"}, Models: []string{"prod/*"},
	},
	{
		Name: "mesh", Peer: true, Members: []string{"namespace:batch", "spiffe://cluster.local/ns/web/sa/a"},
		Verbs: []string{"predict", "ready"}, Models: []string{"lab/*", "prod/fraud*"},
	},
	{
		Name: "world", Members: []string{"allUsers"},
		Verbs: []string{"predict"}, Models: []string{"public/*"},
	},
}

var millionDenies = []rule{
	{Name: "frozen", Models: []string{"*/frozen"}},
	{Name: "bob-eu", Members: []string{"user:bob@x.example"}, Models: []string{"*/risk-eu"}},
	{
		Name: "corp-open", Issuers: []string{"corp"}, Members: []string{"group:science"},
		Verbs: []string{"explain"}, Models: []string{"lab/open-2"},
	},
	{
		Name: "quarantine", Members: []string{"namespace:quarantine", "spiffe://cluster.local/ns/batch/sa/bad"},
		Models: []string{"p*/*", "lab/open"},
	},
}

// millionConfig is the world with the rules above, and a gateway in front.
func millionConfig(t testing.TB) string {
	grants, _ := json.Marshal(millionGrants)
	denies, _ := json.Marshal(millionDenies)
	s := edit.Set(t, world, "/grants", string(grants))
	s = edit.Set(t, s, "/denies", string(denies))
	s = edit.Set(t, s, "/peer", `{"trustDomain": "cluster.local"}`)
	s = edit.Insert(t, s, "/issuers/0", relayIssuer)
	return edit.Delete(t, s, "/audit")
}

// caller is who sends a request, as the reference sees it.
type caller struct {
	issuer, email, domain string // issuer is "" for an anonymous caller
	groups                []string
	peer                  string  // the SPIFFE ID of its certificate, or ""
	bad                   bool    // its credential is bad
	header                []pair  // its credential
	relayed               *caller // who it is on the gateway's connection, if header says so
}

// The reference decides in the plainest way there is: no deny may cover the call, and a
// grant must.
func referenceAllows(c *caller, verb, namespace, service string) bool {
	if c.bad {
		return false
	}
	for _, deny := range millionDenies {
		if deny.covers(c, verb, namespace, service, true) {
			return false
		}
	}
	for _, grant := range millionGrants {
		if grant.covers(c, verb, namespace, service, false) {
			return true
		}
	}
	return false
}

// covers compares each part that the rule has. A deny by an address applies to a caller
// of whom nothing tells the address.
func (r rule) covers(c *caller, verb, namespace, service string, deny bool) bool {
	isMember := func(member string) bool {
		untold := deny && c.issuer != "" && c.email == "" && strings.HasPrefix(member, "user:")
		return untold || referenceIsMember(c, member)
	}
	isModel := func(pattern string) bool {
		patternNamespace, patternService, _ := strings.Cut(pattern, "/")
		return referenceMatches(patternNamespace, namespace) && referenceMatches(patternService, service)
	}
	return (r.Issuers == nil || slices.Contains(r.Issuers, c.issuer)) &&
		(r.Members == nil || slices.ContainsFunc(r.Members, isMember)) &&
		(r.Verbs == nil || slices.Contains(r.Verbs, verb)) &&
		(r.Models == nil || slices.ContainsFunc(r.Models, isModel))
}

func referenceIsMember(c *caller, member string) bool {
	kind, name, _ := strings.Cut(member, ":")
	switch kind {
	case "allUsers":
		return true
	case "allAuthenticatedUsers":
		return c.issuer != ""
	case "user":
		return c.issuer != "" && c.email == name
	case "domain":
		return c.issuer != "" && c.domain == name
	case "group":
		return c.issuer != "" && slices.Contains(c.groups, name)
	case "namespace":
		return strings.HasPrefix(c.peer, "spiffe://cluster.local/ns/"+name+"/sa/")
	case "spiffe":
		return c.peer == member
	}
	panic("the reference does not know the member " + member)
}

// referenceMatches compares a name with a pattern, which may end in a star.
func referenceMatches(pattern, name string) bool {
	if prefix, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(name, prefix)
	}
	return name == pattern
}

// referencePeerID returns the SPIFFE ID of a connection, if its certificate names anybody.
func referencePeerID(p authn.Peer) string {
	if p.Validated && strings.HasPrefix(p.URI, "spiffe://cluster.local/") && !strings.Contains(p.URI, "..") {
		return p.URI
	}
	return ""
}
