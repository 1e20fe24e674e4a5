package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const iapConfig = "../../examples/iap/config.json"

// runPolicy runs a command with examples/iap's configuration, which has no secrets. Both
// members of a group are as good an example as the other.
func runPolicy(args ...string) result {
	got := runCommand(func(string) (string, bool) { return "", false }, "", args...)
	got.out = strings.ReplaceAll(got.out, "camera@factory.iam.gserviceaccount.com", "vera@example.com")
	return got
}

func TestWhoCan(t *testing.T) {
	for _, c := range []struct{ verb, model, want string }{
		{"predict", "prod/fraud", "MAY  MEMBER                ISSUER  GRANT\nall  user:ana@example.com  iap     analysts\n"},
		{"explain", "prod/fraud", "MAY   MEMBER                ISSUER  GRANT     IF  BUT NOT\n" +
			"none  user:ana@example.com  iap     analysts      allUsers (no-explanations-of-fraud)\n"},
		{"load", "prod/fraud", "nobody: no grant covers load on prod/fraud\n"},
		{"ready", "prod/risk-eu", "MAY   MEMBER                 ISSUER  GRANT           IF  BUT NOT\n" +
			"some  domain:example.com     iap     staff-may-look"},
	} {
		got := runPolicy("who-can", "--config", iapConfig, c.verb, c.model)
		if got.status != 0 || !strings.HasPrefix(squeezed(got.out), squeezed(c.want)) {
			t.Errorf("who-can %s %s = %+v\nwant %s", c.verb, c.model, got, c.want)
		}
	}
}

// squeezed is a table without the widths of its columns.
func squeezed(table string) string {
	var lines []string
	for line := range strings.Lines(table) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestWhatCan(t *testing.T) {
	got := runPolicy("what-can", "--config", iapConfig, "user:bob@example.com", "-o", "json")
	var lines []reachLine
	if err := json.Unmarshal([]byte(got.out), &lines); err != nil || got.status != 0 {
		t.Fatalf("what-can = %+v: %v", got, err)
	}
	some := map[string]string{}
	for _, x := range lines {
		some[x.Models] = strings.Join(x.Some, " ")
		if x.All != nil {
			t.Errorf("all of bob may %v on %s, want only what conditions and the domain give", x.All, x.Models)
		}
	}
	want := map[string]string{
		"kubeflow/images": "metadata ready list", "kubeflow/sklearn-iap": "metadata ready list", "kubeflow/*": "metadata ready list",
		"prod/fraud": "metadata ready list", "prod/*": "metadata ready list", "prod/risk-*": "predict explain generate metadata ready list",
	}
	for models, verbs := range want {
		if some[models] != verbs {
			t.Errorf("some of bob may %q on %s, want %q", some[models], models, verbs)
		}
	}
	if len(some) != len(want) {
		t.Errorf("%d classes of models, want %d: %v", len(some), len(want), some)
	}
}

func TestMatrixForms(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--width", "1000"},
			"user:ana@example.com of iap ~viewer invoker ~viewer predict generate metadata ready list ~viewer ~invoker"},
		{nil, "user:ana@example.com of iap prod/fraud predict generate metadata ready list"},
		{[]string{"-o", "yaml"}, "- member: user:ana@example.com"},
		{[]string{"-o", "html"}, `<th scope="row">user:ana@example.com<small>iap</small></th>`},
	} {
		got := runPolicy(append([]string{"matrix", "--config", iapConfig}, c.args...)...)
		if got.status != 0 || !strings.Contains(squeezed(got.out), c.want) {
			t.Errorf("matrix %v = %d %s\n%s\nwant %s in it", c.args, got.status, got.err, got.out, c.want)
		}
	}
}

// TestPageLoadsNothing: the page names no address but those of its own text, and escapes what
// a configuration says.
func TestPageLoadsNothing(t *testing.T) {
	file := writeChanged(t, `"analysts"`, `"<script>alert(1)</script>"`, `user:ana@example.com`, `user:<b>ana@example.com`)
	got := runPolicy("matrix", "--config", file, "-o", "html")
	raw := strings.Contains(got.out, "<b>") || strings.Contains(got.out, "alert(1)")
	if got.status != 0 || raw || !strings.Contains(got.out, "&lt;b&gt;ana@example.com") {
		t.Errorf("matrix -o html = %d %s\n%s\nwant the member escaped", got.status, got.err, got.out)
	}
	for _, no := range []string{"http:", "https:", "src=", "@import", "url(", "fetch("} {
		if strings.Contains(got.out, no) {
			t.Errorf("the page has %q", no)
		}
	}
}

// writeChanged writes examples/iap's configuration with other texts, which it must have.
func writeChanged(t *testing.T, oldNew ...string) string {
	t.Helper()
	doc, err := os.ReadFile(iapConfig)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldNew); i += 2 {
		if !strings.Contains(string(doc), oldNew[i]) {
			t.Fatalf("the configuration has no %s", oldNew[i])
		}
	}
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(oldNew...).Replace(string(doc))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDiff(t *testing.T) {
	wider := writeChanged(t, `["kubeflow/images"]`, `["kubeflow/images", "prod/secret"]`)
	const text = `widens for tokens of iap: predict on prod/secret
  who      group:vision@example.com of iap
  example  token of iap {"email": "vera@example.com", "hd": "unmentioned", "sub": "unmentioned"}, predict on prod/secret
  before   no grant
  after    allowed by vision
1 widen, 0 narrow
`
	for _, c := range []struct {
		name   string
		args   []string
		status int
		out    string
	}{
		{"the same", []string{iapConfig, iapConfig, "--fail-on", "any"}, 0, "no difference: both allow the same calls\n"},
		{"wider", []string{iapConfig, wider}, 0, text},
		{"wider, and that fails", []string{iapConfig, wider, "--fail-on=widen"}, 3, text},
		{"wider, and narrower would fail", []string{iapConfig, wider, "--fail-on=narrow"}, 0, text},
		{"narrower, and that fails", []string{wider, iapConfig, "--fail-on=narrow"}, 3, "narrows for tokens of iap: predict on prod/secret\n"},
		{"one file", []string{iapConfig}, 2, ""},
		{"another change", []string{iapConfig, wider, "--fail-on=wide"}, 2, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := runPolicy(append([]string{"diff"}, c.args...)...); got.status != c.status || !strings.HasPrefix(got.out, c.out) {
				t.Errorf("diff = %+v\nwant %d and\n%s", got, c.status, c.out)
			}
		})
	}
}

func TestPolicyUsage(t *testing.T) {
	for _, args := range [][]string{
		{"who-can", "predict", "prod/fraud"}, {"who-can", "--config", iapConfig, "predict"},
		{"who-can", "--config", iapConfig, "run", "prod/fraud"},
		{"who-can", "--config", iapConfig, "predict", "prod/*"}, {"who-can", "--config", iapConfig, "predict", "fraud"},
		{"what-can", "--config", iapConfig}, {"matrix"}, {"matrix", "--config", iapConfig, "x"},
		{"what-can", "--config", iapConfig, "--now", "today", "allUsers"},
	} {
		if got := runPolicy(args...); got.status != exitUsage || got.out != "" {
			t.Errorf("%v = %+v, want status 2", args, got)
		}
	}
	for _, args := range [][]string{
		{"what-can", "--config", iapConfig, "ana"}, {"what-can", "--config", iapConfig, "spiffe://corp.example/x"},
		{"what-can", "--config", iapConfig, "--issuer", "other", "user:ana@example.com"},
	} {
		if got := runPolicy(args...); got.status != exitInvalid || got.err == "" {
			t.Errorf("%v = %+v, want status 1 and why", args, got)
		}
	}
}
