package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// published is an issuer whose keys are fetched, in a host with clusters.
const published = `{
  "version": 1,
  "issuers": [{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["ES256"],
    "jwks": {"remote": {"uri": "https://keys.example/jwks?v=1", "cluster": "keys", "interval": "1s", "wait": "2s"}}}],
  "routes": [{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"}],
  "grants": [{"name": "all", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"]}]
}`

// clock is a wall clock that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time           { return c.now }
func (c *clock) advance(by time.Duration) { c.now = c.now.Add(by) }

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

// call is a request with a token of the key.
func (k keyPair) call(t *testing.T, now time.Time) corpus.Request {
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

func document(keys ...keyPair) []byte {
	var list []any
	for _, k := range keys {
		list = append(list, corpus.JWK(k.PrivateKey, k.kid, "ES256"))
	}
	doc, _ := json.Marshal(map[string]any{"keys": list})
	return doc
}

var found = [][2]string{{":status", "200"}}

// held begins a request that has to wait.
func held(t *testing.T, vm *wasmhost.VM, r corpus.Request) *wasmhost.Stream {
	t.Helper()
	s := vm.Stream(nil)
	if action, err := s.RequestHeaders(r.Pairs(), false); action != wasmhost.Pause || err != nil || s.Local() != nil {
		t.Fatalf("headers: %v, %v, answered %v: want a pause", action, err, s.Local())
	}
	if action, _ := s.RequestBody([]byte("{}"), true); action != wasmhost.Pause {
		t.Fatal("the body goes before its head")
	}
	return s
}

// became is what came of a held request.
func became(s *wasmhost.Stream) string {
	defer s.Close()
	switch local := s.Local(); {
	case local != nil:
		return corpus.RefusedReply(int(local.Status), local.Body)
	case s.Held():
		return "held"
	case string(s.Request().Body) != "{}":
		return "its body is lost"
	}
	return corpus.Sent(s.Request().Headers).Line
}

const passes = "allow fraud-predictor.prod.svc.cluster.local /v1/models/fraud:predict"

func startPublished(t *testing.T, c *clock, shared *wasmhost.SharedData) *wasmhost.VM {
	t.Helper()
	vm := start(t, shipped, wasmhost.Options{Clusters: []string{"keys"}, Now: c.Now, Shared: shared})
	configure(t, vm, published)
	return vm
}

func tick(t *testing.T, vms ...*wasmhost.VM) {
	t.Helper()
	for _, vm := range vms {
		if err := vm.Tick(); err != nil {
			t.Fatal(err)
		}
	}
}

// respond answers the only fetch of all VMs.
func respond(t *testing.T, status [][2]string, body []byte, vms ...*wasmhost.VM) {
	t.Helper()
	var calls []*wasmhost.HTTPCall
	for _, vm := range vms {
		calls = append(calls, vm.Calls()...)
	}
	if len(calls) != 1 {
		t.Fatalf("%d fetches are under way, want 1", len(calls))
	}
	if err := calls[0].Respond(status, body); err != nil {
		t.Fatal(err)
	}
}

// TestKeysAreFetchedOnce: two workers, one fetch, requests that wait in both.
func TestKeysAreFetchedOnce(t *testing.T) {
	c, shared, key := &clock{time.Now()}, &wasmhost.SharedData{}, newKeyPair(t, "k1")
	a, b := startPublished(t, c, shared), startPublished(t, c, shared)
	if period := a.TickPeriod(); period != 200*time.Millisecond || len(a.Calls()) != 0 {
		t.Fatalf("ticks every %s, and fetches while it starts: %v", period, a.Calls())
	}
	inA, inB := held(t, a, key.call(t, c.now)), held(t, b, key.call(t, c.now))
	tick(t, a, b, a, b)
	call := a.Calls()[0]
	want := [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "keys.example"}, {":path", "/jwks?v=1"},
		{"accept", "application/json"}, {"user-agent", "modelgate"}}
	if len(call.Headers) != len(want) || call.Cluster != "keys" || call.Timeout != 5*time.Second {
		t.Errorf("fetches %+v", call)
	}
	for i := range want {
		if call.Headers[i] != want[i] {
			t.Errorf("header %v, want %v", call.Headers[i], want[i])
		}
	}
	respond(t, found, document(key), a, b)
	if got := became(inA); got != passes {
		t.Errorf("where it was fetched: %s", got)
	}
	tick(t, b)
	if got := became(inB); got != passes {
		t.Errorf("in the other worker: %s", got)
	}
	// A VM that starts later has them at once.
	if got := ask(t, startPublished(t, c, shared), key.call(t, c.now)).Line; got != passes {
		t.Errorf("in a later VM: %s", got)
	}
}

// TestUnknownKey: a new key is looked for and found; one that nobody has is
// looked for and then known to be unknown; its tokens go with a removed key.
func TestUnknownKey(t *testing.T) {
	c, old, fresh, forged := &clock{time.Now()}, newKeyPair(t, "old"), newKeyPair(t, "fresh"), newKeyPair(t, "forged")
	vm := startPublished(t, c, nil)
	tick(t, vm)
	respond(t, found, document(old), vm)
	if got := ask(t, vm, old.call(t, c.now)).Line; got != passes {
		t.Fatalf("old: %s", got)
	}
	c.advance(500 * time.Millisecond)
	one, two := held(t, vm, fresh.call(t, c.now)), held(t, vm, forged.call(t, c.now))
	if tick(t, vm); len(vm.Calls()) != 0 {
		t.Fatal("a fetch for an unknown key before its interval")
	}
	c.advance(500 * time.Millisecond)
	tick(t, vm)
	respond(t, found, document(fresh), vm)
	if a, b := became(one), became(two); a != passes || b != "401 key_unknown" {
		t.Errorf("fresh: %s, forged: %s", a, b)
	}
	if got := ask(t, vm, old.call(t, c.now)).Line; got != "401 key_unknown" {
		t.Errorf("a token of a key that is gone, seen before: %s", got)
	}
	if got := ask(t, vm, forged.call(t, c.now)).Line; got != "401 key_unknown" {
		t.Errorf("forged, again: %s", got)
	}
	counters := vm.Counters()
	if counters["modelgate.keys.corp.fetch.ok"] != 2 || counters["modelgate.keys.corp.refetch_unknown_kid"] != 1 {
		t.Errorf("counters: %v", counters)
	}
}

// TestKeysUnavailable: without keys a request waits as long as it may, and then
// is told to come back; with stale ones it passes until they are too old.
func TestKeysUnavailable(t *testing.T) {
	c, key := &clock{time.Now()}, newKeyPair(t, "k")
	vm := startPublished(t, c, nil)
	waits := held(t, vm, key.call(t, c.now))
	gone := held(t, vm, key.call(t, c.now))
	gone.Close()
	tick(t, vm)
	if err := vm.Calls()[0].Fail(); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	tick(t, vm)
	respond(t, [][2]string{{":status", "500"}}, nil, vm)
	c.advance(999 * time.Millisecond)
	if tick(t, vm); !waits.Held() || waits.Local() != nil {
		t.Fatal("it does not wait until its time is over")
	}
	c.advance(time.Millisecond)
	tick(t, vm)
	local := waits.Local()
	if got := became(waits); got != "503 keys_unavailable" {
		t.Errorf("after its wait: %s", got)
	}
	if local == nil || !hasHeader(local.Headers, "retry-after", "10") {
		t.Errorf("answered %v, want a retry-after", local)
	}
	c.advance(10 * time.Second)
	for range 3 {
		if tick(t, vm); len(vm.Calls()) > 0 {
			respond(t, found, document(key), vm)
		}
	}
	c.advance(23 * time.Hour)
	if got := ask(t, vm, key.call(t, c.now)).Line; got != passes {
		t.Errorf("with keys a day old: %s", got)
	}
	c.advance(time.Hour)
	tick(t, vm)
	if got := ask(t, vm, key.call(t, c.now)).Line; got != "paused" {
		t.Errorf("with keys older than that: %s", got)
	}
}

func hasHeader(headers [][2]string, name, value string) bool {
	for _, h := range headers {
		if h[0] == name && h[1] == value {
			return true
		}
	}
	return false
}

// TestKeysHostFails: whatever the host fails to do about keys, no request passes
// without one, the VM lives on, and service comes when the host does its part.
func TestKeysHostFails(t *testing.T) {
	for _, call := range []string{"proxy_http_call", "proxy_get_shared_data", "proxy_set_shared_data", "proxy_get_header_map_pairs", "proxy_get_buffer_bytes",
		"proxy_record_metric", "proxy_increment_metric", "proxy_set_effective_context"} {
		c, key := &clock{time.Now()}, newKeyPair(t, "k")
		fail := func(string) wasmhost.Status { return wasmhost.OK }
		vm := start(t, shipped, wasmhost.Options{Clusters: []string{"keys"}, Now: c.Now, Fail: func(call string) wasmhost.Status { return fail(call) }})
		configure(t, vm, published)
		stream := held(t, vm, key.call(t, c.now))
		fail = failing(call)
		for range 20 {
			if tick(t, vm); len(vm.Calls()) > 0 {
				vm.Calls()[0].Respond(found, document(key))
			}
			c.advance(200 * time.Millisecond)
		}
		if got := became(stream); got != "503 keys_unavailable" && got != "held" && !(strings.Contains(call, "metric") && got == passes) {
			t.Errorf("%s fails: %s", call, got)
		}
		fail = func(string) wasmhost.Status { return wasmhost.OK }
		c.advance(time.Minute)
		for range 40 {
			if tick(t, vm); len(vm.Calls()) > 0 {
				vm.Calls()[0].Respond(found, document(key))
			}
			c.advance(200 * time.Millisecond)
		}
		if got := ask(t, vm, key.call(t, c.now)).Line; got != passes {
			t.Errorf("%s works again: %s", call, got)
		}
	}
}

// TestKeysUnderNewConfiguration: a configuration with the same source has the
// keys at once; requests that wait under the old one are not lost.
func TestKeysUnderNewConfiguration(t *testing.T) {
	c, key := &clock{time.Now()}, newKeyPair(t, "k")
	vm := startPublished(t, c, nil)
	waits := held(t, vm, key.call(t, c.now))
	tick(t, vm)
	call := vm.Calls()[0]
	configure(t, vm, strings.Replace(published, `"name": "all"`, `"name": "everybody"`, 1))
	if err := call.Respond(found, document(key)); err != nil {
		t.Fatal(err)
	}
	if got := became(waits); got != passes {
		t.Errorf("a request of the old configuration: %s", got)
	}
	if tick(t, vm); len(vm.Calls()) != 0 {
		t.Error("the new configuration fetches what is there")
	}
	if got := ask(t, vm, key.call(t, c.now)).Line; got != passes {
		t.Errorf("under the new configuration: %s", got)
	}
}

// TestManyWait: more requests than a host's stack could answer in one callback
// are answered in several, and one that ends meanwhile is left out.
func TestManyWait(t *testing.T) {
	c, key := &clock{time.Now()}, newKeyPair(t, "k")
	vm := startPublished(t, c, nil)
	request := key.call(t, c.now)
	var streams []*wasmhost.Stream
	for range 1024 {
		streams = append(streams, held(t, vm, request))
	}
	if got := ask(t, vm, request).Line; got != "503 keys_unavailable" {
		t.Errorf("one more than may wait: %s", got)
	}
	tick(t, vm)
	respond(t, found, document(key), vm)
	last := streams[len(streams)-1]
	last.Close()
	ticks := 0
	for ; vm.TickPeriod() < 200*time.Millisecond; ticks++ {
		tick(t, vm)
	}
	for i, s := range streams[:len(streams)-1] {
		if got := became(s); got != passes {
			t.Fatalf("request %d: %s", i, got)
		}
	}
	if ticks < 10 || vm.Failed() {
		t.Errorf("all were woken in %d ticks, failed: %v", ticks, vm.Failed())
	}
}
