package authz_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// The reference decides by plain loops over the policy as it is written. It
// shares nothing with the index: no compiled member, pattern or condition.

type refRule struct {
	Name    string           `json:"name"`
	Issuers []string         `json:"issuers,omitempty"`
	Members []string         `json:"members,omitempty"`
	Claims  []map[string]any `json:"claims,omitempty"`
	Role    string           `json:"role,omitempty"`
	Verbs   []string         `json:"verbs,omitempty"`
	Models  []string         `json:"models,omitempty"`
}

type refGroup struct {
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

type refPolicy struct {
	Groups []refGroup `json:"groups,omitempty"`
	Denies []refRule  `json:"denies,omitempty"`
	Grants []refRule  `json:"grants,omitempty"`
}

type refCaller struct {
	issuer string
	claims map[string]any
}

func (c refCaller) text(name string) string { s, _ := c.claims[name].(string); return s }

func (p refPolicy) decide(c refCaller, verb string, models []string) string {
	for _, m := range models {
		for _, r := range p.Denies {
			if r.covers(p, c, verb, m, true) {
				return "deny " + r.Name
			}
		}
	}
	answer := "deny"
	for _, m := range models {
		i := slices.IndexFunc(p.Grants, func(r refRule) bool { return r.covers(p, c, verb, m, false) })
		if i < 0 {
			return "deny"
		}
		answer = "allow " + p.Grants[i].Name
	}
	return answer
}

func (r refRule) covers(p refPolicy, c refCaller, verb, model string, deny bool) bool {
	verbs := map[string]string{
		"viewer":  "metadata ready list",
		"invoker": "metadata ready list predict explain generate",
		"admin":   "metadata ready list predict explain generate load unload admin",
		"":        strings.Join(r.Verbs, " "),
	}[r.Role]
	if r.Role == "" && r.Verbs == nil {
		verbs = verb
	}
	matches := func(pattern string) bool { return refMatches(pattern, model, deny) }
	if !slices.Contains(strings.Fields(verbs), verb) || r.Models != nil && !slices.ContainsFunc(r.Models, matches) {
		return false
	}
	everyone := slices.Contains(r.Members, "allUsers") || deny && r.Members == nil && r.Issuers == nil && r.Claims == nil
	if !everyone && (c.issuer == "" || r.Issuers != nil && !slices.Contains(r.Issuers, c.issuer)) {
		return false
	}
	isMember := func(m string) bool { return c.is(p, m) || deny && c.mayBe(p, m) }
	if !everyone && r.Members != nil && !slices.ContainsFunc(r.Members, isMember) {
		return false
	}
	for _, claim := range r.Claims {
		if holds, known := c.holds(claim); known && !holds || !known && !deny {
			return false
		}
	}
	return true
}

func (c refCaller) is(p refPolicy, member string) bool {
	kind, name, _ := strings.Cut(member, ":")
	groups, _ := c.claims["groups"].([]any)
	inPool := "//iam.googleapis.com/" + pool
	switch kind {
	case "sub":
		return c.text("sub") == name
	case "user", "serviceAccount":
		return c.text("email") == name
	case "domain":
		return c.text("hd") == name
	case "allAuthenticatedUsers":
		return true
	case "principal":
		return c.issuer == "partner" && name == inPool+"/subject/"+c.text("sub")
	case "group":
		for _, g := range p.Groups {
			if g.Name == name && slices.ContainsFunc(g.Members, func(m string) bool {
				return c.is(p, m)
			}) {
				return true
			}
		}
		return slices.Contains(groups, any(name))
	case "principalSet":
		_, has := c.claims["repository"]
		return c.issuer == "partner" && (name == inPool+"/*" || has && name == inPool+"/attribute.repository/"+c.text("repository") ||
			strings.HasPrefix(name, inPool+"/group/") && c.is(p, "group:"+name[len(inPool+"/group/"):]))
	}
	return false // deleted:
}

// mayBe reports whether a claim that would tell whether c is the member is missing.
func (c refCaller) mayBe(p refPolicy, member string) bool {
	kind, name, _ := strings.Cut(member, ":")
	lacks := func(claim string) bool { _, there := c.claims[claim]; return !there }
	inPool := "//iam.googleapis.com/" + pool
	configured := func(name, kinds string) bool {
		return slices.ContainsFunc(p.Groups, func(g refGroup) bool {
			return g.Name == name && slices.ContainsFunc(g.Members, func(m string) bool { return strings.Contains(kinds, m[:3]) })
		})
	}
	switch kind {
	case "sub":
		return lacks("sub")
	case "user", "serviceAccount":
		return lacks("email")
	case "domain":
		return lacks("hd")
	case "group":
		return lacks("groups") || configured(name, "user serviceAccount") && lacks("email") || configured(name, "sub") && lacks("sub")
	case "principalSet":
		groupName, isGroup := strings.CutPrefix(name, inPool+"/group/")
		return c.issuer == "partner" && (isGroup && c.mayBe(p, "group:"+groupName) ||
			strings.HasPrefix(name, inPool+"/attribute.") && lacks("repository"))
	}
	return false
}

func (c refCaller) holds(condition map[string]any) (holds, known bool) {
	v, there := c.claims[condition["pointer"].(string)[1:]]
	text, isText := v.(string)
	list, isList := v.([]any)
	for op, want := range condition {
		switch {
		case op == "exists":
			return there == want.(bool), true
		case op == "equals" && there && !isList:
			return v == want, true
		case op == "anyOf" && there && !isList:
			return slices.Contains(want.([]any), v), true
		case op == "contains" && isList:
			return slices.Contains(list, want), true
		case op == "word" && isText:
			return slices.Contains(strings.Split(text, " "), want.(string)), true
		case op == "prefix" && isText:
			return strings.HasPrefix(text, want.(string)), true
		case op == "suffix" && isText:
			return strings.HasSuffix(text, want.(string)), true
		}
	}
	return false, false
}

// refMatches reports whether a pattern selects a model, which ends in a slash for a
// service as a whole. A deny selects more: the service, if one model of it is denied,
// and a model without a version, if one version is. It takes no notice of case.
func refMatches(pattern, model string, deny bool) bool {
	pattern, version, versioned := strings.Cut(pattern, "@")
	model, is, _ := strings.Cut(model, "@")
	if versioned && version != is && !(deny && is == "") {
		return false
	}
	p, m := strings.SplitN(pattern, "/", 3), strings.SplitN(model, "/", 3)
	if len(m) == 2 { // the model that a service is named after
		m = append(m, m[1])
	}
	if !segmentSelects(p[0], m[0]) || !segmentSelects(p[1], m[1]) {
		return false
	}
	if len(p) == 2 || m[2] == "" {
		return len(p) == 2 || deny
	}
	if !deny {
		return refNameMatches(p[2], m[2])
	}
	pattern, name := strings.ToLower(p[2]), strings.ToLower(m[2])
	_, adapter, hasAdapter := strings.Cut(name, ":")
	return refNameMatches(pattern, name) || refNameMatches(strings.TrimPrefix(pattern, "/"), strings.TrimPrefix(name, "/")) ||
		hasAdapter && refNameMatches(pattern, adapter) || !hasAdapter && refNameMatches(pattern, name+":latest")
}

func refNameMatches(pattern, name string) bool {
	patterns, segments := strings.Split(pattern, "/"), strings.Split(name, "/")
	last := len(patterns) - 1
	if strings.HasSuffix(patterns[last], "*") && len(segments) > last { // takes the rest
		segments = append(segments[:last:last], strings.Join(segments[last:], "/"))
	}
	return slices.EqualFunc(patterns, segments, segmentSelects)
}

func segmentSelects(pattern, s string) bool {
	before, star := strings.CutSuffix(pattern, "*")
	return pattern == s || star && strings.HasPrefix(s, before)
}

type dice struct{ *rand.Rand }

func (d dice) pick(from ...string) string { return from[d.IntN(len(from))] }

// some picks a few different ones, or with chance none nothing at all.
func (d dice) some(none float64, most int, from ...string) (list []string) {
	if d.Float64() < none {
		return nil
	}
	for range 1 + d.IntN(most) {
		if s := d.pick(from...); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

func (d dice) rule(name string, deny bool) refRule {
	absent := 0.0
	if deny {
		absent = 0.4
	}
	r := refRule{Name: name, Issuers: d.some(absent, 2, "google", "corp", "partner"), Models: d.some(absent, 3, refPatterns...)}
	r.Members = d.some(0.2, 3, refMembers...)
	if r.Issuers != nil && !slices.Contains(r.Issuers, "partner") {
		r.Members = slices.DeleteFunc(r.Members, func(m string) bool { return strings.HasPrefix(m, "principal") })
	}
	if len(r.Members) == 0 || deny && slices.Equal(r.Members, []string{"deleted:user:u1@x"}) { // which is refused
		r.Members = nil
	}
	for range d.IntN(3) * d.IntN(2) {
		c := map[string]any{"pointer": "/" + d.pick("x", "y", "groups")}
		op := d.pick("equals", "anyOf", "contains", "word", "prefix", "suffix", "exists")
		c[op] = map[string]any{
			"equals":   refValues[d.IntN(len(refValues))],
			"anyOf":    refValues[:1+d.IntN(4)],
			"contains": d.pick("a", "g1"),
			"word":     d.pick("a", "b"),
			"prefix":   "a",
			"suffix":   "b",
			"exists":   d.IntN(2) == 0,
		}[op]
		r.Claims = append(r.Claims, c)
	}
	if r.Members == nil && r.Claims == nil && !deny {
		r.Members = []string{"allAuthenticatedUsers"}
	}
	if r.Role = d.pick("", "viewer", "invoker", "admin"); r.Role == "" {
		r.Verbs = d.some(absent, 3, refVerbs...)
	}
	if !deny && d.IntN(12) == 0 {
		r.Issuers, r.Members, r.Claims = nil, []string{"allUsers"}, nil
	}
	return r
}

var (
	refVerbs    = strings.Fields("predict explain generate metadata ready list load unload admin")
	refPatterns = strings.Fields("a/b a/c ab/b */* a/* */b a*/b a/b* a/c@1 a/*@1 a/*@2 a/b/m a/b/* " +
		"a/b/m*/n a/b/m/n a/b/m@2 a*/b*/* ab*/c* a/b/M/N a/b/m* a/b/M*@2 a/b/n:t a/b/t a/b//x/y a/b//x/* a/b/n:* a/b/x/y")
	refModels = strings.Fields("a/b a/c ab/b ab/c a/bc b/b a/b@1 a/c@1 a/c@2 a/b/m a/b/m@2 a/b/m/n " +
		"a/b/mm/n a/b/n a/b/m/n/o ab/c/m@1 a/b/M a/b/M/n a/b/Mm/N@2 a/b/ ab/c/ a/c/ a/b/n:t a/b/N:T a/b/q:t a/b//x/y a/b/x/y a/b//X/z")
	refValues  = []any{"a", "ab", 1.0, true, false, "b", 2.5, "c a", "b a"}
	refMembers = []string{
		"user:u1@x", "user:u2@x", "serviceAccount:s@p.gserviceaccount.com", "deleted:user:u1@x", "allAuthenticatedUsers", "sub:7", "sub:u1@x",
		"group:g1", "group:g2", "domain:d1", "domain:d2",
		"principal://iam.googleapis.com/" + pool + "/subject/7",
		"principalSet://iam.googleapis.com/" + pool + "/*",
		"principalSet://iam.googleapis.com/" + pool + "/group/g1",
		"principalSet://iam.googleapis.com/" + pool + "/attribute.repository/r",
	}
)

func (d dice) caller() refCaller {
	c := refCaller{d.pick("google", "corp", "partner", "google", "corp", "partner", ""), map[string]any{}}
	put := func(chance float64, name string, value any) {
		if d.Float64() < chance && c.issuer != "" {
			c.claims[name] = value
		}
	}
	put(0.7, "email", d.pick("u1@x", "u2@x", "u3@x", "s@p.gserviceaccount.com"))
	put(0.5, "hd", d.pick("d1", "d2", "d3"))
	put(0.5, "groups", []any{d.pick("g1", "g2"), d.pick("g3", "g2")})
	put(0.5, "sub", d.pick("7", "8"))
	put(0.5, "repository", d.pick("r", "s"))
	put(0.7, "x", append([]any{[]any{"a"}}, refValues...)[d.IntN(10)])
	put(0.5, "y", append([]any{[]any{"a"}}, refValues...)[d.IntN(10)])
	return c
}

func TestDecideAgreesWithReference(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(3, 4))}
	counts := map[string]int{}
	for range 4_000 {
		var p refPolicy
		for i := range 1 + d.IntN(8) {
			p.Grants = append(p.Grants, d.rule(fmt.Sprintf("g%d", i), false))
		}
		for i := range d.IntN(3) {
			p.Denies = append(p.Denies, d.rule(fmt.Sprintf("d%d", i), true))
		}
		if members := d.some(0.3, 2, "user:u1@x", "user:u2@x", "serviceAccount:s@p.gserviceaccount.com", "sub:7", "sub:8"); members != nil {
			p.Groups = []refGroup{{"g1", members}, {"g2", []string{"user:u3@x"}}}
		}
		doc, _ := json.Marshal(p)
		compiled := compile(t, string(doc))
		for range 50 {
			c, verb, models := d.caller(), d.pick(refVerbs...), d.some(0, 2, refModels...)
			claims, _ := json.Marshal(c.claims)
			asked := verb + " " + strings.Join(models, " ")
			got, want := line(compiled.Decide(noon, who(c.issuer, string(claims)), call(t, asked))), p.decide(c, verb, models)
			if got != want {
				t.Fatalf("Decide(%s %s, %s) = %q, the reference says %q under %s", c.issuer, claims, asked, got, want, doc)
			}
			effect, _, _ := strings.Cut(want, " ")
			counts[effect+map[bool]string{true: " by a rule"}[want != effect]]++
		}
	}
	t.Log(counts)
	for _, class := range []string{"allow by a rule", "deny by a rule", "deny"} {
		if counts[class] < 10_000 {
			t.Errorf("%d of the decisions are %q: too few to prove anything", counts[class], class)
		}
	}
}
