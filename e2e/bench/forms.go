package main

import (
	"encoding/json"
	"slices"
)

// form is a build of the gate for one kind of host.
type form struct {
	name   string // in the names of its rows
	module string // in fixture.modules
	heads  bool   // it reads no bodies and no replies
}

// The forms of the gate.
var (
	inWasm   = form{name: "model gate (Wasm)", module: "gate"}                             // which Envoy runs in V8
	forHeads = form{name: "model gate (Wasm for heads only)", module: "head", heads: true} // the same with fewer callbacks
	inModule = form{name: "model gate (dynamic module)", module: "module"}                 // which Envoy loads into itself
)

// The kinds of rows that a form has.
const (
	seenBefore = "token seen before"
	freshToken = "fresh " // and the algorithm
	seenKey    = "API key seen before"
	freshKey   = "fresh API key"
)

func (f form) row(kind string) string { return f.name + ", " + kind }

// config returns a configuration of gateConfig as this form takes it.
func (f form) config(config string) string {
	if !f.heads {
		return config
	}
	var doc map[string]any
	_ = json.Unmarshal([]byte(config), &doc) // gateConfig has marshalled it
	routes := doc["routes"].([]any)[:2]      // what follows names its models in bodies
	routes[0].(map[string]any)["lists"] = false
	doc["routes"] = routes
	text, _ := json.Marshal(doc) // strings and numbers only
	return string(text)
}

// proxy returns a proxy that runs this form with a configuration.
func (f form) proxy(b *fixture, name, config string) *proxy {
	return &proxy{name: f.module + ", " + name, template: "wasm", module: b.modules[f.module], config: config, decides: true}
}

// forms are all that are compared.
var forms = []form{inWasm, forHeads, inModule}

// forms returns those that the run measures.
func (b *bench) forms() (list []form) {
	for _, f := range forms {
		if slices.ContainsFunc(b.contenders, func(c contender) bool { return c.name == f.row(seenBefore) }) {
			list = append(list, f)
		}
	}
	return list
}

// formRows returns the rows of a form. Only the row of a token seen before is measured
// over the other protocols, and at its start.
func (b *bench) formRows(f form, seen *pool, fresh map[string]*pool, keys *pool) []contender {
	// A gate whose cache is full differs from one that caches a single token.
	manyTokens := f.proxy(b.fixture, "fresh tokens", f.config(b.gateConf))
	withAPIKeys := f.proxy(b.fixture, "API keys", f.config(withKeys(b.gateConf, keys)))
	rows := []contender{{name: f.row(seenBefore), alg: "ES256", proxy: f.proxy(b.fixture, "one token", f.config(b.gateConf)), tokens: seen,
		protocols: true, starts: true}}
	for _, alg := range algorithms {
		rows = append(rows, contender{name: f.row(freshToken + alg), alg: alg, proxy: manyTokens, tokens: fresh[alg], fresh: true})
	}
	rows = append(rows,
		contender{name: f.row(seenKey), alg: "ES256", proxy: withAPIKeys, tokens: &pool{tokens: keys.tokens[:1]}},
		contender{name: f.row(freshKey), alg: "ES256", proxy: withAPIKeys, tokens: keys, fresh: true})
	if f.heads {
		return rows
	}
	chats := f.proxy(b.fixture, "chat", chatConfig(b.gateConf))
	chats.chats = true
	return append(rows, contender{name: f.row(seenBefore) + chatSuffix, alg: "ES256", proxy: chats, tokens: seen, ask: chat})
}
