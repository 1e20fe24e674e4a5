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
		return is.compileJWKS(o.Need("jwks"), secrets)
	}
	if len(is.algorithms) != 1 {
		o.Get("algorithms").Fail("must not have a symmetric algorithm beside another: a key has one algorithm")
	}
	if jwks := o.Get("jwks"); jwks.Exists() {
		jwks.Fail(`must not be set beside a symmetric algorithm, whose key "symmetric" names: it has public keys`)
	}
	return compileSecretKeys(o.Need("symmetric"), is.algorithms[0], secrets)
}

// compileJWKS reads "jwks": keys inline or in a variable, remote ones, or both. Those
// beside remote ones are always there.
func (is *Issuer) compileJWKS(v strictjson.Value, secrets Secrets) *KeySet {
	switch {
	case v.JSON().Type == strictjson.String:
		v.MustBe(`an object with "inline", "env" or "remote", such as {"remote": {"uri": "https://…", "cluster": "…"}}`)
		return &KeySet{}
	case v.JSON().Get("keys").Exists():
		v.Fail(`must have its keys in "inline": {"inline": {"keys": […]}}`)
		return &KeySet{}
	}
	o := v.Object("inline", "env", "remote")
	inline, env, remote := o.Get("inline"), o.Get("env"), o.Get("remote")
	if remote.Exists() {
		var names []string
		for _, a := range is.algorithms {
			names = append(names, a.name)
		}
		var iss string
		if len(is.iss) > 0 {
			iss = is.iss[0]
		} else if d := remote.JSON().Get("discovery"); d.Exists() {
			remote.Fail(`must have "uri" for an issuer without "issuer": a discovery document says whose it is`)
		}
		is.remote = keys.Compile(remote, iss, secrets, names...)
	}
	switch {
	case env.Exists() && inline.Exists():
		env.Fail(`must not be set beside "inline"`)
	case env.Exists():
		return is.compileVariable(env, secrets)
	case inline.Exists():
		return compileInline(inline, is)
	case v.JSON().IsObject() && !remote.Exists():
		v.Fail(`needs "inline", "env" or "remote"`)
	}
	return &KeySet{}
}

// compileVariable reads the key set in the environment variable that v names, in any form
// in which issuers publish one. No error shows what is in the variable: it may be a secret.
func (is *Issuer) compileVariable(v strictjson.Value, secrets Secrets) *KeySet {
	name := v.Text()
	if name == "" {
		return &KeySet{}
	}
	value, ok := secrets(name)
	if !ok {
		v.Fail(noVariable)
		return &KeySet{}
	}
	set, notes, err := parsePublished(value, is)
	is.notes = notes
	if err != nil {
		v.Fail("must name a variable with a key set that has a key for the issuer's algorithms; modelgate keys tells more")
		return &KeySet{}
	}
	return set
}
