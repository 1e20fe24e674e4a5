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

// TestCacheChangesNoAnswer asks with and without a cache, in random order and at
// random times, about tokens good and bad: every answer is the same.
func TestCacheChangesNoAnswer(t *testing.T) {
	w := newWorld(t, row("a", []string{"ES256"}, publicJWK(ecKey, "k", "")), row("b", []string{"ES256"}, publicJWK(ecKey, "k", "")))
	header := m{"alg": "ES256", "kid": "k"}
	tokens := []string{"x", "a.b.c", sign("ES256", ecKey, header, claimsOf("c")), sign("ES256", ecKey, m{"alg": "ES256", "kid": "other"}, claimsOf("a"))}
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
	for range 4000 {
		env := w.env
		env.Now = now.Add(time.Duration(random.IntN(500)) * time.Second / 2)
		pairs := bearerPairs(tokens[random.IntN(len(tokens))])
		p, why, _ := w.a.Authenticate(env, pairs, Peer{})
		env.Cache = cache
		q, cachedWhy, _ := w.a.Authenticate(env, pairs, Peer{})
		// A token that had expired stays so for the cache, should the clock step back.
		if !(cachedWhy == reason.TokenExpired && why == reason.Allowed) && (why != cachedWhy || !reflect.DeepEqual(p, q)) {
			t.Fatalf("at %s, %s: %v %+v, with a cache %v %+v", env.Now, pairs[0][1], why, p, cachedWhy, q)
		}
		seen[why]++
	}
	if len(seen) < 8 {
		t.Errorf("only %v were answered", seen)
	}
}

// TestCacheEnds: a token is valid up to its exp with skew, to the nanosecond,
// and from the later of nbf and iat, on a hit as on a miss.
func TestCacheEnds(t *testing.T) {
	w := newWorld(t, row("a", []string{"ES256"}, publicJWK(ecKey, "", "")))
	token := sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("a", "nbf", now.Unix()-5, "exp", now.Unix()+60))
	for _, x := range []struct {
		at   time.Duration
		want reason.Reason
	}{
		{-40 * time.Second, reason.TokenNotYetValid}, {-35*time.Second - 1, reason.TokenNotYetValid}, {-35 * time.Second, reason.Allowed},
		{0, reason.Allowed}, {90*time.Second - 1, reason.Allowed}, {90 * time.Second, reason.TokenExpired}, {time.Hour, reason.TokenExpired},
	} {
		for _, warm := range []bool{false, true} {
			env := w.env
			env.Cache = NewCache()
			if warm {
				w.a.Authenticate(env, bearerPairs(token), Peer{})
			}
			env.Now = now.Add(x.at)
			if _, got, _ := w.a.Authenticate(env, bearerPairs(token), Peer{}); got != x.want {
				t.Errorf("Authenticate(at %s, seen before: %v) = %v, want %v", x.at, warm, got, x.want)
			}
		}
	}
}

// TestCacheVerifiesOnce counts verifications, of good tokens and of forged ones,
// and does so anew for other keys and in another place.
func TestCacheVerifiesOnce(t *testing.T) {
	two := with(row("a", []string{"ES256"}, publicJWK(ecKey, "", "")), "from", []m{{"header": "authorization", "scheme": "Bearer"}, {"header": "x-token"}})
	w := newWorld(t, two)
	good := sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("a"))
	forged := good[:len(good)-8] + "AAAAAAAA"
	verified := 0
	env := w.env
	other := &Keys{[]*KeySet{{env.Keys.sets[0].keys}}}
	env.Cache = NewCache()
	env.Verify = func(*Key, string, []byte) (ok, done bool) { verified++; return false, false }
	for _, x := range []struct {
		name  string
		pairs [][2]string
		keys  *Keys
		want  int
	}{
		{"good", bearerPairs(good), env.Keys, 1}, {"good again", bearerPairs(good), env.Keys, 0},
		{"forged", bearerPairs(forged), env.Keys, 1}, {"forged again", bearerPairs(forged), env.Keys, 0},
		{"another place", [][2]string{{"x-token", good}}, env.Keys, 1}, {"and again", [][2]string{{"x-token", good}}, env.Keys, 0},
		{"new keys", bearerPairs(good), other, 1}, {"forged, new keys", bearerPairs(forged), other, 1},
	} {
		verified, env.Keys = 0, x.keys
		if w.a.Authenticate(env, x.pairs, Peer{}); verified != x.want {
			t.Errorf("%s: verified %d times, want %d", x.name, verified, x.want)
		}
	}
}

// TestCacheIsBounded fills both spaces far beyond their bounds: they keep what
// was asked for last, and garbage pushes out no good token.
func TestCacheIsBounded(t *testing.T) {
	c := NewCache()
	at, is, set := &place{}, &Issuer{}, &KeySet{}
	env := Env{Now: now, Keys: &Keys{[]*KeySet{set}}}
	allowed := verdict{why: reason.Allowed, to: now.Add(time.Hour), issuer: is, keys: set}
	key := func(i int) cacheKey { return cacheKey{at, fmt.Sprint("token", i)} }
	for i := range 2 * maxGood {
		c.keep(key(i), &allowed)
		c.keep(cacheKey{at, fmt.Sprint("bad", i)}, &verdict{why: reason.SignatureInvalid, issuer: is, keys: set})
		if c.look(env, key(0)) == nil {
			t.Fatalf("the token that is asked for most is forgotten after %d others", i)
		}
	}
	if len(c.good.entries) != maxGood || c.good.recent.Len() != maxGood || len(c.bad.entries) != maxBad {
		t.Errorf("%d good and %d bad are kept, want %d and %d", len(c.good.entries), len(c.bad.entries), maxGood, maxBad)
	}
	for i := range 2000 {
		c.keep(cacheKey{at, strings.Repeat("x", MaxTokenBytes-8) + fmt.Sprint(i)}, &allowed)
	}
	if c.good.bytes > maxGoodBytes || len(c.good.entries) < maxGoodBytes/(2*MaxTokenBytes+768)-1 {
		t.Errorf("%d octets in %d entries are kept, want at most %d", c.good.bytes, len(c.good.entries), maxGoodBytes)
	}
	for k := range c.good.entries {
		c.good.drop(k)
	}
	if c.good.bytes != 0 || c.good.recent.Len() != 0 {
		t.Errorf("empty, it holds %d octets", c.good.bytes)
	}
}

// TestCacheHitAllocatesNothing.
func TestCacheHitAllocatesNothing(t *testing.T) {
	w := newWorld(t, row("a", []string{"ES256"}, publicJWK(ecKey, "", "")))
	env := w.env
	env.Cache = NewCache()
	pairs := bearerPairs(sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("a")))
	if n := testing.AllocsPerRun(100, func() { w.a.Authenticate(env, pairs, Peer{}) }); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
}
