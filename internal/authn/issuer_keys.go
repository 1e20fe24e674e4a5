package authn

import (
	"slices"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// compileKeys reads "jwks", or "symmetric" if the algorithm is HMAC. It returns the
// keys that are in the configuration.
func (is *Issuer) compileKeys(o strictjson.Object, secrets Secrets) *KeySet {
	if !slices.ContainsFunc(is.algorithms, func(a *algorithm) bool { return a.family == familySecret }) {
		if s := o.Get("symmetric"); s.Exists() {
			s.Fail("needs HS256, HS384 or HS512 as the only algorithm")
		}
		return is.compileJWKS(o.Need("jwks"))
	}
	if len(is.algorithms) != 1 {
		o.Get("algorithms").Fail("must not have a symmetric algorithm beside another: a key has one algorithm")
	}
	if jwks := o.Get("jwks"); jwks.Exists() {
		jwks.Fail(`must not be set beside a symmetric algorithm, whose key "symmetric" names: it has public keys`)
	}
	return compileSecret(o.Need("symmetric").Object("env").Need("env"), is.algorithms[0], secrets)
}

// compileJWKS reads "jwks": keys inline, remote ones, or both. Inline keys beside
// remote ones are always there.
func (is *Issuer) compileJWKS(v strictjson.Value) *KeySet {
	switch {
	case v.JSON().Type == strictjson.String:
		v.MustBe(`an object with "inline" or "remote", such as {"remote": {"uri": "https://…", "cluster": "…"}}`)
		return &KeySet{}
	case v.JSON().Get("keys").Exists():
		v.Fail(`must have its keys in "inline": {"inline": {"keys": […]}}`)
		return &KeySet{}
	}
	o := v.Object("inline", "remote")
	inline, remote := o.Get("inline"), o.Get("remote")
	if remote.Exists() {
		var names []string
		for _, a := range is.algorithms {
			names = append(names, a.name)
		}
		var iss string
		if len(is.iss) > 0 {
			iss = is.iss[0]
		}
		is.remote = keys.Compile(remote, iss, names...)
	}
	if !inline.Exists() {
		if v.JSON().IsObject() && !remote.Exists() {
			v.Fail(`needs "inline" or "remote"`)
		}
		return &KeySet{}
	}
	return compileJWKSet(inline, is)
}
