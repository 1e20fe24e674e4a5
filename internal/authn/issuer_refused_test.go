package authn

import (
	"fmt"
	"strings"
	"testing"
)

// The problems that several cases have.
const (
	isEmpty     = "must not be empty; leave it out instead"
	twice       = "is there twice"
	knownFields = "known are name, preset, issuer, tenants, trustDomain, audiences, audienceClaim, noAudience, subject, algorithms, " +
		"type, types, from, clockSkew, maxLifetime, email, address, domain, groups, absent, requiredClaims, pool, attributes, jwks, " +
		"symmetric, certificateBound, require"
	pointerForm  = `must be a JSON Pointer (RFC 6901), such as /groups, with "~0" for "~" and "~1" for "/" in a name`
	poolForm     = "must be locations/global/workforcePools/POOL or projects/NUMBER/locations/global/workloadIdentityPools/POOL"
	skewForm     = `must be a duration from 0s to 5m0s, such as "30s"`
	headerName   = "must be a header name in lower case without underscores"
	noUsableKey  = "must have a key that is usable with the issuer's algorithms"
	onlyAudience = "must be an audience of IAP's assertions, such as /projects/NUMBER/global/backendServices/ID"
	byPreset     = "must not be set beside a preset, which gives it"
)

// issuerChange is one change to a good issuer, and the problems that it makes.
type issuerChange struct{ pointer, value, want string }

// refusedChanges compiles doc with each change. want is the text of the problem at
// the place of the change, or all problems from the first '"' on.
func refusedChanges(t *testing.T, doc string, changes []issuerChange) {
	t.Helper()
	for _, c := range changes {
		t.Run(c.pointer+" "+c.value, func(t *testing.T) {
			want := c.want
			if !strings.HasPrefix(want, `"/`) {
				want = `"/0` + c.pointer + `": ` + want
			}
			changed := set(t, doc, c.pointer, c.value)
			w, problems := compile("[" + changed + "]")
			if problems.Error() != want {
				t.Errorf("Compile(%s) = %v, want %s", changed, problems, want)
			}
			for _, key := range w.env.Keys.sets[0].Keys() {
				if secret, ok := key.Public().([]byte); ok && len(secret) < 32 {
					t.Errorf("Compile(%s) keeps a secret of %d bytes", changed, len(secret))
				}
			}
		})
	}
}

func TestIssuerFieldsRefused(t *testing.T) {
	refusedChanges(t, ownDoc, []issuerChange{
		{"/Audiences", `["b"]`, `unknown field "Audiences"; did you mean "audiences"? ` + knownFields},
		{"/audience", `"b"`, `unknown field "audience"; did you mean "audiences"? ` + knownFields},
		{"/name", ``, `"/0": needs "name"`},
		{"/name", `""`, isEmpty},
		{"/name", `7`, "must be a string; got 7"},
		{"/issuer", ``, `"/0": needs "issuer"`},
		{"/audiences", ``, `"/0": needs "audiences"`},
		{"/audiences", `[]`, isEmpty},
		{"/audiences", `"a"`, `must be an array; got "a"`},
		{"/audiences", `["a","a"]`, `"/0/audiences/1": "a" ` + twice},
		{"/audiences", `["a",""]`, `"/0/audiences/1": ` + isEmpty},
		{"/audiences/0", `null`, "must be a string; got null"},
		{"/type", `"JWT"`, `must be at+jwt (RFC 9068), or left out for an ordinary JWT; "types" lists others; got "JWT"`},
		{"/clockSkew", `"-1s"`, skewForm + `; got "-1s"`},
		{"/clockSkew", `"5m1s"`, skewForm + `; got "5m1s"`},
		{"/clockSkew", `"30"`, skewForm + `; got "30"`},
		{"/clockSkew", `"1d"`, skewForm + `; got "1d"`},
		{"/maxLifetime", `"0s"`, `must be a duration from 1s to 87600h0m0s, such as "30s"; got "0s"`},
		{"/email", `"yes"`, `must be verified (needs email_verified) or trusted (the issuer vouches for every address); got "yes"`},
		{"/groups", `"groups"`, pointerForm + `; got "groups"`},
		{"/groups", `"/a~2"`, pointerForm + `; got "/a~2"`},
	})
	if _, problems := compile("[1]"); problems.Error() != `"/0": must be an object; got 1` {
		t.Errorf("Compile(1) = %v", problems)
	}
}

// TestIssuerHints: fields of other configurations get a hint.
func TestIssuerHints(t *testing.T) {
	hint := func(field, hint string) string {
		return fmt.Sprintf("\"/0/%s\": unknown field %q; %s\n\"/0/%s\": %s", field, field, knownFields, field, hint)
	}
	const remote = `must be in "jwks": {"remote": {"uri": "https://…", "cluster": "…"}}`
	refusedChanges(t, ownDoc, []issuerChange{
		{"/jwks_uri", `"https://own.example/jwks"`, hint("jwks_uri", remote)},
		{"/jwksUri", `"https://own.example/jwks"`, hint("jwksUri", remote)},
		{"/remoteJwks", `{}`, hint("remoteJwks", remote)},
		{"/fromHeaders", `[{"name":"x"}]`, hint("fromHeaders", `must be called "from", with "header" and "scheme" in each item`)},
	})
}

func TestAlgorithmsRefused(t *testing.T) {
	const known = "must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384 or HS512"
	const none = "must not be none: anyone can make a token without a signature"
	refusedChanges(t, ownDoc, []issuerChange{
		{"/algorithms", ``, `"/0": needs "algorithms"`},
		{"/algorithms", `[]`, isEmpty},
		{"/algorithms/0", `"none"`, none},
		{"/algorithms/0", `"None"`, none},
		{"/algorithms/0", `"es256"`, known + `; got "es256"`},
		{"/algorithms/0", `"ES256K"`, known + `; got "ES256K"`},
		{"/algorithms/0", `"*"`, known + `; got "*"`},
		{"/algorithms/0", `"RSA-OAEP"`, known + `; got "RSA-OAEP"`},
		{"/algorithms", `["ES256","ES256"]`, `"/0/algorithms/1": ES256 is there twice`},
		{"/algorithms", `["ES256","EdDSA","Ed25519"]`, `"/0/algorithms/2": EdDSA is there twice`},
		{"/algorithms", `["ES512"]`, `"/0/jwks/inline": ` + noUsableKey},
	})
	for name := range strings.SplitSeq(strings.ReplaceAll(strings.TrimPrefix(known, "must be one of "), " or ", ", "), ", ") {
		if algorithmNamed(name) == nil {
			t.Errorf("algorithmNamed(%s) = nil, and the error lists it", name)
		}
	}
	for _, a := range algorithms {
		if !strings.Contains(known, a.name) {
			t.Errorf("the error does not list %s", a.name)
		}
	}
}

func TestPoolsRefused(t *testing.T) {
	refusedChanges(t, ownDoc, []issuerChange{
		{"/pool", `"p"`, poolForm + `; got "p"`},
		{"/pool", `"projects/p/locations/global/workloadIdentityPools/p"`,
			poolForm + `; got "projects/p/locations/global/workloadIdentityPools/p"`},
		{"/pool", `"locations/global/workforcePools/a/b"`, poolForm + `; got "locations/global/workforcePools/a/b"`},
		{"/attributes", `{"a":"/a"}`, `needs "pool", whose attributes they are`},
	})
	refusedChanges(t, set(t, ownDoc, "/pool", `"`+workforcePool+`"`), []issuerChange{
		{"/attributes", `{}`, isEmpty},
		{"/attributes", `{"A/b":"/a"}`, `"/0/attributes/A~1b": must have a name of letters a-z, digits and underscores; got "A/b"`},
		{"/attributes", `{"a":"a"}`, `"/0/attributes/a": ` + pointerForm + `; got "a"`},
	})
}

func TestLocationsRefused(t *testing.T) {
	refusedChanges(t, ownDoc, []issuerChange{
		{"/from", `[]`, isEmpty},
		{"/from", `{}`, "must be an array; got an object"},
		{"/from", `[{"header":"x","query":"access_token"}]`, `"/0/from/0/query": unknown field "query"; known are header, scheme`},
		{"/from", `[{"scheme":"Bearer"}]`, `"/0/from/0": needs "header"`},
		{"/from", `[{"header":"Authorization"}]`, `"/0/from/0/header": ` + headerName + `; got "Authorization"`},
		{"/from", `[{"header":"x_a"}]`, `"/0/from/0/header": ` + headerName + `; got "x_a"`},
		{"/from", `[{"header":":path"}]`, `"/0/from/0/header": ` + headerName + `; got ":path"`},
		{"/from", `[{"header":"x a"}]`, `"/0/from/0/header": ` + headerName + `; got "x a"`},
		{"/from", `[{"header":"x","scheme":"Be arer"}]`, `"/0/from/0/scheme": must be an authentication scheme, such as Bearer; got "Be arer"`},
		{"/from", `[{"header":"x"},{"header":"x"}]`,
			`"/0": must not have the iss of issuer "own" in the same header: nothing tells their tokens apart`},
		{"/from", `[{"header":"x"},{"header":"x","scheme":"Bearer"}]`, `"/0": must not read header x both with and without a scheme`},
	})
}

func TestPresetsRefused(t *testing.T) {
	refusedChanges(t, oidcDoc, []issuerChange{
		{"/preset", `"google"`, `must be google-iap, google-oidc, kubernetes, keycloak, entra, cognito or spiffe; got "google"`},
		{"/email", `"trusted"`, byPreset},
		{"/symmetric", `{"env":"SECRET"}`,
			`"/0/symmetric": ` + byPreset + "\n" + `"/0/symmetric": needs HS256, HS384 or HS512 as the only algorithm`},
	})
	refusedChanges(t, iapDoc, []issuerChange{
		{"/audiences/0", `"client-id"`, onlyAudience + `; got "client-id"`},
		{"/audiences/0", `"7.apps.googleusercontent.com"`, "must be an audience of IAP's assertions, which is not the OAuth client ID: " +
			`/projects/NUMBER/global/backendServices/ID; got "7.apps.googleusercontent.com"`},
		{"/audiences/0", `"/projects/p/apps/a"`, onlyAudience + `; got "/projects/p/apps/a"`},
		{"/audiences/0", `"/projects/1/apps/a/"`, onlyAudience + `; got "/projects/1/apps/a/"`},
		{"/audiences/0", `" /projects/1/apps/a"`, onlyAudience + `; got " /projects/1/apps/a"`},
		{"/audiences/0", `"/projects/1/apps/a\n"`, onlyAudience + `; got "/projects/1/apps/a\n"`},
		{"/audiences/0", `"/projects/1/global/backendServices/"`, onlyAudience + `; got "/projects/1/global/backendServices/"`},
		{"/issuer", `"https://cloud.google.com/iap"`, byPreset},
		{"/algorithms", `["RS256"]`, byPreset},
		{"/type", `"at+jwt"`, byPreset},
		{"/maxLifetime", `"1h"`, byPreset},
	})
}

const noKeySet = "must name a variable with a key set that has a key for the issuer's algorithms; modelgate keys tells more"

func TestKeysOfAnIssuerRefused(t *testing.T) {
	refusedChanges(t, ownDoc, []issuerChange{
		{"/jwks", ``, `"/0": needs "jwks"`},
		{"/jwks", `{}`, `needs "inline", "env" or "remote"`},
		{"/jwks", `{"url":"https://x"}`,
			`"/0/jwks/url": unknown field "url"; known are inline, env, remote` + "\n" + `"/0/jwks": needs "inline", "env" or "remote"`},
		{"/jwks", `"https://x"`, `must be an object with "inline", "env" or "remote", ` +
			`such as {"remote": {"uri": "https://…", "cluster": "…"}}; got "https://x"`},
		{"/jwks", `{"keys":[]}`, `must have its keys in "inline": {"inline": {"keys": […]}}`},
		{"/jwks/inline", `"{}"`, `must be an object; got "{}"`},
		{"/jwks", `{"env":""}`, `"/0/jwks/env": ` + isEmpty},
		{"/jwks", `{"env":"ABSENT"}`, `"/0/jwks/env": must name an environment variable of the VM; there is none of this name`},
		{"/jwks", `{"env":"PLAIN"}`, `"/0/jwks/env": ` + noKeySet},
		{"/jwks", `{"env":"JWKS","inline":{"keys":[]}}`, `"/0/jwks/env": must not be set beside "inline"`},
		{"/symmetric", `{"env":"SECRET"}`, "needs HS256, HS384 or HS512 as the only algorithm"},
	})
	const oneAlgorithm = `"/0/algorithms": must not have a symmetric algorithm beside another: a key has one algorithm`
	const beside = `must not be set beside a symmetric algorithm, whose key "symmetric" names: it has public keys`
	const base64URL = "must name a variable with base64url without padding as its value"
	refusedChanges(t, hmacDoc, []issuerChange{
		{"/symmetric", ``, `"/0": needs "symmetric"`},
		{"/jwks", mustJSON(inlineKeys), beside},
		{"/algorithms", `["HS256","HS512"]`, oneAlgorithm},
		{"/algorithms", `["HS256","ES256"]`, oneAlgorithm},
		{"/symmetric", `{}`, `"/0/symmetric": needs "env"`},
		{"/symmetric", `"SECRET"`, "must be an object; got a value that may be a secret"},
		{"/symmetric", `["SECRET"]`, `"/0/symmetric/0": must be an object; got a value that may be a secret`},
		{"/symmetric", `[]`, isEmpty},
		{"/symmetric/kid", `""`, isEmpty},
		{"/symmetric/kid", `7`, "must be a string; got a value that may be a secret"},
		{"/symmetric/kid", `"` + strings.Repeat("k", 257) + `"`, "must have at most 256 bytes; got 257"},
		{"/symmetric/until", `"2026-01-01"`, "must be a time such as 2026-12-31T00:00:00Z; got a value that may be a secret"},
		{"/symmetric", `{"env":"SECRET","notBefore":"2026-01-02T00:00:00Z","until":"2026-01-02T00:00:00Z"}`,
			`"/0/symmetric/until": must be later than notBefore`},
		{"/symmetric", `[{"env":"SECRET","kid":"a"},{"env":"SECOND","kid":"a"}]`, `"/0/symmetric/1/kid": is there twice`},
		{"/symmetric", `[{"env":"SECRET"},{"env":"SECOND"},{"env":"SECRET"},{"env":"SECOND"}]`,
			`"/0/symmetric/3": needs "kid": of the secrets without it, no more than 3 are tried`},
		{"/symmetric", "[" + strings.Repeat(`{"env":"SECRET"},`, 16) + `{"env":"SECRET"}]`, "must have at most 16 secrets; got 17"},
		{"/symmetric", `{"value":"c2VjcmV0"}`,
			`"/0/symmetric/value": unknown field "value"; known are env, kid, notBefore, until` + "\n" + `"/0/symmetric": needs "env"`},
		{"/symmetric/env", `""`, isEmpty},
		{"/symmetric/env", `"ABSENT"`, "must name an environment variable of the VM; there is none of this name"},
		{"/symmetric/env", `"EMPTY"`, "must name a variable with a key of at least 32 bytes for HS256; got 0"},
		{"/symmetric/env", `"SHORT"`, "must name a variable with a key of at least 32 bytes for HS256; got 31"},
		{"/symmetric/env", `"PADDED"`, base64URL},
		{"/symmetric/env", `"FOLDED"`, base64URL},
		{"/symmetric/env", `"PLAIN"`, base64URL},
	})
	refusedChanges(t, set(t, hmacDoc, "/algorithms/0", `"HS512"`), []issuerChange{
		{"/symmetric/env", `"SHORT"`, "must name a variable with a key of at least 64 bytes for HS512; got 31"},
	})
	refusedChanges(t, set(t, hmacDoc, "/symmetric", ``), []issuerChange{
		{"/jwks", mustJSON(inlineKeys), `"/0/jwks": ` + beside + "\n" + `"/0": needs "symmetric"`},
	})
}
