package importer

import (
	"regexp"
	"slices"
	"strings"
)

// peers reads values that certificates are compared with. Where a value cannot be said, it is
// a part of its own, so that the others stay.
func (r *istioReader) peers(v value, read func(text string) (peerName, bool)) expr {
	known := &literal{at: v, kind: onPeer}
	e := either()
	for _, item := range v.items() {
		if name, ok := read(item.text()); ok {
			known.peers = append(known.peers, name)
			continue
		}
		e.parts = append(e.parts, cannot(item, "%q: a certificate is named by its SPIFFE ID in the trust domain %s, or by its namespace",
			item.text(), r.program.trustDomain))
	}
	if known.peers != nil {
		e.parts = append(e.parts, is(known))
	}
	return e
}

// principal reads a SPIFFE ID without its scheme: TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT.
// cluster.local is whichever trust domain the mesh has.
func (r *istioReader) principal(text string) (peerName, bool) {
	domain := r.program.trustDomain
	text = strings.TrimPrefix(text, "spiffe://")
	if text == "*" {
		return peerName{any: true}, true
	}
	if rest, ok := strings.CutPrefix(text, "cluster.local/"); ok {
		text = domain + "/" + rest
	}
	if rest, ok := strings.CutPrefix(text, "*/ns/"); ok && !strings.Contains(rest, "*") {
		text = domain + "/ns/" + rest
	}
	within, ok := strings.CutPrefix(text, domain+"/")
	switch beginning, isBeginning := strings.CutSuffix(within, "*"); {
	case !ok || strings.Contains(beginning, "*"):
		return peerName{}, false
	case isBeginning && (beginning == "" || beginning == "ns/"):
		return peerName{any: true}, true
	case isBeginning:
		parts := strings.Split(beginning, "/") // ns, NAMESPACE, "" or ns, NAMESPACE, sa, ""
		if (len(parts) == 3 && parts[2] == "" || len(parts) == 4 && parts[2] == "sa" && parts[3] == "") && parts[0] == "ns" {
			return r.namespace(parts[1])
		}
		return peerName{}, false
	}
	return r.workloadID(within)
}

// idForm is the path of a SPIFFE ID (SPIFFE-ID.md section 2.2), without dot segments.
var idForm = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)

// workloadID returns the ID with a path in the trust domain.
func (r *istioReader) workloadID(path string) (peerName, bool) {
	id := "spiffe://" + r.program.trustDomain + "/" + path
	if !idForm.MatchString("/"+path) || dotSegment.MatchString("/"+path) || len(id) > 2048 {
		return peerName{}, false
	}
	return peerName{id: id}, true
}

// namespace reads the namespace of a certificate.
func (r *istioReader) namespace(text string) (peerName, bool) {
	switch {
	case text == "*":
		return peerName{any: true}, true
	case !isLabel(text):
		return peerName{}, false
	}
	return peerName{namespace: text}, true
}

// account reads a service account, NAMESPACE/NAME, or NAME in the policy's own namespace.
func (r *istioReader) account(text, own string) (peerName, bool) {
	namespace, name, found := strings.Cut(text, "/")
	if !found {
		namespace, name = own, text
	}
	if !isLabel(namespace) || strings.Contains(name, "/") {
		return peerName{}, false
	}
	return r.workloadID("ns/" + namespace + "/sa/" + name)
}

// trustDomain reads the trust domain of a certificate: of the gate's it has one.
func (r *istioReader) trustDomain(text string) (peerName, bool) {
	switch {
	case text == "*", text == r.program.trustDomain, text == "cluster.local":
		return peerName{any: true}, true
	}
	return peerName{}, false
}

func isLabel(text string) bool {
	return len(text) <= 63 && isHost(text) && !strings.Contains(text, ".")
}

// requestPrincipals reads values ISSUER/SUBJECT, of which a star may stand at the beginning or
// at the end. As for Istio, the subject is behind the last slash.
func (r *istioReader) requestPrincipals(v value) expr {
	l := &literal{at: v, kind: onToken}
	for _, item := range v.items() {
		iss, subject := requestPrincipal(item.text())
		found := false
		for _, known := range r.issuers {
			if iss.holds(known.iss) {
				found = true
				l.tokens = append(l.tokens, tokenOf(known.name, subject))
			}
		}
		if !found {
			r.remark(item, "%q: no issuer that is carried over makes such tokens", item.text())
		}
	}
	return is(l)
}

// tokenOf returns tokens of an issuer whose subject is as a test says.
func tokenOf(issuer string, subject textTest) tokenName {
	t := tokenName{issuer: issuer}
	t.add([]textTest{subject})
	return t
}

// requestPrincipal returns the tests of the issuer and of the subject.
func requestPrincipal(text string) (iss, subject textTest) {
	any := textTest{kind: present}
	slash := strings.LastIndexByte(text, '/')
	switch {
	case text == "*":
		return any, any
	case strings.HasPrefix(text, "*") && slash < 0:
		return any, textTest{kind: ends, text: text[1:]}
	case strings.HasPrefix(text, "*"):
		return starTest(text[:slash]), textTest{text: text[slash+1:]}
	case strings.HasSuffix(text, "*") && slash < 0:
		return textTest{kind: begins, text: strings.TrimSuffix(text, "*")}, any
	case strings.HasSuffix(text, "*"):
		return textTest{text: text[:slash]}, starTest(text[slash+1:])
	case slash < 0:
		return textTest{text: text}, textTest{}
	}
	return textTest{text: text[:slash]}, textTest{text: text[slash+1:]}
}

// condition reads a condition of "when": its values, and its notValues.
func (r *istioReader) condition(v value, p istioPolicy) expr {
	key := v.get("key").text()
	e := all()
	for _, f := range v.others("key", "values", "notValues") {
		e.parts = append(e.parts, cannot(f.value, "%s is not known", f.name))
	}
	for _, name := range []string{"values", "notValues"} {
		values := v.get(name)
		if len(values.items()) == 0 {
			continue
		}
		one := r.attributeOf(values, key, p)
		if name == "notValues" {
			one = not(one)
		}
		e.parts = append(e.parts, one)
	}
	if len(e.parts) == 0 {
		return cannot(v, "%s has no values", key)
	}
	return e
}

// attributeOf reads the values of an attribute that "when" names.
func (r *istioReader) attributeOf(values value, key string, p istioPolicy) expr {
	claim, isClaim := strings.CutPrefix(key, "request.auth.claims[")
	switch {
	case isClaim && strings.HasSuffix(claim, "]"):
		return r.claim(values, strings.Split(strings.TrimSuffix(claim, "]"), "]["))
	case key == "request.auth.audiences":
		return r.claim(values, []string{"aud"})
	case key == "request.auth.presenter":
		return r.claim(values, []string{"azp"})
	case key == "destination.port":
		one := either()
		for _, item := range values.items() {
			one.parts = append(one.parts, r.port(item))
		}
		return one
	case strings.HasPrefix(key, "request.headers["):
		return cannot(values, "%s: the gate reads no other headers than those of credentials and models, which any caller writes", key)
	}
	return r.attribute(values, key, p)
}

// claim reads the values of a claim, one of which must be it or be in it.
func (r *istioReader) claim(v value, names []string) expr {
	c := claimTest{pointer: claimPointer(names), text: true, list: true}
	for _, item := range v.items() {
		c.values = append(c.values, starTest(item.text()))
	}
	ofWords := c
	ofWords.words = true
	asItIs, asWords := &literal{at: v, kind: onClaim, claim: &c}, &literal{at: v, kind: onClaim, claim: &ofWords}
	for _, known := range r.issuers {
		l := asItIs
		if len(names) == 1 && slices.Contains(known.words, names[0]) {
			l = asWords
		}
		l.tokens = append(l.tokens, tokenName{issuer: known.name})
	}
	switch c.pointer {
	case "/iss", "/sub":
		return r.ownClaim(asItIs)
	case "/email":
		r.remark(v, "a condition on /email holds only for an address that the issuer vouches for: "+
			`with "email_verified": true, or "email": "trusted"`)
	}
	return either(is(asItIs), is(asWords)).simple()
}

// ownClaim reads a condition on iss or sub, which every token has as a text.
func (r *istioReader) ownClaim(l *literal) expr {
	own := &literal{at: l.at, kind: onToken}
	for _, known := range r.issuers {
		for _, value := range l.claim.values {
			switch {
			case l.claim.pointer == "/sub":
				own.tokens = append(own.tokens, tokenOf(known.name, value))
			case value.holds(known.iss):
				own.tokens = append(own.tokens, tokenName{issuer: known.name})
			}
		}
	}
	return is(own)
}
