package main

import (
	"fmt"
	"strings"
	"testing"
)

// keySetForm is a JWK Set with a good and a weak key, and room for another.
const keySetForm = `{"keys":[
  {"kty":"EC","alg":"ES256","kid":"good","crv":"P-256",
   "x":"NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58","y":"SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"},
  {"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"}%s]}`

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	set := writeFile(t, dir, "jwks.json", fmt.Sprintf(keySetForm, ""))
	symmetric := writeFile(t, dir, "symmetric.json", fmt.Sprintf(keySetForm, `,{"kty":"oct","kid":"s","k":"AA"}`))
	for _, c := range []struct {
		name   string
		args   []string
		status int
		out    string // part of it
		err    string // part of it
	}{
		{"a good key", []string{set}, 0, `kid "good": serves ES256`, ""},
		{"a weak key", []string{set}, 0, `kid "weak": skipped: "/keys/1/n": must have 2048 to 8192 bits; got 17`, ""},
		{"another algorithm", []string{"--algorithms", "RS256", set}, 1, `kid "good": skipped: no allowed algorithm`,
			set + ": refused: no key usable"},
		{"a secret key", []string{symmetric}, 1, `kid "s": makes the gate refuse the document: "/keys/2/k": must not be here: it is private`,
			symmetric + `: refused: "/keys/2/k": must not be here: it is private`},
		{"an algorithm with secret keys", []string{"--algorithms", "HS256", set}, 1, "",
			`"HS256" is no algorithm of a public key`},
		{"no such file", []string{set + ".none"}, 1, "", "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runCommand(noSecrets, "", append([]string{"keys"}, c.args...)...)
			if got.status != c.status || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
				t.Errorf("keys %q = %+v\nwant %d, %s, %s", c.args, got, c.status, c.out, c.err)
			}
		})
	}
}

// remoteConfig has an issuer that publishes its keys.
const remoteConfig = `{
	"version": 1,
	"issuers": [{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["ES256"],
		"jwks": {"remote": {"uri": "https://keys.example/", "cluster": "keys"}}}],
	"routes": [{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"}],
	"grants": [{"name": "all", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"]}]
}`

// TestDecideWithKeys: the keys that an issuer publishes are read from files.
func TestDecideWithKeys(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, dir, "config.json", remoteConfig)
	set := writeFile(t, dir, "jwks.json", fmt.Sprintf(keySetForm, ""))
	// {"alg":"ES256","kid":"good"} and {"iss":"https://corp.example"}, and a signature that is invalid
	const request = `{"method":"POST","path":"/kfserving/prod/fraud:predict","authority":"models.example.com",` +
		`"headers":[["Authorization","Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6Imdvb2QifQ.eyJpc3MiOiJodHRwczovL2NvcnAuZXhhbXBsZSJ9.AAAA"]]}`
	for _, c := range []struct {
		name, flag string
		status     int
		out        string // part of it
		err        string // part of it
	}{
		{"no keys", "", 4, `{"error":"the keys that the issuer corp publishes are not known here`, ""},
		{"the issuer's keys", "--keys=corp=" + set, 0, `"reason":"signature_invalid"`, ""},
		{"another issuer's keys", "--keys=other=" + set, 1, "",
			`--keys: must be ISSUER=FILE with an issuer that has jwks.remote, here corp; got "other"`},
		{"no such file", "--keys=corp=" + set + ".none", 1, "", "no such file"},
		{"a file without keys", "--keys=corp=" + file, 1, "", file + ": no key usable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"decide", "--config", file}
			if c.flag != "" {
				args = append(args, c.flag)
			}
			got := runCommand(noSecrets, request+"\n", args...)
			if got.status != c.status || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
				t.Errorf("decide %s = %+v\nwant %d, %s, %s", c.flag, got, c.status, c.out, c.err)
			}
		})
	}
}
