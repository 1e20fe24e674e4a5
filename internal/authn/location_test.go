package authn

import (
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// both is IAP first, then Google's ID tokens as bearer.
func both(t *testing.T) world { return newWorld(t, iapRow(), oidcRow()) }

// TestFirstLocationIsFinal: the first configured location with a credential decides.
func TestFirstLocationIsFinal(t *testing.T) {
	w := both(t)
	good, bearer := assertion(), "Bearer "+idToken()
	if got, _ := w.a.Headers(); !slices.Equal(got, []string{iapHeader, "authorization"}) {
		t.Errorf("Headers() = %q", got)
	}
	for _, x := range []struct {
		name    string
		headers []string
		want    reason.Reason
		issuer  string
	}{
		{"neither", []string{"x-other", "1"}, reason.Allowed, ""},
		{"no header at all", nil, reason.Allowed, ""},
		{"assertion", []string{iapHeader, good}, reason.Allowed, "iap"},
		{"bearer", []string{"authorization", bearer}, reason.Allowed, "google"},
		{"both", []string{iapHeader, good, "authorization", bearer}, reason.Allowed, "iap"},
		{"both, the other way round", []string{"authorization", bearer, iapHeader, good}, reason.Allowed, "iap"},
		{"good assertion, bad bearer", []string{iapHeader, good, "authorization", "Bearer x"}, reason.Allowed, "iap"},
		{"bad assertion, good bearer", []string{iapHeader, "x", "authorization", bearer}, reason.TokenMalformed, ""},
		{"empty assertion, good bearer", []string{iapHeader, "", "authorization", bearer}, reason.TokenMalformed, ""},
		{"expired assertion, good bearer", []string{iapHeader, assertion("exp", 1), "authorization", bearer}, reason.TokenExpired, ""},
		{"stranger's assertion, good bearer", []string{"authorization", bearer, iapHeader, assertion("iss", "x")}, reason.IssuerUnknown, ""},
		{"two assertions, good bearer", []string{iapHeader, good, iapHeader, good, "authorization", bearer}, reason.CredentialRepeated, ""},
		{"ID token in the assertion's place", []string{iapHeader, idToken()}, reason.IssuerUnknown, ""},
		{"assertion in the bearer's place", []string{"authorization", "Bearer " + good}, reason.IssuerUnknown, ""},
		{"header with underscores", []string{"x_goog_iap_jwt_assertion", good}, reason.Allowed, ""},
		{"other headers", []string{"x-authorization", bearer, "proxy-authorization", bearer, "cookie", "token=" + idToken()}, reason.Allowed, ""},
	} {
		if p := w.request(t, x.name, x.want, x.headers...); p.Issuer != x.issuer {
			t.Errorf("Authenticate(%s) = issuer %q, want %q", x.name, p.Issuer, x.issuer)
		}
	}
}

// TestSchemes: a scheme compares without case (RFC 9110 section 11.1) and is followed
// by exactly one space.
func TestSchemes(t *testing.T) {
	w := newWorld(t, oidcRow())
	token := idToken()
	for value, want := range map[string]reason.Reason{
		"Bearer " + token:               reason.Allowed,
		"bearer " + token:               reason.Allowed,
		"BEARER " + token:               reason.Allowed,
		"bEaReR " + token:               reason.Allowed,
		"Bearer  " + token:              reason.TokenMalformed,
		" Bearer " + token:              reason.SchemeUnsupported,
		"Bearer " + token + " ":         reason.TokenMalformed,
		"Bearer\t" + token:              reason.SchemeUnsupported,
		"Bearer \t" + token:             reason.TokenMalformed,
		"Bearer\u00a0" + token:          reason.SchemeUnsupported,
		"Bearer" + token:                reason.SchemeUnsupported,
		"Bearer=" + token:               reason.SchemeUnsupported,
		"Bearer: " + token:              reason.SchemeUnsupported,
		"Bearer Bearer " + token:        reason.TokenMalformed,
		"Bearer " + token + " .jjj":     reason.TokenMalformed,
		"Bearer " + token + " " + token: reason.TokenMalformed,
		`Bearer "` + token + `"`:        reason.TokenMalformed,
		"Bearer token=" + token:         reason.TokenMalformed,
		"Bearer " + token + "\n":        reason.TokenMalformed,
		"Bearer " + token + "\x00":      reason.TokenMalformed,
		"Bearer":                        reason.TokenMalformed,
		"Bearer ":                       reason.TokenMalformed,
		"":                              reason.SchemeUnsupported,
		" ":                             reason.SchemeUnsupported,
		token:                           reason.SchemeUnsupported,
		"Basic " + token:                reason.SchemeUnsupported,
		"Basic dXNlcjpwYXNz":            reason.SchemeUnsupported,
		"DPoP " + token:                 reason.SchemeUnsupported,
		"Negotiate x":                   reason.SchemeUnsupported,
		"JWT " + token:                  reason.SchemeUnsupported,
		"Beare\u0280 " + token:          reason.SchemeUnsupported,
		"null":                          reason.SchemeUnsupported,
	} {
		w.request(t, value, want, "authorization", value)
	}
}

// TestRepeatedCredentials: each value of a repeated header is read, joined or not
// (CVE-2020-25017, CVE-2026-26308).
func TestRepeatedCredentials(t *testing.T) {
	w := both(t)
	good, bad := idToken(), idToken("exp", 1)
	const twice, mixed = reason.CredentialRepeated, reason.CredentialMixed
	for _, x := range []struct {
		name   string
		values []string
		want   reason.Reason
	}{
		{"one", []string{"Bearer " + good}, reason.Allowed},
		{"the same twice", []string{"Bearer " + good, "Bearer " + good}, twice},
		{"good and bad", []string{"Bearer " + good, "Bearer " + bad}, twice},
		{"bad and good", []string{"Bearer " + bad, "Bearer " + good}, twice},
		{"joined", []string{"Bearer " + good + ", Bearer " + bad}, twice},
		{"joined without a space", []string{"Bearer " + good + ",bearer " + bad}, twice},
		{"tokens joined", []string{"Bearer " + good + "," + good}, twice},
		{"comma alone", []string{","}, twice},
		{"empty and good", []string{"", "Bearer " + good}, twice},
		{"good and empty", []string{"Bearer " + good, ""}, twice},
		{"empty twice", []string{"", ""}, twice},
		{"three", []string{"Bearer " + good, "Bearer " + good, "Bearer " + good}, twice},
		{"Basic beside Bearer", []string{"Basic dXNlcjpwYXNz", "Bearer " + good}, mixed},
		{"Bearer beside Basic", []string{"Bearer " + good, "Basic dXNlcjpwYXNz"}, mixed},
		{"Basic joined with Bearer", []string{"Basic dXNlcjpwYXNz, Bearer " + good}, mixed},
		{"Digest's parameters", []string{`Digest username="x", realm="y"`}, twice},
	} {
		var headers []string
		for _, v := range x.values {
			headers = append(headers, "authorization", v)
		}
		w.request(t, x.name, x.want, headers...)
		w.request(t, x.name+", with others between", x.want, append([]string{"a", "b,c"}, append(headers, "z", "1")...)...)
	}
	w.request(t, "assertions joined", twice, iapHeader, assertion()+","+assertion())
	w.request(t, "assertion with a comma", twice, iapHeader, assertion()+",")
}

// TestSharedHeader: one header with two schemes, and one scheme with two issuers,
// which iss tells apart.
func TestSharedHeader(t *testing.T) {
	w := newWorld(t,
		row("one", []string{"ES256"}, publicJWK(ecKey, "", "")),
		row("two", []string{"RS256"}, publicJWK(rsaKey, "", "")),
		with(row("three", []string{"EdDSA"}, publicJWK(edKey, "", "")),
			"from", []m{{"header": "authorization", "scheme": "DPoP-less"}, {"header": "x-token"}}),
		with(row("one-too", []string{"ES256"}, publicJWK(evilEC, "", "")), "issuer", issOf("one"), "from", []m{{"header": "x-other"}}))
	one := sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("one"))
	two := sign("RS256", rsaKey, m{"alg": "RS256"}, claimsOf("two"))
	three := sign("EdDSA", edKey, m{"alg": "EdDSA"}, claimsOf("three"))
	oneToo := sign("ES256", evilEC, m{"alg": "ES256"}, claimsOf("one"))
	for _, x := range []struct {
		name, header, value string
		want                reason.Reason
		issuer              string
	}{
		{"one", "authorization", "Bearer " + one, reason.Allowed, "one"},
		{"two", "authorization", "Bearer " + two, reason.Allowed, "two"},
		{"three", "authorization", "dpop-LESS " + three, reason.Allowed, "three"},
		{"three, bare", "x-token", three, reason.Allowed, "three"},
		{"one-too", "x-other", oneToo, reason.Allowed, "one-too"},
		{"one of three's scheme", "authorization", "DPoP-less " + one, reason.IssuerUnknown, ""},
		{"three of one's scheme", "authorization", "Bearer " + three, reason.IssuerUnknown, ""},
		{"one where three is", "x-token", one, reason.IssuerUnknown, ""},
		{"bare with a scheme", "x-token", "Bearer " + three, reason.TokenMalformed, ""},
		{"one-too where one is", "authorization", "Bearer " + oneToo, reason.SignatureInvalid, ""},
		{"one where one-too is", "x-other", one, reason.SignatureInvalid, ""},
	} {
		if p := w.request(t, x.name, x.want, x.header, x.value); p.Issuer != x.issuer {
			t.Errorf("Authenticate(%s) = issuer %q, want %q", x.name, p.Issuer, x.issuer)
		}
	}
	if got, _ := w.a.Headers(); !slices.Equal(got, []string{"authorization", "x-token", "x-other"}) {
		t.Errorf("Headers() = %q", got)
	}
}

// TestNoTokenFromThePath: a token in the URI is no credential (RFC 9700 section 4.3.2).
func TestNoTokenFromThePath(t *testing.T) {
	w := both(t)
	for _, path := range []string{"/v1/models/a:predict?access_token=", "/?id_token=", "/#access_token=", "/?authorization=Bearer%20"} {
		if p := w.request(t, path, reason.Allowed, ":path", path+idToken(), ":authority", idToken()); !p.Anonymous() {
			t.Errorf("Authenticate(%s) = %+v, want anonymous", path, p)
		}
	}
}
