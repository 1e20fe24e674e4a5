package authn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// members are n members of an object, with a value each.
func members(n int, value any) m {
	all := m{}
	for i := range n {
		all[fmt.Sprintf("m%d", i)] = value
	}
	return all
}

// TestTokenBounds: how much is read of a token that nobody has signed, as far as the gate
// knows. Lists are not bounded beyond the token's length.
func TestTokenBounds(t *testing.T) {
	w, _ := corp(t)
	header := m{"alg": "ES256", "kid": "k"}
	claims := func(more m) string {
		c := claimsOf("corp")
		for name, value := range more {
			c[name] = value
		}
		return corpToken(header, c)
	}
	own := len(claimsOf("corp"))
	with := func(more m) string {
		for name, value := range header {
			more[name] = value
		}
		return corpToken(more, claimsOf("corp"))
	}
	roles := make([]string, 600)
	for i := range roles {
		roles[i] = fmt.Sprint("role-", i)
	}
	w.bearer(t,
		attempt{"256 members", claims(members(256-own, 1)), reason.Allowed},
		attempt{"257 members", claims(members(257-own, 1)), reason.TokenTooLarge},
		attempt{"1,024 names", claims(m{"a": members(1024-own-1, 1)}), reason.Allowed},
		attempt{"1,025 names", claims(m{"a": members(1025-own-1, 1)}), reason.TokenTooLarge},
		attempt{"1,025 names in a list", claims(m{"a": []m{members(500, 1), members(525-own-1, 1)}}), reason.TokenTooLarge},
		attempt{"600 roles", claims(m{"roles": roles}), reason.Allowed},
		attempt{"200 clients of Keycloak", claims(m{"resource_access": members(200, m{"roles": []string{"user"}})}), reason.Allowed},
		attempt{"32 members of the header", with(members(30, 1)), reason.Allowed},
		attempt{"33 members of the header", with(members(31, 1)), reason.TokenTooLarge},
		attempt{"64 names of the header", with(m{"jwk": members(61, 1)}), reason.Allowed},
		attempt{"65 names of the header", with(m{"jwk": members(62, 1)}), reason.TokenTooLarge},
		attempt{"certificates in the header", with(m{"x5c": []string{strings.Repeat("x", 3000), strings.Repeat("x", 3000)}}), reason.Allowed},
	)
}

// TestHeaderDecidesAlone: where no issuer has the key, and none can fetch it, a long token
// is refused by its header. Its payload is not even base64: whoever reads it says
// token_malformed.
func TestHeaderDecidesAlone(t *testing.T) {
	long := "." + strings.Repeat("!", maxUnreadToken) + ".AAAA"
	short := ".!.AAAA"
	inline := row("corp", []string{"ES256"}, publicJWK(ecKey, "k", "ES256"))
	access := with(row("access", []string{"RS256"}, publicJWK(rsaKey, "r", "RS256")), "type", "at+jwt")
	remote := with(row("remote", []string{"ES256"}), "jwks", m{"remote": m{"uri": "https://keys.example/", "cluster": "keys"}})
	for _, x := range []struct {
		name    string
		issuers []m
		header  m
		rest    string
		want    reason.Reason
	}{
		{"its key", []m{inline}, m{"alg": "ES256", "kid": "k"}, long, reason.TokenMalformed},
		{"its only key", []m{inline}, m{"alg": "ES256"}, long, reason.TokenMalformed},
		{"another key", []m{inline}, m{"alg": "ES256", "kid": "x"}, long, reason.KeyUnknown},
		{"another algorithm", []m{inline}, m{"alg": "RS256", "kid": "k"}, long, reason.TokenAlgorithm},
		{"another type", []m{inline}, m{"alg": "ES256", "kid": "k", "typ": "at+jwt"}, long, reason.TokenType},
		{"the key of the second", []m{inline, access}, m{"alg": "RS256", "kid": "r", "typ": "at+jwt"}, long, reason.TokenMalformed},
		{"the type of one, the key of the other", []m{inline, access}, m{"alg": "ES256", "kid": "r"}, long, reason.KeyUnknown},
		{"the algorithm of neither", []m{access, inline}, m{"alg": "EdDSA", "kid": "k"}, long, reason.TokenAlgorithm},
		{"some issuer may fetch it", []m{inline, remote}, m{"alg": "ES256", "kid": "x"}, long, reason.TokenMalformed},
		{"a short one is read for its iss", []m{inline}, m{"alg": "ES256", "kid": "x"}, short, reason.TokenMalformed},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t, x.issuers...)
			w.request(t, x.name, x.want, "authorization", "Bearer "+part(x.header)+x.rest)
		})
	}
	t.Run("fetched, and not there", func(t *testing.T) {
		w := remoteWorld(t, publicJWK(ecKey, "k", "ES256"))
		w.env.WaitPolicy = keys.Refreshed
		w.request(t, "refreshed", reason.KeyUnknown, "authorization", "Bearer "+part(m{"alg": "ES256", "kid": "x"})+long)
	})
}

// TestRepeatedHeaderIsJoinedOnce: the work for a header that is repeated does not grow with
// the square of its repetitions.
func TestRepeatedHeaderIsJoinedOnce(t *testing.T) {
	var pairs [][2]string
	for range 1000 {
		pairs = append(pairs, [2]string{"authorization", "Bearer a"})
	}
	value, n := headerValue(pairs, "authorization")
	if value != "Bearer a,Bearer a" || n != 1000 {
		t.Errorf("headerValue(1000 times Bearer a) = %q, %d, want two of them, 1000", value, n)
	}
	if n := testing.AllocsPerRun(10, func() { headerValue(pairs, "authorization") }); n > 1 {
		t.Errorf("%v allocations, want at most 1", n)
	}
}
