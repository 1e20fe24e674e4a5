package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// explained is the configuration of what docs/explain.md shows.
const explained = `{
	"version": 1,
	"issuers": [{
		"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["HS256"],
		"groups": "/groups", "symmetric": {"env": "CORP", "kid": "corp"}
	}, {
		"name": "partners", "issuer": "https://partners.example", "audiences": ["models"], "algorithms": ["ES256"],
		"jwks": {"remote": {"uri": "https://partners.example/keys", "cluster": "partners"}}
	}],
	"routes": [{"protocol": "kserve-v1", "prefix": "/kfserving", "names": "kfserving"}],
	"grants": [
		{"name": "fraud-team", "issuers": ["corp"], "members": ["group:fraud"], "role": "invoker", "models": ["prod/fraud"]},
		{"name": "strong", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"],
			"claims": [{"pointer": "/acr", "equals": "strong"}]},
		{"name": "two", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/two"],
			"claims": [{"pointer": "/acr", "equals": "strong"}, {"pointer": "/amr", "equals": "mfa"}]},
		{"name": "guests", "issuers": ["partners"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["prod/*"]}
	],
	"denies": [{"name": "frozen", "models": ["prod/frozen"]}]
}`

// explainWorld is a scenario with that configuration, and its tokens.
type explainWorld struct {
	t    *testing.T
	s    *corpus.Scenario
	file string
	now  time.Time
}

func newExplainWorld(t *testing.T) *explainWorld {
	t.Helper()
	s, file := writeScenario(t, explained)
	return &explainWorld{t, s, file, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// run runs explain; $TOKEN is a token of corp with these claims.
func (w *explainWorld) run(claims map[string]any, args ...string) result {
	w.t.Helper()
	all := map[string]any{"email": "ana@example.com", "email_verified": true, "groups": []string{"staff", "risk"}}
	for name, value := range claims {
		all[name] = value
	}
	token, err := w.s.Mint(corpus.Token{Issuer: "corp", Claims: all}, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	secrets := func(name string) (string, bool) {
		if name == "TOKEN" {
			return token, true
		}
		return w.s.Secret(name)
	}
	args = append([]string{"explain", "--config", w.file, "--now", w.now.Format(time.RFC3339)}, args...)
	got := runCommand(secrets, "", args...)
	for part := range strings.SplitSeq(token, ".") {
		if strings.Contains(got.out+got.err, part) {
			w.t.Errorf("explain %q prints a part of the token: %+v", args, got)
		}
	}
	return got
}

const curlFraud = `curl https://models.example.com/kfserving/prod/fraud:predict -H "Authorization: Bearer $TOKEN" --json {}`

// TestExplainDocument: docs/explain.md shows what the command prints.
func TestExplainDocument(t *testing.T) {
	doc, err := os.ReadFile("../../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newExplainWorld(t)
	line := `model gate: {"modelgate":"grant_missing","issuer":"corp","subject":"subject-1","address":"ana@example.com",` +
		`"groups":["staff"],"group_count":1,"verb":"predict","models":["prod/fraud"],"place":"grant",` +
		`"why":"must have the caller as a member","grant":"fraud-team","lacks":"member"}`
	ofPartners := strings.Replace(curlFraud, "$TOKEN", foreignToken, 1)
	for _, c := range []struct {
		name   string
		claims map[string]any
		args   []string
	}{
		{"an audience", map[string]any{"aud": []string{"other", "account"}}, []string{"--curl", curlFraud}},
		{"a grant", nil, []string{"--curl", curlFraud}},
		{"a line", nil, []string{"--log", line}},
		{"keys", nil, []string{"--curl", ofPartners}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.run(c.claims, c.args...)
			if text := got.out + got.err; !strings.Contains(string(doc), text) {
				t.Errorf("docs/explain.md does not have\n%s", text)
			}
		})
	}
}

// foreignToken has the header {"alg":"ES256","kid":"k"} and the claims
// {"iss":"https://partners.example","aud":"models","sub":"ana"}.
const foreignToken = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJodHRwczovL3BhcnRuZXJzLmV4YW1wbGUiLCJhdWQiOiJtb2RlbHMiLCJzdWIiOiJhbmEifQ.AAAA"

// TestExplainJSON: the object that -o json prints, of a mistake in a token and of a request that
// passes.
func TestExplainJSON(t *testing.T) {
	w := newExplainWorld(t)
	var e explanation
	got := w.run(map[string]any{"exp": "now-1h"}, "--curl", curlFraud, "-o", "json")
	if err := json.Unmarshal([]byte(got.out), &e); err != nil || got.status != 0 || got.err != "" {
		t.Fatalf("explain = %+v, %v", got, err)
	}
	want := &causeLines{
		Reason: "token_expired", Place: "claim /exp", Why: "must be in the future, but for 30 s of clockSkew", Got: []string{"1893551645"},
		Passes: "an exp after 1893553445, 2030-01-02T03:04:05Z", Late: 1800,
	}
	if e.Cause != nil && e.Cause.Late == 3600 {
		want.Late, want.Got = 3600, []string{fmt.Sprint(w.now.Add(-time.Hour).Unix())}
	}
	if !reflect.DeepEqual(e.Cause, want) || e.Answer.Reason != "token_expired" || e.Steps[len(e.Steps)-1].Step != "claim /exp" {
		t.Errorf("explain = %s\nwant the cause %+v", got.out, want)
	}
	e = explanation{}
	got = w.run(map[string]any{"groups": []string{"fraud"}}, "--curl", curlFraud, "-o", "yaml")
	for _, part := range []string{"verdict: 'passes: allowed'", "step: forward", "the caller is group:fraud",
		"rewritten to fraud-predictor-default.prod.svc.cluster.local/v1/models/fraud:predict"} {
		if !strings.Contains(got.out, part) && !strings.Contains(got.out, strings.ReplaceAll(part, "'", `"`)) {
			t.Errorf("explain -o yaml has no %q:\n%s", part, got.out)
		}
	}
}

// TestExplainGrants: what explain says of grants that do not cover the caller.
func TestExplainGrants(t *testing.T) {
	w := newExplainWorld(t)
	for _, c := range []struct {
		name, curl string
		claims     map[string]any
		want       []string
	}{
		{"none of them", curlFraud, nil, []string{
			"NO  grant            fraud-team, on prod/fraud: the caller is none of its members: group:fraud",
			`strong, on prod/fraud: the caller is allAuthenticatedUsers, but lacks the claim /acr equals "strong"`,
			`guests, on prod/fraud: the caller would be user:ana@example.com with a credential of the issuer partners; it has one of corp`,
			`nearest:    the grant "strong", which lacks the condition`,
		}},
		{"a deny", strings.Replace(curlFraud, "prod/fraud", "prod/frozen", 1), nil, []string{
			"frozen, on prod/frozen: the caller is allUsers", "refused with 403 denied",
		}},
		{"anonymous", "curl models.example.com/kfserving/prod//fraud -X POST", nil, []string{
			"none: the caller is anonymous. Looked in authorization: Bearer", "behind it:  path_invalid",
		}},
		{"a path", strings.Replace(curlFraud, "prod/fraud", "prod/%66raud", 1), nil, []string{
			"NO  route", "path byte 16 must not be in a path",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.run(c.claims, "--curl", c.curl)
			for _, part := range c.want {
				if !strings.Contains(strings.Join(strings.Fields(got.out), " "), strings.Join(strings.Fields(part), " ")) {
					t.Errorf("explain has no %q:\n%s%s", part, got.out, got.err)
				}
			}
		})
	}
}

// TestCurl: what curl would send.
func TestCurl(t *testing.T) {
	data := writeFile(t, t.TempDir(), "data", "a\nb\r\n")
	secrets := func(name string) (string, bool) { return "secret-of-" + name, name == "TOKEN" }
	form := pair{"content-type", "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		command string
		want    request
	}{
		{"curl http://a.example:8080/v1/models", request{Method: "GET", Path: "/v1/models", Authority: "a.example:8080"}},
		{"curl a.example", request{Method: "GET", Path: "/", Authority: "a.example"}},
		{"curl 'a.example?x=1#y'", request{Method: "GET", Path: "/?x=1", Authority: "a.example"}},
		{`curl -sSXPUT --url http://a/b -H 'Host: c' -H "Authorization: Bearer $TOKEN"`, request{Method: "PUT", Path: "/b", Authority: "c",
			Headers: []pair{{"Authorization", "Bearer secret-of-TOKEN"}}}},
		{`curl http://a/b -d x=1 --data-raw @y`, request{Method: "POST", Path: "/b", Authority: "a", Headers: []pair{form}, Body: []byte("x=1&@y")}},
		{`curl http://a/b -d @` + data, request{Method: "POST", Path: "/b", Authority: "a", Headers: []pair{form}, Body: []byte("ab")}},
		{`curl http://a/b --data-binary @` + data, request{Method: "POST", Path: "/b", Authority: "a", Headers: []pair{form}, Body: []byte("a\nb\r\n")}},
		{`curl http://a/b?c -G -d x=1`, request{Method: "GET", Path: "/b?c&x=1", Authority: "a", Body: []byte{}}},
		{`curl http://a/b -I -u me:pw -b c=d -A me`, request{Method: "HEAD", Path: "/b", Authority: "a",
			Headers: []pair{{"cookie", "c=d"}, {"user-agent", "me"}, {"authorization", "Basic bWU6cHc="}}}},
		{"curl \\\n  --json $'{\"a\\u00e9\"}' http://a//b/../c", request{Method: "POST", Path: "//b/../c", Authority: "a",
			Headers: []pair{{"content-type", "application/json"}}, Body: []byte(`{"aé"}`)}},
		{`curl http://me:p%20w@a/b`, request{Method: "GET", Path: "/b", Authority: "a", Headers: []pair{{"authorization", "Basic bWU6cCB3"}}}},
		{`curl http://you@a/b -u me:pw -H 'Authorization: Bearer x'`, request{Method: "GET", Path: "/b", Authority: "a",
			Headers: []pair{{"Authorization", "Bearer x"}}}},
		{`curl http://a/b -H 'Host:' -H 'Content-Type:' -H 'X-A;' -H 'X-B:' -d {}`, request{Method: "POST", Path: "/b", Authority: "a",
			Headers: []pair{{"X-A", ""}}, Body: []byte("{}")}},
		{`curl http://a/b -H 'Content-Type: application/json' -d {}`, request{Method: "POST", Path: "/b", Authority: "a",
			Headers: []pair{{"Content-Type", "application/json"}}, Body: []byte("{}")}},
	} {
		t.Run(c.command, func(t *testing.T) {
			terminal := &terminal{secrets: secrets}
			got, err := terminal.parseCurl(c.command)
			if len(got.Body) == 0 {
				got.Body, c.want.Body = nil, nil
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("parseCurl = %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
	for _, c := range []struct{ command, want string }{
		{"wget a", `must begin with curl; got "wget a"`},
		{"", "must begin with curl"},
		{"curl", "must have one URL; got []"},
		{"curl a b", `must have one URL; got ["a" "b"]`},
		{"curl a --proxy b", "unknown flag: --proxy"},
		{"curl a -H x", `a header must be NAME: VALUE; got "x"`},
		{"curl a -d @/none", "no such file"},
		{"curl 'a", "without closing quote"},
		{"curl $(cat x)", "--curl:"},
	} {
		t.Run(c.command, func(t *testing.T) {
			terminal := &terminal{secrets: secrets}
			if _, err := terminal.parseCurl(c.command); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("parseCurl = %v, want %s", err, c.want)
			}
		})
	}
}

// TestExplainConditions: what would pass is all conditions of the nearest grant, and not one of them.
func TestExplainConditions(t *testing.T) {
	w := newExplainWorld(t)
	got := w.run(nil, "--curl", strings.Replace(curlFraud, "prod/fraud", "prod/two", 1))
	if want := `would pass: /acr equals "strong" and /amr equals "mfa"` + "\n"; !strings.Contains(got.out, want) {
		t.Errorf("explain prints %s\nwant %s", got.out, want)
	}
}

// TestExplainALineOfWhatPassed: such a line has neither the address nor the groups of its caller, so
// nothing is said of grants.
func TestExplainALineOfWhatPassed(t *testing.T) {
	w := newExplainWorld(t)
	got := w.run(nil, "--log", `model gate: {"modelgate":"allowed","issuer":"corp","subject":"s","verb":"predict","models":["prod/fraud"],"rule":"fraud-team"}`)
	if !strings.Contains(got.out, "fraud-team decided") || strings.Contains(got.out, "NO") {
		t.Errorf("explain prints %s\nwant that the grant decided, and no step that refuses", got.out)
	}
}

// TestExplainUsage: what the command cannot do.
func TestExplainUsage(t *testing.T) {
	w := newExplainWorld(t)
	bad := writeFile(t, t.TempDir(), "request.json", `{"verb": "predict"}`)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, exitUsage, "must have one of --request, --curl and --log; got 0"},
		{[]string{"--curl", "curl a", "--log", "x"}, exitUsage, "must have one of --request, --curl and --log; got 2"},
		{[]string{"--log", "x"}, exitInvalid, "--log must have the JSON object of an audit line"},
		{[]string{"--log", `{"modelgate":"frob"}`}, exitInvalid, `--log must have a Reason in "modelgate"; got "frob"`},
		{[]string{"--log", `{"modelgate":`}, exitInvalid, "--log must have the JSON object of an audit line"},
		{[]string{"--log", `{"modelgate":"denied","models":["a/b"],"verb":"run"}`}, exitInvalid, `--log must have a verb; got "run"`},
		{[]string{"--request", bad}, exitInvalid, `unknown field "verb"`},
		{[]string{"--curl", strings.Replace(curlFraud, "$TOKEN", foreignToken, 1)}, exitUnknown, "the keys that the issuer partners publishes are not known here"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			if got := w.run(nil, c.args...); got.status != c.status || got.out != "" || !strings.Contains(got.err, c.want) {
				t.Errorf("explain %q = %+v, want %d and %s", c.args, got, c.status, c.want)
			}
		})
	}
}

// TestPublishedKeys: without the keys of an issuer decide and explain do not answer in the filter's place.
// With them, a token that names another key gets what the filter says once it has fetched them.
func TestPublishedKeys(t *testing.T) {
	w := newExplainWorld(t)
	set := writeFile(t, t.TempDir(), "jwks.json", fmt.Sprintf(keySetForm, ""))
	got := w.run(nil, "--curl", strings.Replace(curlFraud, "$TOKEN", foreignToken, 1), "--keys", "partners="+set, "-o", "json")
	var e explanation
	if err := json.Unmarshal([]byte(got.out), &e); err != nil || e.Answer.Reason != "key_unknown" || e.Cause.Place != "token header /kid" ||
		!reflect.DeepEqual(e.Cause.Want, []string{"good"}) || !reflect.DeepEqual(e.Cause.Got, []string{"k"}) {
		t.Errorf("explain --keys = %+v, want key_unknown", got)
	}
	ask := `{"method": "POST", "path": "/kfserving/prod/fraud:predict", "authority": "a", "headers": [["authorization", "Bearer ` + foreignToken + `"]]}`
	for _, c := range []struct {
		in   string
		want int
	}{{ask, exitUnknown}, {ask + "\n{}", exitUnknown}, {"x\n" + ask, exitInvalid}, {"{}", exitOK}} {
		if got := runCommand(w.s.Secret, c.in+"\n", "decide", "--config", w.file); got.status != c.want {
			t.Errorf("decide %q = %+v, want the status %d", c.in, got, c.want)
		}
	}
}
