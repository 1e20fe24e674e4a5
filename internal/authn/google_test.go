package authn

import (
	"fmt"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

const (
	iapHeader   = "x-goog-iap-jwt-assertion"
	iapIssuer   = "https://cloud.google.com/iap"
	iapAudience = "/projects/123/global/backendServices/456"
	oidcIssuer  = "https://accounts.google.com"
)

func iapRow(changes ...any) m {
	return with(m{"name": "iap", "preset": "google-iap", "audiences": []string{iapAudience},
		"jwks": m{"inline": m{"keys": []m{publicJWK(ecKey, "iap-1", "ES256")}}}}, changes...)
}

func oidcRow(changes ...any) m {
	return with(m{"name": "google", "preset": "google-oidc", "audiences": []string{"client.apps.googleusercontent.com"},
		"jwks": m{"inline": m{"keys": []m{publicJWK(rsaKey, "g-1", "RS256")}}}}, changes...)
}

// assertion is what IAP would send for ana, with claims changed.
func assertion(changes ...any) string {
	return sign("ES256", ecKey, m{"alg": "ES256", "typ": "JWT", "kid": "iap-1"}, assertionClaims(changes...))
}

func assertionClaims(changes ...any) m {
	return with(m{"iss": iapIssuer, "aud": iapAudience, "sub": "accounts.google.com:1001", "email": "ana@corp.example",
		"hd": "corp.example", "iat": now.Unix() - 5, "exp": now.Unix() + 595}, changes...)
}

func idToken(changes ...any) string {
	return sign("RS256", rsaKey, m{"alg": "RS256", "typ": "JWT", "kid": "g-1"}, with(m{"iss": oidcIssuer,
		"aud":            "client.apps.googleusercontent.com",
		"azp":            "caller.apps.googleusercontent.com",
		"sub":            "1002",
		"email":          "ben@corp.example",
		"email_verified": true, "hd": "corp.example", "iat": now.Unix() - 5, "exp": now.Unix() + 3595}, changes...))
}

// TestIAPSecureTokenTest: the subtests have the names that IAP takes as
// iap-secure-token-test-type, so that an operator can run the same list in production.
func TestIAPSecureTokenTest(t *testing.T) {
	w := newWorld(t, iapRow())
	for _, x := range []struct {
		name  string
		token string
		want  reason.Reason
	}{
		{"NOT_SET", assertion(), reason.Allowed},
		{"FUTURE_ISSUE", assertion("iat", now.Unix()+3600, "exp", now.Unix()+4200), reason.TokenNotYetValid},
		{"PAST_EXPIRATION", assertion("iat", now.Unix()-4200, "exp", now.Unix()-3600), reason.TokenExpired},
		{"ISSUER", assertion("iss", "https://evil.example/iap"), reason.IssuerUnknown},
		{"AUDIENCE", assertion("aud", "/projects/123/global/backendServices/457"), reason.AudienceWrong},
		{"SIGNATURE", sign("ES256", evilEC, m{"alg": "ES256", "kid": "iap-1"}, assertionClaims()), reason.SignatureInvalid},
	} {
		t.Run(x.name, func(t *testing.T) {
			w.request(t, x.name, x.want, iapHeader, x.token)
		})
	}
}

func TestIAPEdges(t *testing.T) {
	w := newWorld(t, iapRow())
	at := func(seconds int64) int64 { return now.Unix() + seconds }
	for _, x := range []struct {
		name    string
		changes []any
		want    reason.Reason
	}{
		{"exp 29 s ago", []any{"exp", at(-29)}, reason.Allowed},
		{"exp 30 s ago", []any{"exp", at(-30)}, reason.TokenExpired},
		{"exp 31 s ago", []any{"exp", at(-31)}, reason.TokenExpired},
		{"iat in 30 s", []any{"iat", at(30)}, reason.Allowed},
		{"iat in 31 s", []any{"iat", at(31)}, reason.TokenNotYetValid},
		{"lifetime of 10 min", []any{"iat", at(0), "exp", at(600)}, reason.Allowed},
		{"lifetime of 10 min and twice the skew", []any{"iat", at(0), "exp", at(660)}, reason.Allowed},
		{"lifetime of 1 s more", []any{"iat", at(0), "exp", at(661)}, reason.TokenLifetime},
		{"lifetime of half a second more", []any{"iat", at(0), "exp", float64(at(660)) + 0.5}, reason.TokenLifetime},
		{"lifetime of a year", []any{"exp", at(31536000)}, reason.TokenLifetime},
		{"iat missing", []any{"iat", missing{}}, reason.ClaimsInvalid},
		{"iat a string", []any{"iat", fmt.Sprint(at(0))}, reason.ClaimsInvalid},
		{"exp missing", []any{"exp", missing{}}, reason.ClaimsInvalid},
		{"aud an array of the right one", []any{"aud", []string{iapAudience}}, reason.ClaimsInvalid},
		{"aud an array of two", []any{"aud", []string{"/projects/9/apps/x", iapAudience}}, reason.ClaimsInvalid},
		{"aud empty", []any{"aud", ""}, reason.ClaimsInvalid},
		{"aud of App Engine", []any{"aud", "/projects/123/apps/456"}, reason.AudienceWrong},
		{"iss with a slash", []any{"iss", iapIssuer + "/"}, reason.IssuerUnknown},
		{"iss of an ID token", []any{"iss", oidcIssuer}, reason.IssuerUnknown},
	} {
		w.request(t, x.name, x.want, iapHeader, assertion(x.changes...))
	}
	w.request(t, "after Bearer", reason.TokenMalformed, iapHeader, "Bearer "+assertion())
	w.request(t, "RS256", reason.TokenAlgorithm, iapHeader, sign("RS256", rsaKey, m{"alg": "RS256", "kid": "iap-1"}, assertionClaims()))
	accessToken := sign("ES256", ecKey, m{"alg": "ES256", "kid": "iap-1", "typ": "at+jwt"}, assertionClaims())
	w.request(t, "at+jwt", reason.TokenType, iapHeader, accessToken)
	p := w.request(t, "ana", reason.Allowed, iapHeader, assertion())
	if p.Issuer != "iap" || p.Subject != "accounts.google.com:1001" || p.Email != "ana@corp.example" || p.Domain != "corp.example" {
		t.Errorf("Authenticate(ana) = %+v", p) // the e-mail is IAP's word
	}
}

// TestIAPWithoutSkew: lifetime and dates to the second.
func TestIAPWithoutSkew(t *testing.T) {
	w := newWorld(t, iapRow("clockSkew", "0s"))
	w.request(t, "lifetime of 10 min", reason.Allowed, iapHeader, assertion("iat", now.Unix(), "exp", now.Unix()+600))
	w.request(t, "lifetime of 10 min and 1 s", reason.TokenLifetime, iapHeader, assertion("iat", now.Unix(), "exp", now.Unix()+601))
	w.request(t, "iat in 1 s", reason.TokenNotYetValid, iapHeader, assertion("iat", now.Unix()+1))
}

func TestGoogleIDToken(t *testing.T) {
	w := newWorld(t, oidcRow())
	for _, x := range []struct {
		name    string
		changes []any
		want    reason.Reason
		email   string
	}{
		{"iss with the scheme", nil, reason.Allowed, "ben@corp.example"},
		{"iss without the scheme", []any{"iss", "accounts.google.com"}, reason.Allowed, "ben@corp.example"},
		{"iss over http", []any{"iss", "http://accounts.google.com"}, reason.IssuerUnknown, ""},
		{"iss of IAP", []any{"iss", iapIssuer}, reason.IssuerUnknown, ""},
		{"aud in an array", []any{"aud", []string{"client.apps.googleusercontent.com"}}, reason.Allowed, "ben@corp.example"},
		{"aud of azp", []any{"aud", "caller.apps.googleusercontent.com"}, reason.AudienceWrong, ""},
		{"without iat", []any{"iat", missing{}}, reason.Allowed, "ben@corp.example"},
		{"email_verified false", []any{"email_verified", false}, reason.Allowed, ""},
		{"email_verified missing", []any{"email_verified", missing{}}, reason.Allowed, ""},
		{"email_verified a string", []any{"email_verified", "true"}, reason.Allowed, ""},
		{"email_verified 1", []any{"email_verified", 1}, reason.Allowed, ""},
		{"email_verified null", []any{"email_verified", nil}, reason.Allowed, ""},
		{"email_verified an array", []any{"email_verified", []bool{true}}, reason.Allowed, ""},
		{"Email_Verified", []any{"email_verified", missing{}, "Email_Verified", true}, reason.Allowed, ""},
	} {
		p := w.request(t, x.name, x.want, "authorization", "Bearer "+idToken(x.changes...))
		if p.Email != x.email {
			t.Errorf("Authenticate(%s) = e-mail %q, want %q", x.name, p.Email, x.email)
		}
		if x.want == reason.Allowed && (p.Issuer != "google" || p.Subject != "1002" || p.Domain != "corp.example" ||
			p.Claims.Get("azp").Str != "caller.apps.googleusercontent.com") {
			t.Errorf("Authenticate(%s) = %+v", x.name, p)
		}
	}
	for _, hd := range []any{missing{}, 1, nil, []string{"corp.example"}} {
		if p := w.request(t, "hd", reason.Allowed, "authorization", "Bearer "+idToken("hd", hd)); p.Domain != "" {
			t.Errorf("Authenticate(hd %v) = domain %q, want none", hd, p.Domain)
		}
	}
}

// TestAddresses: what can be read as two addresses, or breaks a header, is no address.
func TestAddresses(t *testing.T) {
	corp := row("corp", []string{"ES256"}, publicJWK(ecKey, "", ""))
	verified, trusted := newWorld(t, with(corp, "email", "verified")), newWorld(t, with(corp, "email", "trusted"))
	for _, x := range []struct {
		email any
		good  bool
	}{
		{"a@b", true},
		{"ana@corp.example", true},
		{"ana+x@corp.example", true},
		{"x@p.iam.gserviceaccount.com", true},
		{"o'hara@corp.example", true},
		{"a@evil.com@corp.com", false},
		{"a@@corp.com", false},
		{"@corp.com", false},
		{"a@", false},
		{"@", false},
		{"a", false},
		{"", false},
		{"a@corp.com ", false},
		{" a@corp.com", false},
		{"a b@corp.com", false},
		{"a@corp.com\n", false},
		{"a@corp.com\r\nx: y", false},
		{"a@corp.com\x00", false},
		{"a@corp.com\t", false},
		{"a@соrp.com", false},
		{"é@corp.com", false},
		{"a@corp.com\x7f", false},
		{"a\u200b@corp.com", false},
		{`"a@evil.com"@corp.com`, false},
		{1, false},
		{nil, false},
		{true, false},
		{[]string{"a@corp.com"}, false},
		{m{"a@corp.com": true}, false},
	} {
		want := ""
		if x.good {
			want = x.email.(string)
		}
		for name, w := range map[string]world{"verified": verified, "trusted": trusted} {
			p := w.request(t, "e-mail", reason.Allowed, "authorization", "Bearer "+corpTokenWith("email", x.email, "email_verified", true))
			if p.Email != want {
				t.Errorf("Authenticate(%s %q) = e-mail %q, want %q", name, x.email, p.Email, want)
			}
			p = w.request(t, "e-mail unverified", reason.Allowed, "authorization", "Bearer "+corpTokenWith("email", x.email))
			if (p.Email != "") != (x.good && name == "trusted") {
				t.Errorf("Authenticate(%s %q unverified) = e-mail %q", name, x.email, p.Email)
			}
			if claimed, _ := x.email.(string); p.ClaimedEmail != claimed {
				t.Errorf("Authenticate(%s %q unverified) = address %q", name, x.email, p.ClaimedEmail)
			}
		}
	}
}

func TestGroupsAndAttributes(t *testing.T) {
	const pool = "projects/1/locations/global/workloadIdentityPools/p"
	w := newWorld(t, with(row("corp", []string{"ES256"}, publicJWK(ecKey, "", "")), "groups", "/https:~1~1corp.example~1groups", "pool", pool,
		"attributes", m{"team": "/team", "place": "/at/0/place", "odd": "/a.b#@*"}))
	for _, x := range []struct {
		groups any
		want   reason.Reason
		list   []string
	}{
		{missing{}, reason.Allowed, nil},
		{"ml", reason.Allowed, []string{"ml"}},
		{[]string{"ml", "ops"}, reason.Allowed, []string{"ml", "ops"}},
		{[]string{}, reason.Allowed, nil},
		{nil, reason.Allowed, nil},
		{1, reason.ClaimsInvalid, nil},
		{true, reason.ClaimsInvalid, nil},
		{m{"ml": true}, reason.ClaimsInvalid, nil},
		{[]any{"ml", 1}, reason.ClaimsInvalid, nil},
		{[]any{nil}, reason.ClaimsInvalid, nil},
		{[]any{[]string{"ml"}}, reason.ClaimsInvalid, nil},
	} {
		token := corpTokenWith("https://corp.example/groups", x.groups)
		p := w.request(t, fmt.Sprintf("groups %v", x.groups), x.want, "authorization", "Bearer "+token)
		if !slices.Equal(p.Groups, x.list) {
			t.Errorf("Authenticate(groups %v) = %q, want %q", x.groups, p.Groups, x.list)
		}
	}
	for _, x := range []struct {
		claims []any
		want   string
	}{
		{nil, "[]"},
		{[]any{"team", "red", "at", []m{{"place": "x"}}, "a.b#@*", "y"}, "[[odd y] [place x] [team red]]"},
		{[]any{"team", 1, "at", m{"0": m{"place": "x"}}}, "[[place x]]"},
		{[]any{"team", []string{"red"}, "at", []any{"x"}, "a", m{"b#@*": "y"}}, "[]"},
		{[]any{"team", "", "Team", "red"}, "[[team ]]"},
	} {
		p := w.request(t, "attributes", reason.Allowed, "authorization", "Bearer "+corpTokenWith(x.claims...))
		slices.SortFunc(p.Attributes, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
		if got := fmt.Sprint(p.Attributes); got != x.want || p.Pool != pool {
			t.Errorf("Authenticate(attributes %v) = %s of %q, want %s", x.claims, got, p.Pool, x.want)
		}
	}
}
