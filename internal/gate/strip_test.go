package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const relayIssuer = `{"name": "gateway", "relay": {"peers": ["spiffe://cluster.local/ns/edge/sa/gateway"], "subject": "x-caller", "email": "x-caller-email", "groups": "x-caller-groups"}}`

var (
	routingNames = strings.Fields("x-gateway-model-name x-higress-llm-model x-vertex-ai-triton-redirect mm-model-id mm-vmodel-id kserve-isvc-name kserve-isvc-namespace")
	relayedNames = strings.Fields("x-caller x-caller-email x-caller-groups")
	gatewayPeer  = authn.Peer{URI: "spiffe://cluster.local/ns/edge/sa/gateway", Validated: true}
)

// applied is what the upstream gets of a request that goes on, for whatever
// reason.
func applied(h *gate.Head, step gate.Step) []pair {
	if step.Act != gate.Forward {
		return nil
	}
	return corpus.Apply(slices.Clone(h.Pairs), step.Edit)
}

// relayWorld has a gateway in front before the other issuers.
func relayWorld() string {
	s := strings.Replace(more(`"peer": {"trustDomain": "cluster.local"}`), `"issuers": [`, `"issuers": [`+relayIssuer+`,`, 1)
	return strings.Replace(s, `"grants": [`, `"grants": [{"name": "relayed", "issuers": ["gateway"], "members": ["user:ana@example.com", "group:team"], "role": "invoker", "models": ["prod/*"]},`, 1)
}

// TestRelayedCaller: the gateway's word counts on its own connection, and on no
// other; on none does it go on.
func TestRelayedCaller(t *testing.T) {
	g, _ := load(t, relayWorld())
	if !g.NeedsPeer() {
		t.Error("the host is not asked for certificates")
	}
	strangers := []authn.Peer{{}, {URI: gatewayPeer.URI}, {URI: "spiffe://cluster.local/ns/edge/sa/other", Validated: true}, {URI: "spiffe://other.local/ns/edge/sa/gateway", Validated: true}, {URI: gatewayPeer.URI + "/x", Validated: true}}
	for _, c := range []struct {
		line    string
		more    []pair
		want    string // what the gateway's connection gets: who called, or the refusal
		others  reason.Reason
		address string
	}{
		{askStaff, []pair{{"x-caller", "7"}, {"x-caller-email", "ana@example.com"}}, "gateway/7", reason.CredentialMissing, "accounts.google.com:ana@example.com"},
		{askStaff, []pair{{"x-caller", "8"}, {"x-caller-groups", "other, team"}}, "gateway/8", reason.CredentialMissing, ""},
		{askPublic, []pair{{"x-caller", "9"}}, "gateway/9", reason.Allowed, ""},
		{askStaff, []pair{{"x-caller", "9"}}, "grant_missing", reason.CredentialMissing, ""},
		{"POST /kfserving/prod/frozen:predict", []pair{{"x-caller", "8"}, {"x-caller-groups", "team"}}, "denied", reason.CredentialMissing, ""},
		{askStaff, []pair{{"x-caller-email", "ana@example.com"}, {"x-caller-groups", "team"}}, "credential_missing", reason.CredentialMissing, ""},
		{askStaff, []pair{{"x_caller", "7"}, {"x-caller_email", "ana@example.com"}}, "credential_missing", reason.CredentialMissing, ""},
		{askPublic, []pair{{"x-caller", "7"}, {"x-caller", "7"}}, "credential_repeated", reason.Allowed, ""},
		{askPublic, []pair{{"x-caller", "7"}, {"x-caller-groups", "a"}, {"x-caller-groups", "team"}}, "credential_repeated", reason.Allowed, ""},
		{askPublic, []pair{{"x-caller", "7"}, {"x-caller-email", "a@b@c"}}, "claims_invalid", reason.Allowed, ""},
		{askPublic, []pair{{"x-caller", ""}}, "claims_invalid", reason.Allowed, ""},
	} {
		h := head(c.line, c.more...)
		h.Peer = gatewayPeer
		_, step := begin(g, h)
		got := step.Reason.String()
		if step.Reason == reason.Allowed {
			got = strings.Join(arrivals(sent(h, step), "x-gate-caller"), ",")
		}
		if address := strings.Join(arrivals(sent(h, step), "kubeflow-userid"), ","); got != c.want || address != c.address {
			t.Errorf("Begin(%s with %v by the gateway) = %s %s, want %s", c.line, c.more, got, address, c.want)
		}
		for _, peer := range strangers {
			h.Peer = peer
			x, step := begin(g, h)
			if step.Reason != c.others || !x.Principal.Anonymous() || arrivals(sent(h, step), "x-gate-caller") != nil {
				t.Errorf("Begin(%s with %v by %v) = %s, want %s", c.line, c.more, peer, step.Reason, c.others)
			}
		}
	}
}

// routed is what a routing header says of the model that a path asks for.
func routed(name, line, otherwise string) string {
	segments := strings.Split(line[strings.IndexByte(line, '/'):strings.LastIndexByte(line, ':')], "/")
	switch {
	case name == "kserve-isvc-namespace":
		return segments[2]
	case slices.Contains(routingNames, name) && name != "x-vertex-ai-triton-redirect":
		return segments[3]
	}
	return otherwise
}

// TestRelayedGroups: a gateway's list of groups is read as what it was made of, or
// not written at all; and a client's own list never stands in its place.
func TestRelayedGroups(t *testing.T) {
	front, s := load(t, strings.Replace(world, `"identity": [`, `"identity": [{"header": "x-caller", "value": "{subject}"}, {"header": "x-caller-groups", "value": "{groups}"},`, 1))
	back, _ := load(t, relayWorld())
	for _, c := range []struct {
		groups []string
		want   string
	}{
		{nil, ""}, {[]string{"other"}, "other"}, {[]string{"team", "other"}, "team,other"}, {[]string{"a b", "team"}, "a b,team"},
		{[]string{"other,team"}, ""}, {[]string{"team", "x,y"}, ""}, {[]string{" team"}, ""}, {[]string{"team\t"}, ""}, {[]string{""}, ""}, {[]string{"x", ""}, ""}, {[]string{"é", "team"}, ""}, {[]string{"x\nteam"}, ""},
	} {
		for _, forged := range []string{"", "team", "x,team"} {
			h := head("POST /forward/prod/fraud:predict", pair{"authorization", "Bearer " + mint(t, s, corp(map[string]any{"groups": append([]string{}, c.groups...)}))}, pair{"x-caller-groups", forged}, pair{"x_caller_groups", forged})
			_, step := begin(front, h)
			got := sent(h, step)
			if values := strings.Join(arrivals(got, "x-caller-groups"), ";"); got == nil || values != c.want {
				t.Errorf("groups %q, and a client's %q: %s, x-caller-groups %q, want %q", c.groups, forged, step.Reason, values, c.want)
			}
			x, step := begin(back, &gate.Head{Pairs: got, Peer: gatewayPeer})
			if granted := step.Reason == reason.Allowed; c.want != "" && !slices.Equal(x.Principal.Groups, c.groups) || granted != (c.want != "" && slices.Contains(c.groups, "team")) {
				t.Errorf("groups %q, and a client's %q: relayed as %q, %s", c.groups, forged, x.Principal.Groups, step.Reason)
			}
		}
	}
}

// TestStripped sends the headers of a gateway in front, and those by which
// models are chosen, in each spelling, on every connection.
func TestStripped(t *testing.T) {
	g, s := load(t, relayWorld())
	token := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
	for _, line := range []string{askPublic, askStaff, "POST /forward/prod/fraud:predict"} {
		for _, peer := range []authn.Peer{{}, gatewayPeer} {
			for _, name := range append(slices.Clone(routingNames), relayedNames...) {
				for _, spelling := range spellings(name) {
					h := head(line, token, pair{spelling, routed(name, line, "a@b")}, pair{"x-kept", "1"})
					h.Peer = peer
					_, step := begin(g, h)
					if peer == gatewayPeer && spelling == "x-caller" && line != askPublic {
						if step.Reason != reason.GrantMissing {
							t.Errorf("%s, relayed: %s", line, step.Reason)
						}
						continue
					}
					got := sent(h, step)
					if values := arrivals(got, name); values != nil || arrivals(got, "x-kept") == nil {
						t.Errorf("%s by %s: %s arrives as %q in %v", line, peer.URI, spelling, values, got)
					}
				}
			}
		}
	}
	for _, name := range routingNames {
		if name == "x-vertex-ai-triton-redirect" {
			continue
		}
		for _, value := range []string{"other", "", "a@b", "publishers/other/models/iris"} {
			if _, step := begin(g, head(askPublic, pair{name, value})); step.Reason != reason.CredentialMissing && step.Reason != reason.IdentityConflict {
				t.Errorf("%s: %q: %s", name, value, step.Reason)
			}
			if _, step := begin(g, head(askPublic, token, pair{name, value})); step.Reason != reason.IdentityConflict {
				t.Errorf("%s: %q: %s", name, value, step.Reason)
			}
		}
	}
	x, _ := begin(g, head(askPublic))
	for _, name := range append(slices.Clone(routingNames), relayedNames...) {
		for _, spelling := range spellings(name) {
			if step := x.Trailers(gate.Env{}, gate.Upstream, []pair{{spelling, "x"}}); step.Reason != reason.TrailerForbidden {
				t.Errorf("trailer %s: %s", spelling, step.Reason)
			}
		}
	}
}

// TestConnectionHeader: a client cannot have a later hop drop what the gate
// writes.
func TestConnectionHeader(t *testing.T) {
	g, s := load(t, world)
	token := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
	for value, want := range map[string]reason.Reason{
		"": reason.Allowed, "close": reason.Allowed, "keep-alive": reason.Allowed, "Keep-Alive": reason.Allowed, "close, keep-alive": reason.Allowed, " close ,\tkeep-alive,,": reason.Allowed, "CLOSE": reason.Allowed,
		"x-gate-caller": reason.ConnectionHeader, "keep-alive, x-gate-caller": reason.ConnectionHeader, "X-Gate-Caller": reason.ConnectionHeader, "close,kubeflow-userid": reason.ConnectionHeader, "authorization": reason.ConnectionHeader,
		"host": reason.ConnectionHeader, ":path": reason.ConnectionHeader, "x": reason.ConnectionHeader, "keep-alive x-gate-caller": reason.ConnectionHeader, "keep-alive;x": reason.ConnectionHeader, "\"close\"": reason.ConnectionHeader, "close\x00": reason.ConnectionHeader, "te": reason.ConnectionHeader,
		"upgrade": reason.UpgradeRefused, "Upgrade, x-gate-caller": reason.UpgradeRefused, "x-gate-caller, upgrade": reason.UpgradeRefused, "HTTP2-Settings": reason.UpgradeRefused,
	} {
		for _, h := range []*gate.Head{
			head(askPublic, pair{"connection", value}), head(askStaff, token, pair{"connection", value}), head(askStaff, pair{"connection", "keep-alive"}, token, pair{"connection", value}), head(askStaff, pair{"connection", value}, token, pair{"connection", "close"}),
		} {
			if _, step := begin(g, h); step.Reason != want {
				t.Errorf("Begin(connection: %q) = %s, want %s", value, step.Reason, want)
			}
		}
	}
	_, step := begin(g, head(askStaff, token, pair{"connection", "x-gate-caller"}))
	if step.Act != gate.Refuse || step.Reply.Status != 400 || step.Reply.GRPC != 3 || step.Reply.Body != `{"reason":"connection_header"}`+"\n" {
		t.Errorf("Begin(connection: x-gate-caller) = %+v", step)
	}
}
