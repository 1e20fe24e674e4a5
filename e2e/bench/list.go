package main

// Pools of fresh tokens go round, and are to be larger than what a gate knows of
// tokens that came once (16,384): one that comes again has been forgotten. Signing
// with RSA takes a millisecond, so there are fewer of those.
const mostRSA = 24_000

// The rows, as goals and charts name them.
const (
	rowBare        = "bare"
	rowEmptyC      = "empty filter in C"
	rowEmpty       = "empty filter in Go"
	rowFloor       = "same reads and edits in C"
	rowSeen        = "model gate, token seen before"
	rowFresh       = "model gate, fresh ES256"
	rowFreshRS     = "model gate, fresh RS256"
	rowFreshEd     = "model gate, fresh EdDSA (in the module)"
	rowNativeCache = "jwt_authn with cache + RBAC + rewrite"
	rowNative      = "jwt_authn + RBAC + rewrite, ES256"
	rowLua         = "jwt_authn with cache + RBAC + Lua"
	rowOPA         = "ext_authz to OPA"
)

// sign makes the issuers, a token that will have been seen before, and a pool of
// fresh ones for each.
func (b *bench) sign() (seen *pool, fresh map[string]*pool, err error) {
	b.issuers, fresh = map[string]*issuer{}, map[string]*pool{}
	for alg, n := range map[string]int{"ES256": b.fresh, "RS256": min(b.fresh, mostRSA), "EdDSA": min(b.fresh, mostRSA)} {
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

// list makes the contenders, the bare one first.
func (b *bench) list(seen *pool, fresh map[string]*pool) {
	b.gateConf = gateConfig([]*issuer{b.issuers["ES256"], b.issuers["RS256"], b.issuers["EdDSA"]}, others)
	gate := func(name string) *proxy {
		return &proxy{name: name, template: "wasm", wasm: b.modules["gate"], config: b.gateConf, decides: true}
	}
	// A gate that remembers one token is another than one whose cache is full.
	manyTokens := gate("gate, fresh tokens")
	b.contenders = []contender{
		{rowBare, "ES256", &proxy{name: "bare", template: "bare"}, seen, false, true, true},
		{rowEmpty, "ES256", &proxy{name: "empty", template: "wasm", wasm: b.modules["empty"]}, seen, false, true, true},
		{rowSeen, "ES256", gate("gate"), seen, false, true, true},
		{rowFresh, "ES256", manyTokens, fresh["ES256"], true, false, false},
		{rowFreshRS, "RS256", manyTokens, fresh["RS256"], true, false, false},
		{rowFreshEd, "EdDSA", manyTokens, fresh["EdDSA"], true, false, false},
		{rowNativeCache, "ES256", &proxy{name: "native with cache", template: "native", cache: true, decides: true}, seen, false, true, false},
		{rowNative, "ES256", &proxy{name: "native", template: "native", decides: true}, fresh["ES256"], true, false, false},
		{rowLua, "ES256", &proxy{name: "lua", template: "lua", cache: true, decides: true}, seen, false, false, false},
		{rowOPA, "ES256", &proxy{name: "opa", template: "opa", opa: true, decides: true}, seen, false, false, false},
	}
	if b.noC == "" {
		b.contenders = append(b.contenders,
			contender{rowEmptyC, "ES256", &proxy{name: "empty-c", template: "wasm", wasm: b.modules["empty-c"]}, seen, false, false, true},
			contender{rowFloor, "ES256", &proxy{name: "floor", template: "wasm", wasm: b.modules["floor"], config: seen.tokens[0], decides: true}, seen, false, false, false})
	}
}
