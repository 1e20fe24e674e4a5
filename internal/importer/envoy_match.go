package importer

import (
	"regexp"
	"strings"
)

// stringTest reads a StringMatcher. ok is false for one that is not known.
func stringTest(v value) (t textTest, ok bool) {
	t.fold = v.get("ignore_case").isTrue()
	for _, form := range []struct {
		name string
		kind textKind
	}{{"exact", exactly}, {"prefix", begins}, {"suffix", ends}} {
		if text := v.get(form.name); text.exists() {
			t.kind, t.text = form.kind, text.text()
			return t, t.text != ""
		}
	}
	text := v.get("safe_regex").get("regex").text()
	if contains := v.get("contains").text(); contains != "" && !t.fold {
		text = ".*" + regexp.QuoteMeta(contains) + ".*"
	}
	if text == "" {
		return t, false
	}
	t, err := pattern(text)
	return t, err == nil
}

// text returns the condition of a StringMatcher on a path, a method or a host.
func (r *envoyReader) text(v value, kind literalKind) expr {
	t, ok := stringTest(v)
	if !ok {
		return cannot(v, "the matcher is not known")
	}
	if kind == onHost { // Envoy compares a host as it is written, which is in lower case for the gate
		t.fold = true
	}
	return is(&literal{at: v, kind: kind, text: t})
}

// header reads a HeaderMatcher. Of headers the gate compares methods, hosts and paths.
func (r *envoyReader) header(v value) expr {
	kind, match := unknown, v.get("string_match")
	switch strings.ToLower(v.get("name").text()) {
	case ":method":
		kind = onMethod
	case ":authority", "host":
		kind = onHost
	case ":path":
		kind = onPath
	default:
		return cannot(v, "header %q: the gate reads no other headers than those of credentials and models, which any caller writes",
			v.get("name").text())
	}
	var e expr
	switch {
	case match.exists():
		e = r.text(match, kind)
	case v.get("exact_match").exists():
		e = is(&literal{at: v, kind: kind, text: textTest{text: v.get("exact_match").text()}})
	case v.get("prefix_match").exists():
		e = is(&literal{at: v, kind: kind, text: textTest{kind: begins, text: v.get("prefix_match").text()}})
	case v.get("suffix_match").exists():
		e = is(&literal{at: v, kind: kind, text: textTest{kind: ends, text: v.get("suffix_match").text()}})
	case v.get("present_match").isTrue():
		e = all()
	default:
		return cannot(v, "the matcher is not known")
	}
	// :path has the query, too: only the beginning of one means the same without it.
	if kind == onPath && e.kind == literally && e.is.kind == onPath &&
		(e.is.text.kind != begins && e.is.text.kind != present || strings.ContainsAny(e.is.text.text, "?#")) {
		return cannot(v, ":path has the query, which the gate compares with nothing")
	}
	if v.get("invert_match").isTrue() {
		return not(e)
	}
	return e
}

// authenticated reads the certificate of the connection.
func (r *envoyReader) authenticated(v value) expr {
	name := v.get("principal_name")
	if !name.exists() {
		return cannot(v, "the gate knows certificates, and not whether a connection without one has TLS")
	}
	return r.certificate(name)
}

// namespaceForm is how Istio compares the namespace of a certificate.
var namespaceForm = regexp.MustCompile(`^\.\*/ns/([a-z0-9-]+)/\.\*$`)

// certificate reads a StringMatcher on the name of a certificate.
func (r *envoyReader) certificate(v value) expr {
	i := istioReader{session: r.session, program: r.program}
	if m := namespaceForm.FindStringSubmatch(v.get("safe_regex").get("regex").text()); m != nil {
		if name, ok := i.namespace(m[1]); ok {
			return is(&literal{at: v, kind: onPeer, peers: []peerName{name}})
		}
	}
	t, ok := stringTest(v)
	text := strings.TrimPrefix(t.text, "spiffe://")
	switch {
	case !ok || t.fold || t.kind != present && text == t.text:
		return cannot(v, "a certificate is named by its SPIFFE ID")
	case t.kind == begins:
		text += "*"
	case t.kind == present:
		text = "*"
	case t.kind != exactly:
		return cannot(v, "a SPIFFE ID is compared as a whole, or by its namespace")
	}
	if !strings.HasPrefix(text, r.program.trustDomain+"/") && text != "*" {
		return cannot(v, "a certificate is of the trust domain %s", r.program.trustDomain)
	}
	if name, ok := i.principal(text); ok {
		return is(&literal{at: v, kind: onPeer, peers: []peerName{name}})
	}
	return cannot(v, "a SPIFFE ID is compared as a whole, or by its namespace")
}

// metadata reads a condition on what jwt_authn has written of a token.
func (r *envoyReader) metadata(v value) expr {
	var names []string
	for _, segment := range v.get("path").items() {
		names = append(names, segment.get("key").text())
	}
	if v.get("filter").text() != "envoy.filters.http.jwt_authn" || len(names) < 2 {
		return cannot(v, "of metadata the gate knows the claims of tokens")
	}
	c := claimTest{pointer: claimPointer(names[1:])}
	if !c.read(v.get("value"), false) {
		return cannot(v, "the matcher of the claim is not known")
	}
	ofWords := c
	ofWords.words = true
	asItIs, asWords := &literal{at: v, kind: onClaim, claim: &c}, &literal{at: v, kind: onClaim, claim: &ofWords}
	for _, p := range r.providers {
		l := asItIs
		if p.isWords(names[1:]) {
			l = asWords
		}
		if p.name != "" && p.payload == names[0] {
			l.tokens = append(l.tokens, tokenName{issuer: p.name})
		}
	}
	e := either(is(asItIs), is(asWords)).simple()
	if c.pointer == "/iss" || c.pointer == "/sub" {
		e = r.ownClaim(asItIs)
	}
	if v.get("invert").isTrue() {
		return not(e)
	}
	return e
}

// read reads a ValueMatcher, inside that of a list's items or not.
func (c *claimTest) read(v value, inList bool) bool {
	if text := v.get("string_match"); text.exists() {
		t, ok := stringTest(text)
		c.values = append(c.values, t)
		c.text, c.list = c.text || !inList, c.list || inList
		return ok
	}
	if one := v.get("list_match").get("one_of"); one.exists() && !inList {
		return c.read(one, true)
	}
	either := v.get("or_match").get("value_matchers").items()
	for _, item := range either {
		if !c.read(item, inList) {
			return false
		}
	}
	return len(either) > 0
}

// ownClaim reads a condition on iss or sub.
func (r *envoyReader) ownClaim(l *literal) expr {
	i := istioReader{session: r.session, program: r.program}
	for _, t := range l.tokens {
		for _, p := range r.providers {
			if p.name == t.issuer {
				i.issuers = append(i.issuers, istioIssuer{iss: p.iss, name: p.name})
			}
		}
	}
	return i.ownClaim(l)
}
