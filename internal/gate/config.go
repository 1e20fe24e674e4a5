package gate

import (
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// New compiles a configuration. The error is strictjson.Problems, which lists all that is
// wrong with it.
func New(doc string, secrets authn.Secrets) (*Gate, error) { return newGate(doc, secrets, nil) }

// newGate compiles a configuration, and tells the review of its rules if there is one.
func newGate(doc string, secrets authn.Secrets, review *authz.Review) (*Gate, error) {
	var problems strictjson.Problems
	g := &Gate{}
	if root, ok := strictjson.Parse(doc, &problems); ok {
		g.compile(root, secrets, review)
	}
	switch {
	case headonly.Enabled && g.beyondHead != nil: // its other problems may follow from that
		return nil, g.beyondHead
	case problems != nil:
		return nil, problems
	}
	return g, nil
}

func (g *Gate) compile(root strictjson.Value, secrets authn.Secrets, review *authz.Review) {
	o := root.Object("$schema", "version", "issuers", "peer", "routes", "serves", "groups", "grants", "denies",
		"iam", "signatures", "activator", "exempt", "cors", "identity", "headers", "challenge", "audit", "tokenCache", "host", "limits", "lint")
	if v := o.Need("version"); v.Exists() && v.JSON().Raw != "1" {
		v.MustBe("1")
	}
	o.Get("$schema").Text()
	g.authn, g.keys = authn.Compile(o.Need("issuers"), o.Get("peer"), o.Get("signatures").Exists(), secrets)
	g.compileHost(o.Get("host"))
	g.routes = inference.Compile(o.Need("routes"), o.Get("serves"), g.holdsHeaders)
	g.policy = authz.Compile(authz.Config{
		Groups: o.Get("groups"),
		Grants: o.Get("grants"),
		Denies: o.Get("denies"),
		IAM:    o.Get("iam"),
		Review: review,
	}, g.authn, g.routes)
	g.signatures = g.compileSignatures(o.Get("signatures"), secrets)
	g.activators = g.compileActivator(o.Get("activator"), o.Get("serves"))
	g.exemptions = compileExemptions(o.Get("exempt"))
	g.cors = compileCORS(o.Get("cors"))
	g.identity = compileIdentity(o.Get("identity"), g.authn)
	for _, h := range g.identity {
		g.tellsCall = g.tellsCall || h.ofCall
	}
	c := configuredHeaders{models: g.routes.ModelHeaders(), identity: g.identity, signed: g.signatures != nil, activator: g.activators != nil}
	c.tokens, c.relayed = g.authn.Headers()
	c.compileRules(o.Get("headers"))
	g.headers = newHeaderTable(&c)
	g.headers.upgrades = g.routes.TakesUpgrades()
	g.compileChallenge(o.Get("challenge"))
	cache := o.Get("tokenCache")
	g.caches = !cache.Exists() || cache.Bool()
	g.auditAllowed = compileAudit(o.Get("audit"))
	g.waitingLimit = compileLimits(o.Get("limits"))
	compileLint(o.Get("lint"))
	g.noteBeyondHead(o.Get("cors"), o.Get("signatures"))
}

// The limit of Waiting in MiB: at most half of the 1 GiB that a host gives to the memory of
// a module (proxy-wasm-cpp-host, src/v8: wasm_max_mem_pages).
const (
	defaultWaitingMiB = 256
	maxWaitingMiB     = 512
)

// compileLimits returns the most bytes that waiting requests may hold in one VM.
func compileLimits(v strictjson.Value) int {
	n := defaultWaitingMiB
	if given := v.Object("waitingMiB").Need("waitingMiB"); given.Exists() {
		n = given.Integer(1, maxWaitingMiB)
	}
	return n << 20
}

// compileAudit reports whether requests that are allowed are logged too.
func compileAudit(v strictjson.Value) (all bool) {
	switch v.Text() {
	case "", "refused": // "" is absent, or reported
		return false
	case "all":
		return true
	}
	v.MustBe("refused or all")
	return false
}

// LintChecks are the checks of modelgate check --lint that "lint" can silence.
var LintChecks = []string{
	"unreachable-grant", "redundant-grant", "shadowed-deny", "member-never-matches", "unreachable-model", "wildcard",
}

// compileLint reads "lint": findings at a terminal that are known, and why they stay. It
// changes no decision.
func compileLint(v strictjson.Value) {
	for _, item := range v.Items() {
		o := item.Object("check", "of", "reason")
		if check := o.Need("check"); check.Text() != "" && !slices.Contains(LintChecks, check.JSON().Str) {
			check.MustBe("%s", strictjson.Or(LintChecks))
		}
		o.Need("of").Text()
		o.Need("reason").Text()
	}
}
