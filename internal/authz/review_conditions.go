package authz

import (
	"slices"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Claims that mostly are arrays: OpenID Connect Core section 2 (amr), RFC 9068 section
// 2.2.3.1 (groups, roles and entitlements), and what Auth0 and Entra ID add.
var arrays = []string{"aud", "amr", "groups", "roles", "entitlements", "permissions", "wids"}

// reviewConditions warns of conditions that may compare a claim in another form than
// tokens have it, and of denies by conditions that count as met where a claim is missing.
func (c *compiler) reviewConditions(kind ruleKind, r *rule) {
	for i := range r.conditions {
		asked := &r.conditions[i]
		pointer := asked.pointer.String()
		ofScopes := pointer == "/scope" || pointer == "/scp"
		if asked.op == scope && kind == aGrant {
			scopes := AskedScopes{Grant: r.name}
			for _, v := range asked.want {
				scopes.Scopes = append(scopes.Scopes, v.Str)
			}
			c.reviewer.scopes = append(c.reviewer.scopes, scopes)
		}
		switch op := operators[asked.op]; {
		case asked.op == exists:
			continue
		case ofScopes && asked.op != word:
			c.warn(r.part("claims", i), `%s %q has %q on %s, which holds all scopes of a token, mostly in one string: write {"scope": "…"}`,
				kind, r.name, op, pointer)
		case asked.op != contains && c.isArray(r, asked.pointer):
			c.warn(r.part("claims", i), `%s %q has %q on %s, which mostly is an array, and no array meets it: write "contains"`,
				kind, r.name, op, pointer)
		}
		if kind == aDeny && !c.isTold(r, asked) {
			named := pointer
			if asked.op == scope {
				named, pointer = "/scope and no /scp", "/scope"
			}
			c.warn(r.part("claims", i), `deny %q applies to callers whose token has no %s, too: add {"pointer": %q, "exists": true} to its claims, `+
				`or list it in "requiredClaims" of its issuers`, r.name, named, pointer)
		}
	}
}

// isArray reports whether a claim mostly is an array: one of those above, or the groups of
// an issuer.
func (c *compiler) isArray(r *rule, p strictjson.Pointer) bool {
	if len(p) == 1 && slices.Contains(arrays, p[0]) {
		return true
	}
	return slices.ContainsFunc(r.issuers, func(name string) bool { return c.issuers.ReadsGroupsFrom(name, p) })
}

// isTold reports whether every caller to whom a deny could apply has the claim of a
// condition: tokens have it always, or the deny or all its issuers ask for it.
func (c *compiler) isTold(r *rule, asked *condition) bool {
	claims := []strictjson.Pointer{asked.pointer}
	if asked.op == scope {
		claims = []strictjson.Pointer{{"scope"}, {"scp"}}
	}
	issuers := r.issuers
	if issuers == nil {
		issuers = c.issuers.IssuerNames()
	}
	return slices.ContainsFunc(claims, func(claim strictjson.Pointer) bool {
		isAsked := slices.ContainsFunc(r.conditions, func(other condition) bool {
			return other.op == exists && other.want[0].Bool() && slices.Equal(other.pointer, claim)
		})
		return isAsked || !slices.ContainsFunc(issuers, func(name string) bool { return !c.issuers.Requires(name, claim) })
	})
}
