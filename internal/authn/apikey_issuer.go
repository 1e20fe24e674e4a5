package authn

import (
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// compileAPIKeyIssuer reads an issuer with "apiKeys". The key set is nil for an issuer
// of which no key is known yet.
func (a *Authenticator) compileAPIKeyIssuer(v strictjson.Value, index int, secrets Secrets) (*Issuer, *KeySet) {
	o := v.Object("name", "from", "require", "apiKeys")
	is := &Issuer{Name: o.Need("name").Text(), index: index, apiKeys: &apiKeys{}}
	is.compileLocations(o.Get("from"))
	is.require = a.CompileProofs(o.Get("require"))
	o = o.Get("apiKeys").Object("prefix", "inline", "remote")
	if p := o.Get("prefix"); p.Exists() {
		is.apiKeys.prefix = p.Text()
		if !isKeyPrefix(is.apiKeys.prefix) {
			p.MustBe("1 to %d letters, digits, hyphens and underscores, and not begin as a token does, with eyJ", maxKeyPrefix)
		}
	}
	inline, remote := o.Get("inline"), o.Get("remote")
	if inline.Exists() == remote.Exists() {
		o.Fail(`needs either "inline" (a list of keys) or "remote" (where such a list is published)`)
	}
	if remote.Exists() {
		if d := remote.JSON().Get("discovery"); d.Exists() {
			remote.Fail(`must have "uri": no discovery document names a list of API keys`)
		}
		is.remote = keys.Compile(remote, is.Name, secrets, "API keys")
		is.remote.APIKeys = true
		return is, nil
	}
	return is, &KeySet{apiKeys: compileAPIKeys(inline)}
}

func isKeyPrefix(s string) bool {
	return only(s, alphanumeric+"-_") && len(s) <= maxKeyPrefix && !strings.HasPrefix(s, "eyJ")
}

// compileAPIKeys reads the keys of a configuration. What parseAPIKeys passes over is
// an error here.
func compileAPIKeys(v strictjson.Value) *apiKeySet {
	set := &apiKeySet{byDigest: map[uint64]int32{}}
	for _, item := range v.Items() {
		k, fault := readAPIKey(item.JSON())
		if fault == "" && !set.add(k) {
			fault = twoAPIKeys
		}
		if fault != "" {
			item.Fail("%s", fault)
		}
	}
	return set
}

// addAPIKeys adds an issuer whose keys come in this location. What comes there is told
// apart by prefixes; what has none of them is a token. v is the issuer in the
// configuration.
func (s *schemeIssuers) addAPIKeys(is *Issuer, v strictjson.Value) {
	for _, other := range s.keyed {
		if a, b := is.apiKeys.prefix, other.apiKeys.prefix; strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
			v.Fail("must have a prefix that tells its keys from those of issuer %q in the same header", other.Name)
		}
	}
	s.keyed = append(s.keyed, is)
}

// checkPrefixes reports an issuer whose keys nothing tells from the tokens that come
// with the same header and scheme.
func (s *schemeIssuers) checkPrefixes(v strictjson.Value) {
	for _, is := range s.keyed {
		if is.apiKeys.prefix == "" && len(s.issuers) > 0 {
			v.Fail("must not read the header of issuer %q, whose keys need a prefix then", is.Name)
		}
	}
}

// keyIssuer returns the issuer that has keys like this credential, or nil: then it is a
// token.
func (s *schemeIssuers) keyIssuer(credential string) *Issuer {
	for _, is := range s.keyed {
		if strings.HasPrefix(credential, is.apiKeys.prefix) {
			return is
		}
	}
	return nil
}

// verifyAPIKey looks an API key up. A key that is not known is refused at once: a new
// one comes with the next refresh, and nobody makes the gate fetch by guessing.
func (v *verification) verifyAPIKey(env Env, is *Issuer, key string) {
	v.issuer, v.keys = is, env.Keys.sets[is.index]
	if v.keys == nil {
		v.why = reason.KeysUnavailable
		if env.WaitPolicy == keys.MayWait {
			v.missing = &MissingKey{Issuer: is.Name}
		}
		return
	}
	k := v.keys.apiKeys.find(key)
	if k == nil {
		v.why = reason.APIKeyUnknown
		return
	}
	v.validFrom, v.validUntil = time.Unix(k.period.NotBefore, 0), time.Unix(maxDate, 0)
	if k.period.Until != 0 {
		v.validUntil = time.Unix(k.period.Until, 0)
	}
	switch {
	case env.Now.Before(v.validFrom):
		v.why = reason.TokenNotYetValid
	case !env.Now.Before(v.validUntil):
		v.why = reason.TokenExpired
	default:
		v.why = reason.Allowed
		v.principal = k.principal(is.Name)
		v.principal.Expires = v.validUntil
	}
}

// principal returns who has the key. An entry says all that there is to know of its
// caller, so nothing is untold.
func (k *apiKey) principal(issuer string) (p Principal) {
	p = Principal{Issuer: issuer, Claims: noClaims}
	strictjson.Read(k.entry).ForEach(func(name, value strictjson.Result) bool {
		switch name.Str {
		case "subject":
			p.Subject = value.Str
		case "email":
			p.Email, p.ClaimedEmail = value.Str, value.Str
		case "groups":
			p.Groups, _ = stringList(value)
		case "claims":
			p.Claims = value
		}
		return true
	})
	return p
}

var noClaims = strictjson.Read("{}")
