package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/jose"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// What the tests of published keys and of waiting requests share.

// remoteConfig has one issuer, whose keys are fetched from the cluster "keys".
const remoteConfig = `{
  "version": 1,
  "issuers": [{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["ES256"],
    "jwks": {"remote": {"uri": "https://keys.example/jwks?v=1", "cluster": "keys", "interval": "1s", "wait": "2s"}}}],
  "routes": [{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"}],
  "grants": [{"name": "all", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"]}]
}`

// forwarded is the outcome of keyPair.request if its token is valid.
const forwarded = "allow fraud-predictor.prod.svc.cluster.local /v1/models/fraud:predict"

// clock is the wall clock of a test host.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time           { return c.now }
func (c *clock) advance(by time.Duration) { c.now = c.now.Add(by) }

func startRemote(t *testing.T, c *clock, shared *wasmhost.SharedData) *wasmhost.VM {
	t.Helper()
	vm := start(t, shipped, wasmhost.Options{Clusters: []string{"keys"}, Now: c.Now, Shared: shared})
	configure(t, vm, remoteConfig)
	return vm
}

type keyPair struct {
	kid string
	*ecdsa.PrivateKey
}

func newKeyPair(t *testing.T, kid string) keyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{kid, key}
}

// request returns a request with a token that the key signs.
func (k keyPair) request(t *testing.T, now time.Time) corpus.Request {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": "https://corp.example", "aud": "models", "sub": "ana", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	token.Header["kid"] = k.kid
	signed, err := token.SignedString(k.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return corpus.Request{Method: "POST", Path: "/kfserving/prod/fraud:predict", Authority: "models.example.com",
		Headers: [][2]string{{"authorization", "Bearer " + signed}}}
}

// keySet returns the JWK Set of the keys.
func keySet(keys ...keyPair) []byte {
	var list []any
	for _, k := range keys {
		list = append(list, jose.JWK(k.PrivateKey, k.kid, "ES256"))
	}
	doc, _ := json.Marshal(map[string]any{"keys": list})
	return doc
}

var status200 = [][2]string{{":status", "200"}}

// tick lets one tick period pass in each VM.
func tick(t *testing.T, vms ...*wasmhost.VM) {
	t.Helper()
	for _, vm := range vms {
		if err := vm.Tick(); err != nil {
			t.Fatal(err)
		}
	}
}

// respond answers the fetch that is pending in one of the VMs. There must be
// exactly one.
func respond(t *testing.T, headers [][2]string, body []byte, vms ...*wasmhost.VM) {
	t.Helper()
	var calls []*wasmhost.HTTPCall
	for _, vm := range vms {
		calls = append(calls, vm.PendingCalls()...)
	}
	if len(calls) != 1 {
		t.Fatalf("%d fetches are pending, want 1", len(calls))
	}
	if err := calls[0].Respond(headers, body); err != nil {
		t.Fatal(err)
	}
}

// sendWaiting sends a request that has to wait for a key.
func sendWaiting(t *testing.T, vm *wasmhost.VM, r corpus.Request) *wasmhost.Stream {
	t.Helper()
	s := vm.NewStream(nil)
	if action, err := s.RequestHeaders(r.Pairs(), false); action != wasmhost.Pause || err != nil || s.LocalReply() != nil {
		t.Fatalf("RequestHeaders() = %v, %v, local reply %v, want pause and none", action, err, s.LocalReply())
	}
	if action, _ := s.RequestBody([]byte("{}"), true); action != wasmhost.Pause {
		t.Fatalf("RequestBody() = %v, want pause: the head has not been forwarded", action)
	}
	return s
}

// outcome ends a stream of sendWaiting and returns what became of its request.
func outcome(s *wasmhost.Stream) string {
	defer s.Close()
	switch local := s.LocalReply(); {
	case local != nil:
		return corpus.RefusedReply(int(local.Status), local.Body)
	case s.Held():
		return "waiting"
	case string(s.Request().Body) != "{}":
		return "forwarded without its body"
	}
	return corpus.Sent(s.Request().Headers).Line
}

func hasHeader(headers [][2]string, name, value string) bool {
	for _, h := range headers {
		if h[0] == name && h[1] == value {
			return true
		}
	}
	return false
}
