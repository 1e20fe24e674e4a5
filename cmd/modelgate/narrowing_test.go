package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNarrowing: check reads a narrowing beside a configuration, and decide has it decide.
func TestNarrowing(t *testing.T) {
	s, file := writeScenario(t, config)
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "narrowing.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	closed := write(`{"version": 1, "name": "canary", "denies": [{"name": "no-iris", "models": ["public/iris"]}]}`)
	unfit := write(`{"version": 1, "name": "canary", "denies": [{"name": "a", "issuers": ["nobody"]}]}`)
	wrong := write(`{"version": 1, "denies": []}`)
	for _, c := range []struct {
		narrowing string
		want      result
	}{
		{closed, result{0, file + ": ok\n" + closed + " beside " + file + ": ok\n", ""}},
		{unfit, result{1, file + ": ok\n", unfit + `:1:71: "/denies/0/issuers/0": must be the name of an issuer: corp; got "nobody"` + "\n"}},
		{wrong, result{1, file + ": ok\n", wrong + `:1:1: "": needs "name"` + "\n" +
			wrong + `:1:16: "/denies": must not be empty; leave it out instead` + "\n"}},
	} {
		if got := runCommand(s.Secret, "", "check", "--narrowing", c.narrowing, file); got != c.want {
			t.Errorf("check --narrowing = %+v\nwant %+v", got, c.want)
		}
	}
	ask := `{"method": "POST", "path": "/kfserving/public/iris:predict", "authority": "a", "headers": [["authorization", "Bearer ` +
		mint(t, s, time.Now()) + `"]]}`
	got := runCommand(s.Secret, ask, "decide", "--config", file, "--narrowing", closed, "-o", "text")
	const want = `refuse (403 denied): corp/subject-1, predict public/iris, by "no-iris" of the narrowing "canary"`
	if strings.TrimSpace(got.out) != want || got.status != 0 {
		t.Errorf("decide --narrowing = %+v\nwant %s", got, want)
	}
	if got := runCommand(s.Secret, ask, "decide", "--config", file, "--narrowing", unfit); got.status == 0 {
		t.Errorf("decide with a narrowing that does not fit = %+v, want an error", got)
	}
}
