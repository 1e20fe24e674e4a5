package authn

import (
	"crypto"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// remoteWorld has an issuer that publishes its keys, with one key as baseline or
// without.
func remoteWorld(t *testing.T, baseline ...m) world {
	t.Helper()
	jwks := m{"remote": m{"uri": "https://keys.example/", "cluster": "keys"}}
	if len(baseline) > 0 {
		jwks["inline"] = m{"keys": baseline}
	}
	return newWorld(t, with(row("a", []string{"ES256"}), "jwks", jwks), row("b", []string{"ES256"}, publicJWK(ecKey, "k", "")))
}

// TestMissingKeys: a key that is not there is waited for, and unknown only after a
// fetch.
func TestMissingKeys(t *testing.T) {
	token := func(kid string) [][2]string {
		return bearerPairs(sign("ES256", ecKey, m{"alg": "ES256", "kid": kid}, claimsOf("a")))
	}
	document := mustJSON(m{"keys": []m{publicJWK(ecKey, "k", "")}})
	base := publicJWK(ecKey, "base", "")
	for _, x := range []struct {
		name, document, kid string
		baseline            []m
		policy              keys.WaitPolicy
		want                reason.Reason
		waits               bool
	}{
		{"no keys yet", "", "k", nil, keys.MayWait, reason.KeysUnavailable, true},
		{"no keys, and no time", "", "k", nil, keys.NoWait, reason.KeysUnavailable, false},
		{"no keys, although looked", "", "k", nil, keys.Refreshed, reason.KeysUnavailable, false},
		{"its key", document, "k", nil, keys.MayWait, reason.Allowed, false},
		{"its key, on a host that cannot wait", document, "k", nil, keys.NoWait, reason.Allowed, false},
		{"unknown key", document, "new", nil, keys.MayWait, reason.KeysUnavailable, true},
		{"unknown key, looked for", document, "new", nil, keys.Refreshed, reason.KeyUnknown, false},
		{"unknown key, and no time", document, "new", nil, keys.NoWait, reason.KeysUnavailable, false},
		{"of the baseline", "", "base", []m{base}, keys.MayWait, reason.Allowed, false},
		{"of the baseline, beside others", document, "base", []m{base}, keys.MayWait, reason.Allowed, false},
		{"beside the baseline", document, "k", []m{base}, keys.MayWait, reason.Allowed, false},
		{"not of the baseline", "", "k", []m{base}, keys.MayWait, reason.KeysUnavailable, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := remoteWorld(t, x.baseline...)
			remotes := w.a.Remotes()
			if len(remotes) != 1 || remotes[0].Name != "a" {
				t.Fatalf("Remotes() = %v", remotes)
			}
			if x.document != "" {
				if err := remotes[0].CheckKeys(x.document); err != nil {
					t.Fatal(err)
				}
				w.env.Keys = w.env.Keys.With(remotes[0], x.document)
			}
			w.env.WaitPolicy = x.policy
			r := w.a.Authenticate(w.env, token(x.kid), Peer{})
			if r.Reason != x.want || (r.Missing != nil) != x.waits || r.Missing != nil && *r.Missing != (MissingKey{"a", x.kid}) {
				t.Errorf("Authenticate(kid %s) = %v, missing %v, want %v", x.kid, r.Reason, r.Missing, x.want)
			}
		})
	}
	w := remoteWorld(t)
	w.env.WaitPolicy = keys.MayWait
	forged := bearerPairs(sign("ES256", ecKey, m{"alg": "ES256", "kid": "other"}, claimsOf("b")))
	if r := w.a.Authenticate(w.env, forged, Peer{}); r.Reason != reason.KeyUnknown || r.Missing != nil {
		t.Errorf("Authenticate(unknown key of an issuer with inline keys only) = %v, %v", r.Reason, r.Missing)
	}
}

// TestMissingKeysWithoutKeyIDs: where kid does not tell whether the token's key is there, the
// token waits as long as it is not known what the issuer publishes, and no longer.
func TestMissingKeysWithoutKeyIDs(t *testing.T) {
	unnamed := publicJWK(evilEC, "", "")
	document := mustJSON(m{"keys": []m{publicJWK(newEC(ecKey.Curve), "", ""), publicJWK(ecKey, "", "")}})
	baseline := sign("ES256", evilEC, m{"alg": "ES256"}, claimsOf("a"))
	mine := func(kid any) string { return sign("ES256", ecKey, with(m{"alg": "ES256"}, "kid", kid), claimsOf("a")) }
	other := func(kid any) string {
		return sign("ES256", newEC(ecKey.Curve), with(m{"alg": "ES256"}, "kid", kid), claimsOf("a"))
	}
	for _, x := range []struct {
		name, document, token string
		baseline              []m
		want                  reason.Reason
		waits                 bool
	}{
		{"no kid, no keys yet", "", mine(missing{}), nil, reason.KeysUnavailable, true},
		{"no kid, not of the baseline", "", mine(missing{}), []m{unnamed}, reason.KeysUnavailable, true},
		{"no kid, not of the baseline, whose key has one", "", mine(missing{}), []m{with(unnamed, "kid", "k")}, reason.KeysUnavailable, true},
		{"a kid, not of the baseline", "", mine("k"), []m{unnamed}, reason.KeysUnavailable, true},
		{"a kid of the baseline, another signature", "", mine("k"), []m{with(unnamed, "kid", "k")}, reason.SignatureInvalid, false},
		{"no kid, the second key", document, mine(missing{}), nil, reason.Allowed, false},
		{"a kid, the second key", document, mine("k"), nil, reason.Allowed, false},
		{"no kid, no key's", document, other(missing{}), []m{unnamed}, reason.SignatureInvalid, false},
		{"a kid, no key's", document, other("k"), []m{unnamed}, reason.SignatureInvalid, false},
		{"a kid, no key's, beside one with a kid", document, other("k"), []m{with(unnamed, "kid", "l")}, reason.KeysUnavailable, true},
		{"of the baseline, beside keys without kid", document, baseline, []m{unnamed}, reason.Allowed, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := remoteWorld(t, x.baseline...)
			w.env.Keys = w.env.Keys.With(w.a.Remotes()[0], x.document)
			w.env.WaitPolicy = keys.MayWait
			if r := w.a.Authenticate(w.env, bearerPairs(x.token), Peer{}); r.Reason != x.want || (r.Missing != nil) != x.waits {
				t.Errorf("Authenticate = %v, missing %v, want %v, and that it waits: %v", r.Reason, r.Missing, x.want, x.waits)
			}
			w = remoteWorld(t, x.baseline...) // before any fetch
			w.env.WaitPolicy = keys.MayWait
			if r := w.a.Authenticate(w.env, bearerPairs(x.token), Peer{}); x.document == "" && r.Reason != x.want {
				t.Errorf("Authenticate, before any fetch = %v, want %v", r.Reason, x.want)
			}
		})
	}
}

// TestKeysReplaced: a smaller set replaces a larger one, the baseline stays, and
// of two keys with one kid the published one counts.
func TestKeysReplaced(t *testing.T) {
	w := remoteWorld(t, publicJWK(evilEC, "k", ""), publicJWK(evilEC, "base", ""))
	remote := w.a.Remotes()[0]
	both := mustJSON(m{"keys": []m{publicJWK(ecKey, "k", ""), publicJWK(ecKey, "l", "")}})
	one := mustJSON(m{"keys": []m{publicJWK(ecKey, "l", "")}})
	cache := NewCache()
	for _, x := range []struct{ document, want string }{
		{"", "evil k, evil base"},
		{both, "k, l, evil base"},
		{one, "l, evil k, evil base"},
		{"", "evil k, evil base"},
	} {
		env := w.env
		env.Keys, env.Cache, env.WaitPolicy = env.Keys.With(remote, x.document), cache, keys.Refreshed
		var got []string
		for _, kid := range []string{"k", "l", "base"} {
			for name, key := range map[string]crypto.Signer{"": ecKey, "evil ": evilEC} {
				tokens := bearerPairs(sign("ES256", key, m{"alg": "ES256", "kid": kid}, claimsOf("a")))
				if w.a.Authenticate(env, tokens, Peer{}).Reason == reason.Allowed {
					got = append(got, name+kid)
				}
			}
		}
		if !sameSet(got, strings.Split(x.want, ", ")) {
			t.Errorf("with %.20q: tokens of %q pass, want %s", x.document, got, x.want)
		}
		w.env.Keys = env.Keys
	}
}

func sameSet(a, b []string) bool {
	seen := map[string]int{}
	for _, s := range a {
		seen[s]++
	}
	for _, s := range b {
		seen[s]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestKeysInAVariable: a key set in an environment variable of the VM serves as an inline
// one does, alone and beside published keys.
func TestKeysInAVariable(t *testing.T) {
	good := corpToken(m{"alg": "ES256", "kid": "k"}, claimsOf("corp"))
	for _, jwks := range []m{{"env": "JWKS"}, {"env": "JWKS", "remote": m{"uri": "https://i.example/jwks", "cluster": "i"}}} {
		w := newWorld(t, with(row("corp", []string{"ES256"}), "jwks", jwks))
		w.bearer(t, attempt{"good", good, reason.Allowed},
			attempt{"another's", sign("ES256", evilEC, m{"alg": "ES256", "kid": "k"}, claimsOf("corp")), reason.SignatureInvalid})
	}
}
