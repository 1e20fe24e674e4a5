package gate_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

const askForward = "POST /forward/prod/fraud:predict" // on a route that forwards credentials

func TestSpoofableHeadersNeverPass(t *testing.T) {
	g, s := load(t, world)
	token := bearer(t, s, corp(nil))
	for _, line := range []string{askPublic, askStaff, askForward} {
		for _, name := range slices.Concat(spoofableNames, destinationNames) {
			for _, spelling := range spellings(name) {
				spoofed := []pair{{spelling, "root@example.com"}, {spelling, "/v1/models/other:predict"}}
				h := head(line, append(spoofed, token, pair{"x-kept", "1"})...)
				_, step := begin(g, h)
				got := sent(h, step)
				if values := arrivals(got, name); values != nil || arrivals(got, "x-kept") == nil {
					t.Errorf("Begin(%s with %s): %s arrives as %q in %v", line, spelling, name, values, got)
				}
			}
		}
	}
}

func TestCredentialsAreStrippedOrForwarded(t *testing.T) {
	g, s := load(t, world)
	token := bearer(t, s, corp(nil))
	for _, c := range []struct {
		line     string
		forwards bool
	}{
		{askStaff, false},
		{askPublic, false},
		{askForward, true},
	} {
		for _, name := range credentialNames {
			for _, spelling := range spellings(name) {
				t.Run(c.line+" with "+spelling, func(t *testing.T) {
					h := head(c.line, token)
					if spelling != "authorization" && spelling != "x-goog-iap-jwt-assertion" { // those would be read
						h.Pairs = append(h.Pairs, pair{spelling, "secret=1"})
					}
					_, step := begin(g, h)
					got := sent(h, step)
					if got == nil {
						t.Fatalf("Begin = %s, want allowed", step.Reason)
					}
					// The verified credential is forwarded whole; no other spelling of it is.
					var want []string
					if c.forwards {
						want = []string{token[1]}
					}
					if values := arrivals(got, "authorization"); !slices.Equal(values, want) {
						t.Errorf("authorization arrives as %q, want %q", values, want)
					}
					arrives := c.forwards && spelling == name && name != "x-goog-iap-jwt-assertion"
					if values := arrivals(got, name); name != "authorization" && (values != nil) != arrives {
						t.Errorf("%s arrives as %q, want it to arrive: %v", name, values, arrives)
					}
					text := fmt.Sprint(got)
					if !c.forwards && (strings.Contains(text, "secret=1") || strings.Contains(text, token[1])) {
						t.Errorf("a credential arrives in %s", text)
					}
				})
			}
		}
	}
}

// routingValue is what a routing header must say for a request of the path in line to be
// accepted; otherwise for a header that routes nothing.
func routingValue(name, line, otherwise string) string {
	segments := strings.Split(line[strings.IndexByte(line, '/'):strings.LastIndexByte(line, ':')], "/")
	switch {
	case name == "kserve-isvc-namespace":
		return segments[2]
	case strings.HasSuffix(name, "-bin"):
		return base64.StdEncoding.EncodeToString([]byte(segments[3]))
	case slices.Contains(routingNames, name):
		return segments[3]
	}
	return otherwise
}

// TestRoutingAndRelayedHeadersNeverPass sends the headers by which models are chosen, and
// those of a gateway in front, in each spelling and on every connection.
func TestRoutingAndRelayedHeadersNeverPass(t *testing.T) {
	g, s := load(t, relayWorld(t))
	token := bearer(t, s, corp(nil))
	for _, line := range []string{askPublic, askStaff, askForward} {
		for _, peer := range []authn.Peer{{}, gatewayPeer} {
			for _, name := range slices.Concat(routingNames, relayedNames) {
				for _, spelling := range spellings(name) {
					h := head(line, token, pair{spelling, routingValue(name, line, "a@b")}, pair{"x-kept", "1"})
					h.Peer = peer
					_, step := begin(g, h)
					if peer == gatewayPeer && spelling == "x-caller" && line != askPublic { // then it names the caller
						if step.Reason != reason.GrantMissing {
							t.Errorf("Begin(%s, relayed) = %s, want grant_missing", line, step.Reason)
						}
						continue
					}
					got := sent(h, step)
					if values := arrivals(got, name); values != nil || arrivals(got, "x-kept") == nil {
						t.Errorf("Begin(%s by %q): %s arrives as %q in %v", line, peer.URI, spelling, values, got)
					}
				}
			}
		}
	}
}

// TestRoutingHeadersOfAnotherModel: a header must not name another model than the path.
func TestRoutingHeadersOfAnotherModel(t *testing.T) {
	g, s := load(t, relayWorld(t))
	token := bearer(t, s, corp(nil))
	for _, name := range routingNames {
		for _, value := range []string{"other", "", "a@b", "publishers/other/models/iris", "b3RoZXI=", "iris,other"} {
			for _, spelling := range spellings(name) {
				_, step := begin(g, head(askPublic, pair{spelling, value}))
				if step.Reason != reason.CredentialMissing && step.Reason != reason.IdentityConflict {
					t.Errorf("Begin(%s: %q) = %s, want credential_missing or identity_conflict", spelling, value, step.Reason)
				}
				if _, step := begin(g, head(askPublic, token, pair{spelling, value})); step.Reason != reason.IdentityConflict {
					t.Errorf("Begin(%s: %q with a token) = %s, want identity_conflict", spelling, value, step.Reason)
				}
			}
		}
	}
}

func TestTrailers(t *testing.T) {
	g, _ := load(t, relayWorld(t))
	x, _ := begin(g, head(askPublic))
	env := gate.Env{Now: now, Keys: g.Keys()}
	names := slices.Concat(spoofableNames, destinationNames, credentialNames, routingNames, relayedNames)
	for _, name := range append(names, "x-gate-caller", "x-tenant-id") {
		for _, spelling := range spellings(name) {
			for _, trailers := range [][]pair{{{spelling, "x"}}, {{"grpc-status", "0"}, {spelling, "x"}}} {
				step := x.Trailers(env, gate.Upstream, trailers)
				if step.Act != gate.Refuse || step.Reason != reason.TrailerForbidden || step.Reply.Status != 400 {
					t.Errorf("Trailers(%v) = %+v, want trailer_forbidden", trailers, step)
				}
				if step := x.Trailers(env, gate.Downstream, trailers); step.Act != gate.Forward {
					t.Errorf("Trailers(%v of a response) = %+v, want them forwarded", trailers, step)
				}
			}
		}
	}
	for _, trailers := range [][]pair{nil, {{"grpc-status", "0"}, {"x-checksum", "1"}, {"user-agent", "x"}}} {
		if step := x.Trailers(env, gate.Upstream, trailers); step.Act != gate.Forward || step.Edit != nil {
			t.Errorf("Trailers(%v) = %+v, want them forwarded", trailers, step)
		}
	}
}
