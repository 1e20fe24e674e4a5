package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write writes a file with a text, and returns its name.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestTestOfExamples: the command runs the cases of every example, also those whose issuers
// publish their keys, or have them in the environment.
func TestTestOfExamples(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/cases.json")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	for _, file := range files {
		got := runPolicy("test", filepath.Join(filepath.Dir(file), "config.json"), file)
		if got.status != 0 || strings.Contains(got.out, "FAIL") {
			t.Errorf("test %s = %+v", file, got)
		}
	}
}

const ownCases = `
- name: an analyst may predict
  token: {issuer: iap, claims: {email: ana@example.com, hd: example.com}}
  request: POST /kfserving/prod/fraud:predict
  want: allow fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict
- name: and explain
  token: {issuer: iap, claims: {email: ana@example.com, hd: example.com}}
  request: POST /kfserving/prod/fraud:explain
  want: allow fraud-explainer-default.prod.svc.cluster.local /v1/models/fraud:explain
`

func TestTestOfOwnCases(t *testing.T) {
	cases := write(t, "cases.yaml", ownCases)
	got := runPolicy("test", iapConfig, cases)
	const want = `FAIL  and explain: got "403 denied", want "allow fraud-explainer-default.prod.svc.cluster.local /v1/models/fraud:explain"
1 of 2 cases pass
`
	if got.status != exitFound || got.out != want {
		t.Errorf("test = %+v\nwant 3 and\n%s", got, want)
	}
	got = runPolicy("test", "-o", "junit", iapConfig, cases)
	var suite junitSuite
	if err := xml.Unmarshal([]byte(got.out), &suite); err != nil || got.status != exitFound {
		t.Fatalf("test -o junit = %+v: %v", got, err)
	}
	if suite.Tests != 2 || suite.Failures != 1 || suite.Cases[0].Failure != nil || suite.Cases[1].Failure == nil {
		t.Errorf("test -o junit = %s", got.out)
	}
}

func TestTestOfBadInput(t *testing.T) {
	for name, cases := range map[string]string{
		"no cases": "[]", "an unknown field": `[{"name": "a", "request": "GET /", "want": "404 path_unknown", "wants": ""}]`,
		"no want": `[{"name": "a", "request": "GET /"}]`, "no JSON": "{",
		"another issuer": `[{"name": "a", "token": {"issuer": "corp"}, "request": "GET /", "want": "404 path_unknown"}]`,
	} {
		if got := runPolicy("test", iapConfig, write(t, "cases.json", cases)); got.status != exitInvalid || got.err == "" || got.out != "" {
			t.Errorf("%s: test = %+v, want status 1 and why", name, got)
		}
	}
}

func TestReplay(t *testing.T) {
	const log = `[2026-01-01 12:00:00][info] starting
{"modelgate":"allowed","issuer":"iap","subject":"accounts.google.com:1","verb":"predict","models":["kubeflow/images"],"rule":"vision"}
{"modelgate":"grant_missing","issuer":"iap","subject":"accounts.google.com:2","verb":"load","models":["kubeflow/images"]}
{"modelgate":"token_expired","issuer":"iap"}
{"modelgate":"grant_missing","issuer":"iap","subject":"accounts.google.com:2","verb":"predict","models":["prod/secret"]}
`
	file := write(t, "log", log)
	next := writeChanged(t, `["kubeflow/images"]`, `["prod/secret"]`)
	got := runPolicy("replay", "--config", next, "--old", iapConfig, "--fail-on=flip", file)
	const want = `line 2 flips: iap/accounts.google.com:1, predict on kubeflow/images: was allowed, now no grant
line 5 may flip: iap/accounts.google.com:2, predict on prod/secret: was refused, now allowed by vision
  if the caller is token of iap {"email": "vera@example.com", "hd": "unmentioned", "sub": "accounts.google.com:2"}
3 decisions, 1 flip, 1 may flip
`
	if got.status != exitFound || got.out != want {
		t.Errorf("replay = %+v\nwant 3 and\n%s", got, want)
	}
	if got := runPolicy("replay", "--config", iapConfig, "--old", iapConfig, "--fail-on=any", file); got.status != 0 ||
		got.out != "3 decisions, 0 flip, 0 may flip\n" {
		t.Errorf("replay of the same configuration = %+v", got)
	}
	bad := write(t, "log", `{"modelgate":"denied","verb":"run","models":["a/b"]}`)
	if got := runPolicy("replay", "--config", iapConfig, bad); got.status != exitInvalid {
		t.Errorf("replay of a bad line = %+v", got)
	}
}
