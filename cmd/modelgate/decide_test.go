package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// meshConfig has peers, a gateway that relays callers, a health check and rules
// in shadow.
const meshConfig = `{
	"version": 1,
	"peer": {"trustDomain": "cluster.local"},
	"issuers": [
		{"name": "gateway", "relay": {"peers": ["spiffe://cluster.local/gateway"], "subject": "x-caller"}},
		{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["HS256"], "symmetric": {"env": "CORP"}}],
	"routes": [{"prefix": "/p", "protocol": "kserve-v1", "names": "kserve"}, {"prefix": "/q", "protocol": "kserve-v1", "names": "kserve"}],
	"exempt": [{"method": "GET", "path": "/healthz", "hosts": ["a"]}, {"method": "GET", "path": "/p/prod/x", "hosts": ["a"], "forward": true}],
	"grants": [
		{"name": "mesh", "peer": true, "members": ["namespace:prod"], "role": "invoker", "models": ["prod/*"]},
		{"name": "soon", "issuers": ["gateway"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["dev/*"], "shadow": {"until": "2030-01-01T00:00:00Z"}}],
	"denies": [{"name": "closing", "models": ["*/closing"], "shadow": {"until": "2030-01-01T00:00:00Z"}}]
}`

func TestCheckWarns(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "config.json", meshConfig)
	want := file + ": warning: routes 0 and 1 read the same hosts; the first decides, with its own credentials and shadow\n" +
		file + `: warning: issuer "corp" is trusted, but no grant names it: its tokens make their callers known and grant nothing` + "\n"
	bad := write(t, dir, "bad.json", strings.Replace(meshConfig, `"namespace:prod"`, `"namespace:prod", "user:ana@example.com"`, 1))
	secret := func(string) (string, bool) { return strings.Repeat("A", 43), true }
	var out, errs strings.Builder
	if status := run([]string{"check", file}, nil, &out, &errs, secret); status != 0 || out.String() != file+": ok\n" || errs.String() != want {
		t.Errorf("check = %d\n%s%s\nwant 0 and\n%s", status, out.String(), errs.String(), want)
	}
	out.Reset()
	errs.Reset()
	want = bad + `: "/grants/0": must have members spiffe: or namespace: only, and neither issuers nor claims, because it has "peer"` + "\n" + want
	if status := run([]string{"check", bad, file}, nil, &out, &errs, secret); status != 1 || out.String() != file+": ok\n" || errs.String() != want {
		t.Errorf("check = %d\n%s%s\nwant 1 and\n%s", status, out.String(), errs.String(), want)
	}
}

func TestDecideOfPeersAndTrials(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "cases.json", "[]")
	file := write(t, dir, "config.json", meshConfig)
	s, err := corpus.Load(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2029, 12, 31, 23, 59, 59, 0, time.UTC)
	token, err := s.Mint(corpus.Token{Issuer: "corp"}, now)
	if err != nil {
		t.Fatal(err)
	}
	const (
		web      = `"peer": {"uri": "spiffe://cluster.local/ns/prod/sa/web", "validated": true}`
		gateway  = `"peer": {"uri": "spiffe://cluster.local/gateway", "validated": true}, "headers": [["X-Caller", "ana"]]`
		missing  = `{"allow":false,"status":401,"grpc":16,"reason":"credential_missing","principal":"","verb":"%","models":["%%"],"grant":"","authority":"","path":""}`
		allowed  = `{"allow":true,"status":200,"grpc":0,"reason":"allowed","principal":"","verb":"predict","models":["prod/x"],"grant":"mesh","authority":"x-predictor.prod.svc.cluster.local","path":"/v1/models/x:predict"}`
		exempt   = `{"allow":false,"status":200,"grpc":0,"reason":"exempt","principal":"","verb":"","models":[],"grant":"","authority":"","path":""}`
		forwards = `{"allow":true,"status":200,"grpc":0,"reason":"exempt","principal":"","verb":"","models":[],"grant":"","authority":"a","path":"/p/prod/x"}`
		unknown  = `{"allow":false,"status":401,"grpc":16,"reason":"credential_missing","principal":"","verb":"","models":[],"grant":"","authority":"","path":""}`
	)
	refused := func(verb, model string) string {
		return strings.Replace(strings.Replace(missing, `"%%"`, `"`+model+`"`, 1), "%", verb, 1)
	}
	for _, c := range []struct{ request, want string }{
		{`{"method": "POST", "path": "/p/prod/x:predict", "authority": "a", ` + web + `}`, allowed},
		{`{"method": "POST", "path": "/p/prod/x:predict", "authority": "a", ` + strings.Replace(web, "true", "false", 1) + `}`, refused("predict", "prod/x")},
		{`{"method": "POST", "path": "/p/prod/x:predict", "authority": "a", ` + strings.Replace(web, `, "validated": true`, "", 1) + `}`, refused("predict", "prod/x")},
		{`{"method": "POST", "path": "/p/prod/x:predict", "authority": "a", ` + strings.Replace(web, "cluster", "other", 1) + `}`, refused("predict", "prod/x")},
		{`{"method": "POST", "path": "/p/prod/x:predict", "authority": "a"}`, refused("predict", "prod/x")},
		// A health check has neither body nor trailers.
		{`{"method": "GET", "path": "/healthz", "authority": "a"}`, exempt}, {`{"method": "GET", "path": "/healthz", "authority": "a", "body": ""}`, exempt}, {`{"method": "GET", "path": "/healthz", "authority": "a", "trailers": []}`, exempt},
		{`{"method": "GET", "path": "/healthz", "authority": "a", "body": "e30="}`, unknown}, {`{"method": "GET", "path": "/healthz", "authority": "a", "trailers": [["x", "y"]]}`, unknown}, {`{"method": "GET", "path": "/healthz", "authority": "b"}`, unknown},
		{`{"method": "GET", "path": "/p/prod/x", "authority": "a"}`, forwards}, {`{"method": "GET", "path": "/p/prod/x", "authority": "a", "body": "e30="}`, refused("ready", "prod/x")},
		// In shadow.
		{`{"method": "POST", "path": "/p/dev/x:predict", "authority": "a", ` + gateway + `}`,
			`{"allow":true,"shadow":true,"status":403,"grpc":7,"reason":"grant_missing","principal":"gateway/ana","verb":"predict","models":["dev/x"],"grant":"soon","authority":"x-predictor.dev.svc.cluster.local","path":"/v1/models/x:predict"}`},
		{`{"method": "POST", "path": "/p/dev/x:predict", "authority": "a", "headers": [["x-caller", "ana"]]}`, refused("predict", "dev/x")},
		{`{"method": "POST", "path": "/p/prod/closing:predict", "authority": "a", "headers": [["authorization", "Bearer ` + token + `"]], ` + web + `}`,
			`{"allow":true,"shadow":true,"status":403,"grpc":7,"reason":"denied","principal":"corp/subject-1","verb":"predict","models":["prod/closing"],"grant":"closing","authority":"closing-predictor.prod.svc.cluster.local","path":"/v1/models/closing:predict"}`},
		{`{"method": "POST", "path": "/p/prod/closing:predict", "authority": "a", "trailers": [["x_caller", "ana"]], ` + web + `}`,
			`{"allow":false,"status":400,"grpc":3,"reason":"trailer_forbidden","principal":"","verb":"predict","models":["prod/closing"],"grant":"closing","authority":"","path":""}`},
	} {
		status, out, errs := runDecide(t, s, []string{"--config", file, "--now", now.Format(time.RFC3339)}, c.request)
		if status != 0 || errs != "" || len(out) != 1 || out[0] != c.want {
			t.Errorf("decide %s\n= %d %s%s\nwant %s", c.request, status, out, errs, c.want)
		}
	}
	for now, want := range map[string]string{"2029-12-31T23:59:59Z": `{"allow":true,"shadow":true,`, "2030-01-01T00:00:00Z": `{"allow":false,"status":403,`} {
		_, out, _ := runDecide(t, s, []string{"--config", file, "--now", now}, `{"method": "POST", "path": "/p/dev/x:predict", "authority": "a", `+gateway+`}`)
		if !strings.HasPrefix(out[0], want) {
			t.Errorf("decide --now %s = %s, want %s...", now, out, want)
		}
	}
}
