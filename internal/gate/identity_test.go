package gate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// spellings are all the ways to write a header's name that a server could take
// for it. A host hands names over in lower case; no test relies on that.
func spellings(name string) []string {
	list := []string{name, strings.ReplaceAll(name, "-", "_"), strings.ToUpper(name), strings.ToUpper(strings.ReplaceAll(name, "-", "_")), strings.ToUpper(name[:1]) + name[1:]}
	for i := range name {
		if name[i] == '-' {
			list = append(list, name[:i]+"_"+name[i+1:])
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// arrivals are the values of all headers that fold to a name.
func arrivals(pairs []pair, name string) (values []string) {
	for _, p := range pairs {
		if strings.ReplaceAll(strings.ToLower(p[0]), "_", "-") == name {
			values = append(values, p[1])
		}
	}
	return values
}

var identityCallers = []struct {
	name  string
	token *corpus.Token
	want  map[string]string // what the upstream gets; every other identity header is absent
}{
	{"anonymous", nil, nil},
	{"iap", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "accounts:7", "email": "ana@example.com", "hd": "example.com", "tenant": map[string]any{"id": 42}}},
		map[string]string{"kubeflow-userid": "accounts.google.com:ana@example.com", "x-gate-caller": "iap/accounts:7", "x-tenant-id": "42", "x-hosted-domain": "example.com"}},
	{"no optional claims", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7"}}, map[string]string{"x-gate-caller": "iap/7"}},
	{"unverified e-mail", &corpus.Token{Issuer: "corp", Claims: map[string]any{"sub": "7", "email": "ana@example.com"}}, map[string]string{"x-gate-caller": "corp/7"}},
	{"verified e-mail", &corpus.Token{Issuer: "corp", Claims: map[string]any{"sub": "7", "email": "ana@example.com", "email_verified": true}},
		map[string]string{"x-gate-caller": "corp/7", "kubeflow-userid": "accounts.google.com:ana@example.com"}},
	{"two addresses in one", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7", "email": "a@evil.com@example.com"}}, map[string]string{"x-gate-caller": "iap/7"}},
	{"line break in sub", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7\r\nx-admin: 1", "hd": "example.com"}}, map[string]string{"x-hosted-domain": "example.com"}},
	{"NUL in sub", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7\x00"}}, nil},
	{"not ASCII", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "é", "hd": "exämple.com", "tenant": map[string]any{"id": "\u00a07"}}}, nil},
	{"spaces at the ends", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7 ", "hd": " example.com", "tenant": map[string]any{"id": "\t"}}}, nil},
	{"spaces inside", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "the 7th", "tenant": map[string]any{"id": "a b"}}}, map[string]string{"x-gate-caller": "iap/the 7th", "x-tenant-id": "a b"}},
	{"empty claims", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7", "email": "", "hd": "", "tenant": map[string]any{"id": ""}}}, map[string]string{"x-gate-caller": "iap/7"}},
	{"claims of other types", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7", "email": []string{"a@b"}, "hd": 7, "tenant": map[string]any{"id": []int{1}}}}, map[string]string{"x-gate-caller": "iap/7"}},
	{"an object as claim", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7", "tenant": map[string]any{"id": map[string]any{"a": 1}}}}, map[string]string{"x-gate-caller": "iap/7"}},
	{"null as claim", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7", "tenant": map[string]any{"id": nil}}}, map[string]string{"x-gate-caller": "iap/7"}},
	{"a boolean as claim", &corpus.Token{Issuer: "iap", Claims: map[string]any{"sub": "7", "tenant": map[string]any{"id": false}}}, map[string]string{"x-gate-caller": "iap/7", "x-tenant-id": "false"}},
}

// TestIdentityArrivesAsVerifiedOrNotAtAll has the client supply each identity
// header none, one and two times in each spelling.
func TestIdentityArrivesAsVerifiedOrNotAtAll(t *testing.T) {
	g, s := load(t, world)
	names := []string{"kubeflow-userid", "x-gate-caller", "x-tenant-id", "x-hosted-domain"}
	for _, c := range identityCallers {
		credential := pair{"x-nothing", "1"}
		if c.token != nil {
			credential = pair{"x-goog-iap-jwt-assertion", mint(t, s, *c.token)}
			if c.token.Issuer == "corp" {
				credential = pair{"authorization", "Bearer " + credential[1]}
			}
		}
		for _, name := range names {
			for _, spelling := range spellings(name) {
				for times := range 3 {
					h := head(askPublic, credential)
					for range times {
						h.Pairs = append(h.Pairs, pair{spelling, "forged"})
						h.Pairs = append([]pair{{spelling, "forged"}}, h.Pairs...)
					}
					_, step := begin(g, h)
					got := sent(h, step)
					if got == nil {
						t.Fatalf("%s: %s", c.name, step.Reason)
					}
					for _, each := range names {
						var want []string
						if v, ok := c.want[each]; ok {
							want = []string{v}
						}
						if values := arrivals(got, each); !slices.Equal(values, want) {
							t.Errorf("%s, %s %d times: upstream gets %s: %q, want %q", c.name, spelling, 2*times, each, values, want)
						}
					}
				}
			}
		}
	}
}

// forgeable are headers by which others tell a server who called, or what was
// asked for; the gate sets some of them and lets none pass.
var forgeable = strings.Fields(`x-goog-authenticated-user-email x-goog-authenticated-user-id kubeflow-userid kubeflow-groups
	x-forwarded-user x-forwarded-email x-forwarded-groups x-forwarded-preferred-username x-forwarded-access-token
	x-auth-request-user x-auth-request-email x-auth-request-groups x-auth-request-preferred-username x-auth-request-access-token
	remote-user x-remote-user x-remote-group x-http-method x-http-method-override x-method-override x-original-url x-original-uri x-rewrite-url
	x-forwarded-host x-forwarded-uri x-forwarded-prefix x-forwarded-method x-envoy-original-path x-envoy-original-host x-envoy-original-method
	x-envoy-original-dst-host x-host x-http-host-override x-forwarded-server x-script-name x-forwarded-path x-original-path impersonate-uid
	cf-access-jwt-assertion cf-access-authenticated-user-email x-consumer-id x-consumer-username x-authenticated-userid x-webauth-user remote-email remote-groups remote-name`)

var credentialNames = strings.Fields("authorization proxy-authorization x-serverless-authorization x-goog-iap-jwt-assertion cookie")

func TestForgeriesNeverPass(t *testing.T) {
	g, s := load(t, world)
	token := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
	for _, line := range []string{askPublic, askStaff, "POST /forward/prod/fraud:predict"} {
		for _, name := range forgeable {
			for _, spelling := range spellings(name) {
				h := head(line, token, pair{spelling, "root@example.com"}, pair{spelling, "/v1/models/other:predict"}, pair{"x-kept", "1"})
				_, step := begin(g, h)
				got := sent(h, step)
				if values := arrivals(got, name); values != nil || arrivals(got, "x-kept") == nil {
					t.Errorf("%s: %s arrives as %q in %v", line, spelling, values, got)
				}
			}
		}
	}
}

func TestCredentialsAreStrippedOrForwarded(t *testing.T) {
	g, s := load(t, world)
	token := "Bearer " + mint(t, s, corp(nil))
	for _, c := range []struct {
		line    string
		forward bool
	}{{askStaff, false}, {askPublic, false}, {"POST /forward/prod/fraud:predict", true}} {
		for _, name := range credentialNames {
			for _, spelling := range spellings(name) {
				h := head(c.line, pair{"authorization", token})
				if spelling != "authorization" && spelling != "x-goog-iap-jwt-assertion" { // those would be read
					h.Pairs = append(h.Pairs, pair{spelling, "secret=1"})
				}
				_, step := begin(g, h)
				got := sent(h, step)
				if got == nil {
					t.Fatalf("%s with %s: %s", c.line, spelling, step.Reason)
				}
				// What was verified goes on whole, what nobody looked at does not.
				var want []string
				if c.forward {
					want = []string{token}
				}
				if values := arrivals(got, "authorization"); !slices.Equal(values, want) {
					t.Errorf("%s with %s: authorization arrives as %q", c.line, spelling, values)
				}
				if values := arrivals(got, name); name != "authorization" && (values != nil) != (c.forward && spelling == name && name != "x-goog-iap-jwt-assertion") {
					t.Errorf("%s: %s arrives as %q", c.line, spelling, values)
				}
				if text := fmt.Sprint(got); !c.forward && (strings.Contains(text, "secret=1") || strings.Contains(text, token)) {
					t.Errorf("%s with %s: a credential is in %s", c.line, spelling, text)
				}
			}
		}
	}
}

func TestRewrite(t *testing.T) {
	g, s := load(t, world)
	token := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
	for _, c := range []struct{ line, host, want string }{
		{askStaff, "models.example.com", "fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict"},
		{askStaff + "?a=b", "models.example.com:443", "fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict?a=b"},
		{"POST /v1/models/fraud:predict", "fraud-predictor.prod:80", "fraud-predictor.prod:80 /v1/models/fraud:predict"},
	} {
		h := head(c.line, token)
		h.Pairs[3][1] = c.host
		x, step := begin(g, h)
		got := sent(h, step)
		if arrived := strings.Join(arrivals(got, ":authority"), ",") + " " + strings.Join(arrivals(got, ":path"), ","); arrived != c.want {
			t.Errorf("%s on %s arrives at %s, want %s", c.line, c.host, arrived, c.want)
		}
		if x.Rule != "staff" || x.Principal.Subject != "subject-1" || len(x.Call.Models) != 1 || x.Call.Models[0].String() != "prod/fraud" {
			t.Errorf("%s: the exchange says %+v", c.line, x)
		}
	}
}

func TestTrailers(t *testing.T) {
	g, _ := load(t, world)
	x, _ := begin(g, head(askPublic))
	env := gate.Env{Now: now, Keys: g.Keys()}
	for _, name := range append(append([]string{"x-gate-caller", "x-tenant-id"}, forgeable...), credentialNames...) {
		for _, spelling := range spellings(name) {
			step := x.Trailers(env, gate.Upstream, []pair{{"grpc-status", "0"}, {spelling, "x"}})
			if step.Act != gate.Refuse || step.Reason.String() != "trailer_forbidden" || step.Reply.Status != 400 {
				t.Errorf("trailer %s: %+v", spelling, step)
			}
			if step := x.Trailers(env, gate.Downstream, []pair{{spelling, "x"}}); step.Act != gate.Forward {
				t.Errorf("trailer %s of a response: %+v", spelling, step)
			}
		}
	}
	for _, pairs := range [][]pair{nil, {{"grpc-status", "0"}, {"x-checksum", "1"}, {"user-agent", "x"}}} {
		if step := x.Trailers(env, gate.Upstream, pairs); step.Act != gate.Forward || step.Edit != nil {
			t.Errorf("trailers %v: %+v", pairs, step)
		}
	}
}
