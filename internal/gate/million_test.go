package gate_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// millionReasons are those that the requests of TestMillion must get, each once at least.
var millionReasons = strings.Fields(`
	allowed credential_missing grant_missing denied path_invalid path_unknown model_invalid host_invalid
	identity_conflict header_repeated upgrade_refused query_token credential_repeated scheme_unsupported
	token_malformed token_algorithm key_unknown signature_invalid audience_wrong token_expired
	token_not_yet_valid claims_invalid`)

// TestMillion sends a million random requests. The gate and the reference decide each of
// them alike.
func TestMillion(t *testing.T) {
	const shards = 8
	total := 1_000_000
	if testing.Short() {
		total = 50_000
	}
	g, s := load(t, millionConfig(t))
	list := callers(t, s)
	counts, mu := map[string]int{}, sync.Mutex{}
	t.Run("shards", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				answers := sendRandomRequests(t, g, list, rand.New(rand.NewPCG(uint64(shard), 7)), total/shards)
				mu.Lock()
				defer mu.Unlock()
				for why, n := range answers {
					counts[why] += n
				}
			})
		}
	})
	sum := 0
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-20s %7d", why, counts[why])
		sum += counts[why]
	}
	if sum != total {
		t.Errorf("%d requests were answered, want %d", sum, total)
	}
	if counts["allowed"] < total/20 {
		t.Errorf("%d of %d requests were allowed: too few to prove anything", counts["allowed"], total)
	}
	for _, why := range millionReasons {
		if counts[why] == 0 {
			t.Errorf("no request was answered %s", why)
		}
	}
}

// sendRandomRequests sends n requests, and counts the reasons of the answers.
func sendRandomRequests(t *testing.T, g *gate.Gate, list []*caller, r *rand.Rand, n int) map[string]int {
	env := gate.Env{Now: now, Keys: g.Keys(), Verify: verifyOnce()}
	answers := map[string]int{}
	for range n {
		c := *list[r.IntN(len(list))]
		peer := millionPeers[r.IntN(len(millionPeers))]
		if peer == gatewayPeer && c.relayed != nil {
			header := c.header
			c = *c.relayed
			c.header = header
		}
		c.peer = referencePeerID(peer)
		q := randomRequest(r, &c)
		want := !q.odd && referenceAllows(&c, q.verb, q.namespace, q.service)
		_, step := g.Begin(env, &gate.Head{Pairs: q.pairs(), Peer: peer})
		answers[step.Reason.String()]++
		forwarded, allowed := step.Act == gate.Forward, step.Reason == reason.Allowed
		if forwarded != want || allowed != want {
			t.Fatalf("Begin(%q of %+v by %v) = act %d, %s, the reference allows it: %v", q.pairs(), c, peer, step.Act, step.Reason, want)
		}
	}
	return answers
}

// verifyOnce verifies each signature once and remembers it: what is tested here are the
// decisions.
func verifyOnce() func(k *authn.Key, signed, signature string) (ok, done bool) {
	verified := map[string]bool{}
	return func(k *authn.Key, signed, signature string) (ok, done bool) {
		token := signed + "." + signature
		ok, known := verified[token]
		if !known {
			ok = jwt.GetSigningMethod(k.Algorithm()).Verify(signed, []byte(signature), k.Public()) == nil
			verified[token] = ok
		}
		return ok, true
	}
}
