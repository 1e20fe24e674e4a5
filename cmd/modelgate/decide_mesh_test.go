package main

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// meshConfig has client certificates, a gateway that relays callers, health checks
// and rules in shadow.
const meshConfig = `{
	"version": 1,
	"peer": {"trustDomain": "cluster.local"},
	"issuers": [
		{"name": "gateway", "relay": {"peers": ["spiffe://cluster.local/gateway"], "subject": "x-caller"}},
		{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["HS256"], "symmetric": {"env": "CORP"}}],
	"routes": [
		{"prefix": "/p", "protocol": "kserve-v1", "names": "kserve"},
		{"prefix": "/q", "protocol": "kserve-v1", "names": "kserve"}],
	"exempt": [
		{"method": "GET", "path": "/healthz", "hosts": ["a"]},
		{"method": "GET", "path": "/p/prod/x", "hosts": ["a"], "forward": true}],
	"grants": [
		{"name": "mesh", "peer": true, "members": ["namespace:prod"], "role": "invoker", "models": ["prod/*"]},
		{"name": "soon", "issuers": ["gateway"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["dev/*"],
		 "shadow": {"until": "2030-01-01T00:00:00Z"}}],
	"denies": [{"name": "closing", "models": ["*/closing"], "shadow": {"until": "2030-01-01T00:00:00Z"}}]
}`

func TestDecideOfPeersAndShadows(t *testing.T) {
	s, file := writeScenario(t, meshConfig)
	now := time.Date(2029, 12, 31, 23, 59, 59, 0, time.UTC) // the shadows end one second later
	const (
		predictX = `"method": "POST", "path": "/p/prod/x:predict", "authority": "a"`
		predictD = `"method": "POST", "path": "/p/dev/x:predict", "authority": "a"`
		predictC = `"method": "POST", "path": "/p/prod/closing:predict", "authority": "a"`
		health   = `"method": "GET", "path": "/healthz", "authority": "a"`
		forwardX = `"method": "GET", "path": "/p/prod/x", "authority": "a"`
		gateway  = `"peer": {"uri": "spiffe://cluster.local/gateway", "validated": true}, "headers": [["X-Caller", "ana"]]`
	)
	peer := func(uri, validated string) string { return `"peer": {"uri": "` + uri + `"` + validated + `}` }
	web := peer("spiffe://cluster.local/ns/prod/sa/web", `, "validated": true`)
	bearer := `"headers": [["authorization", "Bearer ` + mint(t, s, now) + `"]]`
	anonymous := func(verb string, models ...string) answer {
		return answer{Status: 401, GRPC: 16, Reason: "credential_missing", Verb: verb, Models: append([]string{}, models...)}
	}
	exempt := answer{Status: 200, Reason: "exempt", Models: []string{}}
	for _, c := range []struct {
		name, request string
		want          answer
	}{
		{"a workload", predictX + ", " + web,
			answer{Allow: true, Status: 200, Reason: "allowed", Verb: "predict", Models: []string{"prod/x"},
				Rule: "mesh", Authority: "x-predictor.prod.svc.cluster.local", Path: "/v1/models/x:predict"}},
		{"its certificate is not validated", predictX + ", " + peer("spiffe://cluster.local/ns/prod/sa/web", `, "validated": false`),
			anonymous("predict", "prod/x")},
		{"nothing says that it is", predictX + ", " + peer("spiffe://cluster.local/ns/prod/sa/web", ``),
			anonymous("predict", "prod/x")},
		{"another trust domain", predictX + ", " + peer("spiffe://other.local/ns/prod/sa/web", `, "validated": true`),
			anonymous("predict", "prod/x")},
		{"no certificate", predictX, anonymous("predict", "prod/x")},

		{"a health check", health, exempt},
		{"its empty body", health + `, "body": ""`, exempt},
		{"its empty trailers", health + `, "trailers": []`, exempt},
		{"with a body it is none", health + `, "body": "e30="`, anonymous("")},
		{"with trailers it is none", health + `, "trailers": [["x", "y"]]`, anonymous("")},
		{"at another host it is none", `"method": "GET", "path": "/healthz", "authority": "b"`, anonymous("")},
		{"a forwarded health check", forwardX, answer{Allow: true, Status: 200, Reason: "exempt", Models: []string{},
			Authority: "a", Path: "/p/prod/x"}},
		{"with a body it is not forwarded", forwardX + `, "body": "e30="`, anonymous("ready", "prod/x")},

		{"a grant in shadow", predictD + ", " + gateway,
			answer{Allow: true, Shadow: true, Status: 403, GRPC: 7, Reason: "grant_missing", Principal: "gateway/ana", Verb: "predict",
				Models: []string{"dev/x"}, Rule: "soon", Authority: "x-predictor.dev.svc.cluster.local", Path: "/v1/models/x:predict",
				Removed: []string{"x-caller"}}},
		{"without the gateway", predictD + `, "headers": [["x-caller", "ana"]]`, anonymous("predict", "dev/x")},
		{"a deny in shadow", predictC + ", " + bearer + ", " + web,
			answer{Allow: true, Shadow: true, Status: 403, GRPC: 7, Reason: "denied", Principal: "corp/subject-1", Verb: "predict",
				Models: []string{"prod/closing"}, Rule: "closing", Authority: "closing-predictor.prod.svc.cluster.local",
				Path: "/v1/models/closing:predict", Removed: []string{"authorization"}}},
		{"an identity in the trailers", predictC + `, "trailers": [["x_caller", "ana"]], ` + web,
			answer{Status: 400, GRPC: 3, Reason: "trailer_forbidden", Verb: "predict", Models: []string{"prod/closing"}, Rule: "closing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := decideOne(t, s, file, now, "{"+c.request+"}"); !reflect.DeepEqual(got, challenged(c.want)) {
				t.Errorf("decide {%s}\n= %+v\nwant %+v", c.request, got, c.want)
			}
		})
	}
	for _, c := range []struct{ now, want string }{
		{"2029-12-31T23:59:59Z", `{"allow":true,"shadow":true,`},
		{"2030-01-01T00:00:00Z", `{"allow":false,"status":403,`},
	} {
		t.Run(c.now, func(t *testing.T) {
			got := runCommand(s.Secret, "{"+predictD+", "+gateway+"}", "decide", "--config", file, "--now", c.now)
			if !strings.HasPrefix(got.out, c.want) {
				t.Errorf("decide --now %s = %+v, want %s", c.now, got, c.want)
			}
		})
	}
}
