package gate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// headerRules is "headers": what a configuration adds to headers.Known, and what it takes
// away.
type headerRules struct {
	strip  []headers.Pattern // these never reach the upstream
	models []string          // these name a model, as modelHeader does
	keep   []headers.Pattern // these reach the upstream as the client wrote them
}

const patternForm = `a header's name in lower case, or a prefix of at least 5 characters that ends in "-*"`

// compileRules reads "headers". The other headers of c are known by then.
func (c *configuredHeaders) compileRules(v strictjson.Value) {
	o := v.Object("strip", "models", "keep")
	for _, item := range o.Get("strip").Items() {
		if p := compileStrip(item); p.Valid() {
			c.rules.strip = append(c.rules.strip, p)
		}
	}
	for _, item := range o.Get("models").Items() {
		c.rules.models = append(c.rules.models, compileModelHeader(item))
	}
	for _, item := range o.Get("keep").Items() {
		c.rules.keep = append(c.rules.keep, c.compileKeep(item))
	}
}

func compileStrip(v strictjson.Value) headers.Pattern {
	p := headers.Pattern(v.Text())
	switch framing := p.CoversFraming(); {
	case p == "": // reported
	case !p.Valid():
		v.MustBe(patternForm)
	case framing != "":
		v.Fail("must not cover a header that %s, as %q does", headers.Framing, framing)
	}
	return p
}

func compileModelHeader(v strictjson.Value) string {
	name := v.Text()
	switch kind := headers.KindOf(name); {
	case name == "": // reported
	case !inference.IsHeaderName(name):
		v.MustBe("a header's name in lower case, without underscores")
	case kind != headers.Unknown && kind != headers.Model:
		v.Fail("must not be a header that %s; got %q", kind, name)
	}
	return name
}

// compileKeep reads a header that reaches the upstream as the client wrote it. A credential
// has a field of its own, and what the gate reads or writes is never the client's.
func (c *configuredHeaders) compileKeep(v strictjson.Value) headers.Pattern {
	p := headers.Pattern(v.Text())
	name, _ := strings.CutSuffix(string(p), "*")
	kind := headers.KindOf(name)
	covered := func(names []string) string {
		if i := slices.IndexFunc(names, p.Covers); i >= 0 {
			return names[i]
		}
		return ""
	}
	written := slices.Concat(c.relayed, c.models)
	for _, h := range c.identity {
		written = append(written, h.name)
	}
	fromActivator := ""
	if c.activator {
		fromActivator = covered([]string{originalHostHeader, proxyHeader})
	}
	switch token, own := covered(slices.Concat(c.tokens, credentialNames())), covered(written); {
	case p == "": // reported
	case !p.Valid() && !slices.ContainsFunc(headers.Known, func(h headers.Header) bool { return h.Name == string(p) }):
		v.MustBe(patternForm)
	case kind == headers.Credential, token != "":
		v.Fail(`must not cover a credential, which %q is: a route keeps it with "credentials": "forward"`, cmp.Or(token, name))
	case own != "":
		v.Fail("must not cover %q, which names the caller or the model to servers behind a gate", own)
	case fromActivator != "":
		v.Fail(`must not cover %q, which queue-proxy takes from "activator" only`, fromActivator)
	case !c.strips(p):
		v.MustBe("a header that the gate strips")
	}
	return p
}

// credentialNames returns the names and prefixes of the headers that carry credentials.
func credentialNames() (names []string) {
	for _, h := range headers.Known {
		if h.Kind == headers.Credential {
			name, _ := h.Prefix()
			names = append(names, name)
		}
	}
	return names
}

// strips reports whether the gate strips a header that p covers, but for "keep".
func (c *configuredHeaders) strips(p headers.Pattern) bool {
	prefix, isPrefix := strings.CutSuffix(string(p), "*")
	overlaps := func(other headers.Pattern) bool {
		name, _ := strings.CutSuffix(string(other), "*")
		return p.Covers(name) || other.Covers(prefix)
	}
	if slices.ContainsFunc(c.rules.strip, overlaps) || slices.ContainsFunc(c.rules.models, p.Covers) {
		return true
	}
	if !isPrefix {
		kind := headers.KindOf(string(p))
		return kind != headers.Unknown && kind != headers.Framing
	}
	return slices.ContainsFunc(headers.Known, func(h headers.Header) bool { return overlaps(headers.Pattern(h.Name)) })
}
