package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/edit"
)

// devConfig has an issuer of each kind, and a grant for what its tokens say.
const devConfig = `{
	"version": 1,
	"issuers": [
		{"name": "iap", "preset": "google-iap", "audiences": ["/projects/1/global/backendServices/2"], "jwks": KEYS},
		{"name": "google", "preset": "google-oidc", "audiences": ["models"], "jwks": KEYS, "from": [{"header": "x-google"}]},
		{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["EdDSA", "ES384"], "type": "at+jwt",
		 "groups": "/realm_access/roles", "jwks": KEYS},
		{"name": "keycloak", "preset": "keycloak", "issuer": "https://kc.example", "audiences": ["models"], "algorithms": ["ES256"],
		 "from": [{"header": "x-keycloak"}], "groups": [{"pointer": "/groups", "form": "paths"}, "/roles"], "jwks": KEYS},
		{"name": "words", "issuer": "https://words.example", "audiences": ["models"], "algorithms": ["ES256"],
		 "from": [{"header": "x-words"}], "groups": [{"pointer": "/member/of", "form": "words"}], "jwks": KEYS},
		{"name": "names", "issuer": "https://names.example", "audiences": ["models"], "algorithms": ["ES256"],
		 "from": [{"header": "x-names"}], "groups": [{"pointer": "/roles", "form": "names"}], "jwks": KEYS},
		{"name": "batch", "issuer": "batch", "audiences": ["m"], "algorithms": ["HS256"], "symmetric": {"env": "B"},
		 "from": [{"header": "x-b"}]}],
	"routes": [{"prefix": "/p", "protocol": "kserve-v1", "names": "kserve"}],
	"grants": [
		{"name": "g", "issuers": ["iap", "google"], "members": ["domain:example.com"], "role": "viewer", "models": ["prod/*"]},
		{"name": "g2", "issuers": ["iap", "google"], "members": ["user:ana@example.com"], "role": "viewer", "models": ["prod/*"]},
		{"name": "c", "issuers": ["corp"], "members": ["group:analysts"], "claims": [{"scope": "m"}], "role": "viewer", "models": ["prod/*"]},
		{"name": "k", "issuers": ["keycloak"], "members": ["sub:development", "user:ana@example.com"], "role": "viewer",
		 "models": ["prod/*"]},
		{"name": "f", "issuers": ["keycloak", "words", "names"], "members": ["group:/ml"], "role": "viewer", "models": ["prod/*"]},
		{"name": "b", "issuers": ["batch"], "members": ["allAuthenticatedUsers"], "role": "viewer", "models": ["prod/*"]}]
}`

const published = `{"remote": {"uri": "https://keys.example/", "cluster": "keys"}}`

func devSecret(string) (string, bool) { return strings.Repeat("A", 64), true }

// TestToken: a token of each kind of issuer is allowed by a configuration that trusts its key,
// and refused by the configuration before.
func TestToken(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, dir, "config.json", strings.ReplaceAll(devConfig, "KEYS", published))
	for _, c := range []struct {
		issuer, algorithm, header string
		args                      []string
		principal                 string
	}{
		{"iap", "ES256", "x-goog-iap-jwt-assertion", []string{"--email", "ana@example.com"}, "iap/accounts.google.com:100000000000000000000"},
		{"google", "RS256", "x-google", []string{"--email", "ana@example.com", "--subject", "7", "--for", "24h"}, "google/7"},
		{"corp", "EdDSA", "authorization", []string{"--groups", "analysts,x", "--claims", `{"scope": "m n"}`}, "corp/development"},
		{"corp", "ES384", "authorization", []string{"--groups", "analysts", "--claims", `{"scope": "m"}`, "--email", "a@b.c"}, "corp/a@b.c"},
		{"keycloak", "ES256", "x-keycloak", nil, "keycloak/development"},
		{"keycloak", "ES256", "x-keycloak", []string{"--subject", "1", "--email", "ana@example.com"}, "keycloak/1"},
		{"keycloak", "ES256", "x-keycloak", []string{"--subject", "1", "--groups", "/a,/ml/vision"}, "keycloak/1"},
		{"words", "ES256", "x-words", []string{"--groups", "x,/ml"}, "words/development"},
		{"names", "ES256", "x-names", []string{"--groups", "x,/ml"}, "names/development"},
	} {
		t.Run(c.issuer+" "+c.algorithm, func(t *testing.T) {
			run := func(args ...string) string {
				t.Helper()
				got := runCommand(devSecret, "", append([]string{"token"}, args...)...)
				if got.status != 0 || got.err != "" {
					t.Fatalf("token %q = %+v", args, got)
				}
				return got.out
			}
			key := writeFile(t, dir, "key.json", run("key", "--algorithm", c.algorithm))
			about := []string{"--key", key, "--config", file, "--issuer", c.issuer}
			trusting := writeFile(t, dir, "trusting.json", run(append([]string{"trust"}, about...)...))
			token := strings.TrimSpace(run(append(append([]string{"mint"}, about...), c.args...)...))
			value := token
			if c.header == "authorization" {
				value = "Bearer " + token
			}
			request := `{"method":"GET","path":"/p/prod/x","authority":"a","headers":[["` + c.header + `","` + value + `"]]}`
			var a answer
			got := runCommand(devSecret, request, "decide", "--config", trusting)
			if err := json.Unmarshal([]byte(got.out), &a); err != nil || !a.Allow || a.Principal != c.principal {
				t.Errorf("the configuration that trusts the key answers %+v, want an allowed %s", got, c.principal)
			}
			if got := runCommand(devSecret, request, "decide", "--config", file); strings.Contains(got.out, `"allow":true`) {
				t.Errorf("the configuration before answers %s, want a refusal", got.out)
			}
			checked := runCommand(devSecret, "", "check", trusting)
			if want := `warning: issuer "` + c.issuer + `" has a development key`; checked.status != 0 || !strings.Contains(checked.err, want) {
				t.Errorf("check = %+v, want %s", checked, want)
			}
			if got := runCommand(devSecret, "", "check", file); strings.Contains(got.err, "development") {
				t.Errorf("check of the configuration before = %+v", got)
			}
		})
	}
}

func TestTokenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, dir, "config.json", strings.ReplaceAll(devConfig, "KEYS", published))
	made := runCommand(noSecrets, "", "token", "key").out
	key := writeFile(t, dir, "key.json", made)
	other := writeFile(t, dir, "other.json", edit.Set(t, made, "/kid", `"production-1"`))
	broken := writeFile(t, dir, "broken.json", edit.Set(t, made, "/d", `"AA"`))
	about := func(key, issuer string) string { return " --key " + key + " --config " + file + " --issuer " + issuer }
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"", 2, "must be followed by key, trust or mint; got []"},
		{"sign", 2, `got ["sign"]`},
		{"key --algorithm HS256", 2, "must be ES256, ES384, RS256 or EdDSA"},
		{"mint", 2, "needs --key FILE, --config FILE and --issuer NAME"},
		{"mint" + about(key, "iap") + " --for 25h", 2, "--for must be above 0 and at most 24h; got 25h0m0s"},
		{"mint" + about(key, "iap") + " --for -1s", 2, "--for must be above 0"},
		{"mint" + about(key, "iap") + " --claims []", 2, "--claims must be a JSON object"},
		{"mint" + about(key, "iap") + " --groups a", 1, `the issuer "iap" must have "groups" for tokens with groups`},
		{"mint" + about(other, "iap"), 1,
			`must be a key of modelgate token key, whose kid begins with "development-"; got the kid "production-1"`},
		{"trust" + about(other, "iap"), 1, `got the kid "production-1"`},
		{"mint" + about(broken, "iap"), 1, broken + ": must be a private key for ES256: "},
		{"mint" + about(key, "nobody"), 1, `must have the issuer "nobody"`},
		{"mint" + about(key, "google"), 1, `must be a key for RS256, as tokens of "google" are signed; got one for ES256`},
		{"mint" + about(key, "batch"), 1, `the issuer "batch" must have public keys (jwks); got none`},
		{"mint" + about(key+".none", "iap"), 1, "no such file"},
	} {
		got := runCommand(devSecret, "", append([]string{"token"}, strings.Fields(c.args)...)...)
		if got.status != c.status || got.out != "" || !strings.Contains(got.err, c.want) {
			t.Errorf("token %s = %+v\nwant %d, %s", c.args, got, c.status, c.want)
		}
	}
}
