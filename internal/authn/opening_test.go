package authn

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// values is one item of "requiredClaims" with values.
func values(pointer string, anyOf ...any) m { return m{"pointer": pointer, "anyOf": anyOf} }

// openings are the fields that accept more than an ordinary JWT. Each has tokens that only
// the opening accepts, and tokens that it refuses too.
var openings = []struct {
	name   string
	fields []any // changes of the issuer
	typ    any   // of the tokens; missing{} for none
	claims []any // of a token that the opening accepts
	closed reason.Reason
	// refused are further changes of the claims, for which the opening refuses the token.
	refused [][]any
	why     reason.Reason
}{
	{
		name: "audienceClaim", fields: []any{"audienceClaim", "/client_id"},
		claims: []any{"aud", missing{}, "client_id", "models"}, closed: reason.ClaimsInvalid,
		refused: [][]any{{"client_id", "other"}, {"client_id", "models ", "aud", "models"}, {"client_id", []string{"other"}}},
		why:     reason.AudienceWrong,
	},
	{
		name: "audienceClaim, of another form", fields: []any{"audienceClaim", "/client_id"},
		claims: []any{"aud", missing{}, "client_id", []string{"other", "models"}}, closed: reason.ClaimsInvalid,
		refused: [][]any{{"client_id", missing{}, "aud", "models"}, {"client_id", nil}, {"client_id", ""}, {"client_id", 1},
			{"client_id", []any{"models", 1}}},
		why: reason.ClaimsInvalid,
	},
	{
		name:   "noAudience, aud missing",
		fields: []any{"noAudience", true, "audiences", missing{}, "requiredClaims", []any{values("/x", "a", "b")}},
		claims: []any{"aud", missing{}, "x", "a"}, closed: reason.ClaimsInvalid,
		refused: [][]any{{"x", "c"}, {"x", missing{}}, {"x", nil}, {"x", []string{"c"}}, {"x", m{"a": "a"}},
			{"aud", ""}, {"aud", m{}}, {"aud", []any{""}}},
		why: reason.ClaimsInvalid,
	},
	{
		name: "noAudience, aud null", fields: []any{"noAudience", true, "requiredClaims", []any{values("/x", "a")}},
		claims: []any{"aud", nil, "x", []string{"b", "a"}}, closed: reason.ClaimsInvalid,
		refused: [][]any{{"aud", "other"}, {"aud", []string{"other"}}}, why: reason.AudienceWrong,
	},
	{
		name: "noAudience, aud empty", fields: []any{"noAudience", true, "requiredClaims", []any{values("/x", "a")}},
		claims: []any{"aud", []string{}, "x", "a"}, closed: reason.ClaimsInvalid,
	},
	{
		name: "subject, sub missing", fields: []any{"subject", "/client_id"},
		claims: []any{"sub", missing{}, "client_id", "alice"}, closed: reason.ClaimsInvalid,
		refused: [][]any{{"client_id", missing{}}, {"client_id", ""}, {"client_id", nil}, {"client_id", 1}, {"client_id", []string{"alice"}},
			{"client_id", missing{}, "sub", "alice"}},
		why: reason.ClaimsInvalid,
	},
	{
		name: "subject, sub null", fields: []any{"subject", []string{"/sub", "/a/b"}},
		claims: []any{"sub", nil, "a", m{"b": "alice"}}, closed: reason.ClaimsInvalid,
		refused: [][]any{{"a", m{}}, {"sub", 1}, {"sub", false}, {"sub", m{}}}, why: reason.ClaimsInvalid,
	},
	{
		name: "subject, sub empty", fields: []any{"subject", []string{"/sub", "/azp"}},
		claims: []any{"sub", "", "azp", "alice"}, closed: reason.ClaimsInvalid,
	},
	{name: "types", fields: []any{"types", []string{"at+jwt"}}, typ: "AT+JWT", closed: reason.TokenType},
	{name: "types with application/", fields: []any{"types", []string{"application/jwt"}}, typ: "application/JWT", closed: reason.TokenType},
	{name: "types without application/", fields: []any{"types", []string{"JWT"}}, typ: "Application/jwt", closed: reason.TokenType},
	{name: "types, another", fields: []any{"types", []string{"JOSE"}}, typ: "JOSE", closed: reason.TokenType},
	{
		name: "tenants", fields: []any{"issuer", "https://corp.example/{tenantid}/v2", "tenants", []string{"t-1", "t.2"}},
		claims: []any{"iss", "https://corp.example/t.2/v2"}, closed: reason.IssuerUnknown,
		refused: [][]any{{"iss", "https://corp.example/t-3/v2"}, {"iss", "https://corp.example/T-1/v2"}, {"iss", "https://corp.example//v2"},
			{"iss", "https://corp.example/t-1/v2/"}, {"iss", "https://corp.example/{tenantid}/v2"}, {"iss", "https://corp.example/t-1/t-1/v2"}},
		why: reason.IssuerUnknown,
	},
	{
		name: "a preset without iss", fields: []any{"preset", "spiffe", "issuer", missing{}, "trustDomain", "corp.example"},
		claims: []any{"iss", missing{}, "sub", "spiffe://corp.example/a"}, closed: reason.ClaimsInvalid,
		refused: [][]any{{"sub", "spiffe://corp.example"}, {"sub", "spiffe://corp.example/"}, {"sub", "spiffe://corp.example/.."},
			{"sub", "alice"},
			{"sub", "spiffe://corp.example.evil/a"}, {"sub", "SPIFFE://corp.example/a"}, {"sub", missing{}}, {"iss", ""}, {"aud", missing{}}},
		why: reason.ClaimsInvalid,
	},
	{
		name: "forms of groups", fields: []any{"groups", []any{m{"pointer": "/names", "form": "names"}, m{"pointer": "/words", "form": "words"}}},
		claims: []any{"names", m{"ml": 1}, "words", "a b"}, closed: reason.Allowed,
		refused: [][]any{{"names", []string{"ml"}}, {"names", "ml"}, {"names", 1}, {"words", m{}}, {"words", []any{1}}},
		why:     reason.ClaimsInvalid,
	},
}

// TestOpenings: a field opens what it says, and without it the token is refused.
func TestOpenings(t *testing.T) {
	closed := newWorld(t, corpRow())
	for _, x := range openings {
		t.Run(x.name, func(t *testing.T) {
			open, header := newWorld(t, corpRow(x.fields...)), m{"alg": "ES256"}
			if x.typ != nil {
				header["typ"] = x.typ
			}
			token := func(changes ...any) string { return "Bearer " + corpToken(header, claimsOf("corp", changes...)) }
			closed.request(t, "closed", x.closed, "authorization", token(x.claims...))
			open.request(t, "open", reason.Allowed, "authorization", token(x.claims...))
			for _, changes := range x.refused {
				open.request(t, fmt.Sprint(changes), x.why, "authorization", token(append(slices.Clone(x.claims), changes...)...))
			}
		})
	}
}

// TestOpenedPrincipal is who the caller is by the claims that a field names.
func TestOpenedPrincipal(t *testing.T) {
	verified := func(anyOf ...any) m { return m{"pointer": "/upn", "verified": values("/ok", anyOf...)} }
	for _, x := range []struct {
		name   string
		fields []any
		claims []any
		want   string // subject, email, claimed email, domain (ANA for alice's), groups, and what is untold
	}{
		{"plain", nil, ana(), "ANA [] groups"},
		{"subject", []any{"subject", []string{"/oid", "/sub"}}, ana("oid", "o1"), "o1 ana@corp.example ana@corp.example corp.example [] groups"},
		{"a pointer", []any{"address", verified(true, "1")}, ana("upn", "Bob@b.example", "ok", "1"),
			"alice Bob@b.example Bob@b.example corp.example [] groups"},
		{"not one of the values", []any{"address", verified(true, "1")}, ana("upn", "b@b", "ok", 1), "alice  b@b corp.example [] groups"},
		{"a list of values", []any{"address", verified(true)}, ana("upn", "b@b", "ok", []bool{true}), "alice  b@b corp.example [] groups"},
		{"no verification", []any{"address", verified(true)}, ana("upn", "b@b"), "alice  b@b corp.example [] groups"},
		{"trusted", []any{"address", m{"pointer": "/upn"}, "email", "trusted"}, ana("upn", "b@b", "email_verified", false),
			"alice b@b b@b corp.example [] groups"},
		{"trusted, and said not to be verified", []any{"address", verified(true), "email", "trusted"}, ana("upn", "b@b", "ok", false),
			"alice  b@b corp.example [] groups"},
		{"no address there", []any{"address", verified(true)}, ana("ok", true), "alice   corp.example [] address groups"},
		{"no address", []any{"address", verified(true)}, ana("upn", "bob", "ok", true), "alice  bob corp.example [] address groups"},
		{"folded", []any{"address", m{"folded": true}}, ana("email", "Ana@Corp.Example"),
			"alice ana@corp.example Ana@Corp.Example corp.example [] groups"},
		{"the address' domain", []any{"domain", "address"}, ana("email", "a@B.example", "hd", "c"),
			"alice a@B.example a@B.example b.example [] groups"},
		{"the domain of an address that is not verified", []any{"domain", "address"}, ana("email_verified", false),
			"alice  ana@corp.example  [] domain groups"},
		{"the domain of no address", []any{"domain", "address"}, ana("email", missing{}), "alice    [] address domain groups"},
		{"the domain of none at all", []any{"domain", "address", "absent", m{"email": "none"}}, ana("email", missing{}), "alice    [] groups"},
		{"two claims", []any{"groups", []string{"/groups", "/r/roles"}}, ana("r", m{"roles": "x"}), "ANA [ml x] "},
		{"one of two is missing", []any{"groups", []string{"/groups", "/r/roles"}}, ana(), "ANA [ml] groups omitted"},
		{"one of two is null", []any{"groups", []string{"/groups", "/r/roles"}}, ana("groups", nil, "r", m{"roles": []string{"x"}}),
			"ANA [x] groups omitted"},
		{"null is none", []any{"groups", "/groups", "absent", m{"groups": "none"}}, ana("groups", nil), "ANA [] "},
		{"one of two is elsewhere", []any{"groups", []string{"/groups", "/roles"}, "absent", m{"groups": "none"}},
			ana("roles", "src1", "_claim_names", m{"roles": "src1"}), "ANA [ml] groups omitted"},
		{"a string with a space", []any{"groups", "/groups"}, ana("groups", "a b"), "ANA [a b] groups omitted"},
		{"words", []any{"groups", []any{m{"pointer": "/groups", "form": "words"}}}, ana("groups", " a  b "), "ANA [a b] "},
		{"names", []any{"groups", []any{m{"pointer": "/groups", "form": "names"}}}, ana("groups", m{"a": m{"c": 1}}), "ANA [a] "},
		{"paths", []any{"groups", []any{m{"pointer": "/groups", "form": "paths"}}}, ana("groups", []string{"/a/b/c", "d", "e/f"}),
			"ANA [/a/b/c d e/f /a/b /a e] "},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := newWorld(t, corpRow(x.fields...)).request(t, x.name, reason.Allowed, "authorization", "Bearer "+corpTokenWith(x.claims...))
			got := fmt.Sprintf("%s %s %s %s %v %s", p.Subject, p.Email, p.ClaimedEmail, p.Domain, p.Groups, describeUntold(p))
			if want := strings.Replace(x.want, "ANA", "alice ana@corp.example ana@corp.example corp.example", 1); got != want {
				t.Errorf("Authenticate(%v) = %q, want %q", x.claims, got, want)
			}
		})
	}
}

// TestRequiredValues: a claim has one of the values, or is a list with one of them.
func TestRequiredValues(t *testing.T) {
	w := newWorld(t, corpRow("requiredClaims", []any{values("/a/b", "x", 1, 9007199254740993, true)}))
	for _, x := range []struct {
		value any
		want  bool
	}{
		{"x", true}, {1, true}, {1.0, true}, {true, true}, {[]any{"y", "x"}, true}, {[]any{2, 1}, true}, {int64(9007199254740993), true},
		{"X", false}, {"x ", false}, {"1", false}, {"true", false}, {false, false}, {nil, false}, {"", false}, {0, false}, {1.5, false},
		{int64(9007199254740992), false}, {[]any{}, false}, {[]any{[]any{"x"}}, false}, {m{"x": "x"}, false}, {m{"b": 1}, false},
	} {
		why := reason.ClaimsInvalid
		if x.want {
			why = reason.Allowed
		}
		w.bearer(t, attempt{fmt.Sprintf("%#v", x.value), corpTokenWith("a", m{"b": x.value}), why})
	}
}

// TestVouches: a grant reads no address for which nobody vouches, whichever claim has it.
func TestVouches(t *testing.T) {
	upn := []any{"address", m{"pointer": "/upn", "verified": values("/ok", true)}}
	for _, x := range []struct {
		name       string
		fields     []any
		claims     []any
		email, upn bool
	}{
		{"verified", nil, ana("upn", "a@b"), true, true},
		{"not verified", nil, ana("email_verified", false), false, true},
		{"upn verified, email too", upn, ana("upn", "a@b", "ok", true), true, true},
		{"upn verified, email not", upn, ana("upn", "a@b", "ok", true, "email_verified", false), false, true},
		{"upn verified, nothing of email", upn, ana("upn", "a@b", "ok", true, "email_verified", missing{}), false, true},
		{"upn not verified", upn, ana("upn", "a@b"), false, false},
		{"no upn", upn, ana("ok", true), false, false},
	} {
		p := newWorld(t, corpRow(x.fields...)).request(t, x.name, reason.Allowed, "authorization", "Bearer "+corpTokenWith(x.claims...))
		email, upn := p.Vouches(emailClaim), p.Vouches(strictjson.Pointer{"upn"})
		if email != x.email || upn != x.upn || !p.Vouches(subClaim) {
			t.Errorf("%s: Vouches(/email) = %v, (/upn) = %v, want %v and %v", x.name, email, upn, x.email, x.upn)
		}
	}
	list := corpRow("address", m{"pointer": "/emails/0", "verified": values("/ok", true)})
	for ok, want := range map[bool]bool{true: true, false: false} {
		p := newWorld(t, list).request(t, "a list", reason.Allowed, "authorization",
			"Bearer "+corpTokenWith(ana("emails", []string{"a@b"}, "ok", ok, "email", []string{"c@d"})...))
		for _, claim := range []string{"/emails", "/emails/0"} {
			if pointer, _ := strictjson.ParsePointer(claim); p.Vouches(pointer) != want {
				t.Errorf("a list that is verified: %v; Vouches(%s) = %v", ok, claim, !want)
			}
		}
		if p.Vouches(strictjson.Pointer{"email", "0"}) != want || !p.Vouches(nil) {
			t.Errorf("a list that is verified: %v; an item of email counts, or scopes do not", ok)
		}
	}
}

// TestDeepPaths: a path of groups has so many levels at most, because each is one more group.
func TestDeepPaths(t *testing.T) {
	w := newWorld(t, corpRow("groups", []any{m{"pointer": "/groups", "form": "paths"}}))
	path := strings.Repeat("/a", maxLevels)
	p := w.request(t, "the deepest", reason.Allowed, "authorization", "Bearer "+corpTokenWith(ana("groups", path)...))
	if len(p.Groups) != maxLevels {
		t.Errorf("%d groups, want %d", len(p.Groups), maxLevels)
	}
	w.request(t, "a deeper one", reason.ClaimsInvalid, "authorization", "Bearer "+corpTokenWith(ana("groups", []string{"b", path + "/a"})...))
}

// TestUnvouchedNames: an address for which nobody vouches is neither a caller's name, nor a group, nor an
// attribute: who can write it could take that of anybody.
func TestUnvouchedNames(t *testing.T) {
	named := corpRow("subject", []string{"/email", "/sub"}, "groups", []string{"/email", "/groups"},
		"pool", "locations/global/workforcePools/p", "attributes", m{"mail": "/email"})
	for _, x := range []struct {
		name    string
		claims  []any
		subject string // "" if the token is refused
	}{
		{"verified", ana(), "ana@corp.example"},
		{"not verified", ana("email_verified", false), ""},
		{"nobody says it", ana("email_verified", missing{}), ""},
		{"no address", ana("email", missing{}), "alice"},
	} {
		t.Run(x.name, func(t *testing.T) {
			want := reason.Allowed
			if x.subject == "" {
				want = reason.ClaimsInvalid
			}
			p := newWorld(t, named).request(t, x.name, want, "authorization", "Bearer "+corpTokenWith(x.claims...))
			if p.Subject != x.subject {
				t.Errorf("Subject = %q, want %q", p.Subject, x.subject)
			}
		})
	}
	t.Run("another name", func(t *testing.T) {
		delete(named, "subject")
		token := corpTokenWith(ana("email_verified", false)...)
		p := newWorld(t, named).request(t, "another name", reason.Allowed, "authorization", "Bearer "+token)
		if slices.Contains(p.Groups, "ana@corp.example") || len(p.Attributes) > 0 || describeUntold(p) != "groups omitted mail" {
			t.Errorf("groups %q, attributes %q, untold %s: want no address, and that both are untold", p.Groups, p.Attributes, describeUntold(p))
		}
	})
}

// TestFaults: the result names the configured issuer and the claim at fault of a token whose
// signature holds, and nothing of any other.
func TestFaults(t *testing.T) {
	w := newWorld(t, corpRow("groups", "/r/groups", "maxLifetime", "1h", "requiredClaims", []any{values("/use", "a")}))
	good := []any{"use", "a", "r", m{"groups": "x"}}
	for _, x := range []struct {
		name    string
		changes []any
		want    string
	}{
		{"nothing", nil, "allowed  "},
		{"exp", []any{"exp", "x"}, "claims_invalid corp /exp"},
		{"no exp", []any{"exp", missing{}}, "claims_invalid corp /exp"},
		{"nbf", []any{"nbf", "x"}, "claims_invalid corp /nbf"},
		{"iat", []any{"iat", "x"}, "claims_invalid corp /iat"},
		{"no iat", []any{"iat", missing{}}, "claims_invalid corp /iat"},
		{"sub", []any{"sub", 7}, "claims_invalid corp /sub"},
		{"aud", []any{"aud", 7}, "claims_invalid corp /aud"},
		{"another aud", []any{"aud", "secret-audience"}, "audience_wrong corp /aud"},
		{"expired", []any{"exp", now.Unix() - 100}, "token_expired corp /exp"},
		{"nbf ahead", []any{"nbf", now.Unix() + 100}, "token_not_yet_valid corp /nbf"},
		{"iat ahead", []any{"iat", now.Unix() + 100}, "token_not_yet_valid corp /iat"},
		{"too long", []any{"exp", now.Unix() + 7200}, "token_lifetime corp /exp"},
		{"required", []any{"use", "b"}, "claims_invalid corp /use"},
		{"groups", []any{"r", m{"groups": 7}}, "claims_invalid corp /r/groups"},
		{"cnf", []any{"cnf", m{"jkt": "x"}}, "token_binding corp /cnf"},
		{"iss", []any{"iss", 7}, "claims_invalid  /iss"},
		{"another iss", []any{"iss", "https://other.example"}, "issuer_unknown  /iss"},
	} {
		t.Run(x.name, func(t *testing.T) {
			token := corpTokenWith(append(slices.Clone(good), x.changes...)...)
			w.env.Cache = NewCache()
			for range 3 { // the second is stored, and the third is from the cache
				r := w.a.Authenticate(w.env, [][2]string{{"authorization", "Bearer " + token}}, Peer{})
				if got := fmt.Sprintf("%s %s %s", r.Reason, r.Issuer, r.Claim); got != x.want {
					t.Errorf("Authenticate = %q, want %q", got, x.want)
				}
			}
		})
	}
	forged := sign("ES256", evilEC, m{"alg": "ES256"}, claimsOf("corp", "aud", 7))
	if r := w.a.Authenticate(w.env, [][2]string{{"authorization", "Bearer " + forged}}, Peer{}); r.Issuer+r.Claim != "" {
		t.Errorf("Authenticate(forged) names %q %q", r.Issuer, r.Claim)
	}
}

// TestPresetsCompile: each preset's fields have no problem of their own.
func TestPresetsCompile(t *testing.T) {
	more := map[string][]any{
		"google-iap": {"audiences", []string{"/projects/1/apps/a"}},
		"kubernetes": {"issuer", "i", "algorithms", []string{"ES256"}},
		"keycloak":   {"issuer", "i", "algorithms", []string{"ES256"}},
		"entra":      {"tenants", []string{"t"}},
		"cognito":    {"issuer", "i"},
		"spiffe":     {"trustDomain", "d", "algorithms", []string{"ES256"}},
	}
	doc, err := os.ReadFile("../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range presets {
		t.Run(p.name, func(t *testing.T) {
			if !strings.Contains(string(doc), "| `"+p.name+"` | `"+p.fields+"` |") {
				t.Errorf("docs/providers.md has not the fields of %s: %s", p.name, p.fields)
			}
			var problems strictjson.Problems
			if _, ok := strictjson.Parse(p.fields, &problems); !ok {
				t.Fatal(problems)
			}
			key := publicJWK(ecKey, "k", "")
			if strings.Contains(p.fields, "RS256") {
				key = publicJWK(rsaKey, "k", "")
			}
			preset := with(m{"name": "p", "preset": p.name, "audiences": []string{"a"}, "jwks": m{"inline": m{"keys": []m{key}}}}, more[p.name]...)
			newWorld(t, preset)
			var fields m
			if err := json.Unmarshal([]byte(p.fields), &fields); err != nil {
				t.Fatal(err)
			}
			for name, value := range fields {
				if _, ok := preset[name]; ok || slices.Contains(strings.Fields(presetOpen), name) {
					continue
				}
				if _, problems := compile([]m{with(preset, name, value)}); problems == nil {
					t.Errorf("Compile(%s with its own %s) has no problem: a preset's field must not be set", p.name, name)
				}
			}
		})
	}
}

// TestManyTenantsAndIssuers: their number does not matter to one token.
func TestManyTenantsAndIssuers(t *testing.T) {
	tenants := make([]string, 10_000)
	for i := range tenants {
		tenants[i] = "t" + strconv.Itoa(i)
	}
	rows := []m{corpRow("issuer", "https://login.example/{tenantid}", "tenants", tenants)}
	for i := range 300 {
		rows = append(rows, row("i"+strconv.Itoa(i), []string{"ES256"}, publicJWK(ecKey, "", "")))
	}
	w := newWorld(t, rows...)
	for iss, want := range map[string]string{
		"https://login.example/t0": "corp", "https://login.example/t9999": "corp", "https://login.example/t10000": "",
		issOf("i0"): "i0", issOf("i299"): "i299", issOf("i300"): "",
	} {
		why := reason.Allowed
		if want == "" {
			why = reason.IssuerUnknown
		}
		if p := w.request(t, iss, why, "authorization", "Bearer "+corpTokenWith("iss", iss)); p.Issuer != want {
			t.Errorf("Authenticate(iss %s) is of %q, want %q", iss, p.Issuer, want)
		}
	}
}

// TestKeysOfTenants: of the key set that tenants have in common, a key that it gives to one
// tenant serves none of the others, and not that one either.
func TestKeysOfTenants(t *testing.T) {
	const form, personal = "https://login.microsoftonline.com/{tenantid}/v2.0", "9188040d-6c67-4c5b-b112-36a304b66dad"
	of := func(tenant string) string { return strings.Replace(form, "{tenantid}", tenant, 1) }
	w := newWorld(t, m{"name": "entra", "preset": "entra", "audiences": []string{"models"}, "tenants": []string{"t-1", personal},
		"jwks": m{"inline": m{"keys": []m{
			with(publicJWK(rsaKey, "any", ""), "issuer", form), with(publicJWK(evilRSA, "own", ""), "issuer", of(personal)),
		}}}})
	for _, iss := range []string{of("t-1"), of(personal), "https://sts.windows.net/t-1/"} {
		claims := claimsOf("corp", "iss", iss)
		w.bearer(t,
			attempt{iss + " by the key of all", sign("RS256", rsaKey, m{"alg": "RS256", "kid": "any"}, claims), reason.Allowed},
			attempt{iss + " by the key of one", sign("RS256", evilRSA, m{"alg": "RS256", "kid": "own"}, claims), reason.KeyUnknown},
			attempt{iss + " by the key of one, under the kid of all", sign("RS256", evilRSA, m{"alg": "RS256", "kid": "any"}, claims),
				reason.SignatureInvalid},
		)
	}
}

// FuzzOpenings: what a closed issuer accepts, an open one accepts as the same caller; and a
// caller has a name and no address that two readers could read as two.
func FuzzOpenings(f *testing.F) {
	hs := func(changes ...any) m {
		return with(row("hs", []string{"HS256"}), append([]any{"jwks", missing{}, "symmetric", m{"env": "FIXED"}}, changes...)...)
	}
	worlds := [2]world{}
	for i, r := range []m{hs("groups", "/groups"), hs("groups", []any{"/groups", m{"pointer": "/scope", "form": "words"}},
		"subject", []string{"/sub", "/client_id"}, "noAudience", true, "requiredClaims", []any{values("/iss", issOf("hs"))},
		"types", []string{"JWT", "at+jwt"}, "address", m{"folded": true, "verified": values("/email_verified", true, "true")},
		"domain", "address")} {
		w, problems := compile([]m{r})
		if problems != nil {
			f.Fatal(problems)
		}
		worlds[i] = w
	}
	secret, _ := secrets("FIXED")
	key, _ := decodeBase64URL(secret)
	for _, claims := range []m{
		claimsOf("hs", "groups", []string{"ml"}), claimsOf("hs", "aud", missing{}, "sub", missing{}, "client_id", "c"),
		claimsOf("hs", "groups", nil),
		claimsOf("hs", "scope", "a b", "email", "A@b", "email_verified", "true"), claimsOf("hs", "aud", []string{}, "sub", ""),
	} {
		text, _ := json.Marshal(claims)
		f.Add(string(text), "JWT")
	}
	f.Fuzz(func(t *testing.T, claims, typ string) {
		token := sign("HS256", key, m{"alg": "HS256", "typ": typ}, claims)
		closed, why := worlds[0].authenticate([][2]string{{"authorization", "Bearer " + token}}, Peer{})
		open, whyOpen := worlds[1].authenticate([][2]string{{"authorization", "Bearer " + token}}, Peer{})
		switch {
		case why == reason.Allowed && whyOpen != reason.Allowed && whyOpen != reason.ClaimsInvalid:
			t.Fatalf("%s: closed allows, open says %v", claims, whyOpen)
		case why == reason.Allowed && whyOpen == reason.Allowed && (open.Subject != closed.Subject || len(open.Groups) < len(closed.Groups)):
			t.Fatalf("%s: %+v is another caller than %+v", claims, open, closed)
		case whyOpen == reason.Allowed && (open.Subject == "" || open.Email != "" && !isEmailAddress(open.Email)):
			t.Fatalf("%s: %+v", claims, open)
		case why == reason.Allowed && closed.Subject == "":
			t.Fatalf("%s: nobody is allowed", claims)
		}
	})
}
