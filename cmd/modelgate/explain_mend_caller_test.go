package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

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
