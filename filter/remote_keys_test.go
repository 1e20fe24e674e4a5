package main_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/edit"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// TestKeysAreFetchedOnce: of two workers in which requests wait, one fetches the
// keys for both.
func TestKeysAreFetchedOnce(t *testing.T) {
	c, shared, key := &clock{time.Now()}, &wasmhost.SharedData{}, newKeyPair(t, "k1")
	a, b := startRemote(t, c, shared), startRemote(t, c, shared)
	if period := a.TickPeriod(); period != 200*time.Millisecond || len(a.PendingCalls()) != 0 {
		t.Fatalf("after the start: TickPeriod() = %s, PendingCalls() = %v, want 200ms and none", period, a.PendingCalls())
	}
	inA, inB := sendWaiting(t, a, key.request(t, c.now)), sendWaiting(t, b, key.request(t, c.now))
	tick(t, a, b, a, b)
	call := a.PendingCalls()[0]
	want := [][2]string{
		{":method", "GET"}, {":scheme", "https"}, {":authority", "keys.example"}, {":path", "/jwks?v=1"},
		{"accept", "application/json, application/jwk-set+json, */*;q=0.1"}, {"user-agent", "modelgate"},
	}
	if !slices.Equal(call.Headers, want) {
		t.Errorf("headers of the fetch = %v, want %v", call.Headers, want)
	}
	if call.Cluster != "keys" || call.Timeout != 5*time.Second {
		t.Errorf("the fetch goes to the cluster %s with timeout %s, want keys and 5s", call.Cluster, call.Timeout)
	}
	respond(t, status200, keySet(key), a, b)
	if got := outcome(inA); got != forwarded {
		t.Errorf("in the worker that fetched: outcome = %s, want %s", got, forwarded)
	}
	tick(t, b)
	if got := outcome(inB); got != forwarded {
		t.Errorf("in the other worker: outcome = %s, want %s", got, forwarded)
	}
	if got := send(t, startRemote(t, c, shared), key.request(t, c.now)).Line; got != forwarded {
		t.Errorf("in a VM that starts later, which does not wait: outcome = %s, want %s", got, forwarded)
	}
}

// TestUnknownKey: requests with an unknown key ID wait for one refetch. Afterwards a key ID
// that is still unknown, or that nobody has asked for, is refused without a wait, and so are
// the tokens of a key that was withdrawn. The next refetch comes when the interval is over,
// although nobody waits.
func TestUnknownKey(t *testing.T) {
	c := &clock{time.Now()}
	old, fresh, forged := newKeyPair(t, "old"), newKeyPair(t, "fresh"), newKeyPair(t, "forged")
	vm := start(t, shipped, wasmhost.Options{Clusters: []string{"keys"}, Now: c.Now})
	configure(t, vm, edit.Set(t, remoteConfig, "/issuers/0/jwks/remote/interval", `"5s"`))
	tick(t, vm)
	respond(t, status200, keySet(old), vm)
	if got := send(t, vm, old.request(t, c.now)).Line; got != forwarded {
		t.Fatalf("old key: outcome = %s, want %s", got, forwarded)
	}
	c.advance(500 * time.Millisecond)
	withFresh, withForged := sendWaiting(t, vm, fresh.request(t, c.now)), sendWaiting(t, vm, forged.request(t, c.now))
	tick(t, vm)
	respond(t, status200, keySet(fresh), vm)
	c.advance(time.Millisecond)
	for _, step := range []struct{ name, got, want string }{
		{"fresh key, after its wait", outcome(withFresh), forwarded},
		{"forged key, after its wait", outcome(withForged), "401 key_unknown"},
		{"withdrawn key, token seen before", send(t, vm, old.request(t, c.now)).Line, "401 key_unknown"},
		{"forged key, again", send(t, vm, forged.request(t, c.now)).Line, "401 key_unknown"},
		{"another forged key", send(t, vm, newKeyPair(t, "forged2").request(t, c.now)).Line, "401 key_unknown"},
	} {
		if step.got != step.want {
			t.Errorf("%s: outcome = %s, want %s", step.name, step.got, step.want)
		}
	}
	c.advance(4 * time.Second)
	if tick(t, vm); len(vm.PendingCalls()) != 0 {
		t.Fatal("the key set is fetched again before its interval is over")
	}
	c.advance(time.Second)
	tick(t, vm)
	respond(t, status200, keySet(fresh, old), vm)
	if got := send(t, vm, old.request(t, c.now)).Line; got != forwarded {
		t.Errorf("a key that is back: outcome = %s, want %s", got, forwarded)
	}
	for name, want := range map[string]uint64{"fetch.ok": 3, "refetch_unknown_kid": 2} {
		if got := vm.Counters()["modelgate.keys.corp."+name]; got != want {
			t.Errorf("counter %s = %d, want %d", name, got, want)
		}
	}
}

// TestFetchHeaders: the headers of the configuration are sent with the fetch, and no line of
// the log shows them. The log says which keys serve nothing.
func TestFetchHeaders(t *testing.T) {
	vm := start(t, shipped, wasmhost.Options{Clusters: []string{"keys"}, Env: map[string]string{"TOKEN": "Bearer hunter2\n"}})
	configure(t, vm, edit.Set(t, remoteConfig, "/issuers/0/jwks/remote/headers", `{"authorization": {"env": "TOKEN"}}`))
	tick(t, vm)
	if got := vm.PendingCalls()[0].Headers; !hasHeader(got, "authorization", "Bearer hunter2") {
		t.Errorf("headers of the fetch = %v, want the token", got)
	}
	const skipped = `{"kty":"RSA","kid":"a\nb","use":"enc"},`
	document := strings.Replace(string(keySet(newKeyPair(t, "k"))), "[", "["+strings.Repeat(skipped, 20), 1)
	respond(t, status200, []byte(document), vm)
	lines := 0
	for _, line := range vm.Logs() {
		if strings.Contains(line.Text, `corp: kid "a\nb" is skipped: "use is not sig"`) {
			lines++
		}
		if strings.Contains(line.Text, "hunter2") {
			t.Errorf("the log shows the token: %s", line.Text)
		}
	}
	if lines != 10 {
		t.Errorf("%d keys are logged as skipped, want 10 of 20", lines)
	}
}

// TestKeysUnavailable: without keys a request waits for the configured time and is
// then refused with 503 and Retry-After. A stale key set serves until it is too old.
func TestKeysUnavailable(t *testing.T) {
	c, key := &clock{time.Now()}, newKeyPair(t, "k")
	vm := startRemote(t, c, nil)
	waits := sendWaiting(t, vm, key.request(t, c.now))
	sendWaiting(t, vm, key.request(t, c.now)).Close() // a request that ends while it waits
	tick(t, vm)
	if err := vm.PendingCalls()[0].Fail(); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	tick(t, vm)
	respond(t, [][2]string{{":status", "500"}}, nil, vm)
	c.advance(999 * time.Millisecond)
	if tick(t, vm); !waits.Held() || waits.LocalReply() != nil {
		t.Fatal("the request does not wait for the configured 2s")
	}
	c.advance(time.Millisecond)
	tick(t, vm)
	local := waits.LocalReply()
	if got := outcome(waits); got != "503 keys_unavailable" {
		t.Errorf("after its wait: outcome = %s, want 503 keys_unavailable", got)
	}
	if local == nil || !hasHeader(local.Headers, "retry-after", "10") {
		t.Errorf("local reply = %v, want one with retry-after: 10", local)
	}
	c.advance(10 * time.Second)
	for range 3 {
		if tick(t, vm); len(vm.PendingCalls()) > 0 {
			respond(t, status200, keySet(key), vm)
		}
	}
	c.advance(23 * time.Hour)
	if got := send(t, vm, key.request(t, c.now)).Line; got != forwarded {
		t.Errorf("with a key set that is 23h old: outcome = %s, want %s", got, forwarded)
	}
	c.advance(time.Hour)
	tick(t, vm)
	if got := send(t, vm, key.request(t, c.now)).Line; got != "paused" {
		t.Errorf("with a key set that is 24h old: outcome = %s, want paused", got)
	}
}

// TestKeysHostFails: if the host fails while keys are fetched, no request passes
// without a key, the VM lives on, and requests pass when the host works again.
func TestKeysHostFails(t *testing.T) {
	for _, call := range []string{
		"proxy_http_call",
		"proxy_get_shared_data",
		"proxy_set_shared_data",
		"proxy_get_header_map_pairs",
		"proxy_get_buffer_bytes",
		"proxy_record_metric",
		"proxy_increment_metric",
		"proxy_set_effective_context",
	} {
		t.Run(call, func(t *testing.T) {
			c, key, host := &clock{time.Now()}, newKeyPair(t, "k"), &failing{}
			vm := start(t, shipped, wasmhost.Options{Clusters: []string{"keys"}, Now: c.Now, Fail: host.status})
			configure(t, vm, remoteConfig)
			run := func(ticks int) {
				for range ticks {
					if tick(t, vm); len(vm.PendingCalls()) > 0 {
						vm.PendingCalls()[0].Respond(status200, keySet(key))
					}
					c.advance(200 * time.Millisecond)
				}
			}
			waits := sendWaiting(t, vm, key.request(t, c.now))
			host.call = call
			run(20)
			got := outcome(waits)
			counts := strings.Contains(call, "metric") // a count that fails changes no decision
			if got != "503 keys_unavailable" && got != "waiting" && !(counts && got == forwarded) {
				t.Errorf("while the call fails: outcome = %s, want a refusal or a wait", got)
			}
			host.call = ""
			c.advance(time.Minute)
			run(40)
			if got := send(t, vm, key.request(t, c.now)).Line; got != forwarded {
				t.Errorf("when the call works again: outcome = %s, want %s", got, forwarded)
			}
		})
	}
}

// TestKeysUnderNewConfiguration: a new configuration with the same key source uses
// the fetched keys, and requests that wait under the old one are decided. Key sources
// are the same if they mean the same (keys.Source): the new one is written in another way.
func TestKeysUnderNewConfiguration(t *testing.T) {
	c, key := &clock{time.Now()}, newKeyPair(t, "k")
	vm := start(t, shipped, wasmhost.Options{Clusters: []string{"keys"}, Now: c.Now})
	before := edit.Set(t, remoteConfig, "/grants/0/name", `"before"`)
	configure(t, vm, before)
	waits := sendWaiting(t, vm, key.request(t, c.now))
	tick(t, vm)
	call := vm.PendingCalls()[0]
	after := edit.Set(t, before, "/grants/0/name", `"after"`)
	configure(t, vm, edit.Set(t, after, "/issuers/0/jwks/remote/refresh", `"300s"`)) // the default
	if err := call.Respond(status200, keySet(key)); err != nil {
		t.Fatal(err)
	}
	if got := outcome(waits); got != forwarded {
		t.Errorf("a request of the old configuration: outcome = %s, want %s", got, forwarded)
	}
	if tick(t, vm); len(vm.PendingCalls()) != 0 {
		t.Error("the new configuration fetches a key set that has just been fetched")
	}
	if got := send(t, vm, key.request(t, c.now)).Line; got != forwarded {
		t.Errorf("a request of the new configuration: outcome = %s, want %s", got, forwarded)
	}
}

// TestManyWait: requests that wait are resumed in batches, because the host's stack
// would overflow if one callback resumed all of them. A request that has ended
// is skipped.
func TestManyWait(t *testing.T) {
	c, key := &clock{time.Now()}, newKeyPair(t, "k")
	vm := startRemote(t, c, nil)
	request := key.request(t, c.now)
	var streams []*wasmhost.Stream
	for range 1024 {
		streams = append(streams, sendWaiting(t, vm, request))
	}
	if got := send(t, vm, request).Line; got != "503 keys_unavailable" {
		t.Errorf("one request more than may wait: outcome = %s, want 503 keys_unavailable", got)
	}
	tick(t, vm)
	respond(t, status200, keySet(key), vm)
	last := streams[len(streams)-1]
	last.Close()
	ticks := 0
	for ; vm.TickPeriod() < 200*time.Millisecond; ticks++ {
		tick(t, vm)
	}
	for i, s := range streams[:len(streams)-1] {
		if got := outcome(s); got != forwarded {
			t.Fatalf("request %d: outcome = %s, want %s", i, got, forwarded)
		}
	}
	if ticks < 10 || vm.Failed() {
		t.Errorf("all were resumed in %d ticks, VM failed: %v; want at least 10 and false", ticks, vm.Failed())
	}
}
