package gate_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

const exemptions = `[
	{"method": "GET", "path": "/healthz", "hosts": ["*"]},
	{"method": "HEAD", "path": "/", "hosts": ["10.0.0.7:8080", "probe.local"]},
	{"method": "GET", "path": "/ready/a", "hosts": ["probe.local"], "forward": true},
	{"method": "GET", "path": "/kfserving/prod/fraud", "hosts": ["probe.local"]}
]`

func exemptWorld(t testing.TB) string { return edit.Set(t, world, "/exempt", exemptions) }

func TestExempt(t *testing.T) {
	g, _ := load(t, exemptWorld(t))
	for _, c := range []struct {
		line, host string
		more       []pair
		want       reason.Reason
	}{
		{"GET /healthz", "models.example.com", nil, reason.Exempt},
		{"GET /healthz", "10.1.2.3:8080", nil, reason.Exempt},
		{"GET /healthz", "any.host", []pair{{"user-agent", "kube-probe/1.30"}}, reason.Exempt},
		{"HEAD /", "10.0.0.7:8080", nil, reason.Exempt},
		{"HEAD /", "probe.local", nil, reason.Exempt},
		{"GET /ready/a", "probe.local", nil, reason.Exempt},
		{"GET /kfserving/prod/fraud", "probe.local", nil, reason.Exempt},
		{"GET /healthz", "a", []pair{{"authorization", "Bearer x"}}, reason.Exempt}, // a credential does not matter
		{"GET /healthz", "a", []pair{{"connection", "close"}}, reason.Exempt},
		// Another method.
		{"HEAD /healthz", "a", nil, reason.CredentialMissing},
		{"POST /healthz", "a", nil, reason.CredentialMissing},
		{"get /healthz", "a", nil, reason.CredentialMissing},
		{" /healthz", "a", nil, reason.CredentialMissing},
		{"GET /", "probe.local", nil, reason.CredentialMissing},
		{"OPTIONS /healthz", "a", nil, reason.CredentialMissing},
		// Another path.
		{"GET /healthz/", "a", nil, reason.CredentialMissing},
		{"GET /healthz?", "a", nil, reason.CredentialMissing},
		{"GET /healthz?full", "a", nil, reason.CredentialMissing},
		{"GET /healthz#x", "a", nil, reason.CredentialMissing},
		{"GET //healthz", "a", nil, reason.CredentialMissing},
		{"GET /Healthz", "a", nil, reason.CredentialMissing},
		{"GET /healthz/../kfserving/prod/fraud", "a", nil, reason.CredentialMissing},
		{"GET /%68ealthz", "a", nil, reason.CredentialMissing},
		{"GET /healthz;a", "a", nil, reason.CredentialMissing},
		{"GET /x/healthz", "a", nil, reason.CredentialMissing},
		{"GET healthz", "a", nil, reason.CredentialMissing},
		{"GET http://a/healthz", "a", nil, reason.CredentialMissing},
		{"GET /healthz\x00", "a", nil, reason.CredentialMissing},
		{"GET ", "a", nil, reason.CredentialMissing},
		{"GET /healthz?access_token=x", "a", nil, reason.QueryToken},
		{"GET /kfserving/prod/fraud:predict", "probe.local", nil, reason.CredentialMissing},
		{"POST /kfserving/prod/fraud", "probe.local", nil, reason.CredentialMissing},
		// Another host.
		{"HEAD /", "10.0.0.7", nil, reason.CredentialMissing},
		{"HEAD /", "10.0.0.7:80", nil, reason.CredentialMissing},
		{"GET /ready/a", "probe.local:80", nil, reason.CredentialMissing},
		{"GET /ready/a", "Probe.local", nil, reason.CredentialMissing},
		{"GET /ready/a", "probe.local.", nil, reason.CredentialMissing},
		{"GET /ready/a", "x.probe.local", nil, reason.CredentialMissing},
		{"GET /ready/a", "*", nil, reason.CredentialMissing},
		{"GET /healthz", "", nil, reason.HostMissing},
		// A head that is refused before exemptions are looked up.
		{"GET /healthz", "a", []pair{{"upgrade", "websocket"}}, reason.UpgradeRefused},
		{"GET /healthz", "a", []pair{{"connection", "upgrade"}}, reason.UpgradeRefused},
		{"CONNECT /healthz", "a", nil, reason.UpgradeRefused},
		{"GET /healthz", "a", []pair{{":protocol", "websocket"}}, reason.UpgradeRefused},
		{"GET /healthz", "a", []pair{{"connection", "x-gate-caller"}}, reason.ConnectionHeader},
		{"GET /healthz", "a", []pair{{"host", "b"}}, reason.HeaderRepeated},
		{"GET /healthz", "a", []pair{{":path", "/kfserving/prod/fraud"}}, reason.HeaderRepeated},
		{"GET /healthz", "a", []pair{{":authority", "probe.local"}}, reason.HeaderRepeated},
	} {
		t.Run(fmt.Sprintf("%q on %q with %v", c.line, c.host, c.more), func(t *testing.T) {
			h := headOn(c.host, c.line, c.more...)
			h.End = true
			x, step := begin(g, h)
			exempt := step.Act == gate.Answer || step.Act == gate.Forward
			if step.Reason != c.want || exempt != (c.want == reason.Exempt) {
				t.Errorf("Begin = act %d, %s, want %s", step.Act, step.Reason, c.want)
			}
			if !x.Principal.Anonymous() || x.Call.Models != nil {
				t.Errorf("Begin sets the caller %+v and the call %+v, want none", x.Principal, x.Call)
			}
			h.End = false
			if _, step := begin(g, h); step.Act != gate.Refuse || step.Reason == reason.Exempt {
				t.Errorf("Begin(and a body) = act %d, %s, want a refusal", step.Act, step.Reason)
			}
		})
	}
}

// TestExemptPathWithToken: on another host the path of an exemption is one like any other.
func TestExemptPathWithToken(t *testing.T) {
	g, s := load(t, exemptWorld(t))
	if _, step := begin(g, head("GET /kfserving/prod/fraud", bearer(t, s, corp(nil)))); step.Reason != reason.Allowed {
		t.Errorf("Begin = %s, want allowed", step.Reason)
	}
}

func TestExemptIsAnswered(t *testing.T) {
	g, _ := load(t, exemptWorld(t))
	for _, c := range []struct {
		name string
		id   pair
		body string
	}{
		{"with a request id", pair{"x-request-id", "r-1"}, `{"reason":"exempt","request_id":"r-1"}` + "\n"},
		{"without one", pair{"x-nothing", ""}, `{"reason":"exempt"}` + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := head("GET /healthz", c.id, pair{"authorization", "Basic YTpi"})
			h.End = true
			_, step := begin(g, h)
			want := gate.Reply{
				Status: 200, Body: c.body, Details: "modelgate_exempt",
				Headers: []pair{{"content-type", "application/json"}, {"cache-control", "no-store"}},
			}
			if step.Act != gate.Answer || !reflect.DeepEqual(step.Reply, want) || step.Edit != nil {
				t.Errorf("Begin(GET /healthz) = act %d, %+v, want %+v", step.Act, step.Reply, want)
			}
		})
	}
}

// TestExemptIsForwarded: what is forwarded names no caller and no other destination, and
// the gate adds nothing.
func TestExemptIsForwarded(t *testing.T) {
	config := edit.Set(t, exemptWorld(t), "/peer", `{"trustDomain": "cluster.local"}`)
	g, s := load(t, edit.Insert(t, config, "/issuers/0", relayIssuer))
	token := bearer(t, s, corp(nil))
	names := slices.Concat(spoofableNames, routingNames, credentialNames, relayedNames)
	for _, name := range append(names, "x-gate-caller", "x-tenant-id", "x-hosted-domain") {
		for _, spelling := range spellings(name) {
			h := headOn("probe.local", "GET /ready/a", token, pair{spelling, "x"}, pair{"accept", "a"})
			h.End, h.Peer = true, gatewayPeer
			_, step := begin(g, h)
			if step.Act != gate.Forward || step.Reason != reason.Exempt || step.Edit == nil || step.Edit.Set != nil {
				t.Fatalf("Begin(GET /ready/a with %s) = act %d, %s, %+v", spelling, step.Act, step.Reason, step.Edit)
			}
			want := []pair{{":method", "GET"}, {":path", "/ready/a"}, {":scheme", "https"}, {":authority", "probe.local"}, {"accept", "a"}}
			if got := forwarded(h, step); !slices.Equal(got, want) {
				t.Errorf("Begin(GET /ready/a with %s): the upstream gets %q, want %q", spelling, got, want)
			}
		}
	}
}
