package authn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// describeUntold names the kinds of members that a caller's token leaves open.
func describeUntold(p *Principal) string {
	var names []string
	for _, k := range []struct {
		kind Untold
		name string
	}{
		{UntoldAddress, "address"}, {UntoldDomain, "domain"}, {UntoldGroups, "groups"}, {OmittedGroups, "omitted"}, {UntoldPool, "pool"},
	} {
		if p.Untold.has(k.kind) {
			names = append(names, k.name)
		}
	}
	return strings.Join(append(names, p.UntoldAttributes...), " ")
}

// ana is what a token says that leaves nothing open, for issuers without a pool.
func ana(changes ...any) []any {
	return append([]any{"email", "ana@corp.example", "email_verified", true, "hd", "corp.example", "groups", []string{"ml"}}, changes...)
}

func corpRow(changes ...any) m {
	return with(row("corp", []string{"ES256"}, publicJWK(ecKey, "", "")), changes...)
}

// TestUntold: what a token leaves open is open, unless the issuer says what absence
// means.
func TestUntold(t *testing.T) {
	plain := newWorld(t, corpRow("groups", "/groups"))
	noGroups := newWorld(t, corpRow())
	none := newWorld(t, corpRow("groups", "/groups", "absent", m{"email": "none", "domain": "none", "groups": "none", "attributes": "none"}))
	noneAtAll := newWorld(t, corpRow("absent", m{"groups": "none"}))
	roles := newWorld(t, corpRow("groups", "/realm/roles"))
	overage := m{"groups": "src1"}
	for _, x := range []struct {
		name   string
		w      world
		claims []any
		want   string
	}{
		{"all told", plain, ana(), ""},
		{"nothing told", plain, nil, "address domain groups omitted"},
		{"unverified is told", plain, ana("email_verified", false), ""},
		{"no email", plain, ana("email", missing{}), "address"},
		{"email null", plain, ana("email", nil), "address"},
		{"email empty", plain, ana("email", ""), "address"},
		{"email a list", plain, ana("email", []string{"ana@corp.example"}), "address"},
		{"email no address", plain, ana("email", "Ana <ana@corp.example>"), "address"},
		{"email not ASCII", plain, ana("email", "änä@corp.example"), "address"},
		{"another claim", plain, ana("email", missing{}, "upn", "ana@corp.example"), "address"},
		{"email elsewhere", plain, ana("email", missing{}, "_claim_names", m{"email": "src1"}), "address"},
		{"no hd", plain, ana("hd", missing{}), "domain"},
		{"hd a list", plain, ana("hd", []string{"corp.example"}), "domain"},
		{"no groups", plain, ana("groups", missing{}), "groups omitted"},
		{"no group", plain, ana("groups", []string{}), ""},
		{"the issuer names no groups", noGroups, ana(), "groups"},
		{"the issuer has no groups", noneAtAll, ana(), ""},
		{"the pointer leads nowhere", roles, ana("realm", "x"), "groups omitted"},
		{"the pointer leads somewhere", roles, ana("realm", m{"roles": "x"}), ""},
		{"absent is none", none, nil, ""},
		{"empty is absent", none, ana("email", "", "hd", ""), ""},
		{"a list is not absent", none, ana("email", []string{"x"}, "hd", 1), "address domain"},
		{"no address is not absent", none, ana("email", "ana"), "address"},
		{"overage", none, ana("groups", missing{}, "_claim_names", overage), "groups omitted"},
		{"overage beside groups", none, ana("_claim_names", overage), "groups omitted"},
		{"overage, the source in the place of the list", none, ana("groups", "src1", "_claim_sources", m{"src1": m{}}), "groups omitted"},
		{"overage of the implicit flow", none, ana("groups", missing{}, "hasgroups", true), "groups omitted"},
		{"overage of the implicit flow, a string", none, ana("groups", missing{}, "hasgroups", "true"), "groups omitted"},
		{"no overage", none, ana("hasgroups", false), ""},
		{"overage, groups:src1", none, ana("groups", missing{}, "groups:src1", m{"endpoint": "x"}), "groups omitted"},
		{"overage where no groups are expected", noneAtAll, ana("_claim_names", overage), "groups"},
		{"overage of another claim", roles, ana("realm", m{"roles": "x"}, "hasgroups", true, "_claim_names", overage), ""},
		{"roles elsewhere", roles, ana("realm", m{"roles": "x"}, "_claim_names", m{"realm": "src1"}), "groups omitted"},
		{"other claims elsewhere", none, ana("_claim_names", m{"address": "src1"}), ""},
		{"_claim_names no object", none, ana("_claim_names", "groups"), "address domain groups omitted"},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := x.w.request(t, x.name, reason.Allowed, "authorization", "Bearer "+corpTokenWith(x.claims...))
			if got := describeUntold(p); got != x.want {
				t.Errorf("Authenticate(%v) leaves untold %q, want %q", x.claims, got, x.want)
			}
			if p.Untold.has(OmittedGroups) && fmt.Sprint(p.Groups) == "[src1]" {
				t.Errorf("Authenticate(%v) = groups %q, which is the name of a source", x.claims, p.Groups)
			}
		})
	}
	if Nobody().Untold != 0 {
		t.Errorf("Nobody leaves untold %v, want nothing: it is not a token that leaves claims out", Nobody().Untold)
	}
}

func TestUntoldAttributes(t *testing.T) {
	changes := []any{"pool", "locations/global/workforcePools/staff", "attributes", m{"team": "/team", "site": "/at/site"}}
	plain := newWorld(t, corpRow(changes...))
	none := newWorld(t, corpRow(append(changes, "absent", m{"attributes": "none"})...))
	for _, x := range []struct {
		name        string
		claims      []any
		plain, none string
	}{
		{"both", []any{"team", "red", "at", m{"site": "x"}}, "", ""},
		{"neither", nil, "site team", ""},
		{"a list", []any{"team", []string{"red"}, "at", m{"site": "x"}}, "team", "team"},
		{"a number", []any{"team", 1, "at", m{"site": "x"}}, "team", "team"},
		{"null", []any{"team", nil, "at", m{"site": "x"}}, "team", ""},
		{"empty", []any{"team", "", "at", m{"site": "x"}}, "", ""},
		{"elsewhere", []any{"team", "red", "at", m{"site": "x"}, "_claim_names", m{"team": "src1"}}, "team", "team"},
	} {
		t.Run(x.name, func(t *testing.T) {
			for _, c := range []struct {
				w    world
				want string
			}{{plain, x.plain}, {none, x.none}} {
				p := c.w.request(t, x.name, reason.Allowed, "authorization", "Bearer "+corpTokenWith(x.claims...))
				got := strings.Join(p.UntoldAttributes, " ")
				if got = strings.ReplaceAll(got, "team site", "site team"); got != c.want || (got != "") != p.Untold.has(UntoldAttributes) {
					t.Errorf("Authenticate(%v) leaves attributes %q untold, want %q", x.claims, got, c.want)
				}
			}
		})
	}
}

func TestRequiredClaims(t *testing.T) {
	w := newWorld(t, corpRow("groups", "/groups", "requiredClaims", []string{"/groups", "/acr/level"}))
	good := []any{"groups", []string{"ml"}, "acr", m{"level": 1}}
	for _, x := range []struct {
		name    string
		changes []any
		want    reason.Reason
	}{
		{"both", nil, reason.Allowed},
		{"an empty list is there", []any{"groups", []string{}}, reason.Allowed},
		{"no groups", []any{"groups", missing{}}, reason.ClaimsInvalid},
		{"no level", []any{"acr", m{}}, reason.ClaimsInvalid},
		{"acr no object", []any{"acr", "level"}, reason.ClaimsInvalid},
		{"level null", []any{"acr", m{"level": nil}}, reason.ClaimsInvalid},
		{"level false", []any{"acr", m{"level": false}}, reason.Allowed},
	} {
		token := corpTokenWith(append(append([]any{}, good...), x.changes...)...)
		w.bearer(t, attempt{x.name, token, x.want})
	}
}

// TestUnverifiedBeatsTrusted: an issuer that vouches for every address does not vouch
// for one that its token calls unverified.
func TestUnverifiedBeatsTrusted(t *testing.T) {
	w := newWorld(t, corpRow("email", "trusted"))
	for _, x := range []struct {
		verified any
		want     string
	}{
		{missing{}, "ana@corp.example"},
		{true, "ana@corp.example"},
		{"true", "ana@corp.example"},
		{false, ""},
		{"false", ""},
		{"no", ""},
		{0, ""},
		{nil, ""},
		{[]bool{true}, ""},
	} {
		p := w.request(t, "ana", reason.Allowed, "authorization", "Bearer "+corpTokenWith(ana("email_verified", x.verified)...))
		if p.Email != x.want || p.ClaimedEmail != "ana@corp.example" {
			t.Errorf("Authenticate(email_verified %#v) = %q, claimed %q, want %q", x.verified, p.Email, p.ClaimedEmail, x.want)
		}
	}
}

// TestWorkforceIdentity: who the caller of a workforce pool is, as IAP says it.
func TestWorkforceIdentity(t *testing.T) {
	const pool, other = "locations/global/workforcePools/staff", "locations/global/workforcePools/others"
	principal := func(pool, subject string) string {
		return "principal://iam.googleapis.com/" + pool + "/subject/" + subject
	}
	identity := func(name, principal any) m { return with(m{}, "workforce_pool_name", name, "iam_principal", principal) }
	w := newWorld(t, iapRow("pool", pool))
	for _, x := range []struct {
		name     string
		identity any
		want     string // the subject, "" if the caller is not of the pool, "?" if that is not told
	}{
		{"of the pool", identity(pool, principal(pool, "ana")), "ana"},
		{"a subject with slashes", identity(pool, principal(pool, "a/subject/b")), "a/subject/b"},
		{"a Google account", missing{}, ""},
		{"of another pool", identity(other, principal(other, "ana")), ""},
		{"no subject", identity(pool, principal(pool, "")), "?"},
		{"no principal", identity(pool, missing{}), "?"},
		{"no name", identity(missing{}, principal(pool, "ana")), "?"},
		{"neither", m{}, "?"},
		{"a text", "x", "?"},
		{"null", nil, "?"},
		{"a list", []any{identity(pool, principal(pool, "ana"))}, "?"},
		{"the pool's principal in another pool", identity(other, principal(pool, "ana")), "?"},
		{"another's principal in the pool", identity(pool, principal(other, "ana")), "?"},
		{"a principalSet", identity(pool, "principalSet://iam.googleapis.com/"+pool+"/*"), "?"},
		{"no pool", identity("x", principal("x", "ana")), "?"},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := w.request(t, x.name, reason.Allowed, iapHeader, assertion("workforce_identity", x.identity))
			got := p.PoolSubject
			if p.Untold.has(UntoldPool) {
				got += "?"
			}
			if got != x.want || (p.Pool == pool) != (x.want != "" && x.want != "?") {
				t.Errorf("Authenticate(%v) = %q of %q, want %q", x.identity, got, p.Pool, x.want)
			}
		})
	}
	p := w.request(t, "no identity", reason.Allowed, iapHeader, assertion("identity_source", "WORKFORCE_IDENTITY"))
	if !p.Untold.has(UntoldPool) {
		t.Error("Authenticate(WORKFORCE_IDENTITY without workforce_identity) tells the pool")
	}
	p = newWorld(t, corpRow("pool", pool)).request(t, "corp", reason.Allowed, "authorization", "Bearer "+corpTokenWith())
	if p.Pool != pool || p.PoolSubject != "alice" {
		t.Errorf("Authenticate(alice of corp) = %q of %q, want her sub", p.PoolSubject, p.Pool)
	}
}

// TestKeyIssuer: a key that its set gives to another issuer does not serve.
func TestKeyIssuer(t *testing.T) {
	const (
		tenant  = "87654321-4321-4321-4321-987654321cba"
		entra   = "https://login.microsoftonline.com/" + tenant + "/v2.0"
		entraV1 = "https://sts.windows.net/" + tenant + "/"
		any     = "https://login.microsoftonline.com/{tenantid}/v2.0"
		msa     = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
	)
	for _, x := range []struct {
		iss, of string
		want    bool
	}{
		{entra, "", true},
		{entra, entra, true},
		{entra, any, true},
		{entra, msa, false},
		{entra, "https://login.microsoftonline.us/{tenantid}/v2.0", false},
		{entra, "https://evil.example/{tenantid}", false},
		{entra, "{tenantid}", false},
		{entraV1, any, true},
		{entraV1, msa, false},
		{entraV1, "https://sts.windows.net/{tenantid}/", true},
		{entraV1, entra, true},
		{"https://sts.windows.net/", any, false},
		{"https://sts.windows.net//", any, false},
		{"https://login.microsoftonline.com//v2.0", any, false},
		{"https://login.microsoftonline.com/a/b/v2.0", any, false},
		{"https://corp.example", "https://corp.example", true},
		{"https://corp.example", "https://corp.example/", false},
		{"https://corp.example", any, false},
	} {
		t.Run(x.iss+" "+x.of, func(t *testing.T) {
			key := publicJWK(ecKey, "k", "ES256")
			if x.of != "" {
				key["issuer"] = x.of
			}
			_, problems := compile([]m{with(row("corp", []string{"ES256"}, key), "issuer", x.iss)})
			if (problems == nil) != x.want {
				t.Errorf("Compile(a key of %q for %q) = %v, want that it serves: %v", x.of, x.iss, problems, x.want)
			}
			doc := mustJSON(m{"keys": []m{key}})
			is := &Issuer{algorithms: named([]string{"ES256"}), iss: []string{x.iss}}
			if _, _, err := parsePublished(doc, is); (err == nil) != x.want {
				t.Errorf("parsePublished(a key of %q for %q) = %v, want that it serves: %v", x.of, x.iss, err, x.want)
			}
		})
	}
}
