package main

// maxSlowTokens bounds the pools of RS256 and EdDSA tokens, since signing with RSA
// takes a millisecond. A pool is used in a circle. So it must have more tokens than a
// gate keeps of those that it saw once (16,384): then a token that comes again is
// new to the gate.
const maxSlowTokens = 24_000

// The names of the rows, in the goals and in the chart.
const (
	rowBare        = "bare"
	rowEmptyC      = "empty filter in C"
	rowEmpty       = "empty filter in Go"
	rowFloor       = "same reads and edits in C"
	rowSeen        = "model gate, token seen before"
	rowFresh       = "model gate, fresh ES256"
	rowFreshRS     = "model gate, fresh RS256"
	rowFreshEd     = "model gate, fresh EdDSA (in the module)"
	rowKey         = "model gate, API key seen before"
	rowFreshKey    = "model gate, fresh API key"
	rowNativeCache = "jwt_authn with cache + RBAC + rewrite"
	rowNative      = "jwt_authn + RBAC + rewrite, ES256"
	rowLua         = "jwt_authn with cache + RBAC + Lua"
	rowOPA         = "ext_authz to OPA"
)

// signTokens makes the issuers. It returns one token that all requests share, and a
// pool of fresh tokens for each algorithm.
func (b *bench) signTokens() (seen *pool, fresh map[string]*pool, err error) {
	b.issuers, fresh = map[string]*issuer{}, map[string]*pool{}
	for alg, n := range map[string]int{"ES256": b.fresh, "RS256": min(b.fresh, maxSlowTokens), "EdDSA": min(b.fresh, maxSlowTokens)} {
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

// listContenders fills b.contenders. The bare Envoy comes first.
func (b *bench) listContenders(seen *pool, fresh map[string]*pool) {
	b.gateConf = gateConfig([]*issuer{b.issuers["ES256"], b.issuers["RS256"], b.issuers["EdDSA"]}, otherGrants)
	gate := func(name string) *proxy {
		return &proxy{name: name, template: "wasm", wasm: b.modules["gate"], config: b.gateConf, decides: true}
	}
	// A gate whose cache is full differs from one that caches a single token.
	manyTokens := gate("gate, fresh tokens")
	keys := newKeyPool(min(b.fresh, maxSlowTokens))
	withAPIKeys := gate("gate, API keys")
	withAPIKeys.config = withKeys(b.gateConf, keys)
	b.contenders = []contender{
		{rowBare, "ES256", &proxy{name: "bare", template: "bare"}, seen, false, true, true},
		{rowEmpty, "ES256", &proxy{name: "empty", template: "wasm", wasm: b.modules["empty"]}, seen, false, true, true},
		{rowSeen, "ES256", gate("gate"), seen, false, true, true},
		{rowFresh, "ES256", manyTokens, fresh["ES256"], true, false, false},
		{rowFreshRS, "RS256", manyTokens, fresh["RS256"], true, false, false},
		{rowFreshEd, "EdDSA", manyTokens, fresh["EdDSA"], true, false, false},
		{rowKey, "ES256", withAPIKeys, &pool{tokens: keys.tokens[:1]}, false, false, false},
		{rowFreshKey, "ES256", withAPIKeys, keys, true, false, false},
		{rowNativeCache, "ES256", &proxy{name: "native with cache", template: "native", cache: true, decides: true}, seen, false, true, false},
		{rowNative, "ES256", &proxy{name: "native", template: "native", decides: true}, fresh["ES256"], true, false, false},
		{rowLua, "ES256", &proxy{name: "lua", template: "lua", cache: true, decides: true}, seen, false, false, false},
		{rowOPA, "ES256", &proxy{name: "opa", template: "opa", opa: true, decides: true}, seen, false, false, false},
	}
	if b.clangError == "" {
		emptyC := &proxy{name: "empty-c", template: "wasm", wasm: b.modules["empty-c"]}
		floor := &proxy{name: "floor", template: "wasm", wasm: b.modules["floor"], config: seen.tokens[0], decides: true}
		b.contenders = append(b.contenders,
			contender{rowEmptyC, "ES256", emptyC, seen, false, false, true},
			contender{rowFloor, "ES256", floor, seen, false, false, false})
	}
}
