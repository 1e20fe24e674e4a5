package main_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// TestPeerOfHost: a client certificate counts only if the host reports all of it. A
// host call that fails refuses the request; without certificates there is no peer.
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
	valid := wasmhost.PropertyPath("connection", "peer_certificate_valid")
	uri := wasmhost.PropertyPath("connection", "uri_san_peer_certificate")
	const allow, missing = "allow fraud-predictor.prod /v1/models/fraud:predict", "401 credential_missing"
	for _, c := range []struct {
		name       string
		properties map[string][]byte
		want       string
	}{
		{"validated", map[string][]byte{valid: {1}, uri: []byte(r.Peer.URI)}, allow},
		{"not validated", map[string][]byte{valid: {0}, uri: []byte(r.Peer.URI)}, missing},
		{"validity absent", map[string][]byte{uri: []byte(r.Peer.URI)}, missing},
		{"validity empty", map[string][]byte{valid: {}, uri: []byte(r.Peer.URI)}, missing},
		{"validity as a number", map[string][]byte{valid: {1, 0, 0, 0, 0, 0, 0, 0}, uri: []byte(r.Peer.URI)}, missing},
		{"validity as text", map[string][]byte{valid: []byte("true"), uri: []byte(r.Peer.URI)}, missing},
		{"URI absent", map[string][]byte{valid: {1}}, missing},
		{"no properties", nil, missing},
	} {
		t.Run(c.name, func(t *testing.T) {
			vm := start(t, shipped, wasmhost.Options{Env: s.Env})
			configure(t, vm, s.Config)
			if got := sendWithProperties(t, vm, r, c.properties); got != c.want {
				t.Errorf("outcome = %s, want %s", got, c.want)
			}
		})
	}
	for _, c := range []struct {
		name  string
		fails int // which proxy_get_property fails
	}{{"the first property cannot be read", 1}, {"the second property cannot be read", 2}} {
		t.Run(c.name, func(t *testing.T) {
			started, calls := false, 0
			vm := start(t, shipped, wasmhost.Options{Env: s.Env, Fail: func(call string) wasmhost.Status {
				if !started || call != "proxy_get_property" {
					return wasmhost.OK
				}
				if calls++; calls == c.fails {
					return wasmhost.InternalFailure
				}
				return wasmhost.OK
			}})
			configure(t, vm, s.Config)
			started = true
			if got := send(t, vm, r).Line; got != "500 internal" || calls != c.fails {
				t.Errorf("outcome = %s after %d proxy_get_property, want 500 internal after %d", got, calls, c.fails)
			}
		})
	}
}

// TestPropertiesOfPeers: a remembered request reads of the certificate what the
// configuration needs, and nothing where it needs nothing.
func TestPropertiesOfPeers(t *testing.T) {
	for _, c := range []struct {
		example string
		want    int
	}{
		{"iap", 0},
		{"gateway-and-sidecar", 3}, // its validity, SPIFFE ID and digest
		{"client-certificates", 5}, // its subject and DNS names, too
	} {
		t.Run(c.example, func(t *testing.T) {
			s, err := corpus.Load("../examples/" + c.example)
			if err != nil {
				t.Fatal(err)
			}
			vm := start(t, shipped, wasmhost.Options{Env: s.Env})
			configure(t, vm, s.Config)
			one := s.Cases[slices.IndexFunc(s.Cases, func(one corpus.Case) bool { return strings.HasPrefix(one.Want, "allow ") })]
			r, err := s.Request(one, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			for range 4 {
				vm.ResetCalls()
				if got := send(t, vm, r).Line; got != one.Want {
					t.Fatalf("outcome = %s, want %s", got, one.Want)
				}
				if got := vm.HostCalls()["proxy_get_property"]; got != c.want {
					t.Errorf("%d properties are read, want %d", got, c.want)
				}
			}
		})
	}
}

// sendWithProperties is send for a request without a body, on a connection with
// these properties.
func sendWithProperties(t *testing.T, vm *wasmhost.VM, r corpus.Request, properties map[string][]byte) string {
	t.Helper()
	stream := vm.NewStream(properties)
	defer stream.Close()
	action, err := stream.RequestHeaders(r.Pairs(), true)
	switch reply := stream.LocalReply(); {
	case err != nil:
		return "trap"
	case reply != nil:
		return corpus.RefusedReply(int(reply.Status), reply.Body)
	case action == wasmhost.Continue:
		return corpus.Sent(stream.Request().Headers).Line
	}
	return "paused"
}
