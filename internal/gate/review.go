package gate

import (
	"slices"
	"strconv"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Review compiles a configuration as New does, and returns a warning for each part of it
// that may not do what its author means by now, with its place. It is for the terminal: the
// module, which never calls it, does not carry its code.
func Review(doc string, secrets authn.Secrets, now time.Time) (list strictjson.Problems, err error) {
	rules := authz.NewReview()
	g, err := newGate(doc, secrets, rules)
	if err != nil {
		return nil, err
	}
	warn := func(at, format string, args ...any) {
		list = append(list, strictjson.Problem{Pointer: at, Message: phrase.Sprintf(format, args...)})
	}
	for _, r := range g.Remotes() {
		if r.Source.Plain() {
			warn("/issuers/"+strconv.Itoa(slices.Index(g.Issuers(), r.Name)),
				"issuer %q publishes its keys under http: anybody on the way can replace them, unless the cluster uses TLS", r.Name)
		}
	}
	if i := g.routes.ReadsBodies(); i >= 0 && g.tellsCall && !g.holdsHeaders {
		warn("/routes/"+strconv.Itoa(i), "an identity header says what a call is for, and the headers go before the body: "+
			"requests on route %d whose body names the model are refused as call_untold, unless \"host\" has \"holdHeaders\": true", i)
	}
	return slices.Concat(list, g.signatures.warnings(now), g.reviewMetadata(rules), g.authn.Warnings(g.activators), g.routes.Warnings(),
		rules.Warnings(g.policy, g.authn), g.routes.EndedShadows(now), rules.EndedShadows(now)), nil
}

// reviewMetadata warns of an authorization server whose tokens would be refused, and of
// grants whose scopes a client cannot know.
func (g *Gate) reviewMetadata(rules *authz.Review) (list strictjson.Problems) {
	i := slices.IndexFunc(g.exemptions, func(e exemption) bool { return e.document != "" })
	if i < 0 {
		return nil
	}
	warn := func(format string, args ...any) {
		list = append(list, strictjson.Problem{Pointer: "/challenge", Message: phrase.Sprintf(format, args...)})
	}
	document := strictjson.Read(g.exemptions[i].document)
	document.Get("authorization_servers").ForEach(func(_, server strictjson.Result) bool {
		if !g.authn.Trusts(server.Str) {
			warn("the metadata of \"challenge\" names the authorization server %q, which is the iss of no issuer: its tokens are refused",
				server.Str)
		}
		return true
	})
	var supported []string
	document.Get("scopes_supported").ForEach(func(_, scope strictjson.Result) bool {
		supported = append(supported, scope.Str)
		return true
	})
	for _, asked := range rules.Scopes() {
		if supported != nil && !slices.ContainsFunc(asked.Scopes, func(scope string) bool { return slices.Contains(supported, scope) }) {
			warn("grant %q asks for the scope %q, which \"scopes_supported\" of \"challenge\" does not name", asked.Grant, asked.Scopes[0])
		}
	}
	return list
}
