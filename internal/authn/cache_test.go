package authn

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
)

// bearerPairs is a request with one bearer token.
func bearerPairs(token string) [][2]string { return [][2]string{{"authorization", "Bearer " + token}} }

// TestCacheChangesNoAnswer authenticates good and bad tokens with and without a cache,
// in random order and at random times: the answers are the same.
func TestCacheChangesNoAnswer(t *testing.T) {
	w := newWorld(t, row("a", []string{"ES256"}, publicJWK(ecKey, "k", "")), row("b", []string{"ES256"}, publicJWK(ecKey, "k", "")))
	header := m{"alg": "ES256", "kid": "k"}
	tokens := []string{
		"x",
		"a.b.c",
		sign("ES256", ecKey, header, claimsOf("c")),
		sign("ES256", ecKey, m{"alg": "ES256", "kid": "other"}, claimsOf("a")),
	}
	for _, name := range []string{"a", "b"} {
		good := sign("ES256", ecKey, header, claimsOf(name, "exp", now.Unix()+100))
		tokens = append(tokens, good, good[:len(good)-8]+"AAAAAAAA",
			sign("ES256", ecKey, header, claimsOf(name, "nbf", now.Unix()+150)),
			sign("ES256", ecKey, header, claimsOf(name, "iat", now.Unix()+200)),
			sign("ES256", ecKey, header, claimsOf(name, "aud", "x")),
			sign("ES256", ecKey, header, claimsOf(name, "sub", missing{})),
			sign("ES256", ecKey, header, claimsOf(name, "exp", float64(now.Unix())+50.5)))
	}
	cache := NewCache()
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[reason.Reason]int{}
	hits := 0
	for range 4000 {
		env := w.env
		env.Now = now.Add(time.Duration(random.IntN(500)) * time.Second / 2)
		pairs := bearerPairs(tokens[random.IntN(len(tokens))])
		fresh := w.a.Authenticate(env, pairs, Peer{})
		env.Cache = cache
		cached := w.a.Authenticate(env, pairs, Peer{})
		// A token that had expired stays so for the cache, should the clock step back.
		stillExpired := cached.Reason == reason.TokenExpired && fresh.Reason == reason.Allowed
		if !stillExpired && (fresh.Reason != cached.Reason || !reflect.DeepEqual(fresh.Principal, cached.Principal)) {
			t.Fatalf("Authenticate(%s at %s) = %+v, with a cache %+v", pairs[0][1], env.Now, fresh, cached)
		}
		if fresh.CacheHit || cached.CacheHit && cached.Reason != reason.Allowed {
			t.Fatalf("Authenticate(%s at %s) = %+v, with a cache %+v: a hit", pairs[0][1], env.Now, fresh, cached)
		}
		seen[fresh.Reason]++
		if cached.CacheHit {
			hits++
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %v were answered", seen)
	}
	if hits < 100 {
		t.Errorf("%d answers were hits of the cache, want 100 or more", hits)
	}
}

// TestCachedTokensExpire: a token is valid from the later of nbf and iat to exp, to
// the nanosecond, whether it is in the cache or not.
func TestCachedTokensExpire(t *testing.T) {
	w := newWorld(t, row("a", []string{"ES256"}, publicJWK(ecKey, "", "")))
	token := sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("a", "nbf", now.Unix()-5, "exp", now.Unix()+60))
	for _, x := range []struct {
		at   time.Duration
		want reason.Reason
	}{
		{-40 * time.Second, reason.TokenNotYetValid},
		{-35*time.Second - 1, reason.TokenNotYetValid},
		{-35 * time.Second, reason.Allowed},
		{0, reason.Allowed},
		{90*time.Second - 1, reason.Allowed},
		{90 * time.Second, reason.TokenExpired},
		{time.Hour, reason.TokenExpired},
	} {
		for _, warm := range []bool{false, true} {
			env := w.env
			env.Cache = NewCache()
			if warm {
				w.a.Authenticate(env, bearerPairs(token), Peer{})
				w.a.Authenticate(env, bearerPairs(token), Peer{})
			}
			env.Now = now.Add(x.at)
			if got := w.a.Authenticate(env, bearerPairs(token), Peer{}).Reason; got != x.want {
				t.Errorf("Authenticate(at %s, seen before: %v) = %v, want %v", x.at, warm, got, x.want)
			}
		}
	}
}

// TestCacheVerifiesTwice counts the verifications of a good and of a forged token: the
// first two of each, and one more for other keys and for another header.
func TestCacheVerifiesTwice(t *testing.T) {
	from := []m{{"header": "authorization", "scheme": "Bearer"}, {"header": "x-token"}}
	two := with(row("a", []string{"ES256"}, publicJWK(ecKey, "", "")), "from", from)
	w := newWorld(t, two)
	good := sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("a"))
	forged := good[:len(good)-8] + "AAAAAAAA"
	verified := 0
	env := w.env
	other := &Keys{[]*KeySet{{keys: env.Keys.sets[0].keys}}}
	env.Cache = NewCache()
	env.Verify = func(*Key, string, string) (ok, done bool) { verified++; return false, false }
	for _, x := range []struct {
		name  string
		pairs [][2]string
		keys  *Keys
		want  int
	}{
		{"good", bearerPairs(good), env.Keys, 1},
		{"good again", bearerPairs(good), env.Keys, 1},
		{"and again", bearerPairs(good), env.Keys, 0},
		{"forged", bearerPairs(forged), env.Keys, 1},
		{"forged again", bearerPairs(forged), env.Keys, 1},
		{"and again", bearerPairs(forged), env.Keys, 0},
		{"another place", [][2]string{{"x-token", good}}, env.Keys, 1},
		{"and again", [][2]string{{"x-token", good}}, env.Keys, 0},
		{"new keys", bearerPairs(good), other, 1},
		{"forged, new keys", bearerPairs(forged), other, 1},
	} {
		verified, env.Keys = 0, x.keys
		if w.a.Authenticate(env, x.pairs, Peer{}); verified != x.want {
			t.Errorf("%s: verified %d times, want %d", x.name, verified, x.want)
		}
	}
}

// cachedFor is an entry for any token of an issuer, valid for an hour.
func cachedFor(s *schemeIssuers, is *Issuer, set *KeySet, why reason.Reason) *cachedToken {
	v := verification{fault: fault{why: why}, validUntil: now.Add(time.Hour), issuer: is, keys: set}
	return &cachedToken{schemeIssuers: s, verification: v}
}

// TestCacheIsBounded fills the cache far beyond its bounds: it keeps the tokens that
// were used last, and garbage evicts no verified token.
func TestCacheIsBounded(t *testing.T) {
	c := NewCache()
	at, is, set := &schemeIssuers{}, &Issuer{}, &KeySet{}
	env := Env{Now: now, Keys: &Keys{[]*KeySet{set}}}
	keep := func(token string, why reason.Reason) {
		for range 2 {
			c.store(cachedFor(at, is, set, why), token)
		}
	}
	for i := range 2 * maxVerified {
		keep(fmt.Sprint("token", i), reason.Allowed)
		keep(fmt.Sprint("bad", i), reason.SignatureInvalid)
		if c.lookup(env, at, "token0") == nil {
			t.Fatalf("the token that is asked for most is forgotten after %d others", i)
		}
	}
	if len(c.verified.elements) != maxVerified || c.verified.order.Len() != maxVerified || len(c.refused.elements) != maxRefused {
		t.Errorf("%d good and %d bad are kept, want %d and %d", len(c.verified.elements), len(c.refused.elements), maxVerified, maxRefused)
	}
	for i := range 2000 {
		keep(strings.Repeat("x", MaxTokenBytes-8)+fmt.Sprint(i), reason.Allowed)
	}
	if c.verified.bytes > maxVerifiedBytes || len(c.verified.elements) < maxVerifiedBytes/(2*MaxTokenBytes+768)-1 {
		t.Errorf("%d bytes in %d entries are kept, want at most %d", c.verified.bytes, len(c.verified.elements), maxVerifiedBytes)
	}
	for _, e := range c.verified.elements {
		c.verified.remove(e.Value.(*cachedToken))
	}
	if c.verified.bytes != 0 || c.verified.order.Len() != 0 {
		t.Errorf("empty, it holds %d bytes", c.verified.bytes)
	}
}

// TestCacheComparesWholeTokens: of tokens with the same end each is only found as
// itself and in its own header, and one replaces the other.
func TestCacheComparesWholeTokens(t *testing.T) {
	c := NewCache()
	here, there, is, set := &schemeIssuers{}, &schemeIssuers{}, &Issuer{}, &KeySet{}
	env := Env{Now: now, Keys: &Keys{[]*KeySet{set}}}
	tail := strings.Repeat("t", 32)
	random := rand.New(rand.NewPCG(1, 2))
	last := map[reason.Reason]*cachedToken{} // by space: the one kept last
	found := 0
	c.verified.doorkeeper.seenBefore(cacheKey(tail))
	c.refused.doorkeeper.seenBefore(cacheKey(tail))
	for range 20_000 {
		at := []*schemeIssuers{here, there}[random.IntN(2)]
		token := []string{"a", "b", "", "t"}[random.IntN(4)] + tail
		e := cachedFor(at, is, set, []reason.Reason{reason.Allowed, reason.SignatureInvalid}[random.IntN(2)])
		if v := c.lookup(env, at, token); v != nil {
			if kept := last[v.why]; v != &kept.verification || kept.token != token || kept.schemeIssuers != at {
				t.Fatalf("lookup(%s) finds what was not kept last, but for %s", token, kept.token)
			}
			found++
		}
		if random.IntN(3) == 0 {
			c.store(e, token)
			last[e.why] = e
			for _, l := range []*lru{&c.verified, &c.refused} {
				if len(l.elements) > 1 || l.order.Len() != len(l.elements) {
					t.Fatalf("%d tokens in the map and %d in the list, want one at most", len(l.elements), l.order.Len())
				}
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d were found", found)
	}
}

// TestCacheHitAllocatesNothing: a request with a cached token is the hot path.
func TestCacheHitAllocatesNothing(t *testing.T) {
	w := newWorld(t, row("a", []string{"ES256"}, publicJWK(ecKey, "", "")))
	env := w.env
	env.Cache = NewCache()
	pairs := bearerPairs(sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("a")))
	w.a.Authenticate(env, pairs, Peer{})
	if n := testing.AllocsPerRun(100, func() { w.a.Authenticate(env, pairs, Peer{}) }); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
}

// TestCacheKeepsWhatComesAgain: of many tokens that come once hardly any is kept. Of
// tokens that come again all are kept, whatever garbage comes between.
func TestCacheKeepsWhatComesAgain(t *testing.T) {
	c := NewCache()
	is, set := &Issuer{}, &KeySet{}
	come := func(token string, why reason.Reason) {
		c.store(cachedFor(nil, is, set, why), token)
	}
	for i := range 200_000 {
		come(fmt.Sprint("once", i), reason.Allowed)
	}
	if n := len(c.verified.elements); n > 1000 { // one in two hundred is taken for another
		t.Errorf("%d of 200,000 tokens that come once are kept", n)
	}
	c = NewCache()
	for range 2 {
		for i := range 4000 {
			come(fmt.Sprint("again", i), reason.Allowed)
		}
		for i := range 50_000 {
			come(fmt.Sprint("garbage", i), reason.SignatureInvalid)
		}
	}
	if n := len(c.verified.elements); n != 4000 {
		t.Errorf("%d of 4,000 tokens that come again are kept", n)
	}
}
