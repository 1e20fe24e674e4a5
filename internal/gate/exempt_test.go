package gate_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// more is the world with further fields at its root.
func more(fields string) string {
	return strings.Replace(world, `"version": 1,`, `"version": 1, `+fields+`,`, 1)
}

const probes = `"exempt": [
	{"method": "GET", "path": "/healthz", "hosts": ["*"]},
	{"method": "HEAD", "path": "/", "hosts": ["10.0.0.7:8080", "probe.local"]},
	{"method": "GET", "path": "/ready/a", "hosts": ["probe.local"], "forward": true},
	{"method": "GET", "path": "/kfserving/prod/fraud", "hosts": ["probe.local"]}]`

func TestExempt(t *testing.T) {
	g, s := load(t, more(probes))
	token := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
	for _, c := range []struct {
		line, host string
		more       []pair
		want       reason.Reason // Exempt, or what became of it
	}{
		{"GET /healthz", "models.example.com", nil, reason.Exempt}, {"GET /healthz", "10.1.2.3:8080", nil, reason.Exempt}, {"GET /healthz", "any.host", []pair{{"user-agent", "kube-probe/1.30"}}, reason.Exempt},
		{"HEAD /", "10.0.0.7:8080", nil, reason.Exempt}, {"HEAD /", "probe.local", nil, reason.Exempt}, {"GET /ready/a", "probe.local", nil, reason.Exempt},
		{"GET /kfserving/prod/fraud", "probe.local", nil, reason.Exempt},
		{"GET /healthz", "a", []pair{{"authorization", "Bearer x"}}, reason.Exempt}, // a credential does not matter
		{"GET /healthz", "a", []pair{{"connection", "close"}}, reason.Exempt},
		// The method.
		{"HEAD /healthz", "a", nil, reason.CredentialMissing}, {"POST /healthz", "a", nil, reason.CredentialMissing}, {"get /healthz", "a", nil, reason.CredentialMissing}, {" /healthz", "a", nil, reason.CredentialMissing}, {"GET /", "probe.local", nil, reason.CredentialMissing}, {"OPTIONS /healthz", "a", nil, reason.CredentialMissing},
		// The path, to the last byte, without a query.
		{"GET /healthz/", "a", nil, reason.CredentialMissing}, {"GET /healthz?", "a", nil, reason.CredentialMissing}, {"GET /healthz?full", "a", nil, reason.CredentialMissing}, {"GET /healthz#x", "a", nil, reason.CredentialMissing}, {"GET //healthz", "a", nil, reason.CredentialMissing},
		{"GET /Healthz", "a", nil, reason.CredentialMissing}, {"GET /healthz/../kfserving/prod/fraud", "a", nil, reason.CredentialMissing}, {"GET /%68ealthz", "a", nil, reason.CredentialMissing}, {"GET /healthz;a", "a", nil, reason.CredentialMissing}, {"GET /x/healthz", "a", nil, reason.CredentialMissing},
		{"GET healthz", "a", nil, reason.CredentialMissing}, {"GET http://a/healthz", "a", nil, reason.CredentialMissing}, {"GET /healthz\x00", "a", nil, reason.CredentialMissing}, {"GET ", "a", nil, reason.CredentialMissing}, {"GET /healthz?access_token=x", "a", nil, reason.QueryToken},
		{"GET /kfserving/prod/fraud:predict", "probe.local", nil, reason.CredentialMissing}, {"POST /kfserving/prod/fraud", "probe.local", nil, reason.CredentialMissing},
		// The host, as it is written.
		{"HEAD /", "10.0.0.7", nil, reason.CredentialMissing}, {"HEAD /", "10.0.0.7:80", nil, reason.CredentialMissing}, {"GET /ready/a", "probe.local:80", nil, reason.CredentialMissing}, {"GET /ready/a", "Probe.local", nil, reason.CredentialMissing}, {"GET /ready/a", "probe.local.", nil, reason.CredentialMissing},
		{"GET /ready/a", "x.probe.local", nil, reason.CredentialMissing}, {"GET /ready/a", "*", nil, reason.CredentialMissing}, {"GET /healthz", "", nil, reason.HostMissing},
		// What is odd about a head is told first.
		{"GET /healthz", "a", []pair{{"upgrade", "websocket"}}, reason.UpgradeRefused}, {"GET /healthz", "a", []pair{{"connection", "upgrade"}}, reason.UpgradeRefused}, {"CONNECT /healthz", "a", nil, reason.UpgradeRefused}, {"GET /healthz", "a", []pair{{":protocol", "websocket"}}, reason.UpgradeRefused},
		{"GET /healthz", "a", []pair{{"connection", "x-gate-caller"}}, reason.ConnectionHeader}, {"GET /healthz", "a", []pair{{"host", "b"}}, reason.HeaderRepeated}, {"GET /healthz", "a", []pair{{":path", "/kfserving/prod/fraud"}}, reason.HeaderRepeated}, {"GET /healthz", "a", []pair{{":authority", "probe.local"}}, reason.HeaderRepeated},
	} {
		h := head(c.line, c.more...)
		h.Pairs[3][1], h.End = c.host, true
		x, step := begin(g, h)
		exempt := step.Act == gate.Answer || step.Act == gate.Forward
		if step.Reason != c.want || exempt != (c.want == reason.Exempt) || !x.Principal.Anonymous() || x.Call.Models != nil {
			t.Errorf("Begin(%s on %s with %v) = %d %s, want %s", c.line, c.host, c.more, step.Act, step.Reason, c.want)
		}
		h.End = false // with a body or trailers nothing is exempt
		if _, step := begin(g, h); step.Act != gate.Refuse || step.Reason == reason.Exempt {
			t.Errorf("Begin(%s on %s, and a body) = %d %s, want a refusal", c.line, c.host, step.Act, step.Reason)
		}
	}
	// Who may ask anyway, asks as ever.
	h := head("GET /kfserving/prod/fraud", token)
	if _, step := begin(g, h); step.Reason != reason.Allowed {
		t.Errorf("Begin(with a token) = %s", step.Reason)
	}
}

func TestExemptIsAnswered(t *testing.T) {
	g, _ := load(t, more(probes))
	for _, id := range []pair{{"x-request-id", "r-1"}, {"x-nothing", ""}} {
		h := head("GET /healthz", id, pair{"authorization", "Basic YTpi"})
		h.End = true
		_, step := begin(g, h)
		want := gate.Reply{Status: 200, Body: `{"reason":"exempt"}` + "\n", Details: "modelgate_exempt", Headers: []pair{{"content-type", "application/json"}, {"cache-control", "no-store"}}}
		if id[1] != "" {
			want.Body = `{"reason":"exempt","request_id":"r-1"}` + "\n"
		}
		if step.Act != gate.Answer || !reflect.DeepEqual(step.Reply, want) || step.Edit != nil {
			t.Errorf("Begin(GET /healthz) = %d %+v, want %+v", step.Act, step.Reply, want)
		}
	}
}

// TestExemptIsForwarded: what goes on says nothing of who called, or of where
// else to go, and the gate adds nothing.
func TestExemptIsForwarded(t *testing.T) {
	g, s := load(t, strings.Replace(more(probes+`, "peer": {"trustDomain": "cluster.local"}`), `"issuers": [`, `"issuers": [`+relayIssuer+`,`, 1))
	names := slices.Concat(forgeable, routingNames, credentialNames, relayedNames, []string{"x-gate-caller", "x-tenant-id", "x-hosted-domain"})
	for _, name := range names {
		for _, spelling := range spellings(name) {
			h := head("GET /ready/a", pair{"authorization", "Bearer " + mint(t, s, corp(nil))}, pair{spelling, "x"}, pair{"accept", "a"})
			h.Pairs[3][1], h.End, h.Peer = "probe.local", true, gatewayPeer
			_, step := begin(g, h)
			if step.Act != gate.Forward || step.Reason != reason.Exempt || step.Edit == nil || step.Edit.Set != nil {
				t.Fatalf("Begin(GET /ready/a with %s) = %d %s %+v", spelling, step.Act, step.Reason, step.Edit)
			}
			want := []pair{{":method", "GET"}, {":path", "/ready/a"}, {":scheme", "https"}, {":authority", "probe.local"}, {"accept", "a"}}
			if got := applied(h, step); !slices.Equal(got, want) {
				t.Errorf("%s: upstream gets %q", spelling, got)
			}
		}
	}
}
