package main

// Pools of fresh tokens are to be larger than the cache of a gate (8192), and go
// round: a token that comes again has been forgotten. Signing with RSA takes a
// millisecond, so there are fewer of those.
const mostRSA = 16_384

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

// sign makes issuers and tokens, and lists the contenders, the bare one first.
func (b *bench) sign() error {
	b.issuers = map[string]*issuer{}
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		is, err := newIssuer(alg)
		if err != nil {
			return err
		}
		b.issuers[alg] = is
	}
	var failed error
	pool := func(alg string, n int) *pool {
		p, err := b.issuers[alg].newPool(n, 0)
		failed = firstOf(failed, err)
		return p
	}
	seen, fresh := pool("ES256", 1), pool("ES256", b.fresh)
	freshRS, freshEd := pool("RS256", min(b.fresh, mostRSA)), pool("EdDSA", min(b.fresh, mostRSA))
	if failed != nil {
		return failed
	}
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
		{rowFresh, "ES256", manyTokens, fresh, true, false, false},
		{rowFreshRS, "RS256", manyTokens, freshRS, true, false, false},
		{rowFreshEd, "EdDSA", manyTokens, freshEd, true, false, false},
		{rowNativeCache, "ES256", &proxy{name: "native with cache", template: "native", cache: true, decides: true}, seen, false, true, false},
		{rowNative, "ES256", &proxy{name: "native", template: "native", decides: true}, fresh, true, false, false},
		{rowLua, "ES256", &proxy{name: "lua", template: "lua", cache: true, decides: true}, seen, false, false, false},
		{rowOPA, "ES256", &proxy{name: "opa", template: "opa", opa: true, decides: true}, seen, false, false, false},
	}
	if b.noC == "" {
		b.contenders = append(b.contenders,
			contender{rowEmptyC, "ES256", &proxy{name: "empty-c", template: "wasm", wasm: b.modules["empty-c"]}, seen, false, false, true},
			contender{rowFloor, "ES256", &proxy{name: "floor", template: "wasm", wasm: b.modules["floor"], config: seen.tokens[0], decides: true}, seen, false, false, false})
	}
	return nil
}
