package authn

import (
	"fmt"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
)

// corpTokenWith is a good token of corp with claims changed.
func corpTokenWith(changes ...any) string {
	return corpToken(m{"alg": "ES256"}, claimsOf("corp", changes...))
}

// TestIssuerAndSubject: both are required strings (RFC 7519 sections 4.1.1 and 4.1.2),
// and iss is compared exactly (RFC 8725 section 3.8).
func TestIssuerAndSubject(t *testing.T) {
	w, good := corp(t)
	w.bearer(t, attempt{"control", good, reason.Allowed})
	for _, iss := range []string{
		"https://corp.example/", "https://CORP.example", "HTTPS://corp.example", "http://corp.example",
		"https://corp.example.", " https://corp.example",
		"https://corp.example ", "https://corp.example\x00", "corp.example", "corp", "https://corp.exampl",
		"https://corp.example:443", "https://corp.example#",
		"https://evil.example", "https://corp.example.evil.example", "https://evil.example/https://corp.example",
		"https://соrp.example", "https://corp.example\n",
		"*", ".*", "https://*.example", "https://corp%2eexample", "https://ｃorp.example",
	} {
		w.bearer(t, attempt{"iss " + iss, corpTokenWith("iss", iss), reason.IssuerUnknown})
	}
	for _, iss := range []any{
		missing{}, nil, "", 0, true, []string{issOf("corp")}, []any{}, m{"iss": issOf("corp")}, []any{issOf("corp"), "evil"},
	} {
		w.bearer(t, attempt{fmt.Sprint("iss ", iss), corpTokenWith("iss", iss), reason.ClaimsInvalid})
	}
	for _, sub := range []any{missing{}, nil, "", 0, 1.5, true, []string{"alice"}, m{"sub": "alice"}, []any{}} {
		w.bearer(t, attempt{fmt.Sprint("sub ", sub), corpTokenWith("sub", sub), reason.ClaimsInvalid})
	}
	// A subject is nothing without its issuer: the same sub of two are two callers.
	w = newWorld(t, row("one", []string{"ES256"}, publicJWK(ecKey, "", "")), row("two", []string{"ES256"}, publicJWK(evilEC, "", "")))
	one := w.request(t, "one", reason.Allowed, "authorization", "Bearer "+sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("one")))
	two := w.request(t, "two", reason.Allowed, "authorization", "Bearer "+sign("ES256", evilEC, m{"alg": "ES256"}, claimsOf("two")))
	if one.Issuer != "one" || two.Issuer != "two" || one.Subject != "alice" || two.Subject != "alice" {
		t.Errorf("Authenticate(alice of two issuers) = %+v and %+v", one, two)
	}
}

// TestAudience: aud is a string or an array of strings (RFC 7519 section 4.1.3, RFC
// 8725 section 3.9), and an array is checked as well (CVE-2020-26160).
func TestAudience(t *testing.T) {
	w := newWorld(t, with(row("corp", []string{"ES256"}, publicJWK(ecKey, "", "")), "audiences", []string{"models", "more"}))
	for _, x := range []struct {
		aud  any
		want reason.Reason
	}{
		{"models", reason.Allowed},
		{"more", reason.Allowed},
		{[]string{"models"}, reason.Allowed},
		{[]string{"x", "y", "more"}, reason.Allowed},
		{[]string{"models", "models"}, reason.Allowed},
		{"other", reason.AudienceWrong},
		{"Models", reason.AudienceWrong},
		{"models/", reason.AudienceWrong},
		{" models", reason.AudienceWrong},
		{"models ", reason.AudienceWrong},
		{"models\x00", reason.AudienceWrong},
		{"model", reason.AudienceWrong},
		{"models more", reason.AudienceWrong},
		{"models,more", reason.AudienceWrong},
		{"*", reason.AudienceWrong},
		{[]string{"other"}, reason.AudienceWrong},
		{[]string{"x", "y"}, reason.AudienceWrong},
		{missing{}, reason.ClaimsInvalid},
		{nil, reason.ClaimsInvalid},
		{"", reason.ClaimsInvalid},
		{[]string{}, reason.ClaimsInvalid},
		{[]string{""}, reason.ClaimsInvalid},
		{[]string{"models", ""}, reason.ClaimsInvalid},
		{[]any{1}, reason.ClaimsInvalid},
		{[]any{"models", 1}, reason.ClaimsInvalid},
		{[]any{1, "models"}, reason.ClaimsInvalid},
		{[]any{[]string{"models"}}, reason.ClaimsInvalid},
		{[]any{nil, "models"}, reason.ClaimsInvalid},
		{m{}, reason.ClaimsInvalid},
		{m{"models": true}, reason.ClaimsInvalid},
		{m{"0": "models"}, reason.ClaimsInvalid},
		{1, reason.ClaimsInvalid},
		{true, reason.ClaimsInvalid},
	} {
		w.bearer(t, attempt{fmt.Sprintf("aud %#v", x.aud), corpTokenWith("aud", x.aud), x.want})
	}
}

// TestTimes: exp, nbf and iat (RFC 7519 sections 4.1.4 to 4.1.6), skew and lifetime.
func TestTimes(t *testing.T) {
	w, _ := corp(t)
	at := func(seconds int64) int64 { return now.Unix() + seconds }
	w.bearer(t,
		attempt{"control", corpTokenWith("nbf", at(-10)), reason.Allowed},
		attempt{"only exp", corpTokenWith("iat", missing{}), reason.Allowed},
		attempt{"exp missing", corpTokenWith("exp", missing{}), reason.ClaimsInvalid},
		attempt{"exp 29 s ago", corpTokenWith("exp", at(-29)), reason.Allowed},
		attempt{"exp 30 s ago", corpTokenWith("exp", at(-30)), reason.TokenExpired}, // "on or after" exp is too late
		attempt{"exp 31 s ago", corpTokenWith("exp", at(-31)), reason.TokenExpired},
		attempt{"exp long ago", corpTokenWith("exp", 1), reason.TokenExpired},
		attempt{"iat in 30 s", corpTokenWith("iat", at(30)), reason.Allowed},
		attempt{"iat in 31 s", corpTokenWith("iat", at(31)), reason.TokenNotYetValid},
		attempt{"nbf in 30 s", corpTokenWith("nbf", at(30)), reason.Allowed},
		attempt{"nbf in 31 s", corpTokenWith("nbf", at(31)), reason.TokenNotYetValid},
		attempt{"nbf in a year", corpTokenWith("nbf", at(365*86400), "exp", at(400*86400)), reason.TokenNotYetValid},
		attempt{"expired and not yet valid", corpTokenWith("nbf", at(100), "exp", at(-100)), reason.TokenExpired},
		attempt{"expired and for another", corpTokenWith("aud", "other", "exp", at(-100)), reason.AudienceWrong},
	)
	sharp := newWorld(t, with(row("corp", []string{"ES256"}, publicJWK(ecKey, "", "")), "clockSkew", "0s"))
	sharp.bearer(t,
		attempt{"no skew, exp in 1 s", corpTokenWith("exp", at(1)), reason.Allowed},
		attempt{"no skew, exp now", corpTokenWith("exp", at(0)), reason.TokenExpired},
		attempt{"no skew, iat now", corpTokenWith("iat", at(0)), reason.Allowed},
		attempt{"no skew, iat in 1 s", corpTokenWith("iat", at(1)), reason.TokenNotYetValid})
	wide := newWorld(t, with(row("corp", []string{"ES256"}, publicJWK(ecKey, "", "")), "clockSkew", "5m", "maxLifetime", "1h"))
	wide.bearer(t,
		attempt{"5 m of skew, exp 299 s ago", corpTokenWith("exp", at(-299)), reason.Allowed},
		attempt{"5 m of skew, exp 300 s ago", corpTokenWith("exp", at(-300)), reason.TokenExpired},
		attempt{"lifetime 1 h and twice the skew", corpTokenWith("iat", at(-10), "exp", at(4190)), reason.Allowed},
		attempt{"lifetime 1 s more", corpTokenWith("iat", at(-10), "exp", at(4191)), reason.TokenLifetime},
		attempt{"lifetime without iat", corpTokenWith("iat", missing{}), reason.ClaimsInvalid})
}

// TestNumericDateForms: a NumericDate (RFC 7519 section 2) is a JSON number in any of
// its forms, from 1970 to 9999. 1760000300 is 300 s ahead, 1759999900 100 s back.
func TestNumericDateForms(t *testing.T) {
	w, _ := corp(t)
	const bad = reason.ClaimsInvalid
	for _, x := range []struct {
		number        string
		exp, iat, nbf reason.Reason
	}{
		{"1760000300", reason.Allowed, reason.TokenNotYetValid, reason.TokenNotYetValid},
		{"1759999900", reason.TokenExpired, reason.Allowed, reason.Allowed},
		{"1760000300.5", reason.Allowed, reason.TokenNotYetValid, reason.TokenNotYetValid},
		{"1759999970.5", reason.Allowed, reason.Allowed, reason.Allowed},
		{"1759999970.0", reason.TokenExpired, reason.Allowed, reason.Allowed},
		{"1760000030.5", reason.Allowed, reason.TokenNotYetValid, reason.TokenNotYetValid},
		{"1.7600003e9", reason.Allowed, reason.TokenNotYetValid, reason.TokenNotYetValid},
		{"17600003E2", reason.Allowed, reason.TokenNotYetValid, reason.TokenNotYetValid},
		{"17600003000e-1", reason.Allowed, reason.TokenNotYetValid, reason.TokenNotYetValid},
		{"1e+9", reason.TokenExpired, reason.Allowed, reason.Allowed},
		{"0", reason.TokenExpired, reason.Allowed, reason.Allowed},
		{"-0", reason.TokenExpired, reason.Allowed, reason.Allowed},
		{"0.5", reason.TokenExpired, reason.Allowed, reason.Allowed},
		{"1e-400", reason.TokenExpired, reason.Allowed, reason.Allowed},
		{"253402300799", reason.Allowed, reason.TokenNotYetValid, reason.TokenNotYetValid},
		// the year 10000
		{"253402300800", bad, bad, bad},
		{"253402300799.5", bad, bad, bad},
		{"1760000300000", bad, bad, bad}, // milliseconds
		{"9007199254740993", bad, bad, bad},
		{"9223372036854775807", bad, bad, bad},
		{"9223372036854775808", bad, bad, bad},
		// 2^64 and a good time
		{"18446744073709551615", bad, bad, bad},
		{"18446744075469551916", bad, bad, bad},
		{"1e19", bad, bad, bad},
		{"1e308", bad, bad, bad},
		{"1e400", bad, bad, bad},
		{"-1", bad, bad, bad},
		{"-1760000300", bad, bad, bad},
		{"-1e400", bad, bad, bad},
		{"-0.5", bad, bad, bad},
		{`"1760000300"`, bad, bad, bad},
		{`"2100-01-01T00:00:00Z"`, bad, bad, bad},
		{`""`, bad, bad, bad},
		{"null", bad, bad, bad},
		{"true", bad, bad, bad},
		{"false", bad, bad, bad},
		{"[]", bad, bad, bad},
		{"[1760000300]", bad, bad, bad},
		{"{}", bad, bad, bad},
	} {
		for name, want := range map[string]reason.Reason{"exp": x.exp, "iat": x.iat, "nbf": x.nbf} {
			dates := map[string]string{"exp": "1760000300"}
			dates[name] = x.number
			claims := `{"iss":"https://corp.example","aud":"models","sub":"alice"`
			for date, number := range dates {
				claims += `,"` + date + `":` + number
			}
			w.bearer(t, attempt{name + " " + x.number, corpToken(m{"alg": "ES256"}, claims+"}"), want})
		}
	}
	for _, number := range []string{
		"01760000300", "+1760000300", "1760000300.", ".5", "1e", "0x68e7b1ac", "1_760_000_300", "Infinity", "-Infinity", "NaN", "1760000300n",
	} {
		claims := `{"iss":"https://corp.example","aud":"models","sub":"alice","exp":` + number + `}`
		w.bearer(t, attempt{"exp " + number, corpToken(m{"alg": "ES256"}, claims), reason.TokenMalformed})
	}
}

// TestExplicitType: RFC 8725 section 3.11, and RFC 9068 section 4.
func TestExplicitType(t *testing.T) {
	w, _ := corp(t)
	access := newWorld(t, with(row("corp", []string{"ES256"}, publicJWK(ecKey, "", "")), "type", "at+jwt"))
	const no, bad = reason.TokenType, reason.TokenMalformed
	for _, x := range []struct {
		typ           any
		plain, access reason.Reason
	}{
		{missing{}, reason.Allowed, no},
		{"", no, no},
		{"JWT", reason.Allowed, no},
		{"jwt", reason.Allowed, no},
		{"Jwt", reason.Allowed, no},
		{"at+jwt", no, reason.Allowed},
		{"AT+JWT", no, reason.Allowed},
		{"application/at+jwt", no, reason.Allowed},
		{"Application/AT+JWT", no, reason.Allowed},
		{"application/application/at+jwt", no, no},
		{"at+jwt ", no, no},
		{" at+jwt", no, no},
		{"at jwt", no, no},
		{"at+jw", no, no},
		{"/at+jwt", no, no},
		{"applİcation/at+jwt", no, no},
		{"JWT ", no, no},
		{"JWS", no, no},
		{"JOSE", no, no},
		{"JOSE+JSON", no, no},
		{"dpop+jwt", no, no},
		{"logout+jwt", no, no},
		{"id_token", no, no},
		{"secevent+jwt", no, no},
		{"JWT,at+jwt", no, no},
		{nil, bad, bad},
		{1, bad, bad},
		{[]string{"JWT"}, bad, bad},
		{[]string{"at+jwt"}, bad, bad},
	} {
		token := corpToken(with(m{"alg": "ES256"}, "typ", x.typ), claimsOf("corp", "client_id", "c", "jti", "j"))
		w.bearer(t, attempt{fmt.Sprintf("typ %#v, plain", x.typ), token, x.plain})
		access.bearer(t, attempt{fmt.Sprintf("typ %#v, at+jwt", x.typ), token, x.access})
	}
	// RFC 9068 section 2.2: what an access token has to say besides.
	for name, values := range map[string][]any{
		"client_id": {missing{}, "", nil, 1, []string{"c"}},
		"jti":       {missing{}, "", nil, 1},
		"iat":       {missing{}},
	} {
		for _, value := range values {
			claims := with(claimsOf("corp", "client_id", "c", "jti", "j"), name, value)
			token := corpToken(m{"alg": "ES256", "typ": "at+jwt"}, claims)
			access.bearer(t, attempt{fmt.Sprintf("at+jwt, %s %#v", name, value), token, reason.ClaimsInvalid})
			token = corpToken(m{"alg": "ES256", "typ": "JWT"}, claims)
			w.bearer(t, attempt{fmt.Sprintf("plain, %s %#v", name, value), token, reason.Allowed})
		}
	}
	// A token inside a token (RFC 7519 section 5.2).
	for cty, want := range map[any]reason.Reason{
		"JWT":             no,
		"jwt":             no,
		"application/jwt": no,
		"json":            no,
		"":                reason.Allowed,
		1:                 bad,
		nil:               bad,
	} {
		inner := corpTokenWith()
		nested := bad
		if want == no {
			nested = no
		}
		w.bearer(t,
			attempt{fmt.Sprint("cty ", cty), corpToken(m{"alg": "ES256", "cty": cty}, claimsOf("corp")), want},
			attempt{fmt.Sprint("nested, cty ", cty), corpToken(m{"alg": "ES256", "cty": cty}, inner), nested})
	}
}

// TestSignatureIsCheckedFirst: no claim of a token counts before its signature holds
// (RFC 7515 section 5.2; CVE-2024-51744).
func TestSignatureIsCheckedFirst(t *testing.T) {
	w, good := corp(t)
	w.bearer(t, attempt{"control", good, reason.Allowed})
	for name, changes := range map[string][]any{
		"nothing else":    {},
		"expired":         {"exp", 1},
		"no exp":          {"exp", missing{}},
		"exp a string":    {"exp", "x"},
		"not yet valid":   {"nbf", now.Add(time.Hour).Unix()},
		"issued tomorrow": {"iat", now.Add(24 * time.Hour).Unix()},
		"aud wrong":       {"aud", "other"},
		"aud missing":     {"aud", missing{}},
		"aud a number":    {"aud", 1},
		"sub missing":     {"sub", missing{}},
		"groups wrong":    {"groups", 1},
		"everything":      {"exp", 1, "aud", "other", "sub", 1, "nbf", "x"},
	} {
		forged := sign("ES256", evilEC, m{"alg": "ES256", "kid": "k"}, claimsOf("corp", changes...))
		grafted := part(m{"alg": "ES256", "kid": "k"}) + "." + part(claimsOf("corp", append(changes, "jti", name)...)) + good[len(good)-87:]
		w.bearer(t, attempt{"forged, " + name, forged, reason.SignatureInvalid}, attempt{"grafted, " + name, grafted, reason.SignatureInvalid})
	}
	w.bearer(t, attempt{"expired and signed", corpTokenWith("exp", 1), reason.TokenExpired})
	removed := good[:len(good)-86] + "SIGNATURE_REMOVED_BY_GOOGLE"
	w.bearer(t,
		attempt{"signature removed", removed, reason.SignatureRemoved},
		attempt{"signature removed, and more", removed + "A", reason.SignatureInvalid},
		attempt{"signature removed, in small letters", good[:len(good)-86] + "signature_removed_by_google", reason.TokenMalformed})
}
