package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/modelgate/modelgate/internal/authn"
)

const apiKey = "mg_ana0000000000000000000000000000000000000000"

func peerGate(t *testing.T) *Gate {
	t.Helper()
	sum := sha256.Sum256([]byte(apiKey))
	g, err := New(`{
		"version": 1,
		"peer": {"trustDomain": "cluster.local", "subjects": ["*"], "forwardedBy": {"peers": ["spiffe://cluster.local/proxy"]}},
		"issuers": [{"name": "keys", "apiKeys": {"prefix": "mg_", "inline": [{"sha256": "`+hex.EncodeToString(sum[:])+`", "subject": "ana"}]}}],
		"routes": [{"prefix": "/models", "protocol": "kserve-v1", "names": "kserve"}],
		"grants": [{"name": "all", "issuers": ["keys"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["*/*"]}]
	}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestDecisionsWithCertificatesAreNotCached: a decision is cached by its token's caller
// alone, so none is whose request has a certificate, or comes from a proxy that tells of it.
func TestDecisionsWithCertificatesAreNotCached(t *testing.T) {
	for _, c := range []struct {
		name string
		peer authn.Peer
		want int
	}{
		{"no certificate", authn.Peer{}, 1},
		{"one that names nobody", authn.Peer{URI: "spiffe://x/y", Validated: true}, 1},
		{"a principal's", authn.Peer{Subject: "CN=a", Validated: true}, 0},
		{"a proxy's, whose client has none", authn.Peer{URI: "spiffe://cluster.local/proxy", Digest: "00", Validated: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := peerGate(t)
			env := Env{Now: time.Unix(1_760_000_000, 0), Keys: g.Keys(), Cache: g.NewCache()}
			for range 4 {
				_, step := g.Begin(env, &Head{End: true, Peer: c.peer, Pairs: [][2]string{
					{":method", "POST"}, {":path", "/models/prod/fraud:predict"}, {":authority", "a"}, {"authorization", "Bearer " + apiKey},
				}})
				if step.Act != Forward {
					t.Fatalf("Begin = %s, want it forwarded", step.Reason)
				}
			}
			if got := len(env.Cache.decisions); got != c.want {
				t.Errorf("the decisions of %d callers are cached, want %d", got, c.want)
			}
		})
	}
}

// TestPeerOfAWaitingRequest: what a request that waits keeps of its certificate is a copy.
func TestPeerOfAWaitingRequest(t *testing.T) {
	memory := []byte("spiffe://cluster.local/a|CN=a,O=b|-----BEGIN CERTIFICATE-----|0123abcd")
	want := strings.Split(string(memory), "|")
	parts := strings.Split(unsafe.String(&memory[0], len(memory)), "|")
	x := &Exchange{gate: peerGate(t), missing: &authn.MissingKey{}, request: &Head{
		Peer: authn.Peer{URI: parts[0], Subject: parts[1], Certificate: parts[2], Digest: parts[3], Validated: true},
	}}
	x.keepHead()
	clear(memory)
	p := x.request.Peer
	if got := []string{p.URI, p.Subject, p.Certificate, p.Digest}; !slices.Equal(got, want) || !p.Validated {
		t.Errorf("a request that waits keeps %q, want %q", got, want)
	}
}
