package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const wellKnown = `{"keys":[
  {"kty":"EC","alg":"ES256","kid":"good","crv":"P-256","x":"NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58","y":"SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"},
  {"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"}%s]}`

// TestKeys: each key and what becomes of it.
func TestKeys(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "jwks.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	set := file(strings.Replace(wellKnown, "%s", "", 1))
	private := file(strings.Replace(wellKnown, "%s", `,{"kty":"oct","kid":"s","k":"AA"}`, 1))
	for _, c := range []struct {
		args      []string
		status    int
		out, errs string
	}{
		{[]string{"keys", set}, 0, `kid "good": serves ES256`, ""},
		{[]string{"keys", set}, 0, `kid "weak": passed over: "/keys/1/n": has 17 bits, not 2048 to 8192`, ""},
		{[]string{"keys", "--algorithms", "RS256", set}, 1, `kid "good": passed over: no allowed algorithm`, "refused: no key usable"},
		{[]string{"keys", private}, 1, `kid "s": refuses the document: "/keys/2/k": is private`, `refused: "/keys/2/k": is private`},
		{[]string{"keys", "--algorithms", "HS256", set}, 1, "", `"HS256" is no algorithm that a published key serves`},
		{[]string{"keys", set + ".none"}, 1, "", "no such file"},
		{[]string{"keys"}, 2, "", "usage:"},
		{[]string{"keys", "--nope", set}, 2, "", "usage:"},
	} {
		var out, errs bytes.Buffer
		status := run(c.args, nil, &out, &errs, func(string) (string, bool) { return "", false })
		if status != c.status || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.errs) {
			t.Errorf("%s: %d\n%s%s", c.args[1:], status, &out, &errs)
		}
	}
}

// TestDecideWithKeys: published keys come from files.
func TestDecideWithKeys(t *testing.T) {
	dir := t.TempDir()
	config, set := filepath.Join(dir, "config.json"), filepath.Join(dir, "jwks.json")
	for name, text := range map[string]string{set: strings.Replace(wellKnown, "%s", "", 1), config: `{"version":1,
	  "issuers":[{"name":"corp","issuer":"https://corp.example","audiences":["models"],"algorithms":["ES256"],
	    "jwks":{"remote":{"uri":"https://keys.example/","cluster":"keys"}}}],
	  "routes":[{"prefix":"/kfserving","protocol":"kserve-v1","names":"kserve"}],
	  "grants":[{"name":"all","issuers":["corp"],"members":["allAuthenticatedUsers"],"role":"invoker","models":["prod/*"]}]}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// {"alg":"ES256","kid":"good"} and {"iss":"https://corp.example"}, with a signature that is none
	const request = `{"method":"POST","path":"/kfserving/prod/fraud:predict","authority":"models.example.com",` +
		`"headers":[["Authorization","Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6Imdvb2QifQ.eyJpc3MiOiJodHRwczovL2NvcnAuZXhhbXBsZSJ9.AAAA"]]}`
	for _, c := range []struct {
		args      []string
		status    int
		out, errs string
	}{
		{nil, 0, `"reason":"keys_unavailable"`, ""},
		{[]string{"--keys", "corp=" + set}, 0, `"reason":"signature_invalid"`, ""},
		{[]string{"--keys", "other=" + set}, 1, "", "no issuer of that name publishes its keys"},
		{[]string{"--keys", "corp=" + set + ".none"}, 1, "", "no such file"},
		{[]string{"--keys", "corp=" + config}, 1, "", "no key usable"},
	} {
		var out, errs bytes.Buffer
		status := run(append([]string{"decide", "--config", config}, c.args...), strings.NewReader(request+"\n"), &out, &errs, func(string) (string, bool) { return "", false })
		if status != c.status || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.errs) {
			t.Errorf("%s: %d\n%s%s", c.args, status, &out, &errs)
		}
	}
}
