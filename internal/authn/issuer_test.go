package authn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// keyText is the key set of every issuer in these tables.
var keyText = `"jwks":{"inline":{"keys":[` + mustJSON(publicJWK(ecKey, "e", "")) + `,` + mustJSON(publicJWK(rsaKey, "r", "")) + `]}}`

// ownRow, presetRow and hsRow are good issuers to which a case adds.
func ownRow(more string) string {
	return `{"name":"own","issuer":"https://own.example","audiences":["a"],"algorithms":["ES256"],` + keyText + more + `}`
}

func presetRow(name, audience, more string) string {
	return `{"name":"p","preset":"` + name + `","audiences":["` + audience + `"],` + keyText + more + `}`
}

func hsRow(algorithms, more string) string {
	return `{"name":"hs","issuer":"i","audiences":["a"],"algorithms":[` + algorithms + `]` + more + `}`
}

func TestIssuersAccepted(t *testing.T) {
	const pool, workforce = `"projects/12/locations/global/workloadIdentityPools/p-1"`, `"locations/global/workforcePools/staff"`
	for _, row := range []string{
		ownRow(``),
		ownRow(`,"type":"at+jwt"`),
		ownRow(`,"clockSkew":"0s"`), ownRow(`,"clockSkew":"5m"`), ownRow(`,"clockSkew":"1m30s"`),
		ownRow(`,"maxLifetime":"1s"`), ownRow(`,"maxLifetime":"87600h"`),
		ownRow(`,"email":"verified"`), ownRow(`,"email":"trusted"`),
		ownRow(`,"groups":"/groups"`), ownRow(`,"groups":"/"`), ownRow(`,"groups":"/a~1b/0"`),
		ownRow(`,"pool":` + pool), ownRow(`,"pool":` + workforce), ownRow(`,"pool":` + workforce + `,"attributes":{"team_1":"/t"}`),
		ownRow(`,"from":[{"header":"authorization"}]`), ownRow(`,"from":[{"header":"x-a"},{"header":"authorization","scheme":"Token"}]`),
		strings.Replace(ownRow(``), `"ES256"`, `"ES256","RS256"`, 1),
		strings.Replace(ownRow(``), `["a"]`, `["a","b"]`, 1),
		presetRow("google-iap", "/projects/1/global/backendServices/2", ``),
		presetRow("google-iap", "/projects/1/apps/my-app", ``),
		presetRow("google-iap", "/projects/1/apps/corp.example:my-app", ``),
		presetRow("google-iap", "/projects/1/europe-west1/backendServices/2", ``),
		presetRow("google-iap", "/projects/1/locations/europe-west1/services/my-service", `,"from":[{"header":"x-other"}],"clockSkew":"10s","groups":"/g"`),
		presetRow("google-oidc", "anything", `,"pool":`+pool),
		hsRow(`"HS256"`, `,"symmetric":{"env":"SECRET"}`), hsRow(`"HS384"`, `,"symmetric":{"env":"SECRET"}`), hsRow(`"HS512"`, `,"symmetric":{"env":"SECRET"}`),
	} {
		w, problems := compile("[" + row + "]")
		if problems != nil || len(w.a.issuers) != 1 || len(w.env.Keys.sets[0].Keys()) == 0 || len(w.a.carriers) == 0 {
			t.Errorf("Compile(%s) = %v", row, problems)
		}
	}
}

func TestIssuersRefused(t *testing.T) {
	const duration = `is a duration from 0s to 5m0s, such as "30s"`
	const pool = `is locations/global/workforcePools/POOL or projects/NUMBER/locations/global/workloadIdentityPools/POOL`
	const audience = `"/0/audiences/0": is none of IAP's forms, such as /projects/NUMBER/global/backendServices/ID`
	const header = `"/0/from/0/header": is no header name in lower case, without underscores`
	const known = `unknown field; known are name, preset, issuer, audiences, algorithms, type, from, clockSkew, maxLifetime, email, groups, pool, attributes, jwks, symmetric, certificateBound`
	const none = `"/0/algorithms/0": is no algorithm that a token may be signed with`
	given := func(name string) string { return `"/0/` + name + `": is given by the preset` }
	algorithms := func(list string) string { return strings.Replace(ownRow(``), `"ES256"`, list, 1) }
	from := func(list string) string { return ownRow(`,"from":` + list) }
	const iap = "/projects/1/apps/a"
	for _, x := range []struct{ row, want string }{
		{`1`, `"/0": an object expected`},
		{ownRow(`,"Audiences":["b"]`), `"/0/Audiences": ` + known},
		{ownRow(`,"audience":"b"`), `"/0/audience": ` + known},
		{strings.Replace(ownRow(``), `"name":"own",`, ``, 1), `"/0": "name" is missing`},
		{strings.Replace(ownRow(``), `"own"`, `""`, 1), `"/0/name": is empty; leave it out instead`},
		{strings.Replace(ownRow(``), `"own"`, `7`, 1), `"/0/name": a string expected`},
		{strings.Replace(ownRow(``), `"issuer":"https://own.example",`, ``, 1), `"/0": "issuer" is missing`},
		{strings.Replace(ownRow(``), `"audiences":["a"],`, ``, 1), `"/0": "audiences" is missing`},
		{strings.Replace(ownRow(``), `["a"]`, `[]`, 1), `"/0/audiences": is empty; leave it out instead`},
		{strings.Replace(ownRow(``), `["a"]`, `"a"`, 1), `"/0/audiences": an array expected`},
		{strings.Replace(ownRow(``), `["a"]`, `["a","a"]`, 1), `"/0/audiences/1": "a" stands twice`},
		{strings.Replace(ownRow(``), `["a"]`, `["a",""]`, 1), `"/0/audiences/1": is empty; leave it out instead`},
		{strings.Replace(ownRow(``), `["a"]`, `[null]`, 1), `"/0/audiences/0": a string expected`},
		{strings.Replace(ownRow(``), `"algorithms":["ES256"],`, ``, 1), `"/0": "algorithms" is missing`},
		{algorithms(``), `"/0/algorithms": is empty; leave it out instead`},
		{algorithms(`"none"`), none}, {algorithms(`"es256"`), none}, {algorithms(`"ES256K"`), none}, {algorithms(`"*"`), none}, {algorithms(`"RSA-OAEP"`), none},
		{algorithms(`"ES256","ES256"`), `"/0/algorithms/1": stands twice`},
		{algorithms(`"ES256","EdDSA","Ed25519"`), `"/0/algorithms/2": stands twice`},
		{algorithms(`"ES512"`), `"/0/jwks/inline": has no key usable with the issuer's algorithms`},
		{algorithms(`"RS256","RS512"`), `"/0/jwks/inline/keys/1": has no alg, and the issuer allows it for RS256 and RS512: one key, one algorithm` +
			"\n" + `"/0/jwks/inline": has no key usable with the issuer's algorithms`},
		{ownRow(`,"type":"JWT"`), `"/0/type": is "at+jwt" (RFC 9068), or absent for an ordinary JWT`},
		{ownRow(`,"clockSkew":"-1s"`), `"/0/clockSkew": ` + duration}, {ownRow(`,"clockSkew":"5m1s"`), `"/0/clockSkew": ` + duration}, {ownRow(`,"clockSkew":"30"`), `"/0/clockSkew": ` + duration},
		{ownRow(`,"clockSkew":"1d"`), `"/0/clockSkew": ` + duration},
		{ownRow(`,"maxLifetime":"0s"`), `"/0/maxLifetime": is a duration from 1s to 87600h0m0s, such as "30s"`},
		{ownRow(`,"email":"yes"`), `"/0/email": is "verified" (needs email_verified) or "trusted" (the issuer vouches for every address)`},
		{ownRow(`,"groups":"groups"`), `"/0/groups": a JSON Pointer begins with "/"`}, {ownRow(`,"groups":"/a~2"`), `"/0/groups": "~" in a JSON Pointer is followed by 0 or 1`},
		{ownRow(`,"pool":"p"`), `"/0/pool": ` + pool}, {ownRow(`,"pool":"projects/p/locations/global/workloadIdentityPools/p"`), `"/0/pool": ` + pool},
		{ownRow(`,"pool":"locations/global/workforcePools/a/b"`), `"/0/pool": ` + pool},
		{ownRow(`,"attributes":{"a":"/a"}`), `"/0/attributes": has no meaning without "pool"`},
		{ownRow(`,"pool":"locations/global/workforcePools/a","attributes":{}`), `"/0/attributes": is empty; leave it out instead`},
		{ownRow(`,"pool":"locations/global/workforcePools/a","attributes":{"A/b":"/a"}`), `"/0/attributes/A~1b": the name of an attribute has letters a-z, digits and underscores`},
		{ownRow(`,"pool":"locations/global/workforcePools/a","attributes":{"a":"a"}`), `"/0/attributes/a": a JSON Pointer begins with "/"`},
		{from(`[]`), `"/0/from": is empty; leave it out instead`}, {from(`{}`), `"/0/from": an array expected`},
		{from(`[{"header":"x","query":"access_token"}]`), `"/0/from/0/query": unknown field; known are header, scheme`},
		{from(`[{"scheme":"Bearer"}]`), `"/0/from/0": "header" is missing`},
		{from(`[{"header":"Authorization"}]`), header}, {from(`[{"header":"x_a"}]`), header}, {from(`[{"header":":path"}]`), header}, {from(`[{"header":"x a"}]`), header},
		{from(`[{"header":"x","scheme":"Be arer"}]`), `"/0/from/0/scheme": is no authentication scheme`},
		{from(`[{"header":"x"},{"header":"x"}]`), `"/0": issuer "own" has the same iss in the same header`},
		{from(`[{"header":"x"},{"header":"x","scheme":"Bearer"}]`), `"/0": header x carries a bare token here and a scheme there`},
		{presetRow("google", "a", ``), `"/0/preset": is "google-iap" or "google-oidc"`},
		{presetRow("google-iap", "client-id", ``), audience}, {presetRow("google-iap", "/projects/p/apps/a", ``), audience}, {presetRow("google-iap", iap+"/", ``), audience},
		{presetRow("google-iap", " "+iap, ``), audience}, {presetRow("google-iap", iap+`\n`, ``), audience}, {presetRow("google-iap", "/projects/1/global/backendServices/", ``), audience},
		{presetRow("google-iap", iap, `,"issuer":"https://cloud.google.com/iap"`), given("issuer")},
		{presetRow("google-iap", iap, `,"algorithms":["RS256"]`), given("algorithms")},
		{presetRow("google-iap", iap, `,"type":"at+jwt"`), given("type")},
		{presetRow("google-iap", iap, `,"maxLifetime":"1h"`), given("maxLifetime")},
		{presetRow("google-oidc", "a", `,"email":"trusted"`), given("email")},
		{presetRow("google-oidc", "a", `,"symmetric":{"env":"SECRET"}`), given("symmetric") + "\n" + `"/0/symmetric": needs one of HS256, HS384, HS512 as the only algorithm`},
	} {
		if _, problems := compile("[" + x.row + "]"); problems.Error() != x.want {
			t.Errorf("Compile(%s) = %v, want %s", x.row, problems, x.want)
		}
	}
}

func TestKeysOfAnIssuer(t *testing.T) {
	const only = `"/0/algorithms": has a symmetric algorithm beside another: one key, one algorithm`
	const notBase64 = `"/0/symmetric/env": the variable's value is not base64url without padding`
	env := func(name string) string { return `,"symmetric":{"env":"` + name + `"}` }
	for _, x := range []struct{ row, want string }{
		{hsRow(`"ES256"`, ``), `"/0": "jwks" is missing`},
		{hsRow(`"ES256"`, `,"jwks":{}`), `"/0/jwks": needs "inline" or "remote"`},
		{hsRow(`"ES256"`, `,"jwks":{"url":"https://x"}`), `"/0/jwks/url": unknown field; known are inline, remote` + "\n" + `"/0/jwks": needs "inline" or "remote"`},
		{hsRow(`"ES256"`, `,"jwks":{"inline":"{}"}`), `"/0/jwks/inline": an object expected`},
		{hsRow(`"ES256"`, `,`+keyText+env("SECRET")), `"/0/symmetric": needs one of HS256, HS384, HS512 as the only algorithm`},
		{hsRow(`"HS256"`, ``), `"/0": "symmetric" is missing`},
		{hsRow(`"HS256"`, `,`+keyText), `"/0/jwks": holds public keys and cannot stand beside a symmetric algorithm` + "\n" + `"/0": "symmetric" is missing`},
		{hsRow(`"HS256","HS512"`, env("SECRET")), only}, {hsRow(`"HS256","ES256"`, env("SECRET")), only},
		{hsRow(`"HS256"`, `,"symmetric":{}`), `"/0/symmetric": "env" is missing`},
		{hsRow(`"HS256"`, `,"symmetric":"SECRET"`), `"/0/symmetric": an object expected`},
		{hsRow(`"HS256"`, `,"symmetric":{"value":"c2VjcmV0"}`), `"/0/symmetric/value": unknown field; known are env` + "\n" + `"/0/symmetric": "env" is missing`},
		{hsRow(`"HS256"`, env("")), `"/0/symmetric/env": is empty; leave it out instead`},
		{hsRow(`"HS256"`, env("ABSENT")), `"/0/symmetric/env": the VM has no such environment variable`},
		{hsRow(`"HS256"`, env("EMPTY")), `"/0/symmetric/env": the variable holds 0 bytes; HS256 needs at least 32`},
		{hsRow(`"HS256"`, env("SHORT")), `"/0/symmetric/env": the variable holds 31 bytes; HS256 needs at least 32`},
		{hsRow(`"HS512"`, env("SHORT")), `"/0/symmetric/env": the variable holds 31 bytes; HS512 needs at least 64`},
		{hsRow(`"HS256"`, env("PADDED")), notBase64}, {hsRow(`"HS256"`, env("FOLDED")), notBase64}, {hsRow(`"HS256"`, env("PLAIN")), notBase64},
	} {
		w, problems := compile("[" + x.row + "]")
		if problems.Error() != x.want {
			t.Errorf("Compile(%s) = %v, want %s", x.row, problems, x.want)
		}
		for _, key := range w.env.Keys.sets[0].Keys() {
			if secret, ok := key.Public().([]byte); ok && len(secret) < 32 {
				t.Errorf("Compile(%s) keeps a secret of %d bytes", x.row, len(secret))
			}
		}
	}
}

// Problems of all issuers are found at once, in order.
func TestIssuersTogether(t *testing.T) {
	rename := func(row, name string) string { return strings.Replace(row, `"own"`, `"`+name+`"`, 1) }
	apart := func(row, iss string) string { return strings.Replace(row, `"https://own.example"`, `"`+iss+`"`, 1) }
	many := func(n int) string {
		var rows []string
		for i := range n {
			rows = append(rows, apart(rename(ownRow(``), fmt.Sprint("n", i)), fmt.Sprint("i", i)))
		}
		return strings.Join(rows, ",")
	}
	for _, x := range []struct{ rows, want string }{
		{ownRow(``) + `,` + apart(rename(ownRow(``), "b"), "i"), ``},
		{many(64), ``},
		{many(65), `"": has more than 64 issuers`},
		{ownRow(``) + `,` + apart(ownRow(``), "i"), `"/1": the name "own" stands twice`},
		{ownRow(``) + `,` + rename(ownRow(``), "b"), `"/1": issuer "own" has the same iss in the same header`},
		{ownRow(``) + `,` + rename(ownRow(`,"from":[{"header":"authorization","scheme":"bearer"}]`), "b"), `"/1": issuer "own" has the same iss in the same header`},
		{ownRow(``) + `,` + rename(ownRow(`,"from":[{"header":"authorization","scheme":"Token"}]`), "b"), ``},
		{ownRow(``) + `,` + rename(ownRow(`,"from":[{"header":"x"}]`), "b"), ``},
		{ownRow(``) + `,` + rename(ownRow(`,"from":[{"header":"authorization"}]`), "b"), `"/1": header authorization carries a bare token here and a scheme there`},
		{presetRow("google-oidc", "a", ``) + `,` + apart(ownRow(``), "accounts.google.com"), `"/1": issuer "p" has the same iss in the same header`},
		{apart(ownRow(``), "accounts.google.com") + `,` + presetRow("google-oidc", "a", ``), `"/1": issuer "own" has the same iss in the same header`},
		{ownRow(`,"type":"x","clockSkew":"1h"`) + `,2,` + rename(ownRow(`,"groups":"g","pool":"p"`), "b"),
			`"/0/type": is "at+jwt" (RFC 9068), or absent for an ordinary JWT` + "\n" +
				`"/0/clockSkew": is a duration from 0s to 5m0s, such as "30s"` + "\n" + `"/1": an object expected` + "\n" +
				`"/2/groups": a JSON Pointer begins with "/"` + "\n" +
				`"/2/pool": is locations/global/workforcePools/POOL or projects/NUMBER/locations/global/workloadIdentityPools/POOL` + "\n" +
				`"/2": issuer "own" has the same iss in the same header`},
	} {
		if _, problems := compile("[" + x.rows + "]"); problems.Error() != x.want {
			t.Errorf("Compile(%s) = %v, want %s", x.rows, problems, x.want)
		}
	}
	w, _ := compile(`[` + ownRow(`,"pool":"locations/global/workforcePools/staff"`) + `,` + presetRow("google-oidc", "a", ``) + `]`)
	if got := w.a.IssuerNames(); !slices.Equal(got, []string{"own", "p"}) {
		t.Errorf("IssuerNames() = %q", got)
	}
	for name, want := range map[string]string{"own": "locations/global/workforcePools/staff", "p": "", "q": ""} {
		if got := w.a.Pool(name); got != want {
			t.Errorf("Pool(%s) = %q, want %q", name, got, want)
		}
	}
}
