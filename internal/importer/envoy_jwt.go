package importer

import (
	"fmt"
	"slices"
)

// envoyProvider is a provider of jwt_authn. Without a name it is left out.
type envoyProvider struct {
	key, name, iss string // in the source, in the configuration, in tokens
	payload        string // where its claims are in metadata
	words          []string
}

// isWords reports whether a claim is a list of words.
func (p envoyProvider) isWords(names []string) bool {
	return len(names) == 1 && slices.Contains(p.words, names[0])
}

// jwt reads a jwt_authn filter: its providers, and which requests need a token.
func (r *envoyReader) jwt(v value) error {
	if odd := v.others("@type", "providers", "rules", "requirement_map", "filter_state_rules", "bypass_cors_preflight",
		"strip_failure_response", "stat_prefix"); len(odd) > 0 {
		return odd[0].value.problem("must be a field of jwt_authn that is known; got %q", odd[0].name)
	}
	if rules := v.get("filter_state_rules"); rules.exists() {
		return rules.problem("must not be there: rules by filter state are not read, and without them more could be allowed")
	}
	if v.get("bypass_cors_preflight").isTrue() {
		r.remark(v.get("bypass_cors_preflight"), "is in the gate what cors says: see docs/cors.md")
	}
	forwards := true
	for _, f := range v.get("providers").fields() {
		r.provider(f)
		forwards = forwards && f.value.get("forward").isTrue()
	}
	if forwards && len(r.providers) > 0 {
		r.program.credentials = "forward"
	}
	return r.requirementRules(v)
}

// requirementRules reads which requests need which tokens: the first rule that is about a request
// decides.
func (r *envoyReader) requirementRules(v value) error {
	before := all()
	for i, rule := range v.get("rules").items() {
		match := r.routeMatch(rule.get("match"))
		need := all()
		switch name := rule.get("requirement_name"); {
		case name.exists() && !v.get("requirement_map").member(name.text()).exists():
			return name.problem("must be a name of requirement_map; got %q", name.text())
		case name.exists():
			need = r.requirement(v.get("requirement_map").member(name.text()))
		case rule.get("requires").exists():
			need = r.requirement(rule.get("requires"))
		}
		r.program.denies = append(r.program.denies, sourceRule{rule, fmt.Sprintf("jwt_authn[%d]", i), all(before, match, not(need))})
		before = all(before, not(match))
	}
	return nil
}

// providerFields are those that are read, and those that limit no token. The gate asks for exp.
var providerFields = []string{
	"issuer", "audiences", "remote_jwks", "local_jwks", "from_headers", "from_params", "from_cookies", "payload_in_metadata",
	"normalize_payload_in_metadata", "clock_skew_seconds", "claim_to_headers", "forward", "forward_payload_header",
	"pad_forward_payload_header", "header_in_metadata", "failed_status_in_metadata", "jwt_cache_config", "clear_route_cache",
	"require_expiration",
}

// provider reads a provider, which is an issuer.
func (r *envoyReader) provider(f field) {
	v := f.value
	p := envoyProvider{key: f.name, iss: v.get("issuer").text(), payload: v.get("payload_in_metadata").text()}
	p.words = v.get("normalize_payload_in_metadata").get("space_delimited_claims").texts()
	defer func() { r.providers = append(r.providers, p) }()
	if odd := v.others(providerFields...); len(odd) > 0 {
		r.leftOut(odd[0].value, "the provider is left out: %s limits its tokens, or is not known", odd[0].name)
		return
	}
	from, ok := r.locations(v)
	if !ok {
		r.leftOut(v, "the provider is left out: none of its tokens would be in a header")
		return
	}
	if header := v.get("forward_payload_header"); header.exists() {
		r.leftOut(header, "the gate tells single claims in headers (identity), not the whole payload")
	}
	source := provider{at: v, iss: p.iss, audiences: v.get("audiences").texts(), from: from,
		keys: v.get("local_jwks").get("inline_string").text()}
	if local := v.get("local_jwks"); local.exists() && source.keys == "" {
		r.leftOut(local, "the provider is left out: its keys are not in this file")
		return
	}
	http := v.get("remote_jwks").get("http_uri")
	source.uri, source.cluster = http.get("uri").text(), http.get("cluster").text()
	if skew := v.get("clock_skew_seconds").json.Int(); skew > 0 {
		source.skew = fmt.Sprintf("%ds", min(skew, 300))
	}
	if p.name, ok = r.addIssuer(source); !ok {
		p.name = ""
		return
	}
	for _, o := range v.get("claim_to_headers").items() {
		r.tell(o, o.get("header_name").text(), o.get("claim_name").text(), p.name)
	}
}

// locations reads where tokens are: nil is the authorization header. ok is false if the gate reads
// none of the places.
func (r *envoyReader) locations(v value) (from []location, ok bool) {
	elsewhere := false
	for _, name := range []string{"from_params", "from_cookies"} {
		if places := v.get(name); len(places.items()) > 0 {
			r.leftOut(places, "the gate reads tokens in headers only, because URIs are logged and cookies are sent by any page")
			elsewhere = true
		}
	}
	headers := v.get("from_headers").items()
	for _, h := range headers {
		if l, ok := r.location(h, h.get("name").text(), h.get("value_prefix").text()); ok && !slices.Contains(from, l) {
			from = append(from, l)
		}
	}
	return from, from != nil || len(headers) == 0 && !elsewhere
}

// requirement reads which tokens a request needs. A token that fails is refused always.
func (r *envoyReader) requirement(v value) expr {
	fields := v.fields()
	if len(fields) != 1 {
		return cannot(v, "a requirement has one field; got %d", len(fields))
	}
	f := fields[0]
	switch camel(f.name) {
	case "providerName":
		return r.tokenOf(f.value, f.value.text())
	case "providerAndAudiences":
		return r.tokenFor(f.value)
	case "requiresAny":
		return either(r.requirements(f.value)...)
	case "requiresAll":
		return all(r.requirements(f.value)...)
	case "allowMissing":
		return all()
	case "allowMissingOrFailed":
		r.remark(f.value, "a token that fails is refused, and not taken for a missing one")
		return all()
	}
	return cannot(f.value, "%s is not known", f.name)
}

func (r *envoyReader) requirements(v value) (list []expr) {
	for _, item := range v.get("requirements").items() {
		list = append(list, r.requirement(item))
	}
	return list
}

// tokenOf returns the condition that the token is a provider's.
func (r *envoyReader) tokenOf(at value, key string) expr {
	l := &literal{at: at, kind: onToken}
	for _, p := range r.providers {
		if p.key == key && p.name != "" {
			l.tokens = []tokenName{{issuer: p.name}}
		}
	}
	return is(l)
}

// tokenFor returns the condition that the token is a provider's and for one of the audiences.
func (r *envoyReader) tokenFor(v value) expr {
	e := r.tokenOf(v, v.get("provider_name").text())
	audiences := v.get("audiences")
	if e.never() || len(audiences.items()) == 0 {
		return e
	}
	l := &literal{at: v, kind: onClaim, tokens: e.is.tokens, claim: &claimTest{pointer: "/aud", text: true, list: true}}
	for _, text := range audiences.texts() {
		l.claim.values = append(l.claim.values, textTest{text: text})
	}
	r.remark(audiences, "the audiences of the provider count beside these: a token must have one of each")
	return is(l)
}

// routeMatch reads which requests a rule is about.
func (r *envoyReader) routeMatch(v value) expr {
	e := all()
	fold := v.get("case_sensitive").exists() && !v.get("case_sensitive").isTrue()
	for _, f := range v.fields() {
		at := func(t textTest) expr {
			t.fold = fold
			return is(&literal{at: f.value, kind: onPath, text: t})
		}
		switch text := f.value.text(); camel(f.name) {
		case "caseSensitive":
		case "prefix":
			if text != "/" && text != "" { // every path begins with a slash
				e.parts = append(e.parts, at(textTest{kind: begins, text: text}))
			}
		case "path":
			e.parts = append(e.parts, at(textTest{text: text}))
		case "pathSeparatedPrefix":
			e.parts = append(e.parts, either(at(textTest{text: text}), at(textTest{kind: begins, text: text + "/"})))
		case "safeRegex":
			t, err := pattern(f.value.get("regex").text())
			if err != nil {
				e.parts = append(e.parts, cannot(f.value, "the regular expression is not known: %v", err))
				continue
			}
			e.parts = append(e.parts, is(&literal{at: f.value, kind: onPath, text: t}))
		case "headers":
			for _, h := range f.value.items() {
				e.parts = append(e.parts, r.header(h))
			}
		default:
			e.parts = append(e.parts, cannot(f.value, "%s: the gate tells requests apart by host, path and method", f.name))
		}
	}
	return e
}
