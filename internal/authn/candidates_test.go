package authn

import (
	"fmt"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// TestKeysThatAreTried: a token whose kid names a key is verified by this key only. Of the
// others, a few are tried.
func TestKeysThatAreTried(t *testing.T) {
	alg := []string{"ES256"}
	ec := func() m { return publicJWK(newEC(ecKey.Curve), "", "") }
	named := func(kid string) m { return with(ec(), "kid", kid) }
	mine := publicJWK(ecKey, "", "")
	for _, x := range []struct {
		name string
		keys []m
		kid  any
		want reason.Reason
	}{
		{"no kid, one key", []m{mine}, missing{}, reason.Allowed},
		{"no kid, one key with a kid", []m{with(mine, "kid", "k")}, missing{}, reason.Allowed},
		{"no kid, the first of two", []m{with(mine, "kid", "k"), named("l")}, missing{}, reason.Allowed},
		{"no kid, the last of three", []m{ec(), named("l"), mine}, missing{}, reason.Allowed},
		{"no kid, the fourth", []m{ec(), ec(), ec(), mine}, missing{}, reason.SignatureInvalid},
		{"no kid, the fourth of all, the third of its algorithm", []m{publicJWK(rsaKey, "", ""), ec(), ec(), mine}, missing{}, reason.Allowed},
		{"no kid, none verifies", []m{ec(), ec()}, missing{}, reason.SignatureInvalid},
		{"a kid, one key without", []m{mine}, "k", reason.Allowed},
		{"a kid, the last of three without", []m{ec(), ec(), mine}, "k", reason.Allowed},
		{"a kid, the fourth without", []m{ec(), ec(), ec(), mine}, "k", reason.SignatureInvalid},
		{"a kid, one key without, another's", []m{ec()}, "k", reason.SignatureInvalid},
		{"a kid, other kids and one key without", []m{named("a"), named("b"), named("c"), named("d"), mine}, "k", reason.Allowed},
		{"a kid, other kids and another's key without", []m{named("a"), ec()}, "k", reason.KeyUnknown},
		{"a kid, the key has another", []m{with(mine, "kid", "l")}, "k", reason.KeyUnknown},
		{"a kid that names another's key, and the right one without", []m{named("k"), mine}, "k", reason.SignatureInvalid},
		{"an empty kid", []m{mine}, "", reason.KeyUnknown},
	} {
		w := newWorld(t, row("corp", alg, x.keys...))
		w.bearer(t, attempt{x.name, corpToken(with(m{"alg": "ES256"}, "kid", x.kid), claimsOf("corp")), x.want})
	}
}

// TestForgedTokensCostLittle: whatever keys the issuer has, a token has at most three of
// them verify it.
func TestForgedTokensCostLittle(t *testing.T) {
	var keys []m
	for i := range 20 {
		keys = append(keys, publicJWK(newEC(ecKey.Curve), fmt.Sprint("k", i), ""), publicJWK(newEC(ecKey.Curve), "", ""))
	}
	w := newWorld(t, row("corp", []string{"ES256"}, keys...))
	for _, x := range []struct {
		kid  any
		want int
	}{{missing{}, maxTried}, {"k7", 1}, {"other", maxTried}} {
		verified := 0
		w.env.Verify = func(*Key, string, string) (ok, done bool) {
			verified++
			return false, true
		}
		w.request(t, fmt.Sprint(x.kid), map[any]reason.Reason{"other": reason.KeyUnknown, "k7": reason.SignatureInvalid,
			missing{}: reason.SignatureInvalid}[x.kid], "authorization",
			"Bearer "+corpToken(with(m{"alg": "ES256"}, "kid", x.kid), claimsOf("corp")))
		if verified != x.want {
			t.Errorf("a token with kid %v has %d keys verify it, want %d", x.kid, verified, x.want)
		}
	}
}
