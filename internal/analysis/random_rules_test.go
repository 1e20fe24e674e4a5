package analysis

import (
	"slices"
	"strings"
)

var (
	testVerbs = strings.Fields("predict explain generate metadata ready list load unload admin")
	patterns  = strings.Fields("a/b a/c ab/b */* a/* */b a*/b a/b* a/c@1 a/*@1 a/b/m a/b/* a/b/m*/n a/b/m/n a/b/m@2 a*/b*/* " +
		"a/b/M/N a/b/m* a/b/M*@2 a/b/n:t a/b/t a/b//x/y a/b/x/y p/llm/big p/llm/chat p/llm/meta/* p/llm/Q* p/llm/q:4b p/llm")
	testModels = strings.Fields("a/b a/c ab/b ab/c a/bc b/b a/b@1 a/c@1 a/c@2 a/b/m a/b/m@2 a/b/m/n a/b/mm/n a/b/n a/b/m/n/o " +
		"a/b/M a/b/M/n a/b/n:t a/b/N:T a/b/q:t a/b//x/y a/b/x/y a/b//X/z p/llm/big p/llm/BIG p/llm/base:big p/llm/big:latest " +
		"p/llm/library/big p/llm/meta/l p/llm/Q4 p/llm/q:4b p/llm/Qx:big p/llm/QBIG p/llm/q")
	iamMembers = []string{"user:u1@x", "user:U1@x", "user:u2@y", "serviceAccount:s@p.gserviceaccount.com", "deleted:user:u1@x",
		"allAuthenticatedUsers", "group:g1", "group:g2", "group:/g", "group:crew", "domain:x", "domain:y"}
	tokenMembers = append(slices.Clone(iamMembers), "sub:7", "sub:8")
	peerMembers  = []string{"spiffe://corp.example/ns/n/sa/s", "spiffe://corp.example/x", "namespace:n", "namespace:edge", proxy,
		"dns:a.corp", "dns:b.corp", "dns:proxy.corp", "subject:CN=s", "certificate:" + listedDigest}
)

// poolMembers are the members of the pools of some issuers.
func poolMembers(issuers []string) (list []string) {
	for _, of := range []struct{ issuer, pool, attribute string }{{"partner", testPool, "repository"}, {"iap", staffPool, "team"}} {
		if slices.Contains(issuers, of.issuer) {
			list = append(list, within("principal", of.pool, "subject/7"), within("principalSet", of.pool, "*"),
				within("principalSet", of.pool, "group/g1"), within("principalSet", of.pool, "group/crew"),
				within("principalSet", of.pool, "attribute."+of.attribute+"/r"))
		}
	}
	return list
}

func (d dice) claims() (list []object) {
	for range d.IntN(3) * d.IntN(2) {
		if d.maybe(0.15) {
			list = append(list, object{"scope": d.some(2, "read", "write")})
			continue
		}
		op := d.pick("equals", "anyOf", "contains", "word", "prefix", "suffix", "exists")
		c := object{"pointer": d.pick("/x", "/x", "/y", "/groups", "/email", "/act/sub", "/act")}
		c[op] = map[string]any{"equals": []any{"a", "ab", 1, true}[d.IntN(4)], "anyOf": []any{"a", "b", 2.5}[:1+d.IntN(3)],
			"contains": d.pick("a", "g1"), "word": d.pick("a", "b"), "prefix": d.pick("a", "ab", "u1"), "suffix": d.pick("b", "@x"),
			"exists": d.maybe(0.5)}[op]
		list = append(list, c)
	}
	return list
}

// rule is a grant or a deny, for some of the issuers.
func (d dice) rule(name string, deny bool, known []string) object {
	r := object{"name": name}
	issuers := d.some(2, known...)
	members := append(slices.Clone(tokenMembers), poolMembers(issuers)...)
	if slices.Contains(issuers, "cluster") {
		members = append(members, "serviceAccount:n/s", "namespace:n")
	}
	switch claims := d.claims(); {
	case deny && d.maybe(0.25):
		r["members"] = d.some(2, append(slices.Clone(peerMembers), "allUsers", "serviceAccount:n/s")...)
	case !deny && d.maybe(0.15):
		r["peer"], r["members"] = true, d.some(2, peerMembers...)
	case !deny && d.maybe(0.1):
		r["members"] = []string{"allUsers"}
	default:
		if !deny || d.maybe(0.6) {
			r["issuers"] = issuers
		} else {
			members = append(slices.Clone(tokenMembers), poolMembers(known)...)
		}
		if claims == nil || d.maybe(0.6) {
			r["members"] = d.some(3, members...)
		}
		if claims != nil {
			r["claims"] = claims
		}
		if !deny && d.maybe(0.15) {
			r["require"] = d.some(1, "certificate", "signature")
		}
	}
	d.verbs(r)
	r["models"] = d.some(3, patterns...)
	if d.maybe(0.1) {
		r["shadow"] = object{"until": d.pick("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z")}
	}
	return r
}

// verbs gives a rule a role, or verbs.
func (d dice) verbs(r object) {
	if d.maybe(0.4) {
		r["verbs"] = d.some(3, testVerbs...)
	} else {
		r["role"] = d.pick("viewer", "invoker", "admin")
	}
}

// iam is a policy of Google's with bindings.
func (d dice) iam(known []string) object {
	issuers := d.some(2, known...)
	members := append(append(slices.Clone(iamMembers), "allUsers"), poolMembers(issuers)...)
	roles, bindings := object{}, []object{}
	for _, role := range d.some(2, "roles/run.invoker", "roles/viewer", "roles/owner") {
		r := object{"models": d.some(2, patterns...)}
		d.verbs(r)
		roles[role] = r
		bindings = append(bindings, object{"role": role, "members": d.some(3, members...)})
	}
	return object{"name": "google", "issuers": issuers, "roles": roles, "policy": object{"version": 1, "etag": "e", "bindings": bindings}}
}
