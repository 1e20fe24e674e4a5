package gate

import (
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// NarrowingDocument is a policy for the requests that a proxy sends on by one of its routes, as
// it is written. It allows nothing that the configuration does not allow too. It is immutable.
type NarrowingDocument struct{ text string }

// NewNarrowingDocument reads a document as far as it can be read without the configuration
// beside which it will stand: a proxy may have its routes first. The error is
// strictjson.Problems.
func NewNarrowingDocument(doc string) (*NarrowingDocument, error) {
	var problems strictjson.Problems
	if root, ok := strictjson.Parse(doc, &problems); ok {
		c, _ := readNarrowing(root)
		authz.Check(c)
	}
	if problems != nil {
		return nil, problems
	}
	return &NarrowingDocument{doc}, nil
}

// readNarrowing returns the sections of a document, and its name.
func readNarrowing(root strictjson.Value) (c authz.Config, name string) {
	o := root.Object("$schema", "version", "name", "groups", "grants", "denies", "iam")
	if v := o.Need("version"); v.Exists() && v.JSON().Raw != "1" {
		v.MustBe("1")
	}
	o.Get("$schema").Text()
	c = authz.Config{Groups: o.Get("groups"), Grants: o.Get("grants"), Denies: o.Get("denies"), IAM: o.Get("iam")}
	if !c.Grants.Exists() && !c.Denies.Exists() && !c.IAM.Exists() {
		o.Fail(`needs "grants", "denies" or "iam": without them it narrows nothing`)
	}
	return c, o.Need("name").Text()
}

// Narrowing is the policy of a document beside that of one configuration. It is immutable.
type Narrowing struct {
	name   string
	policy *authz.Policy
}

// Narrowing compiles a document beside the gate's configuration: issuers, groups and models have
// the names that they have there. The error is strictjson.Problems.
func (g *Gate) Narrowing(d *NarrowingDocument) (*Narrowing, error) {
	var problems strictjson.Problems
	n := &Narrowing{}
	if root, ok := strictjson.Parse(d.text, &problems); ok {
		c, name := readNarrowing(root)
		c.Beside = g.policy
		n.name, n.policy = name, authz.Compile(c, g.authn, g.routes)
	}
	if problems != nil {
		return nil, problems
	}
	return n, nil
}

// route says what is known of the proxy's route.
type route uint8

const (
	routeUnasked route = iota // the host does not say
	routeAwaited              // a narrowing may come
	routeExempt               // no policy decides the request, so no narrowing does
	routeKnown
)

// maxPassed is how many different calls a body may have made before its head has gone on.
const maxPassed = 64

// Narrow asks the narrowing of the proxy's route about the request, whose head is about to go
// on. A nil Narrowing is one that does not compile, and refuses. A Forward leaves the request to
// the Step that was performed before. A part of the call that is read later is asked about then.
func (x *Exchange) Narrow(env Env, n *Narrowing) Step {
	before := x.route
	x.route, x.narrowing = routeKnown, n
	switch {
	case before == routeExempt:
		return Step{Act: Forward, Reason: reason.Allowed}
	case before != routeAwaited:
		return x.settle(x.refuse(reason.Internal))
	case n == nil:
		return x.settle(x.refuse(reason.NotReady))
	}
	v := x.narrowPassed(env)
	x.unread, x.passed = nil, nil
	if v.why == reason.Allowed {
		return Step{Act: Forward, Reason: reason.Allowed}
	}
	x.narrowedBy, x.Rule, x.lackingScopes = n.name, v.rule, v.scopes
	why := publicReason(x.Principal, v.why)
	if !v.shadow {
		return x.settle(x.refuse(why))
	}
	return x.settle(Step{Act: Forward, Reason: why, Audit: x.auditLine(why, true)})
}

// HeadGone says that the head has gone on by a route without a narrowing. The host calls it
// before it hands in more of the request: until then it may have performed several Steps at once, and
// the first of them that sends the head on has sent nothing yet.
func (x *Exchange) HeadGone() {
	if x.route == routeAwaited {
		x.route, x.unread, x.passed = routeKnown, nil, nil
	}
}

// narrowPassed asks the narrowing about what has passed already.
func (x *Exchange) narrowPassed(env Env) verdict {
	p := x.narrowing.policy
	if x.passed == nil && x.unread != nil {
		ask := func(who *authn.Principal) verdict { return authorizePartialMatch(p, env.Now, who, x.unread) }
		v := ask(x.Principal)
		if v.why == reason.GrantMissing {
			v.why = x.gate.missing(x.Principal, ask)
		}
		return v
	}
	if x.passed == nil {
		x.passed = []inference.Call{x.Call}
	}
	all := verdict{why: reason.Allowed}
	for i := range x.passed {
		x.Call = x.passed[i]
		v, _ := x.authorizeFields(p, env, nil, true)
		if v.why != reason.Allowed && !v.shadow {
			return v
		}
		if all.why == reason.Allowed {
			all = v
		}
	}
	return all
}

// narrowMessage asks the narrowing about a message that the configuration allows, and keeps
// what it asks for if the narrowing is not there yet.
func (x *Exchange) narrowMessage(env Env, m *inference.Match, complete bool) reason.Reason {
	b := x.body
	b.granted = true
	switch {
	case x.route == routeAwaited && complete:
		return x.keepPassed()
	case x.narrowing == nil:
		return reason.Allowed
	}
	v, open := x.authorizeFields(x.narrowing.policy, env, m, complete)
	b.granted = !open
	if open || v.why == reason.Allowed {
		return reason.Allowed
	}
	x.narrowedBy, x.Rule, x.lackingScopes = x.narrowing.name, v.rule, v.scopes
	why := publicReason(x.Principal, v.why)
	if v.shadow && b.why == reason.Allowed {
		b.why = why
	}
	if v.shadow {
		return reason.Allowed
	}
	return why
}

// keepPassed keeps the present call of a body for the narrowing that may come.
func (x *Exchange) keepPassed() reason.Reason {
	same := func(c inference.Call) bool { return c.Verb == x.Call.Verb && slices.Equal(c.Models, x.Call.Models) }
	switch {
	case slices.ContainsFunc(x.passed, same):
	case len(x.passed) == maxPassed:
		return reason.Overloaded
	default:
		x.passed = append(x.passed, x.Call.Clone())
		x.keptBytes += x.Call.Bytes()
	}
	return reason.Allowed
}

// keepForRoute copies what a narrowing will be asked about, of a request that does not wait.
func (x *Exchange) keepForRoute(m *inference.Match) {
	if x.route != routeAwaited {
		return
	}
	x.Call, x.Principal = x.Call.Clone(), x.Principal.Detach()
	if m.Body != nil || m.Listing != nil {
		kept := m.Clone()
		x.unread = &kept
	}
}
