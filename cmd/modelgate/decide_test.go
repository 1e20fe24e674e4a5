package main

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// mint returns a token of the issuer corp.
func mint(t *testing.T, s *corpus.Scenario, now time.Time) string {
	t.Helper()
	token, err := s.Mint(corpus.Token{Issuer: "corp"}, now)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// decideOne runs decide for one request.
func decideOne(t *testing.T, s *corpus.Scenario, file string, now time.Time, request string) (a answer) {
	t.Helper()
	got := runCommand(s.Secret, request, "decide", "--config", file, "--now", now.Format(time.RFC3339))
	if got.status != 0 || got.err != "" || strings.Count(got.out, "\n") != 1 {
		t.Fatalf("decide %s = %+v, want 0 and one line", request, got)
	}
	if err := json.Unmarshal([]byte(got.out), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestDecide: what each request's answer is. TestAnswerText has the text of answers.
func TestDecide(t *testing.T) {
	s, file := writeScenario(t, config)
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	token := mint(t, s, now)
	bearer := `"headers": [["Authorization", "Bearer ` + token + `"]]`
	expired := `"headers": [["authorization", "Bearer ` + mint(t, s, now.Add(-time.Hour)) + `"]]`
	grpc := `"headers": [["content-type", "application/grpc"], ["authorization", "bearer ` + token + `"]]`
	const (
		iris        = "/kfserving/public/iris:predict"
		predictIris = "/v1/models/iris:predict"
		irisHost    = "iris-predictor-default.public.svc.cluster.local"
		fraud       = "/kfserving/prod/fraud:predict?a=<b>"
	)
	for _, c := range []struct {
		name, request string
		want          answer
	}{
		{"a model by its path", `{"method": "POST", "path": "` + fraud + `", "authority": "models.example.com", ` + bearer + `}`,
			answer{Allow: true, Status: 200, Reason: "allowed", Principal: "corp/subject-1", Verb: "predict", Models: []string{"prod/fraud"},
				Rule: "staff", Authority: "fraud-predictor-default.prod.svc.cluster.local", Path: "/v1/models/fraud:predict?a=<b>",
				Removed: []string{"authorization"}}},
		{"a model by its host", `{"method": "POST", "path": "/v1/models/m:predict", "authority": "fraud-predictor-default.prod", ` + bearer + `}`,
			answer{Allow: true, Status: 200, Reason: "allowed", Principal: "corp/subject-1", Verb: "predict", Models: []string{"prod/fraud/m"},
				Rule: "staff", Authority: "fraud-predictor-default.prod", Path: "/v1/models/m:predict", Removed: []string{"authorization"}}},
		{"gRPC", `{"method": "POST", "path": "/echo.Echo/Call", "authority": "a", ` + grpc + `}`,
			answer{Allow: true, Status: 200, Reason: "allowed", Principal: "corp/subject-1", Verb: "generate", Models: []string{"prod/echo"},
				Rule: "staff", Authority: "a", Path: "/echo.Echo/Call", Removed: []string{"authorization"}}},
		{"headers that the upstream does not get", `{"method": "POST", "path": "` + iris + `", "authority": "a", ` +
			`"headers": [["X-MaaS-Group", "a"], ["accept", "*/*"], ["x_api_key", "k"], ["target-pod", "p"], ["target-pod", "q"]]}`,
			answer{Allow: true, Status: 200, Reason: "allowed", Verb: "predict", Models: []string{"public/iris"},
				Rule: "showcase", Authority: irisHost, Path: predictIris, Removed: []string{"target-pod", "x-maas-group", "x_api_key"}}},
		{"anonymous, with a body", `{"method": "POST", "path": "` + iris + `", "authority": "a", "body": "e30="}`,
			answer{Allow: true, Status: 200, Reason: "allowed", Verb: "predict", Models: []string{"public/iris"},
				Rule: "showcase", Authority: irisHost, Path: predictIris}},
		{"anonymous, with trailers", `{"method": "POST", "path": "` + iris + `", "authority": "a", "trailers": [["x-checksum", "1"]]}`,
			answer{Allow: true, Status: 200, Reason: "allowed", Verb: "predict", Models: []string{"public/iris"},
				Rule: "showcase", Authority: irisHost, Path: predictIris}},
		{"a credential in the trailers", `{"method": "POST", "path": "` + iris + `", "authority": "a", "trailers": [["Authorization", "x"]]}`,
			answer{Status: 400, GRPC: 3, Reason: "trailer_forbidden", Verb: "predict", Models: []string{"public/iris"}, Rule: "showcase"}},
		{"denied", `{"method": "POST", "path": "/kfserving/prod/frozen:predict", "authority": "a", ` + bearer + `}`,
			answer{Status: 403, GRPC: 7, Reason: "denied", Principal: "corp/subject-1", Verb: "predict", Models: []string{"prod/frozen"},
				Rule: "frozen"}},
		{"no grant", `{"method": "GET", "path": "/kfserving/secret/x", "authority": "a", ` + bearer + `}`,
			answer{Status: 403, GRPC: 7, Reason: "grant_missing", Principal: "corp/subject-1", Verb: "ready", Models: []string{"secret/x"}}},
		{"no credential", `{"method": "GET", "path": "/kfserving/prod/x", "authority": "a"}`,
			answer{Status: 401, GRPC: 16, Reason: "credential_missing", Verb: "ready", Models: []string{"prod/x"}}},
		{"an expired token", `{"method": "GET", "path": "/kfserving/prod/x", "authority": "a", ` + expired + `}`,
			answer{Status: 401, GRPC: 16, Reason: "token_expired", Issuer: "corp", Claim: "/exp", Models: []string{}}},
		{"nothing", `{}`, answer{Status: 400, GRPC: 3, Reason: "host_missing", Models: []string{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := decideOne(t, s, file, now, c.request); !reflect.DeepEqual(got, challenged(c.want)) {
				t.Errorf("decide %s\n= %+v\nwant %+v", c.request, got, c.want)
			}
		})
	}
}

// challenged is an answer with the challenge that a refusal for its reason has; no
// configuration here has metadata or scopes.
func challenged(a answer) answer {
	switch code := map[int]string{401: "invalid_token", 403: "insufficient_scope"}[a.Status]; {
	case a.Allow || code == "":
	case a.Reason == "credential_missing":
		a.Challenge = `Bearer realm="model gate"`
	default:
		a.Challenge = `Bearer realm="model gate", error="` + code + `", error_description="` + a.Reason + `"`
	}
	return a
}

// TestAnswerText: the text of a line, with every field, in order, and unescaped.
func TestAnswerText(t *testing.T) {
	s, file := writeScenario(t, config)
	request := `{"method": "POST", "path": "/kfserving/public/iris:predict?a=<b>", "authority": "a"}`
	want := `{"allow":true,"status":200,"grpc":0,"reason":"allowed","principal":"","verb":"predict","models":["public/iris"],` +
		`"rule":"showcase","authority":"iris-predictor-default.public.svc.cluster.local","path":"/v1/models/iris:predict?a=<b>"}` + "\n" +
		`{"allow":false,"status":400,"grpc":3,"reason":"host_missing","principal":"","verb":"","models":[],` +
		`"rule":"","authority":"","path":""}` + "\n"
	if got := runCommand(s.Secret, request+"\n{}\n", "decide", "--config", file); got != (result{0, want, ""}) {
		t.Errorf("decide = %+v\nwant %s", got, want)
	}
}

func TestNow(t *testing.T) {
	s, file := writeScenario(t, config)
	request := `{"method": "POST", "path": "/kfserving/prod/fraud:predict", "authority": "a", ` +
		`"headers": [["authorization", "Bearer ` + mint(t, s, time.Now()) + `"]]}`
	for _, c := range []struct{ flag, want string }{
		{"", "allowed"},
		{"--now=2000-01-01T00:00:00Z", "token_not_yet_valid"},
		{"--now=2200-01-01T00:00:00+02:00", "token_expired"},
	} {
		t.Run(c.flag, func(t *testing.T) {
			args := []string{"decide", "--config", file}
			if c.flag != "" {
				args = append(args, c.flag)
			}
			got := runCommand(s.Secret, request, args...)
			var a answer
			if err := json.Unmarshal([]byte(got.out), &a); err != nil || a.Reason != c.want {
				t.Errorf("decide %s = %+v, want %s", c.flag, got, c.want)
			}
		})
	}
	for _, at := range []string{"yesterday", "2030-01-01", "1700000000", "2030-13-01T00:00:00Z"} {
		t.Run(at, func(t *testing.T) {
			got := runCommand(s.Secret, "", "decide", "--config", file, "--now", at)
			want := "--now: must be an RFC 3339 time such as 2030-01-31T12:00:00Z; got \"" + at + "\"\n"
			if got.status != 2 || got.out != "" || !strings.Contains(got.err, want) {
				t.Errorf("decide --now %s = %+v, want 2 and %s", at, got, want)
			}
		})
	}
}

// TestBadLines: a line that is not a request gets an error, and the next line is
// decided.
func TestBadLines(t *testing.T) {
	s, file := writeScenario(t, config)
	good := `{"method": "GET", "path": "/", "authority": "a"}`
	for _, c := range []struct{ line, want string }{
		{"", "EOF"},
		{"x", "invalid character 'x'"},
		{"{", "unexpected EOF"},
		{"[]", "cannot unmarshal array"},
		{`"x"`, "cannot unmarshal string"},
		{good + good, "a line must be one JSON object"},
		{good + "}", "a line must be one JSON object"},
		{good + "]", "a line must be one JSON object"},
		{good + " x", "a line must be one JSON object"},
		{`{"method": 1}`, "cannot unmarshal number"},
		{`{"verb": "predict"}`, `unknown field "verb"`},
		{`{"headers": {"a": "b"}}`, "cannot unmarshal object"},
		{`{"headers": [["a", 1]]}`, "cannot unmarshal number"},
		{`{"headers": [["a"]]}`, `a header must be ["name", "value"]; got ["a"]`},
		{`{"headers": [["a", "b", "c"]]}`, `a header must be ["name", "value"]; got ["a", "b", "c"]`},
		{`{"trailers": [[]]}`, `a header must be ["name", "value"]; got []`},
		{`{"body": "not base64!"}`, "illegal base64 data"},
	} {
		t.Run(c.line, func(t *testing.T) {
			got := runCommand(s.Secret, good+"\n"+c.line+"\n"+good, "decide", "--config", file)
			lines := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
			if got.status != 1 || got.err != "" || len(lines) != 3 {
				t.Fatalf("decide = %+v, want 1 and three lines", got)
			}
			var e map[string]string
			if err := json.Unmarshal([]byte(lines[1]), &e); err != nil || len(e) != 1 || !strings.Contains(e["error"], c.want) {
				t.Errorf("the bad line's answer is %s, want an error with %s", lines[1], c.want)
			}
			if lines[0] != lines[2] || !strings.Contains(lines[2], `"reason"`) {
				t.Errorf("the lines around it are answered %s and %s, want the same decision", lines[0], lines[2])
			}
		})
	}
}

func TestInputThatCannotBeRead(t *testing.T) {
	s, file := writeScenario(t, config)
	good := `{"method": "GET", "path": "/", "authority": "a"}`
	missing := filepath.Join(t.TempDir(), "missing.json")
	bad := writeFile(t, t.TempDir(), "bad.json", "{}")
	long := `{"path": "` + strings.Repeat("a", maxLine) + `"}`
	for _, c := range []struct {
		name, config, in string
		lines            int // of answers
		want             string
	}{
		{"a line too long", file, good + "\n" + long, 1, "standard input: "},
		{"no such configuration", missing, good, 0, missing},
		{"a configuration with errors", bad, good, 0, bad},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runCommand(s.Secret, c.in, "decide", "--config", c.config)
			if got.status != 1 || strings.Count(got.out, "\n") != c.lines || !strings.Contains(got.err, c.want) {
				t.Errorf("decide = %+v, want 1, %d answers and %s", got, c.lines, c.want)
			}
		})
	}
}

// fullDisk is a file on a disk without space.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputFails(t *testing.T) {
	s, file := writeScenario(t, config)
	for _, line := range []string{"{}", "x"} {
		t.Run(line, func(t *testing.T) {
			var errs strings.Builder
			status := run([]string{"decide", "--config", file}, strings.NewReader(line), fullDisk{}, &errs, s.Secret)
			if status != 1 || errs.String() != "no space left\n" {
				t.Errorf("status %d, err %q, want 1, no space left", status, errs.String())
			}
		})
	}
}
