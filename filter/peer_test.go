package main_test

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// TestPeerOfHost: what the host says of the connection's certificate counts only if
// it is said whole; a host that fails to say it lets nobody pass, and one that knows
// no certificates knows no peers.
func TestPeerOfHost(t *testing.T) {
	s, err := corpus.Load("../examples/gateway-and-sidecar")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Request(corpus.Case{Name: "scorer", Request: "POST /v1/models/fraud:predict", Host: "fraud-predictor.prod",
		Peer: &corpus.Peer{URI: "spiffe://cluster.local/ns/batch/sa/scorer"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	valid, uri := wasmhost.Path("connection", "peer_certificate_valid"), wasmhost.Path("connection", "uri_san_peer_certificate")
	const allow, missing = "allow fraud-predictor.prod /v1/models/fraud:predict", "401 credential_missing"
	for _, c := range []struct {
		name       string
		properties map[string][]byte
		want       string
	}{
		{"validated", map[string][]byte{valid: {1}, uri: []byte(r.Peer.URI)}, allow},
		{"not validated", map[string][]byte{valid: {0}, uri: []byte(r.Peer.URI)}, missing},
		{"not said", map[string][]byte{uri: []byte(r.Peer.URI)}, missing},
		{"said as nothing", map[string][]byte{valid: {}, uri: []byte(r.Peer.URI)}, missing},
		{"said as a number", map[string][]byte{valid: {1, 0, 0, 0, 0, 0, 0, 0}, uri: []byte(r.Peer.URI)}, missing},
		{"said as text", map[string][]byte{valid: []byte("true"), uri: []byte(r.Peer.URI)}, missing},
		{"no name", map[string][]byte{valid: {1}}, missing},
		{"nothing", nil, missing},
	} {
		vm := start(t, shipped, wasmhost.Options{Env: s.Env})
		configure(t, vm, s.Config)
		if got := askBy(t, vm, r, c.properties); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	fail := func(string) wasmhost.Status { return wasmhost.OK }
	vm := start(t, shipped, wasmhost.Options{Env: s.Env, Fail: func(call string) wasmhost.Status { return fail(call) }})
	configure(t, vm, s.Config)
	fail = failing("proxy_get_property")
	if got := ask(t, vm, r).Line; got != "500 internal" {
		t.Errorf("proxy_get_property fails: %s, want 500 internal", got)
	}
	calls := 0
	fail = func(call string) wasmhost.Status { // the second of the two
		if call != "proxy_get_property" {
			return wasmhost.OK
		}
		if calls++; calls == 2 {
			return wasmhost.InternalFailure
		}
		return wasmhost.OK
	}
	if got := ask(t, vm, r).Line; got != "500 internal" || calls != 2 {
		t.Errorf("the second proxy_get_property of %d fails: %s, want 500 internal", calls, got)
	}
}

// askBy is ask on a connection of which the host knows these properties.
func askBy(t *testing.T, vm *wasmhost.VM, r corpus.Request, properties map[string][]byte) string {
	t.Helper()
	stream := vm.Stream(properties)
	defer stream.Close()
	action, err := stream.RequestHeaders(r.Pairs(), true)
	switch reply := stream.Local(); {
	case err != nil:
		return "trap"
	case reply != nil:
		return corpus.RefusedReply(int(reply.Status), reply.Body)
	case action == wasmhost.Continue:
		return corpus.Sent(stream.Request().Headers).Line
	}
	return "paused"
}
