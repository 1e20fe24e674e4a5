package main

import (
	"encoding/json"
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
