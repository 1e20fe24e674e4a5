package gate_test

import (
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// identityCallers are callers, and what the upstream gets of them. Every other identity
// header is absent.
var identityCallers = []struct {
	name  string
	token corpus.Token // none without an issuer
	want  map[string]string
}{
	{"anonymous", corpus.Token{}, nil},
	{
		"all claims", iap(claims{"sub": "accounts:7", "email": "ana@example.com", "hd": "example.com", "tenant": claims{"id": 42}}),
		map[string]string{
			"kubeflow-userid": "accounts.google.com:ana@example.com",
			"x-gate-caller":   "iap/accounts:7",
			"x-tenant-id":     "42",
			"x-hosted-domain": "example.com",
		},
	},
	{
		"no optional claims", iap(claims{"sub": "7"}),
		map[string]string{"x-gate-caller": "iap/7"},
	},
	{
		"unverified e-mail", corp(claims{"sub": "7", "email": "ana@example.com"}),
		map[string]string{"x-gate-caller": "corp/7"},
	},
	{
		"verified e-mail", corp(claims{"sub": "7", "email": "ana@example.com", "email_verified": true}),
		map[string]string{"x-gate-caller": "corp/7", "kubeflow-userid": "accounts.google.com:ana@example.com"},
	},
	{
		"two addresses in one", iap(claims{"sub": "7", "email": "a@evil.com@example.com"}),
		map[string]string{"x-gate-caller": "iap/7"},
	},
	{
		"line break in sub", iap(claims{"sub": "7\r\nx-admin: 1", "hd": "example.com"}),
		map[string]string{"x-hosted-domain": "example.com"},
	},
	{"NUL in sub", iap(claims{"sub": "7\x00"}), nil},
	{"not ASCII", iap(claims{"sub": "é", "hd": "exämple.com", "tenant": claims{"id": "\u00a07"}}), nil},
	{"spaces at the ends", iap(claims{"sub": "7 ", "hd": " example.com", "tenant": claims{"id": "\t"}}), nil},
	{
		"spaces inside", iap(claims{"sub": "the 7th", "tenant": claims{"id": "a b"}}),
		map[string]string{"x-gate-caller": "iap/the 7th", "x-tenant-id": "a b"},
	},
	{
		"empty claims", iap(claims{"sub": "7", "email": "", "hd": "", "tenant": claims{"id": ""}}),
		map[string]string{"x-gate-caller": "iap/7"},
	},
	{
		"claims of other types", iap(claims{"sub": "7", "email": []string{"a@b"}, "hd": 7, "tenant": claims{"id": []int{1}}}),
		map[string]string{"x-gate-caller": "iap/7"},
	},
	{
		"an object as claim", iap(claims{"sub": "7", "tenant": claims{"id": claims{"a": 1}}}),
		map[string]string{"x-gate-caller": "iap/7"},
	},
	{
		"null as claim", iap(claims{"sub": "7", "tenant": claims{"id": nil}}),
		map[string]string{"x-gate-caller": "iap/7"},
	},
	{
		"a boolean as claim", iap(claims{"sub": "7", "tenant": claims{"id": false}}),
		map[string]string{"x-gate-caller": "iap/7", "x-tenant-id": "false"},
	},
}

// credentialOf is the header that carries a token; a header that means nothing if there is
// none.
func credentialOf(t testing.TB, s *corpus.Scenario, token corpus.Token) pair {
	t.Helper()
	switch token.Issuer {
	case "":
		return pair{"x-nothing", "1"}
	case "iap":
		return pair{"x-goog-iap-jwt-assertion", mint(t, s, token)}
	}
	return bearer(t, s, token)
}

// TestIdentityArrivesAsVerifiedOrNotAtAll has the client send each identity header none,
// two and four times in each spelling.
func TestIdentityArrivesAsVerifiedOrNotAtAll(t *testing.T) {
	g, s := load(t, world)
	names := []string{"kubeflow-userid", "x-gate-caller", "x-tenant-id", "x-hosted-domain"}
	for _, c := range identityCallers {
		t.Run(c.name, func(t *testing.T) {
			credential := credentialOf(t, s, c.token)
			for _, name := range names {
				for _, spelling := range spellings(name) {
					for times := range 3 {
						h := head(askPublic, credential)
						for range times {
							h.Pairs = append(h.Pairs, pair{spelling, "spoofed"})
							h.Pairs = append([]pair{{spelling, "spoofed"}}, h.Pairs...)
						}
						_, step := begin(g, h)
						got := sent(h, step)
						if got == nil {
							t.Fatalf("Begin = %s, want allowed", step.Reason)
						}
						checkIdentity(t, got, names, c.want)
					}
				}
			}
		})
	}
}

// TestIdentityOfAnAddress: a claim that has an address is an identity only if somebody vouches for it.
func TestIdentityOfAnAddress(t *testing.T) {
	g, s := load(t, edit.Set(t, world, "/identity/2/value", `"{claim:/email}"`))
	for verified, want := range map[bool]map[string]string{true: {"x-tenant-id": "ana@example.com"}, false: {}} {
		h := head(askPublic, bearer(t, s, corp(claims{"email": "ana@example.com", "email_verified": verified})))
		_, step := begin(g, h)
		checkIdentity(t, sent(h, step), []string{"x-tenant-id"}, want)
	}
}

func checkIdentity(t *testing.T, got []pair, names []string, want map[string]string) {
	t.Helper()
	for _, name := range names {
		var values []string
		if v, ok := want[name]; ok {
			values = []string{v}
		}
		if arrived := arrivals(got, name); !slices.Equal(arrived, values) {
			t.Errorf("the upstream gets %s: %q, want %q", name, arrived, values)
		}
	}
}

func TestRewrite(t *testing.T) {
	g, s := load(t, world)
	token := bearer(t, s, corp(nil))
	for _, c := range []struct{ line, host, want string }{
		{
			askStaff, "models.example.com",
			"fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict",
		},
		{
			askStaff + "?a=b", "models.example.com:443",
			"fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict?a=b",
		},
		{
			"POST /v1/models/fraud:predict", "fraud-predictor.prod:80",
			"fraud-predictor.prod:80 /v1/models/fraud:predict",
		},
	} {
		t.Run(c.line+" on "+c.host, func(t *testing.T) {
			h := headOn(c.host, c.line, token)
			x, step := begin(g, h)
			if got := destination(sent(h, step)); got != c.want {
				t.Errorf("Begin sends it to %s, want %s", got, c.want)
			}
			models := x.Call.Models
			if x.Rule != "staff" || x.Principal.Subject != "subject-1" || len(models) != 1 || models[0].String() != "prod/fraud" {
				t.Errorf("the exchange says %q, %q, %v, want staff, subject-1, prod/fraud", x.Rule, x.Principal.Subject, models)
			}
		})
	}
}

// destination is host and path.
func destination(pairs []pair) string {
	return arrival(pairs, ":authority") + " " + arrival(pairs, ":path")
}
