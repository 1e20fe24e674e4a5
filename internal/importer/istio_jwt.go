package importer

import (
	"slices"
	"strings"
)

// istioReader reads the policies of one workload.
type istioReader struct {
	*session
	workload workload
	program  *program
	issuers  []istioIssuer
	allow    []sourceRule
	allows   bool   // there is an ALLOW policy, and so nobody is allowed by default
	forwards []bool // of each JWT rule: whether the workload gets the token
}

// istioIssuer is an issuer of a RequestAuthentication that the configuration has.
type istioIssuer struct {
	iss, name string
	words     []string // claims that are lists of words
}

// authentication reads a RequestAuthentication.
func (r *istioReader) authentication(p istioPolicy) {
	spec := p.get("spec")
	if odd := spec.others("selector", "targetRef", "targetRefs", "jwtRules"); len(odd) > 0 {
		r.leftOut(odd[0].value, "is not known, and the policy's issuers are left out with it")
		return
	}
	for _, rule := range spec.get("jwtRules").items() {
		r.jwtRule(rule)
	}
}

// jwtRule reads a rule, which is an issuer.
func (r *istioReader) jwtRule(v value) {
	odd := v.others("issuer", "audiences", "jwks", "jwksUri", "jwks_uri", "fromHeaders", "fromParams", "fromCookies",
		"outputPayloadToHeader", "outputClaimToHeaders", "forwardOriginalToken", "timeout", "spaceDelimitedClaims")
	if len(odd) > 0 {
		r.leftOut(odd[0].value, "is not known, and the issuer is left out with it")
		return
	}
	for _, name := range []string{"fromParams", "fromCookies"} {
		if from := v.get(name); len(from.items()) > 0 {
			r.leftOut(from, "the gate reads tokens in headers only, because URIs are logged and cookies are sent by any page")
		}
	}
	from := r.fromHeaders(v)
	places := len(v.get("fromHeaders").items()) + len(v.get("fromParams").items()) + len(v.get("fromCookies").items())
	isDefault := places == 0
	if from == nil && !isDefault {
		r.leftOut(v, "the issuer %s is left out: none of its tokens would be in a header", v.get("issuer").text())
		return
	}
	if isDefault {
		r.remark(v, "a token in the query (access_token) is refused, and not read")
	}
	name, ok := r.addIssuer(provider{
		at: v, iss: v.get("issuer").text(), audiences: v.get("audiences").texts(),
		keys: v.get("jwks").text(), uri: v.first("jwksUri", "jwks_uri").text(), from: from,
	})
	if !ok {
		return
	}
	words := append([]string{"permission", "scope"}, v.get("spaceDelimitedClaims").texts()...)
	r.issuers = append(r.issuers, istioIssuer{v.get("issuer").text(), name, words})
	r.forwards = append(r.forwards, v.get("forwardOriginalToken").isTrue())
	r.outputs(v, name)
}

// fromHeaders reads where tokens are. It returns nil if no header is named.
func (r *istioReader) fromHeaders(v value) (from []location) {
	for _, h := range v.get("fromHeaders").items() {
		if l, ok := r.location(h, h.get("name").text(), h.get("prefix").text()); ok && !slices.Contains(from, l) {
			from = append(from, l)
		}
	}
	return from
}

// outputs reads which headers tell the workload who called.
func (r *istioReader) outputs(v value, issuer string) {
	if header := v.get("outputPayloadToHeader"); header.exists() {
		r.leftOut(header, "the gate tells single claims in headers (identity), not the whole payload")
	}
	for _, o := range v.get("outputClaimToHeaders").items() {
		r.tell(o, o.get("header").text(), o.get("claim").text(), issuer)
	}
}

// credentials returns whether the workload gets its callers' tokens.
func (r *istioReader) credentials() string {
	if len(r.forwards) > 0 && !slices.Contains(r.forwards, false) {
		return "forward"
	}
	return ""
}

// claimPointer returns the JSON Pointer to a nested claim.
func claimPointer(names []string) string {
	pointer := ""
	for _, name := range names {
		pointer += "/" + strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
	}
	return pointer
}
