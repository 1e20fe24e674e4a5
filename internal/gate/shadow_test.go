package gate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// trials is the world with a route, a grant and a deny of each kind in shadow,
// until 100 s from now.
func trials() string {
	shadow := `, "shadow": {"until": "` + now.Add(100*time.Second).UTC().Format(time.RFC3339) + `"}}`
	s := more(`"peer": {"trustDomain": "cluster.local"}`)
	s = strings.Replace(s, `"routes": [`, `"routes": [{"prefix": "/trial", "protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.trial"}`+shadow+`,
		{"protocol": "grpc", "service": "trial.T", "model": "prod/trial", "hosts": ["models.example.com"]`+shadow+`,`, 1)
	s = strings.Replace(s, `"grants": [`, `"grants": [{"name": "soon", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["dev/*", "prod/fraud"]`+shadow+`,
		{"name": "soon-all", "members": ["allUsers"], "verbs": ["predict"], "models": ["dev/open"]`+shadow+`,
		{"name": "mesh", "peer": true, "members": ["namespace:batch"], "verbs": ["predict"], "models": ["batch/*"]},`, 1)
	return strings.Replace(s, `"denies": [`, `"denies": [{"name": "closing", "models": ["*/closing"]`+shadow+`, {"name": "staff", "models": ["prod/twin"]`+shadow+`, {"name": "quarantine", "members": ["namespace:quarantine"]},`, 1)
}

// verdict is "allowed", "shadow REASON", or the refusal.
func verdict(step gate.Step) string {
	if step.Act == gate.Forward && step.Reason != reason.Allowed {
		return "shadow " + step.Reason.String()
	}
	return step.Reason.String()
}

func TestShadow(t *testing.T) {
	g, s := load(t, trials())
	token := func(token corpus.Token) pair { return pair{"authorization", "Bearer " + mint(t, s, token)} }
	late := map[string]any{"exp": "now+1h"} // every token here outlives the trial
	ok, forged, expired := token(corp(late)), token(corpus.Token{Issuer: "corp", Claims: late, Fault: "tampered"}), token(corp(map[string]any{"exp": "now-1h", "iat": "now-2h"}))
	wrong := token(corp(map[string]any{"aud": "x", "exp": "now+1h"}))
	for _, c := range []struct {
		line          string
		more          []pair
		before, after string
		rule          string // before
	}{
		// The route.
		{"POST /trial/prod/fraud:predict", []pair{ok}, "allowed", "allowed", "staff"},
		{"POST /trial/public/iris:predict", nil, "allowed", "allowed", "showcase"},
		{"POST /trial/prod/fraud:predict", nil, "shadow credential_missing", "credential_missing", ""},
		{"POST /trial/secret/x:predict", []pair{ok}, "shadow grant_missing", "grant_missing", ""},
		{"POST /trial/prod/frozen:predict", []pair{ok}, "shadow denied", "denied", "frozen"},
		{"POST /trial/prod/frozen:predict", nil, "shadow credential_missing", "credential_missing", "frozen"},
		{"POST /trial/prod/fraud:predict", []pair{forged}, "shadow signature_invalid", "signature_invalid", ""},
		{"POST /trial/public/iris:predict", []pair{forged}, "shadow signature_invalid", "signature_invalid", ""},
		{"POST /trial/prod/fraud:predict", []pair{expired}, "shadow token_expired", "token_expired", ""},
		{"POST /trial/prod/fraud:predict", []pair{wrong}, "shadow audience_wrong", "audience_wrong", ""},
		{"POST /trial/prod/fraud:predict", []pair{{"authorization", "Basic YTpi"}}, "shadow scheme_unsupported", "scheme_unsupported", ""},
		{"POST /v1/models/m:predict", []pair{{":authority", "fraud.prod.trial"}}, "shadow credential_missing", "credential_missing", ""},
		{"POST /trial.T/Call", []pair{{"content-type", "application/grpc"}}, "shadow credential_missing", "credential_missing", ""},
		// What was not understood is never in shadow.
		{"POST /trial/prod/fraud:nonsense", []pair{ok}, "path_unknown", "path_unknown", ""}, {"POST /trial/prod/fraud:nonsense", nil, "credential_missing", "credential_missing", ""}, {"POST /trial/prod/Fraud:predict", []pair{ok}, "model_invalid", "model_invalid", ""},
		{"POST /trial/prod//fraud:predict", []pair{ok}, "path_invalid", "path_invalid", ""}, {"POST /trial/prod//fraud:predict", nil, "credential_missing", "credential_missing", ""}, {"POST /trial/prod//fraud:predict", []pair{forged}, "signature_invalid", "signature_invalid", ""},
		{"POST /v1/models/m:predict", []pair{ok}, "host_invalid", "host_invalid", ""}, {"POST /trial/prod/fraud:predict", []pair{ok, {":authority", "other.prod.trial"}}, "identity_conflict", "identity_conflict", ""},
		{"POST /trial/prod/fraud:predict", []pair{{":authority", "other.prod.trial"}}, "credential_missing", "credential_missing", ""}, {"POST /trial/prod/fraud:predict", []pair{{":authority", "a."}, forged}, "signature_invalid", "signature_invalid", ""},
		{"POST /trial/prod/fraud:predict", []pair{ok, ok}, "credential_repeated", "credential_repeated", ""}, {"POST /trial/prod/fraud:predict", []pair{ok, {"authorization", "Basic YTpi"}}, "credential_mixed", "credential_mixed", ""},
		{"POST /trial/prod/fraud:predict?access_token=x", []pair{ok}, "query_token", "query_token", ""}, {"POST /trial/prod/fraud:predict", []pair{ok, {"upgrade", "h2c"}}, "upgrade_refused", "upgrade_refused", ""},
		{"POST /trial/prod/fraud:predict", []pair{{"connection", "x"}}, "connection_header", "connection_header", ""}, {"POST /trial/prod/fraud:predict", []pair{{"host", "x"}}, "header_repeated", "header_repeated", ""},
		// Another route.
		{askStaff, nil, "credential_missing", "credential_missing", ""}, {askStaff, []pair{forged}, "signature_invalid", "signature_invalid", ""},
		// A grant in shadow, for whom no other is.
		{"POST /kfserving/dev/x:predict", []pair{ok}, "shadow grant_missing", "grant_missing", "soon"}, {"POST /kfserving/dev/x:predict", nil, "credential_missing", "credential_missing", ""}, {"POST /kfserving/dev/x:predict", []pair{forged}, "signature_invalid", "signature_invalid", ""},
		{"POST /kfserving/dev/open:predict", nil, "shadow credential_missing", "credential_missing", "soon-all"}, {"POST /kfserving/dev/open:predict", []pair{forged}, "signature_invalid", "signature_invalid", ""},
		{askStaff, []pair{ok}, "allowed", "allowed", "staff"}, {"POST /trial/dev/x:predict", []pair{ok}, "shadow grant_missing", "grant_missing", "soon"}, {"POST /kfserving/dev/frozen:predict", []pair{ok}, "denied", "denied", "frozen"},
		// A deny in shadow.
		{"POST /kfserving/prod/closing:predict", []pair{ok}, "shadow denied", "denied", "closing"}, {"POST /kfserving/public/closing:predict", nil, "shadow credential_missing", "credential_missing", "closing"},
		{"POST /kfserving/prod/twin:predict", []pair{ok}, "shadow denied", "denied", "staff"}, // called like the grant
		{"POST /kfserving/secret/closing:predict", []pair{ok}, "grant_missing", "denied", ""}, {"POST /kfserving/prod/closing:predict", nil, "credential_missing", "credential_missing", ""},
	} {
		h := head(c.line, c.more...)
		for i, p := range c.more {
			if p[0] == ":authority" {
				h.Pairs[3], h.Pairs = p, slices.Delete(h.Pairs, 4+i, 5+i)
			}
		}
		for at, want := range map[time.Duration]string{0: c.before, 99*time.Second + 999*time.Millisecond: c.before, 100 * time.Second: c.after, time.Hour - time.Second: c.after} {
			x, step := g.Begin(gate.Env{Now: now.Add(at), Keys: g.Keys()}, h)
			if got := verdict(step); got != want || want == c.before && at == 0 && x.Rule != c.rule {
				t.Errorf("Begin(%s with %.40q, %s from now) = %s by %q, want %s by %q", c.line, c.more, at, got, x.Rule, want, c.rule)
			}
			inShadow(t, h, x, step)
		}
	}
}

// inShadow holds what must be true of every step: a refusal edits nothing, and
// what passes in shadow is logged so, with its credentials and without forgeries.
func inShadow(t *testing.T, h *gate.Head, x *gate.Exchange, step gate.Step) {
	t.Helper()
	shadow := step.Act == gate.Forward && step.Reason != reason.Allowed
	if line := readAudit(t, step.Audit, ""); line.Shadow != shadow || line.Decision != step.Reason.String() || line.Rule != x.Rule {
		t.Errorf("%v: audit %s", h.Pairs, step.Audit)
	}
	if (step.Act == gate.Refuse) != (step.Edit == nil) || shadow && !slices.Contains([]int{401, 403}, step.Reason.HTTP()) {
		t.Errorf("%v: %d %s with edit %v", h.Pairs, step.Act, step.Reason, step.Edit)
	}
}

// TestShadowHeaders: the caller's credentials stay for the upstream to judge as
// it did before, but nobody is said to be who was not verified.
func TestShadowHeaders(t *testing.T) {
	g, s := load(t, trials())
	good, bad := "Bearer "+mint(t, s, corp(nil)), "Bearer "+mint(t, s, corpus.Token{Issuer: "corp", Fault: "tampered"})
	for _, c := range []struct{ line, credential, verdict, caller, to string }{
		{"POST /trial/secret/x:predict?a", good, "shadow grant_missing", "corp/subject-1", "x.secret.trial /v1/models/x:predict?a"},
		{"POST /trial/prod/fraud:predict", bad, "shadow signature_invalid", "", "fraud.prod.trial /v1/models/fraud:predict"},
		{"POST /trial/prod/fraud:explain", "Basic YTpi", "shadow scheme_unsupported", "", "fraud.prod.trial /v1/models/fraud:explain"},
		{"POST /kfserving/dev/x:predict", good, "shadow grant_missing", "corp/subject-1", "x-predictor-default.dev.svc.cluster.local /v1/models/x:predict"},
		{"POST /kfserving/prod/closing:predict", good, "shadow denied", "corp/subject-1", "closing-predictor-default.prod.svc.cluster.local /v1/models/closing:predict"},
		{"POST /trial/prod/fraud:predict", good, "allowed", "corp/subject-1", "fraud.prod.trial /v1/models/fraud:predict"}, // and then as ever
	} {
		for _, name := range slices.Concat(forgeable, routingNames, []string{"x-gate-caller", "x-tenant-id"}) {
			for _, spelling := range spellings(name) {
				h := head(c.line, pair{"authorization", c.credential}, pair{spelling, routed(name, c.line, "root@example.com")}, pair{"cookie", "a=b"}, pair{"Authorization", "twin"})
				_, step := begin(g, h)
				got := applied(h, step)
				credentials := []string{c.credential}
				if c.verdict == "allowed" {
					credentials = nil
				}
				if verdict(step) != c.verdict || !slices.Equal(arrivals(got, "authorization"), credentials) || (arrivals(got, "cookie") == nil) != (credentials == nil) {
					t.Fatalf("%s: %s, upstream gets %q", c.line, verdict(step), got)
				}
				if to := strings.Join(arrivals(got, ":authority"), ",") + " " + strings.Join(arrivals(got, ":path"), ","); to != c.to {
					t.Errorf("%s goes to %s, want %s", c.line, to, c.to)
				}
				if caller := strings.Join(arrivals(got, "x-gate-caller"), ","); caller != c.caller || strings.Contains(fmt.Sprint(got), "root@example.com") {
					t.Errorf("%s with %s: upstream gets %q", c.line, spelling, got)
				}
			}
		}
	}
}

// TestPeers: a certificate and a token are two parts, and a bad token is none.
func TestPeers(t *testing.T) {
	g, s := load(t, trials())
	ok, bad := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}, pair{"authorization", "Bearer x"}
	const batch, quarantine = "spiffe://cluster.local/ns/batch/sa/x", "spiffe://cluster.local/ns/quarantine/sa/x"
	for _, c := range []struct {
		line, uri string
		more      []pair
		want      string
	}{
		{"POST /kfserving/batch/x:predict", batch, nil, "allowed"}, {"POST /kfserving/batch/x:predict", batch, []pair{ok}, "allowed"}, {"POST /kfserving/batch/x:predict", batch, []pair{bad}, "token_malformed"},
		{"POST /kfserving/batch/x:predict", batch, []pair{ok, ok}, "credential_repeated"}, {"POST /kfserving/batch/x:explain", batch, nil, "credential_missing"}, {"POST /kfserving/batch/x:explain", batch, []pair{ok}, "grant_missing"},
		{"POST /kfserving/batch/x:predict", "", nil, "credential_missing"}, {"POST /kfserving/batch/x:predict", "", []pair{ok}, "grant_missing"}, {"POST /kfserving/batch/x:predict", "spiffe://other.local/ns/batch/sa/x", nil, "credential_missing"},
		{"POST /kfserving/batch/frozen:predict", batch, nil, "credential_missing"}, {"POST /kfserving/batch/frozen:predict", batch, []pair{ok}, "denied"},
		{askStaff, batch, []pair{ok}, "allowed"}, {askPublic, batch, nil, "allowed"}, {askPublic, "spiffe://cluster.local/x", nil, "allowed"},
		{askStaff, quarantine, []pair{ok}, "denied"}, {askPublic, quarantine, nil, "credential_missing"}, {askPublic, quarantine, []pair{ok}, "denied"},
	} {
		for _, validated := range []bool{true, false} {
			h := head(c.line, c.more...)
			h.Peer = authn.Peer{URI: c.uri, Validated: validated}
			x, step := begin(g, h)
			audit := readAudit(t, step.Audit, "")
			if validated && (verdict(step) != c.want || audit.Peer != x.Principal.Peer) {
				t.Errorf("Begin(%s by %s with %d headers) = %s, want %s; audit %s", c.line, c.uri, len(c.more), verdict(step), c.want, step.Audit)
			}
			h.Peer = authn.Peer{}
			if _, alone := begin(g, h); !validated && (verdict(step) != verdict(alone) || x.Principal.Peer != "" || step.Audit != alone.Audit) {
				t.Errorf("Begin(%s by %s, not validated) = %s, and without a certificate %s", c.line, c.uri, verdict(step), verdict(alone))
			}
			if got := sent(h, step); strings.Contains(fmt.Sprint(got), "spiffe") {
				t.Errorf("Begin(%s by %s): upstream gets %q", c.line, c.uri, got)
			}
		}
	}
}

func TestWarnings(t *testing.T) {
	g, _ := load(t, more(`"exempt": [{"method": "GET", "path": "/", "hosts": ["*"]}]`))
	if got := g.Warnings(); got != nil {
		t.Errorf("Warnings() = %q", got)
	}
	twice := strings.Replace(strings.Replace(world, `"names": "kserve"`, `"names": "kfserving"`, 1), `"issuers": ["iap", "corp"]`, `"issuers": ["iap"]`, 1)
	g, _ = load(t, twice)
	want := []string{"routes 0 and 1 read the same hosts; the first decides, with its own credentials and shadow", `issuer "corp" is trusted, but no grant names it: its tokens make their callers known and grant nothing`}
	if got := g.Warnings(); !slices.Equal(got, want) {
		t.Errorf("Warnings() = %q, want %q", got, want)
	}
	g, _ = load(t, trials()) // a grant in shadow uses its issuers too
	want = []string{`deny "quarantine" names certificates, and a caller without one avoids it: require mutual TLS on every port (PeerAuthentication STRICT)`}
	if got := g.Warnings(); !slices.Equal(got, want) {
		t.Errorf("Warnings() = %q, want %q", got, want)
	}
	crowd := strings.Replace(relayWorld(), `"grants": [`, `"groups": [{"name": "team", "members": ["user:bob@example.com"]}, {"name": "crew", "members": ["user:bob@example.com"]}],
		"grants": [{"name": "crowd", "issuers": ["iap", "corp"], "members": ["group:team", "group:claimed"], "role": "viewer", "models": ["lab/*", "dev/*"]},`, 1)
	crowd = strings.Replace(crowd, `"denies": [`, `"denies": [{"name": "old", "members": ["group:team"], "models": ["prod/a", "prod/b@1", "prod/c@2"]}, {"name": "one", "members": ["spiffe://cluster.local/x"], "shadow": {"until": "2030-01-01T00:00:00Z"}},`, 1)
	g, _ = load(t, crowd)
	want = []string{
		`group "team" is in "groups", and issuer "corp" names groups in its tokens too: a grant to the group accepts both`,
		`group "team" is in "groups", and issuer "gateway" names groups in its tokens too: a grant to the group accepts both`,
		`deny "old" names a version, and a request that names none avoids it`,
		`deny "one" names certificates, and a caller without one avoids it: require mutual TLS on every port (PeerAuthentication STRICT)`,
	}
	if got := g.Warnings(); !slices.Equal(got, want) {
		t.Errorf("Warnings() = %q, want %q", got, want)
	}
}
