package gate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

const relayIssuer = `{
	"name": "gateway",
	"relay": {
		"peers": ["spiffe://cluster.local/ns/edge/sa/gateway"],
		"subject": "x-caller",
		"email": "x-caller-email",
		"groups": "x-caller-groups"
	}
}`

// gatewayPeer is the connection of relayIssuer's gateway.
var gatewayPeer = authn.Peer{URI: "spiffe://cluster.local/ns/edge/sa/gateway", Validated: true}

// relayWorld is the world behind a gateway that names the caller.
func relayWorld(t testing.TB) string {
	s := edit.Set(t, world, "/peer", `{"trustDomain": "cluster.local"}`)
	s = edit.Insert(t, s, "/issuers/0", relayIssuer)
	return edit.Insert(t, s, "/grants/0", `{
		"name": "relayed",
		"issuers": ["gateway"],
		"members": ["user:ana@example.com", "group:team"],
		"role": "invoker",
		"models": ["prod/*"]
	}`)
}

// TestRelayedCaller: the gateway names the caller on its own connection. On any other the
// same headers name nobody.
func TestRelayedCaller(t *testing.T) {
	g, _ := load(t, relayWorld(t))
	if !g.PeerNeeds().Peer {
		t.Error("PeerNeeds().Peer = false, want true")
	}
	strangers := []authn.Peer{
		{},
		{URI: gatewayPeer.URI},
		{URI: "spiffe://cluster.local/ns/edge/sa/other", Validated: true},
		{URI: "spiffe://other.local/ns/edge/sa/gateway", Validated: true},
		{URI: gatewayPeer.URI + "/x", Validated: true},
	}
	const askFrozen = "POST /kfserving/prod/frozen:predict"
	noSubject := []pair{{"x-caller-email", "ana@example.com"}, {"x-caller-groups", "team"}}
	const ana = "accounts.google.com:ana@example.com"
	for _, c := range []struct {
		line      string
		more      []pair
		gateway   string        // on the gateway's connection: who the caller is, or the refusal
		address   string        // of that caller
		strangers reason.Reason // on any other connection
	}{
		{askStaff, []pair{{"x-caller", "7"}, {"x-caller-email", "ana@example.com"}}, "gateway/7", ana, reason.CredentialMissing},
		{askStaff, []pair{{"x-caller", "8"}, {"x-caller-groups", "other, team"}}, "gateway/8", "", reason.CredentialMissing},
		{askPublic, []pair{{"x-caller", "9"}}, "gateway/9", "", reason.Allowed},
		{askStaff, []pair{{"x-caller", "9"}}, "grant_missing", "", reason.CredentialMissing},
		{askFrozen, []pair{{"x-caller", "8"}, {"x-caller-groups", "team"}}, "denied", "", reason.CredentialMissing},
		{askStaff, noSubject, "credential_missing", "", reason.CredentialMissing},
		{askStaff, []pair{{"x_caller", "7"}, {"x-caller_email", "ana@example.com"}}, "credential_missing", "", reason.CredentialMissing},
		{askPublic, []pair{{"x-caller", "7"}, {"x-caller", "7"}}, "credential_repeated", "", reason.Allowed},
		{askPublic, []pair{{"x-caller", "7"}, {"x-caller-groups", "a"}, {"x-caller-groups", "team"}}, "credential_repeated", "", reason.Allowed},
		{askPublic, []pair{{"x-caller", "7"}, {"x-caller-email", "a@b@c"}}, "claims_invalid", "", reason.Allowed},
		{askPublic, []pair{{"x-caller", ""}}, "claims_invalid", "", reason.Allowed},
	} {
		t.Run(fmt.Sprint(c.line, " with ", c.more), func(t *testing.T) {
			h := head(c.line, c.more...)
			h.Peer = gatewayPeer
			_, step := begin(g, h)
			got := step.Reason.String()
			if step.Reason == reason.Allowed {
				got = arrival(sent(h, step), "x-gate-caller")
			}
			if address := arrival(sent(h, step), "kubeflow-userid"); got != c.gateway || address != c.address {
				t.Errorf("Begin(by the gateway) = %s with address %q, want %s with %q", got, address, c.gateway, c.address)
			}
			for _, peer := range strangers {
				h.Peer = peer
				x, step := begin(g, h)
				if step.Reason != c.strangers || !x.Principal.Anonymous() || arrivals(sent(h, step), "x-gate-caller") != nil {
					t.Errorf("Begin(by %v) = %s of %+v, want %s of nobody", peer, step.Reason, x.Principal, c.strangers)
				}
			}
		})
	}
}

// TestRelayedGroups: the gate behind reads a list of groups as the gate in front had them,
// or the gate in front writes none. A client's own list never takes its place.
func TestRelayedGroups(t *testing.T) {
	config := edit.Insert(t, world, "/identity/0", `{"header": "x-caller", "value": "{subject}"}`)
	config = edit.Insert(t, config, "/identity/1", `{"header": "x-caller-groups", "value": "{groups}"}`)
	front, s := load(t, config)
	back, _ := load(t, relayWorld(t))
	for _, c := range []struct {
		groups []string
		want   string // of x-caller-groups
	}{
		{nil, ""},
		{[]string{"other"}, "other"},
		{[]string{"team", "other"}, "team,other"},
		{[]string{"a b", "team"}, "a b,team"},
		{[]string{"other,team"}, ""},
		{[]string{"team", "x,y"}, ""},
		{[]string{" team"}, ""},
		{[]string{"team\t"}, ""},
		{[]string{""}, ""},
		{[]string{"x", ""}, ""},
		{[]string{"é", "team"}, ""},
		{[]string{"x\nteam"}, ""},
	} {
		t.Run(fmt.Sprintf("%q", c.groups), func(t *testing.T) {
			token := bearer(t, s, corp(claims{"groups": append([]string{}, c.groups...)}))
			for _, spoofed := range []string{"", "team", "x,team"} {
				h := head(askForward, token, pair{"x-caller-groups", spoofed}, pair{"x_caller_groups", spoofed})
				_, step := begin(front, h)
				got := sent(h, step)
				if values := arrival(got, "x-caller-groups"); got == nil || values != c.want {
					t.Errorf("Begin(with the client's %q) = %s, x-caller-groups %q, want %q", spoofed, step.Reason, values, c.want)
				}
				x, step := begin(back, &gate.Head{Pairs: got, Peer: gatewayPeer})
				relayed := c.want == "" || slices.Equal(x.Principal.Groups, c.groups)
				granted := c.want != "" && slices.Contains(c.groups, "team")
				if !relayed || (step.Reason == reason.Allowed) != granted {
					t.Errorf("Begin(behind the gateway) = %s of groups %q, want granted: %v", step.Reason, x.Principal.Groups, granted)
				}
			}
		})
	}
}
