package gate

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// identityHeader is one line of "identity": a header that tells the upstream
// who called, made of verified parts.
type identityHeader struct {
	name  string
	parts []part
}

// part is literal text, or a value of the caller.
type part struct {
	text  string
	value func(*authn.Principal) string // nil for text
}

// unsettable are headers that frame or route a message: a claim cannot have a
// say in those.
var unsettable = []string{"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer",
	"content-type", "content-encoding", "grpc-encoding", "keep-alive", "proxy-connection", "http2-settings", "expect"}

func compileIdentity(v strictjson.Value) (list []identityHeader) {
	for _, item := range v.Items() {
		o := item.Object("header", "value")
		h := identityHeader{name: o.Need("header").Text()}
		if name := o.Get("header"); name.Exists() && (!inference.HeaderName(h.name) || slices.Contains(unsettable, h.name)) {
			name.Fail("is no header, in lower case and without underscores, that an identity may be written to")
		}
		for _, other := range list {
			if other.name == h.name && h.name != "" {
				o.Get("header").Fail("%q stands twice", h.name)
			}
		}
		h.parts = compileParts(o.Need("value"))
		list = append(list, h)
	}
	return list
}

// compileParts reads text with {issuer}, {subject}, {email}, {domain}, {groups}
// and {claim:/json/pointer} in it.
func compileParts(v strictjson.Value) (parts []part) {
	rest := v.Text()
	if !visible(rest) {
		v.Fail("has characters that a header cannot have")
	}
	for rest != "" {
		text, after, open := strings.Cut(rest, "{")
		if text != "" {
			parts = append(parts, part{text: text})
		}
		if !open {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		value := placeholder(name)
		if !closed || value == nil {
			v.Fail("{%s: known are {issuer}, {subject}, {email}, {domain}, {groups} and {claim:/json/pointer}", name)
		}
		parts = append(parts, part{value: value})
		rest = after
	}
	return parts
}

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
	}
	pointer, err := strictjson.ParsePointer(strings.TrimPrefix(name, "claim:"))
	if err != nil || !strings.HasPrefix(name, "claim:") {
		return nil
	}
	return func(p *authn.Principal) string {
		if v := pointer.In(p.Claims); v.Type == strictjson.String || v.Type == strictjson.Number || v.IsBool() {
			return v.String()
		}
		return ""
	}
}

// groupList is the caller's groups as a list of RFC 9110 section 5.6.1, the form
// in which a relay reads them; "" where one of them would be read back otherwise.
func groupList(p *authn.Principal) string {
	for _, name := range p.Groups {
		if name == "" || strings.Contains(name, ",") || strings.Trim(name, " \t") != name {
			return ""
		}
	}
	return strings.Join(p.Groups, ",")
}

// render is the header's value, or "" where a part is missing or cannot stand
// in a header: an identity is written as verified or not at all.
func (h *identityHeader) render(p *authn.Principal) (text string) {
	for _, part := range h.parts {
		s := part.text
		if part.value != nil {
			s = part.value(p)
		}
		if s == "" {
			return ""
		}
		text += s
	}
	if !visible(text) {
		return ""
	}
	return text
}

// visible reports whether s is field-vchar and inner spaces of RFC 9110 section 5.5.
func visible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return strings.TrimSpace(s) == s
}

// sets appends what is written on an allowed request: the verified identity, and
// where the route says it is to go.
func (g *Gate) sets(x *Exchange, m inference.Match, set [][2]string) [][2]string {
	if !x.Principal.Anonymous() && !x.failed {
		for i := range g.identity {
			if value := g.identity[i].render(x.Principal); value != "" {
				set = append(set, [2]string{g.identity[i].name, value})
			}
		}
	}
	if m.Authority != x.head.Authority {
		set = append(set, [2]string{":authority", m.Authority})
	}
	if m.Path != x.head.Path {
		set = append(set, [2]string{":path", m.Path})
	}
	if m.Header[0] != "" {
		set = append(set, m.Header)
	}
	return set
}
