package gate

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// identityHeader is one item of "identity": a header that tells the upstream who calls, or
// what for.
type identityHeader struct {
	name     string
	issuers  []string // whose callers it is for, nil for every request
	template []templatePart
	ofCaller bool // only a caller with a verified token has it
	ofPeer   bool // a caller with a certificate has it, too
	ofCall   bool // every call has it, or it is refused
}

// templatePart is literal text, a verified value of the caller, or a part of the call.
type templatePart struct {
	text  string
	value func(*authn.Principal) string // nil for the others
	call  func(inference.Call) string   // nil for the others

	ofPeer bool // value is of the certificate, and not of the token
}

// compileIdentity reads "identity". A header may be there several times, each time for the
// callers of other issuers: people have an address, and machines only a subject.
func compileIdentity(v strictjson.Value, known *authn.Authenticator) (list []identityHeader) {
	for _, item := range v.Items() {
		o := item.Object("header", "value", "issuers")
		issuers := o.Get("issuers")
		h := identityHeader{name: o.Need("header").Text(), issuers: issuers.Texts()}
		for i, text := range h.issuers {
			if text != "" && !known.HasIssuer(text) {
				issuers.Items()[i].MustBe("the name of an issuer: %s", strictjson.Or(known.IssuerNames()))
			}
		}
		name := o.Get("header")
		switch kind := headers.KindOf(h.name); {
		case h.name == "": // missing, or reported
		case kind == headers.Framing, kind == headers.Destination, kind == headers.Override, kind.Names():
			name.Fail("must not be a header that %s; got %q", kind, h.name) // no claim may decide that
		case !inference.IsHeaderName(h.name):
			name.MustBe("a header's name in lower case, without underscores")
		}
		for _, other := range list {
			switch {
			case other.name != h.name || h.name == "":
			case h.issuers == nil || other.issuers == nil:
				name.Fail(`%q is there twice; each needs "issuers" then`, h.name)
			case slices.ContainsFunc(h.issuers, other.isFor):
				issuers.Fail("must not have an issuer of another item with the header %q", h.name)
			}
		}
		h.template = compileTemplate(o.Need("value"))
		for _, part := range h.template {
			h.ofCall = h.ofCall || part.call != nil
			h.ofPeer = h.ofPeer || part.ofPeer
			h.ofCaller = h.ofCaller || part.value != nil && !part.ofPeer
		}
		h.ofCaller = h.ofCaller || !h.ofCall && !h.ofPeer
		list = append(list, h)
	}
	return list
}

// isFor reports whether the callers of an issuer have the header.
func (h *identityHeader) isFor(issuer string) bool {
	return h.issuers == nil || slices.Contains(h.issuers, issuer)
}

// compileTemplate reads text with placeholders, for example "{issuer}/{subject}".
func compileTemplate(v strictjson.Value) (template []templatePart) {
	rest := v.Text()
	if !isFieldValue(rest) {
		v.MustBe("visible ASCII without spaces at the ends")
	}
	for rest != "" {
		text, after, open := strings.Cut(rest, "{")
		if text != "" {
			template = append(template, templatePart{text: text})
		}
		if !open {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		value, call := placeholder(name), callPlaceholder(name)
		switch {
		case !closed:
			v.Fail(`must have a "}" for each "{"; got "{%s"`, name)
		case value == nil && call == nil:
			v.Fail("must have no placeholders but {issuer}, {subject}, {email}, {domain}, {groups}, {peer}, {claim:/json/pointer}, "+
				"{verb}, {model}, {models}, {namespace} and {service}; got {%s}%s", name, placeholderHint(name))
		}
		template = append(template, templatePart{value: value, call: call, ofPeer: name == "peer"})
		rest = after
	}
	return template
}

// placeholderHint names the placeholder that is meant by some well-known mistakes.
func placeholderHint(name string) string {
	switch name {
	case "sub", "user", "principal":
		return "; did you mean {subject}?"
	case "iss":
		return "; did you mean {issuer}?"
	case "hd":
		return "; did you mean {domain}?"
	case "group":
		return "; did you mean {groups}?"
	}
	if lower := strings.ToLower(name); placeholder(lower) != nil || callPlaceholder(lower) != nil {
		return "; did you mean {" + lower + "}?"
	}
	if claim, ok := strings.CutPrefix(name, "claim:"); ok && claim != "" && placeholder("claim:/"+claim) != nil {
		return "; did you mean {claim:/" + claim + "}?"
	}
	return ""
}

// placeholder returns what a placeholder is replaced with; nil if there is none of that
// name. A claim's value is used if it is a string, a number or a boolean, and no address for
// which nobody vouches.
func placeholder(name string) func(*authn.Principal) string {
	switch name {
	case "issuer":
		return func(p *authn.Principal) string { return p.Issuer }
	case "subject":
		return func(p *authn.Principal) string { return p.Subject }
	case "email":
		return func(p *authn.Principal) string { return p.Email }
	case "domain":
		return func(p *authn.Principal) string { return p.Domain }
	case "groups":
		return groupList
	case "peer":
		return func(p *authn.Principal) string { return p.Peer }
	}
	pointer, err := strictjson.ParsePointer(strings.TrimPrefix(name, "claim:"))
	if err != nil || !strings.HasPrefix(name, "claim:") {
		return nil
	}
	return func(p *authn.Principal) string {
		v := pointer.In(p.Claims)
		if scalar := v.Type == strictjson.String || v.Type == strictjson.Number || v.IsBool(); !scalar || !p.Vouches(pointer) {
			return ""
		}
		return v.String()
	}
}

// groupList writes the caller's groups as a list of RFC 9110 section 5.6.1, which is how
// a gateway behind this one reads them; "" if it would read one of them otherwise.
func groupList(p *authn.Principal) string {
	for _, name := range p.Groups {
		if name == "" || strings.Contains(name, ",") || strings.Trim(name, " \t") != name {
			return ""
		}
	}
	return strings.Join(p.Groups, ",")
}

// render returns the header's value; "" if a part of it is missing, or cannot be a part of
// a header. An identity is written as it was verified, or not at all. told is false if the
// header cannot say what the call is for.
func (h *identityHeader) render(p *authn.Principal, call *inference.Call) (text string, told bool) {
	missing := false
	for _, part := range h.template {
		s := part.text
		switch {
		case part.value != nil:
			s = part.value(p)
		case part.call != nil:
			if s = part.call(*call); s == "" {
				return "", false
			}
		}
		missing = missing || s == ""
		text += s
	}
	if missing || !isFieldValue(text) {
		return "", true
	}
	return text, true
}

// isFieldValue reports whether s is visible ASCII with spaces inside, which is a part of
// what RFC 9110 section 5.5 allows.
func isFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return strings.TrimSpace(s) == s
}
