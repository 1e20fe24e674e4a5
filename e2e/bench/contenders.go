package main

// maxSlowTokens bounds the pools of RS256 and EdDSA tokens, since signing with RSA
// takes a millisecond. A pool is used in a circle. So it must have more tokens than a
// gate keeps of those that it saw once (16,384): then a token that comes again is
// new to the gate.
const maxSlowTokens = 24_000

// algorithms are those of the fresh tokens.
var algorithms = []string{"ES256", "RS256", "EdDSA"}

// The names of the rows that are not model gate's, in the goals and in the chart.
const (
	rowBare        = "bare"
	rowEmptyC      = "empty filter in C"
	rowEmpty       = "empty filter in Go"
	rowFloor       = "same reads and edits in C"
	rowNativeCache = "jwt_authn with cache + RBAC + rewrite"
	rowNative      = "jwt_authn + RBAC + rewrite, " // and the algorithm
	rowLua         = "jwt_authn with cache + RBAC + Lua"
	rowOPA         = "ext_authz to OPA"
	rowProtocol    = "jwt_authn with cache + ai_protocol_manager + RBAC" + chatSuffix
)

// signTokens makes the issuers. It returns one token that all requests share, and a
// pool of fresh tokens for each algorithm.
func (b *bench) signTokens() (seen *pool, fresh map[string]*pool, err error) {
	b.issuers, fresh = map[string]*issuer{}, map[string]*pool{}
	for _, alg := range algorithms {
		n := b.fresh
		if alg != "ES256" {
			n = min(n, maxSlowTokens)
		}
		if b.issuers[alg], err = newIssuer(alg); err != nil {
			return nil, nil, err
		}
		if fresh[alg], err = b.issuers[alg].newPool(n, 0); err != nil {
			return nil, nil, err
		}
	}
	seen, err = b.issuers["ES256"].newPool(1, 0)
	return seen, fresh, err
}

// listContenders fills b.contenders. The bare Envoy comes first. All begin to predict,
// unless they have another question.
func (b *bench) listContenders(seen *pool, fresh map[string]*pool) {
	var issuers []*issuer
	for _, alg := range algorithms {
		issuers = append(issuers, b.issuers[alg])
	}
	b.gateConf = gateConfig(issuers, otherGrants)
	bare := &proxy{name: "bare", template: "bare"}
	empty := &proxy{name: "empty", template: "wasm", module: b.modules["empty"]}
	b.contenders = []contender{
		{name: rowBare, alg: "ES256", proxy: bare, tokens: seen, protocols: true, starts: true},
		{name: rowBare + chatSuffix, alg: "ES256", proxy: bare, tokens: seen, ask: chat},
		{name: rowEmpty, alg: "ES256", proxy: empty, tokens: seen, protocols: true, starts: true},
	}
	keys := newKeyPool(min(b.fresh, maxSlowTokens))
	for _, f := range forms {
		b.contenders = append(b.contenders, b.formRows(f, seen, fresh, keys)...)
	}
	b.contenders = append(b.contenders, contender{name: rowNativeCache, alg: "ES256", tokens: seen, protocols: true,
		proxy: &proxy{name: "native with cache", template: "native", cache: true, decides: true}})
	for _, alg := range algorithms {
		b.contenders = append(b.contenders, contender{name: rowNative + alg, alg: alg, tokens: fresh[alg], fresh: true,
			proxy: &proxy{name: "native, " + alg, template: "native", alg: alg, decides: true}})
	}
	b.contenders = append(b.contenders,
		contender{name: rowLua, alg: "ES256", tokens: seen, proxy: &proxy{name: "lua", template: "lua", cache: true, decides: true}},
		contender{name: rowProtocol, alg: "ES256", tokens: seen, ask: chat,
			proxy: &proxy{name: "ai_protocol_manager", template: "protocol", cache: true, chats: true, decides: true}},
		contender{name: rowOPA, alg: "ES256", tokens: seen, proxy: &proxy{name: "opa", template: "opa", opa: true, decides: true}})
	if b.clangError == "" {
		emptyC := &proxy{name: "empty-c", template: "wasm", module: b.modules["empty-c"]}
		floor := &proxy{name: "floor", template: "wasm", module: b.modules["floor"], config: seen.tokens[0], decides: true}
		b.contenders = append(b.contenders,
			contender{name: rowEmptyC, alg: "ES256", proxy: emptyC, tokens: seen, starts: true},
			contender{name: rowFloor, alg: "ES256", proxy: floor, tokens: seen})
	}
	for i := range b.contenders {
		if b.contenders[i].ask.path == "" {
			b.contenders[i].ask = predict
		}
	}
}
