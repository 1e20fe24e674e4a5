package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestCompletionScripts: each script is one that its shell can read. Those of zsh and fish are
// read where these shells are installed.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			got := runCommand(noSecrets, "", "completion", shell)
			if got.status != 0 || got.err != "" || !strings.Contains(got.out, "modelgate") {
				t.Fatalf("completion %s = %d %s, want a script", shell, got.status, got.err)
			}
			if _, err := exec.LookPath(shell); err != nil && shell != "bash" {
				t.Logf("%s is not installed: its syntax is not checked here", shell)
				return
			}
			check := exec.Command(shell, "-n", writeFile(t, t.TempDir(), "script", got.out))
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v: %s", shell, err, out)
			}
		})
	}
}

// TestCompletions: what a shell is told.
func TestCompletions(t *testing.T) {
	for args, want := range map[string]string{
		"che":                "check\tList every error",
		"check -o ":          "text\njson\nyaml\n:4\n", // 4: no names of files
		"check --me":         "--mesh\t",
		"decide --config= x": ":0\n", // 0: names of files
		"completion z":       "zsh\t",
	} {
		t.Run(args, func(t *testing.T) {
			got := runCommand(noSecrets, "", append([]string{"__complete"}, strings.Split(args, " ")...)...)
			if got.status != 0 || !strings.Contains(got.out, want) {
				t.Errorf("completions of %q = %q, want %q", args, got.out, want)
			}
		})
	}
}
