package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/edit"
)

func TestCheck(t *testing.T) {
	s, good := writeScenario(t, config)
	dir := t.TempDir()
	bad := writeFile(t, dir, "bad.json", `{"version": 2, "issuers": [], "extra": 1}`)
	broken := writeFile(t, dir, "broken.json", `{"version"`)
	missing := filepath.Join(dir, "missing.json")
	const fields = "$schema, version, issuers, peer, routes, serves, groups, grants, denies, iam, signatures, activator, exempt, " +
		"cors, identity, headers, challenge, audit, tokenCache, host, limits, lint"
	badErrors := bad + `:1:31: "/extra": unknown field "extra"; known are ` + fields + "\n" +
		bad + `:1:2: "/version": must be 1; got 2` + "\n" +
		bad + `:1:16: "/issuers": must not be empty; leave it out instead` + "\n" +
		bad + `:1:1: "": needs "routes"` + "\n"
	brokenError := broken + `:1:11: "": expected ':'; got the end of the document` + "\n"
	missingError := "open " + missing + ": no such file or directory\n"
	for _, c := range []struct {
		name  string
		files []string
		want  result
	}{
		{"a good file", []string{good}, result{0, good + ": ok\n", ""}},
		{"two good files", []string{good, good}, result{0, good + ": ok\n" + good + ": ok\n", ""}},
		{"errors", []string{bad}, result{1, "", badErrors}},
		{"each file is checked", []string{bad, good, missing, broken}, result{1, good + ": ok\n", badErrors + missingError + brokenError}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := runCommand(s.Secret, "", append([]string{"check"}, c.files...)...); got != c.want {
				t.Errorf("check %q = %+v\nwant %+v", c.files, got, c.want)
			}
		})
	}
	got := runCommand(noSecrets, "", "check", good)
	if want := `"/issuers/0/symmetric/env": must name an environment variable of the VM`; got.status != 1 || !strings.Contains(got.err, want) {
		t.Errorf("check without the environment = %+v, want 1 and an error at %s", got, want)
	}
}

// TestCheckHead: --head has an error for what needs more than the heads of requests.
func TestCheckHead(t *testing.T) {
	s, file := writeScenario(t, config)
	head := writeFile(t, t.TempDir(), "head.json", edit.Set(t, s.Config, "/routes/0/lists", "false"))
	text := file + `:7:3: "/routes/0": needs modelgate.wasm, which cuts lists of models down; ` +
		`with "lists": false, modelgate-head.wasm is enough` + "\n"
	if got, want := runCommand(s.Secret, "", "check", "--head", file, head), (result{1, head + ": ok\n", text}); got != want {
		t.Errorf("check --head = %+v\nwant %+v", got, want)
	}
}

func TestCheckWarns(t *testing.T) {
	s, file := writeScenario(t, meshConfig)
	warnings := file + ":9:3: warning: routes 0 and 1 read the same hosts; the first decides about credentials and shadow, " +
		"and a caller needs a grant on every service that one of them reads\n" +
		file + `:6:3: warning: issuer "corp" is trusted, but no grant names it: its tokens make their callers known and grant nothing` + "\n"
	ended := writeFile(t, t.TempDir(), "ended.json", edit.Set(t, config, "/denies/0/shadow", `{"until": "2020-01-01T00:00:00Z"}`))
	endedWarning := ended + `:1:54: warning: the shadow of deny "frozen" ended at 2020-01-01T00:00:00Z: the deny denies since then; ` +
		`leave its "shadow" out` + "\n"
	bad := writeFile(t, t.TempDir(), "bad.json", edit.Set(t, meshConfig, "/grants/0/members/-", `"user:ana@example.com"`))
	badError := bad + `:1:232: "/grants/0": must have only members that a certificate makes, and neither issuers nor claims, ` +
		`because it has "peer"` + "\n"
	for _, c := range []struct {
		name  string
		files []string
		want  result
	}{
		{"warnings", []string{file}, result{0, file + ": ok\n", warnings}},
		{"a shadow that has ended by now", []string{ended}, result{0, ended + ": ok\n", endedWarning}},
		{"no warnings of a file with errors", []string{bad, file}, result{1, file + ": ok\n", badError + warnings}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := runCommand(s.Secret, "", append([]string{"check"}, c.files...)...); got != c.want {
				t.Errorf("check %q = %+v\nwant %+v", c.files, got, c.want)
			}
		})
	}
	got := runCommand(s.Secret, "", "check", "-o", "json", file)
	if want := `"line": 6,
        "column": 3,
        "pointer": "/issuers/1",
        "message": "issuer \"corp\" is trusted`; got.status != 0 || !strings.Contains(got.out, want) {
		t.Errorf("check -o json = %+v\nwant %s", got, want)
	}
}
