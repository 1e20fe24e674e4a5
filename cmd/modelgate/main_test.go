package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const config = `{
	"version": 1,
	"issuers": [{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["HS256"], "symmetric": {"env": "CORP"}}],
	"routes": [{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kfserving"}, {"protocol": "grpc", "service": "echo.Echo", "model": "prod/echo", "verb": "generate", "hosts": ["models.example.com", "a"]}],
	"grants": [
		{"name": "staff", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"]},
		{"name": "showcase", "members": ["allUsers"], "verbs": ["predict"], "models": ["public/*"]}],
	"denies": [{"name": "frozen", "models": ["prod/frozen"]}]
}`

// scenario writes the configuration and signs its tokens.
func scenario(t *testing.T) (*corpus.Scenario, string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "cases.json", "[]")
	file := write(t, dir, "config.json", config)
	s, err := corpus.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, file
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func noEnv(string) (string, bool) { return "", false }

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
	}{
		{nil, 2}, {[]string{"frob"}, 2}, {[]string{"check"}, 2}, {[]string{"decide"}, 2}, {[]string{"decide", "--config"}, 2}, {[]string{"decide", "--config", ""}, 2},
		{[]string{"decide", "--config", "x", "more"}, 2}, {[]string{"decide", "--frob", "x"}, 2}, {[]string{"decide", "--help"}, 2},
		{[]string{"help"}, 0}, {[]string{"-h"}, 0}, {[]string{"--help"}, 0},
	} {
		var out, errs strings.Builder
		status := run(c.args, strings.NewReader(""), &out, &errs, noEnv)
		if status != c.status || !strings.Contains(out.String()+errs.String(), "usage:") || (out.Len() > 0) != (status == 0) {
			t.Errorf("run(%q) = %d, out %q, err %q, want %d and the usage", c.args, status, out.String(), errs.String(), c.status)
		}
	}
}

func TestCheck(t *testing.T) {
	s, good := scenario(t)
	dir := t.TempDir()
	bad := write(t, dir, "bad.json", `{"version": 2, "issuers": [], "extra": 1}`)
	broken := write(t, dir, "broken.json", `{"version"`)
	missing := filepath.Join(dir, "missing.json")
	badText := bad + `: "/extra": unknown field "extra"; known are $schema, version, issuers, peer, routes, serves, groups, grants, denies, iam, exempt, identity, challenge, audit, tokenCache, host` + "\n" +
		bad + `: "/version": must be 1; got 2` + "\n" + bad + `: "/issuers": must not be empty; leave it out instead` + "\n" + bad + `: "": needs "routes"` + "\n"
	brokenText := broken + `: "": line 1, column 11: expected ':'; got the end of the document` + "\n"
	missingText := "open " + missing + ": no such file or directory\n"
	for _, c := range []struct {
		files     []string
		status    int
		out, errs string
	}{
		{[]string{good}, 0, good + ": ok\n", ""},
		{[]string{good, good}, 0, good + ": ok\n" + good + ": ok\n", ""},
		{[]string{bad}, 1, "", badText},
		{[]string{bad, good, missing, broken}, 1, good + ": ok\n", badText + missingText + brokenText},
	} {
		var out, errs strings.Builder
		status := run(append([]string{"check"}, c.files...), nil, &out, &errs, s.Secret)
		if status != c.status || out.String() != c.out || errs.String() != c.errs {
			t.Errorf("check %q = %d\n%s%s\nwant %d\n%s%s", c.files, status, out.String(), errs.String(), c.status, c.out, c.errs)
		}
	}
	var out, errs strings.Builder
	if status := run([]string{"check", good}, nil, &out, &errs, noEnv); status != 1 || !strings.Contains(errs.String(), `"/issuers/0/symmetric/env": the VM has no such environment variable`) {
		t.Errorf("check without the environment = %d %s", status, errs.String())
	}
}

// runDecide runs decide over lines of input.
func runDecide(t *testing.T, s *corpus.Scenario, args []string, lines ...string) (status int, out []string, errs string) {
	t.Helper()
	var o, e strings.Builder
	status = run(append([]string{"decide"}, args...), strings.NewReader(strings.Join(lines, "\n")), &o, &e, s.Secret)
	return status, strings.Split(strings.TrimSuffix(o.String(), "\n"), "\n"), e.String()
}

func TestDecide(t *testing.T) {
	s, file := scenario(t)
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	token, err := s.Mint(corpus.Token{Issuer: "corp"}, now)
	if err != nil {
		t.Fatal(err)
	}
	bearer := `"headers": [["Authorization", "Bearer ` + token + `"]]`
	for _, c := range []struct{ request, want string }{
		{`{"method": "POST", "path": "/kfserving/prod/fraud:predict?a=<b>", "authority": "models.example.com", ` + bearer + `}`,
			`{"allow":true,"status":200,"grpc":0,"reason":"allowed","principal":"corp/subject-1","verb":"predict","models":["prod/fraud"],"grant":"staff","authority":"fraud-predictor-default.prod.svc.cluster.local","path":"/v1/models/fraud:predict?a=<b>"}`},
		{`{"method": "POST", "path": "/v1/models/m:predict", "authority": "fraud-predictor-default.prod", ` + bearer + `}`,
			`{"allow":true,"status":200,"grpc":0,"reason":"allowed","principal":"corp/subject-1","verb":"predict","models":["prod/fraud/m"],"grant":"staff","authority":"fraud-predictor-default.prod","path":"/v1/models/m:predict"}`},
		{`{"method": "POST", "path": "/kfserving/public/iris:predict", "authority": "a", "body": "e30="}`,
			`{"allow":true,"status":200,"grpc":0,"reason":"allowed","principal":"","verb":"predict","models":["public/iris"],"grant":"showcase","authority":"iris-predictor-default.public.svc.cluster.local","path":"/v1/models/iris:predict"}`},
		{`{"method": "POST", "path": "/kfserving/public/iris:predict", "authority": "a", "trailers": [["x-checksum", "1"]]}`,
			`{"allow":true,"status":200,"grpc":0,"reason":"allowed","principal":"","verb":"predict","models":["public/iris"],"grant":"showcase","authority":"iris-predictor-default.public.svc.cluster.local","path":"/v1/models/iris:predict"}`},
		{`{"method": "POST", "path": "/kfserving/public/iris:predict", "authority": "a", "trailers": [["Authorization", "x"]]}`,
			`{"allow":false,"status":400,"grpc":3,"reason":"trailer_forbidden","principal":"","verb":"predict","models":["public/iris"],"grant":"showcase","authority":"","path":""}`},
		{`{"method": "POST", "path": "/kfserving/prod/frozen:predict", "authority": "a", ` + bearer + `}`,
			`{"allow":false,"status":403,"grpc":7,"reason":"denied","principal":"corp/subject-1","verb":"predict","models":["prod/frozen"],"grant":"frozen","authority":"","path":""}`},
		{`{"method": "GET", "path": "/kfserving/secret/x", "authority": "a", ` + bearer + `}`,
			`{"allow":false,"status":403,"grpc":7,"reason":"grant_missing","principal":"corp/subject-1","verb":"ready","models":["secret/x"],"grant":"","authority":"","path":""}`},
		{`{"method": "GET", "path": "/kfserving/prod/x", "authority": "a"}`,
			`{"allow":false,"status":401,"grpc":16,"reason":"credential_missing","principal":"","verb":"ready","models":["prod/x"],"grant":"","authority":"","path":""}`},
		{`{"method": "POST", "path": "/echo.Echo/Call", "authority": "a", "headers": [["content-type", "application/grpc"], ["authorization", "bearer ` + token + `"]]}`,
			`{"allow":true,"status":200,"grpc":0,"reason":"allowed","principal":"corp/subject-1","verb":"generate","models":["prod/echo"],"grant":"staff","authority":"a","path":"/echo.Echo/Call"}`},
		{`{}`, `{"allow":false,"status":400,"grpc":3,"reason":"host_missing","principal":"","verb":"","models":[],"grant":"","authority":"","path":""}`},
	} {
		status, out, errs := runDecide(t, s, []string{"--config", file, "--now", now.Format(time.RFC3339)}, c.request)
		if status != 0 || errs != "" || len(out) != 1 || out[0] != c.want {
			t.Errorf("decide %s\n= %d %s%s\nwant %s", c.request, status, out, errs, c.want)
		}
	}
}

func TestNow(t *testing.T) {
	s, file := scenario(t)
	token, err := s.Mint(corpus.Token{Issuer: "corp"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	request := `{"method": "POST", "path": "/kfserving/prod/fraud:predict", "authority": "a", "headers": [["authorization", "Bearer ` + token + `"]]}`
	for _, c := range []struct {
		args   []string
		reason string
	}{{nil, "allowed"}, {[]string{"--now", "2000-01-01T00:00:00Z"}, "token_not_yet_valid"}, {[]string{"--now=2200-01-01T00:00:00+02:00"}, "token_expired"}} {
		_, out, _ := runDecide(t, s, append([]string{"--config", file}, c.args...), request)
		var a answer
		if err := json.Unmarshal([]byte(out[0]), &a); err != nil || a.Reason != c.reason {
			t.Errorf("decide %q = %s, want %s", c.args, out, c.reason)
		}
	}
	for _, at := range []string{"yesterday", "2030-01-01", "1700000000", "2030-13-01T00:00:00Z"} {
		if status, _, errs := runDecide(t, s, []string{"--config", file, "--now", at}); status != 2 || !strings.HasPrefix(errs, "--now: ") {
			t.Errorf("--now %s: %d %s", at, status, errs)
		}
	}
}

func TestBadLines(t *testing.T) {
	s, file := scenario(t)
	good := `{"method": "GET", "path": "/", "authority": "a"}`
	for _, line := range []string{"", "x", "{", "[]", `"x"`, good + good, good + "}", good + "]", good + " x", `{"method": 1}`, `{"verb": "predict"}`, `{"headers": {"a": "b"}}`, `{"headers": [["a", 1]]}`, `{"headers": [["a"]]}`, `{"headers": [["a", "b", "c"]]}`, `{"trailers": [[]]}`, `{"body": "not base64!"}`} {
		status, out, errs := runDecide(t, s, []string{"--config", file}, good, line, good)
		var e map[string]string
		if status != 1 || len(out) != 3 || errs != "" || json.Unmarshal([]byte(out[1]), &e) != nil || len(e) != 1 || e["error"] == "" || out[0] != out[2] || !strings.Contains(out[2], `"reason"`) {
			t.Errorf("a line %q: %d %q %s", line, status, out, errs)
		}
	}
	status, out, errs := runDecide(t, s, []string{"--config", file}, good, `{"path": "`+strings.Repeat("a", maxLine)+`"}`)
	if status != 1 || len(out) != 1 || !strings.Contains(errs, "standard input: ") {
		t.Errorf("a line too long: %d %q %s", status, out, errs)
	}
	for _, name := range []string{filepath.Join(t.TempDir(), "missing.json"), write(t, t.TempDir(), "bad.json", "{}")} {
		if status, out, errs := runDecide(t, s, []string{"--config", name}, good); status != 1 || out[0] != "" || !strings.Contains(errs, name) {
			t.Errorf("--config %s: %d %q %s", name, status, out, errs)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputFails(t *testing.T) {
	s, file := scenario(t)
	for _, line := range []string{"{}", "x"} {
		var errs strings.Builder
		if status := run([]string{"decide", "--config", file}, strings.NewReader(line), full{}, &errs, s.Secret); status != 1 || errs.String() != "no space left\n" {
			t.Errorf("decide %q to a full disk: %d %q", line, status, errs.String())
		}
	}
}
