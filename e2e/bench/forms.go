package main

import "slices"

// form is a build of the gate for one kind of host.
type form struct {
	name   string // in the names of its rows
	module string // in fixture.modules
}

// The forms of the gate.
var (
	inWasm   = form{"model gate (Wasm)", "gate"}             // which Envoy runs in V8
	inModule = form{"model gate (dynamic module)", "module"} // which Envoy loads into itself
)

// The kinds of rows that a form has.
const (
	seenBefore = "token seen before"
	freshToken = "fresh " // and the algorithm
	seenKey    = "API key seen before"
	freshKey   = "fresh API key"
)

func (f form) row(kind string) string { return f.name + ", " + kind }

// config returns the configuration of a form's proxies.
func (f form) config(b *fixture) string { return b.gateConf }

// proxy returns a proxy that runs this form with a configuration.
func (f form) proxy(b *fixture, name, config string) *proxy {
	return &proxy{name: f.module + ", " + name, template: "wasm", module: b.modules[f.module], config: config, decides: true}
}

// forms are all that are compared.
var forms = []form{inWasm, inModule}

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
	manyTokens := f.proxy(b.fixture, "fresh tokens", f.config(b.fixture))
	withAPIKeys := f.proxy(b.fixture, "API keys", withKeys(b.gateConf, keys))
	chats := f.proxy(b.fixture, "chat", chatConfig(b.gateConf))
	chats.chats = true
	rows := []contender{{name: f.row(seenBefore), alg: "ES256", proxy: f.proxy(b.fixture, "one token", f.config(b.fixture)), tokens: seen,
		protocols: true, starts: true}}
	for _, alg := range algorithms {
		rows = append(rows, contender{name: f.row(freshToken + alg), alg: alg, proxy: manyTokens, tokens: fresh[alg], fresh: true})
	}
	return append(rows,
		contender{name: f.row(seenKey), alg: "ES256", proxy: withAPIKeys, tokens: &pool{tokens: keys.tokens[:1]}},
		contender{name: f.row(freshKey), alg: "ES256", proxy: withAPIKeys, tokens: keys, fresh: true},
		contender{name: f.row(seenBefore) + chatSuffix, alg: "ES256", proxy: chats, tokens: seen, ask: chat})
}
