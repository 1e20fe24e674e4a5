package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// editCase adds a case that is changed.
type editCase func(edit func(c *corpus.Case))

// mendTarget changes the method, the path, the query or the host.
func (m *mender) mendTarget(add editCase, kind, rest string, cause *gate.Cause) {
	byteAt := -1
	if n, ok := strings.CutPrefix(rest, "byte "); ok {
		byteAt, _ = strconv.Atoi(n)
	}
	path := func(change func(path string) string) {
		add(func(c *corpus.Case) {
			method, target, _ := strings.Cut(c.Request, " ")
			c.Request = method + " " + change(target)
		})
	}
	switch {
	case kind == "path" && byteAt >= 0:
		for _, change := range pathChanges(byteAt) {
			path(change)
		}
	case kind == "path":
		path(strings.ToLower)
		path(func(p string) string { return strings.TrimRight(p, ".") })
	case kind == "method":
		for _, want := range cause.Want {
			add(func(c *corpus.Case) {
				_, target, _ := strings.Cut(c.Request, " ")
				c.Request = want + " " + target
			})
		}
		add(func(c *corpus.Case) { c.Request = "POST" + c.Request[strings.IndexByte(c.Request, ' '):] })
	case kind == "query":
		path(func(p string) string { p, _, _ = strings.Cut(p, "?"); return p })
	case kind == "host":
		add(func(c *corpus.Case) { c.Host = strings.ToLower(c.Host) })
		add(func(c *corpus.Case) { c.Host = "" })
	}
	for _, d := range m.donors {
		if kind == "host" {
			add(func(c *corpus.Case) { c.Host = d.Host })
		}
		if kind == "path" || kind == "model" || kind == "query" {
			add(func(c *corpus.Case) { c.Request = d.Request })
		}
	}
	m.wide = true
	for _, d := range m.donors { // a path belongs to its host, and a protocol to its body
		if kind != "method" {
			add(func(c *corpus.Case) { m.takeCall(c, d) })
		}
	}
}

// pathChanges are changes of a path at one byte.
func pathChanges(at int) []func(path string) string {
	end := func(path string) int {
		if n := strings.IndexAny(path[at:], "/?"); n > 0 {
			return at + n
		}
		return len(path)
	}
	guard := func(change func(path string) string) func(string) string {
		return func(path string) string {
			if at > len(path) {
				return path
			}
			return change(path)
		}
	}
	return []func(path string) string{
		guard(func(p string) string { // "%66" becomes "f"
			if at+3 <= len(p) && p[at] == '%' {
				if n, err := strconv.ParseUint(p[at+1:at+3], 16, 8); err == nil {
					return p[:at] + string(rune(n)) + p[at+3:]
				}
			}
			return p
		}),
		guard(func(p string) string { return p[:at] + p[min(at+1, len(p)):] }),
		guard(func(p string) string { return strings.TrimSuffix(p[:at], "/") + p[at:] }), // an empty segment
		guard(func(p string) string { return p[:at] + strings.TrimPrefix(p[end(p):], "/") }),
		guard(func(p string) string { return p[:at] + p[end(p):] }),
		guard(func(p string) string { return p[:at] }),
		guard(func(p string) string { return p[:at] + "/" + p[at:] }),
		guard(func(p string) string { return p[:at] + "/" + p[min(at+1, len(p)):] }),
		guard(func(p string) string { return p[:at] + "/" + p[min(at+3, len(p)):] }), // "%2f"
		guard(func(p string) string { // a dot segment takes what is before it
			before := strings.TrimSuffix(p[:at], "/")
			return before[:strings.LastIndexByte(before, '/')+1] + strings.TrimPrefix(p[end(p):], "/")
		}),
	}
}

// takeCall takes what a donor asks for: all but the caller.
func (m *mender) takeCall(c *corpus.Case, d corpus.Case) {
	c.Request, c.Host, c.GRPC, c.Body, c.Messages, c.Form, c.Trailers = d.Request, d.Host, d.GRPC, d.Body, d.Messages, d.Form, d.Trailers
	c.Headers = slices.DeleteFunc(c.Headers, func(h [2]string) bool { return !isOfCaller(h) })
	for _, h := range d.Headers {
		if !isOfCaller(h) {
			c.Headers = append(c.Headers, h)
		}
	}
}

// takeCaller takes who a donor is: the token, the certificate, what signs, and headers that say who
// calls.
func (m *mender) takeCaller(c *corpus.Case, d corpus.Case) {
	c.Token, c.Peer, c.Sign = d.Token, d.Peer, d.Sign
	c.Headers = slices.DeleteFunc(c.Headers, isOfCaller)
	for _, h := range d.Headers {
		if isOfCaller(h) {
			c.Headers = append(c.Headers, h)
		}
	}
}

// isOfCaller reports whether a header says who calls.
func isOfCaller(h [2]string) bool {
	switch headers.KindOf(h[0]) {
	case headers.Credential, headers.Assertion, headers.Identity:
		return true
	}
	name := strings.ToLower(h[0])
	return strings.Contains(h[1], "{token}") || strings.Contains(name, "key") || strings.Contains(name, "token") || strings.HasPrefix(name, "x-gateway-caller") ||
		name == "x-forwarded-client-cert" || name == "signature" || name == "signature-input" || name == "content-digest"
}

// mendHeader changes a header, or a trailer.
func (m *mender) mendHeader(add editCase, name string, cause *gate.Cause) {
	is := func(h [2]string) bool { return strings.EqualFold(h[0], name) || name == "" }
	add(func(c *corpus.Case) { c.Headers = slices.DeleteFunc(c.Headers, is) })
	add(func(c *corpus.Case) { c.Trailers = slices.DeleteFunc(c.Trailers, is) })
	add(func(c *corpus.Case) { // the first of several
		seen := false
		c.Headers = slices.DeleteFunc(c.Headers, func(h [2]string) bool {
			again := seen && is(h)
			seen = seen || is(h)
			return again
		})
	})
	for _, value := range []string{"application/json", "application/grpc"} {
		add(func(c *corpus.Case) {
			c.Headers = append(slices.DeleteFunc(c.Headers, is), [2]string{name, value})
			c.GRPC = c.GRPC && value != "application/json"
		})
	}
	add(func(c *corpus.Case) { c.GRPC = !c.GRPC })
	for _, d := range m.donors {
		for _, h := range d.Headers {
			if is(h) && name != "" {
				add(func(c *corpus.Case) { c.Headers = append(slices.DeleteFunc(c.Headers, is), h) })
			}
		}
	}
	m.wide = true
	for _, d := range m.donors { // a header that carries a credential belongs to its caller
		add(func(c *corpus.Case) {
			c.Headers = slices.DeleteFunc(c.Headers, is)
			m.takeCaller(c, d)
		})
	}
}

// mendBody changes the body.
func (m *mender) mendBody(add editCase, cause *gate.Cause) {
	for _, pointer := range cause.Got {
		add(func(c *corpus.Case) { c.Body = withoutKey(c.Body, strings.TrimPrefix(pointer, "/")) })
	}
	for _, want := range cause.Want {
		for _, got := range cause.Got {
			add(func(c *corpus.Case) { c.Body = strings.ReplaceAll(c.Body, strconv.Quote(got), strconv.Quote(want)) })
		}
	}
	for _, d := range m.donors {
		add(func(c *corpus.Case) {
			c.Body, c.Messages, c.Form, c.GRPC = d.Body, d.Messages, d.Form, d.GRPC
			is := func(h [2]string) bool {
				return h[0] == "content-type" || h[0] == "content-encoding" || h[0] == "grpc-encoding"
			}
			c.Headers = slices.DeleteFunc(c.Headers, is)
			for _, h := range d.Headers {
				if is(h) {
					c.Headers = append(c.Headers, h)
				}
			}
			for i := range c.Sign {
				c.Sign = slices.Clone(c.Sign)
				c.Sign[i].Digest, c.Sign[i].Signed = "", nil
			}
			c.Headers = slices.DeleteFunc(c.Headers, func(h [2]string) bool { return h[0] == "content-digest" })
		})
	}
	m.wide = true
	for _, d := range m.donors {
		add(func(c *corpus.Case) { m.takeCall(c, d) })
	}
}

// withoutKey removes a member of a JSON object.
func withoutKey(body, name string) string {
	var doc map[string]any
	if json.Unmarshal([]byte(body), &doc) != nil {
		return body
	}
	delete(doc, strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
	raw, _ := json.Marshal(doc)
	return string(raw)
}

// mendCaller changes the credential: what the place names of it, or who calls.
func (m *mender) mendCaller(add editCase, kind, rest string, cause *gate.Cause) {
	token := func(edit func(t *corpus.Token)) {
		add(func(c *corpus.Case) {
			if c.Token != nil {
				edit(c.Token)
			}
		})
	}
	name := strings.TrimPrefix(strings.TrimPrefix(rest, "header "), "/")
	name, inner, nested := strings.Cut(name, "/")
	switch kind {
	case "claim":
		token(func(t *corpus.Token) { delete(t.Claims, name) })
		for _, want := range append(slices.Clone(cause.Want), "text") {
			want = strings.Replace(want, "…", "x", 1)
			token(func(t *corpus.Token) {
				if nested {
					t.Claims[name] = withMember(t.Claims[name], strings.Split(inner, "/"), want)
				}
			})
			token(func(t *corpus.Token) { set(t, name, want) })
			token(func(t *corpus.Token) { set(t, name, []string{want}) })
		}
		for _, value := range []any{nil, "text", 1, true, []string{"text"}, []string{}, map[string]any{"a": "b"}, "now-5s", "now+1m"} {
			token(func(t *corpus.Token) { set(t, name, value) })
		}
		if name == "exp" { // it is too long after iat
			token(func(t *corpus.Token) { set(t, "iat", "now"); set(t, "exp", "now+1m") })
		}
	case "token":
		token(func(t *corpus.Token) { delete(t.Header, name) })
		token(func(t *corpus.Token) { t.Fault = "" })
		token(func(t *corpus.Token) { t.Key, t.Alg = 0, "" })
		token(func(t *corpus.Token) { t.Header, t.Fault, t.Key, t.Alg = nil, "", 0, "" })
		for _, want := range cause.Want {
			token(func(t *corpus.Token) {
				if t.Header == nil {
					t.Header = map[string]any{}
				}
				t.Header[name] = want
			})
		}
	case "certificate":
		for _, d := range m.donors {
			add(func(c *corpus.Case) { c.Peer = d.Peer })
		}
	}
	if kind == "claim" { // nothing but the claim may help
		return
	}
	m.wide = kind != "credential" && kind != "api"
	for _, d := range m.donors {
		add(func(c *corpus.Case) { m.takeCaller(c, d) })
	}
}

// withMember returns an object with a member, which may be deeper in it.
func withMember(object any, path []string, value string) any {
	if len(path) == 0 {
		return value
	}
	old, _ := object.(map[string]any)
	changed := maps.Clone(old)
	if changed == nil {
		changed = map[string]any{}
	}
	changed[path[0]] = withMember(old[path[0]], path[1:], value)
	return changed
}

func set(t *corpus.Token, name string, value any) {
	if t.Claims == nil {
		t.Claims = map[string]any{}
	}
	t.Claims[name] = value
}

// mendSignature signs otherwise, or as a request that passes is signed.
func (m *mender) mendSignature(add editCase) {
	ofSignature := func(h [2]string) bool {
		return h[0] == "signature" || h[0] == "signature-input" || h[0] == "content-digest"
	}
	add(func(c *corpus.Case) { c.Sign, c.Headers = nil, slices.DeleteFunc(c.Headers, ofSignature) })
	for _, d := range m.donors {
		add(func(c *corpus.Case) {
			c.Sign, c.Headers = d.Sign, slices.DeleteFunc(c.Headers, ofSignature)
		})
	}
	m.wide = true
	for _, d := range m.donors { // a key signs for its caller
		add(func(c *corpus.Case) { m.takeCaller(c, d) })
	}
	for _, d := range m.donors {
		add(func(c *corpus.Case) {
			m.takeCaller(c, d)
			m.takeCall(c, d)
		})
	}
}

// mendPolicy changes who calls, or else the rules: a deny that applies is left out, and a grant that
// is missing is added.
func (m *mender) mendPolicy(add editCase, at state, cause *gate.Cause, x *gate.Exchange, list *[]state) {
	next := change{}
	if at.changed != nil {
		next = change{slices.Clone(at.changed.without), slices.Clone(at.changed.grants)}
	}
	if cause.Place == "deny" {
		next.without = append(next.without, x.Rule)
		*list = append(*list, state{at.c, &next, false})
		return
	}
	for _, d := range m.donors {
		add(func(c *corpus.Case) { m.takeCaller(c, d) })
	}
	for _, model := range x.Call.Models {
		grant := map[string]any{"verbs": []string{x.Call.Verb.String()}, "models": []string{model.String()}, "members": []string{"allUsers"}}
		switch who := x.Principal; {
		case who.Issuer != "":
			grant["issuers"], grant["members"] = []string{who.Issuer}, []string{"allAuthenticatedUsers"}
		case who.Peer != "":
			grant["peer"], grant["members"] = true, []string{who.Peer}
		}
		raw, _ := json.Marshal(grant)
		next.grants = append(next.grants, string(raw))
	}
	if fmt.Sprint(next.grants) != "[]" {
		*list = append(*list, state{at.c, &next, false})
	}
}
