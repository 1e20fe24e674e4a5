package authn

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

func secretRow(symmetric any) m {
	return with(row("corp", []string{"HS256"}), "jwks", missing{}, "symmetric", symmetric)
}

func hs256(key []byte, kid any, changes ...any) string {
	return sign("HS256", key, with(m{"alg": "HS256"}, "kid", kid), claimsOf("corp", changes...))
}

// at is a time in the configuration, some seconds from now.
func at(seconds int) string {
	return now.Add(time.Duration(seconds) * time.Second).UTC().Format(time.RFC3339)
}

// TestSecretsByKeyID: a secret with a kid verifies the tokens that name it, and one without
// verifies tokens of any kid.
func TestSecretsByKeyID(t *testing.T) {
	two := []m{{"env": "SECRET", "kid": "a"}, {"env": "SECOND", "kid": "b"}}
	for _, x := range []struct {
		name      string
		symmetric any
		key       []byte
		kid       any
		want      reason.Reason
	}{
		{"one secret, no kid", m{"env": "SECRET"}, secretKey, missing{}, reason.Allowed},
		{"one secret, a kid", m{"env": "SECRET"}, secretKey, "k", reason.Allowed},
		{"one secret, another's", m{"env": "SECRET"}, secondKey, "k", reason.SignatureInvalid},
		{"a secret's kid", m{"env": "SECRET", "kid": "k"}, secretKey, "k", reason.Allowed},
		{"a secret's kid, none in the token", m{"env": "SECRET", "kid": "k"}, secretKey, missing{}, reason.Allowed},
		{"a secret's kid, another in the token", m{"env": "SECRET", "kid": "k"}, secretKey, "l", reason.KeyUnknown},
		{"a list of one", []m{{"env": "SECRET"}}, secretKey, "k", reason.Allowed},
		{"the second of two", two, secondKey, "b", reason.Allowed},
		{"the second of two by the kid of the first", two, secondKey, "a", reason.SignatureInvalid},
		{"the second of two without kids", []m{{"env": "SECRET"}, {"env": "SECOND"}}, secondKey, missing{}, reason.Allowed},
	} {
		w := newWorld(t, secretRow(x.symmetric))
		w.bearer(t, attempt{x.name, hs256(x.key, x.kid), x.want})
	}
}

// TestSecretsRotate: one secret after the other, with an hour in which both are in force.
// A token that the cache knows does not outlive the secret that verified it.
func TestSecretsRotate(t *testing.T) {
	w := newWorld(t, secretRow([]m{{"env": "SECRET", "kid": "old", "until": at(60)}, {"env": "SECOND", "kid": "new", "notBefore": at(-60)}}))
	unnamed := newWorld(t, secretRow([]m{{"env": "SECRET", "until": at(60)}, {"env": "SECOND", "notBefore": at(-60)}}))
	early := now.Unix() - 100
	for _, x := range []struct {
		name             string
		seconds          int
		oldWant, newWant reason.Reason
		oldBare, newBare reason.Reason
	}{
		{"before the new one", -61, reason.Allowed, reason.KeyUnknown, reason.Allowed, reason.SignatureInvalid},
		{"both", -60, reason.Allowed, reason.Allowed, reason.Allowed, reason.Allowed},
		{"the last second of both", 59, reason.Allowed, reason.Allowed, reason.Allowed, reason.Allowed},
		{"after the old one", 60, reason.KeyUnknown, reason.Allowed, reason.SignatureInvalid, reason.Allowed},
		{"much later", 200, reason.KeyUnknown, reason.Allowed, reason.SignatureInvalid, reason.Allowed},
	} {
		t.Run(x.name, func(t *testing.T) {
			for _, cache := range []*Cache{nil, NewCache()} {
				for range 3 {
					for _, c := range []struct {
						world world
						token string
						want  reason.Reason
					}{
						{w, hs256(secretKey, "old", "iat", early), x.oldWant},
						{w, hs256(secondKey, "new", "iat", early), x.newWant},
						{unnamed, hs256(secretKey, missing{}, "iat", early), x.oldBare},
						{unnamed, hs256(secondKey, missing{}, "iat", early), x.newBare},
					} {
						env := c.world.env
						env.Now, env.Cache = now.Add(time.Duration(x.seconds)*time.Second), cache
						if got := c.world.a.Authenticate(env, bearerPairs(c.token), Peer{}); got.Reason != c.want {
							t.Errorf("Authenticate = %s, want %s", got.Reason, c.want)
						}
					}
				}
			}
		})
	}
}

// TestCacheAndSecrets: with a cache the answers are those without, whatever the time.
func TestCacheAndSecrets(t *testing.T) {
	w := newWorld(t, secretRow([]m{{"env": "SECRET", "until": at(60)}, {"env": "SECOND", "notBefore": at(30)}}))
	cache := NewCache()
	tokens := []string{hs256(secretKey, missing{}), hs256(secondKey, missing{}), hs256(secondKey, "k"), hs256([]byte("x"), "k")}
	hits := 0
	for second := range 100 {
		for _, token := range tokens {
			env := w.env
			env.Now = now.Add(time.Duration(second) * time.Second)
			fresh := w.a.Authenticate(env, bearerPairs(token), Peer{})
			env.Cache = cache
			cached := w.a.Authenticate(env, bearerPairs(token), Peer{})
			if fresh.Reason != cached.Reason {
				t.Fatalf("at %d s: %s, with a cache %s", second, fresh.Reason, cached.Reason)
			}
			if cached.CacheHit {
				hits++
			}
			if p := cached.Principal; fresh.Reason == reason.Allowed && token == tokens[0] && p.Expires.After(now.Add(60*time.Second)) {
				t.Fatalf("a principal of a secret until 60 s expires at %s", p.Expires)
			}
		}
	}
	if hits < 150 {
		t.Errorf("%d hits", hits)
	}
}

// FuzzSecrets: a list of secrets that compiles has keys of enough bytes, each kid once, and
// no key for nothing. No problem shows a secret.
func FuzzSecrets(f *testing.F) {
	for _, doc := range []string{
		`{"env":"SECRET"}`,
		`[{"env":"SECRET","kid":"a","until":"2026-01-01T00:00:00Z"},{"env":"SECOND","kid":"b","notBefore":"2025-12-01T00:00:00Z"}]`,
		`[{"env":"SECRET"},{"env":"SECOND"},{"env":"SECRET","kid":"a"}]`,
		`[{"env":"SHORT"},{"env":"ABSENT","kid":""},{"env":"PLAIN","until":7}]`,
	} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		var problems strictjson.Problems
		v, ok := strictjson.Parse(doc, &problems)
		if !ok {
			return
		}
		list := CompileSecrets(v, 32, "HS256", secrets)
		text := problems.Error()
		for _, name := range []string{"SECRET", "SECOND", "SHORT", "PLAIN"} {
			if value, _ := secrets(name); strings.Contains(text, strings.TrimSpace(value)) && !strings.Contains(doc, value) {
				t.Errorf("CompileSecrets(%q) shows %s: %s", doc, name, text)
			}
		}
		ids, unnamed := map[string]bool{}, 0
		for _, s := range list {
			if len(s.Key) < 32 {
				t.Errorf("CompileSecrets(%q) has a key of %d bytes", doc, len(s.Key))
			}
			if s.ID == "" {
				unnamed++
			}
			if problems == nil && (s.ID != "" && ids[s.ID] || unnamed > maxTried || s.Period.Until != 0 && s.Period.Until <= s.Period.NotBefore) {
				t.Errorf("CompileSecrets(%q) = %+v", doc, list)
			}
			ids[s.ID] = true
		}
		if problems == nil && (len(list) == 0 || len(list) > maxSecrets) {
			t.Errorf("CompileSecrets(%q) = %d secrets", doc, len(list))
		}
	})
}

// TestKeyWarnings: check says which keys verify nothing, although the configuration has them.
func TestKeyWarnings(t *testing.T) {
	var unnamed []m
	for range 4 {
		unnamed = append(unnamed, publicJWK(newEC(ecKey.Curve), "", ""))
	}
	for _, c := range []struct {
		name string
		row  m
		want []string
	}{
		{"none", with(row("corp", []string{"ES256"}, unnamed[:3]...), "name", "corp"), nil},
		{"more keys than are tried", row("corp", []string{"ES256", "RS256"}, append(unnamed, publicJWK(rsaKey, "", ""))...),
			[]string{`issuer "corp" has 4 keys without kid for ES256: only the first 3 are tried`}},
		{"keys in a variable", with(row("corp", []string{"ES256"}), "jwks", m{"env": "JWKS"}),
			[]string{`issuer "corp" has in its variable the key "", which is skipped: no allowed algorithm has its kty, crv and alg`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := messages(newWorld(t, c.row).a.Warnings(nil)); !slices.Equal(got, c.want) {
				t.Errorf("Warnings = %q, want %q", got, c.want)
			}
		})
	}
}
