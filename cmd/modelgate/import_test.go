package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

const importedPolicies = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: prod}
spec:
  selector: {matchLabels: {app: fraud}}
  rules:
  - from: [{source: {namespaces: [batch]}}]
  - from: [{source: {ipBlocks: [10.0.0.0/8]}}]
`

// TestImport: what is left out stands on standard error with its place, and in the status.
func TestImport(t *testing.T) {
	const note = `standard input:8:22: "/spec/rules/1/from/0/source/ipBlocks": left out: the gate does not know the caller's address`
	got := runCommand(noSecrets, importedPolicies, "import", "-")
	if got.status != 3 || !strings.Contains(got.err, note) || !strings.Contains(got.out, `"namespace:batch"`) {
		t.Errorf("import = %+v, want 3 and %q", got, note)
	}
	partial := runCommand(noSecrets, importedPolicies, "import", "istio", "--partial", "-")
	if partial.status != 0 || partial.out != got.out || partial.err != got.err {
		t.Errorf("import istio --partial = %+v, want 0 and the same as without", partial)
	}
	asYAML := runCommand(noSecrets, importedPolicies, "import", "--partial", "-o", "yaml", "-")
	if asYAML.status != 0 || !strings.HasPrefix(asYAML.out, "version: 1\n") || asYAML.err != got.err {
		t.Errorf("import -o yaml = %+v", asYAML)
	}
	asJSON := runCommand(noSecrets, importedPolicies, "import", "--partial", "-o", "json", "-")
	var report struct {
		Config  json.RawMessage
		LeftOut []struct {
			File, Pointer, Effect, Message string
			Line, Column                   int
		}
		Notes []any
	}
	if err := json.Unmarshal([]byte(asJSON.out), &report); err != nil || asJSON.status != 0 || asJSON.err != "" || len(report.LeftOut) != 1 ||
		report.LeftOut[0].Line != 8 || report.LeftOut[0].Effect != "left out" || report.Notes == nil {
		t.Errorf("import -o json = %+v, %v", asJSON, err)
	}
	for form, config := range map[string]string{"json": got.out, "yaml": asYAML.out} {
		file := writeFile(t, t.TempDir(), "config."+form, config)
		if c := runCommand(noSecrets, "", "check", file); c.status != 0 || !strings.Contains(c.out, ": ok") {
			t.Errorf("check of the %s = %+v", form, c)
		}
	}
}

// TestImportFiles: several files make one configuration, and whatever is imported passes check.
func TestImportFiles(t *testing.T) {
	dir := t.TempDir()
	policy := writeFile(t, dir, "policy.json",
		`{"bindings": [{"role": "roles/iap.httpsResourceAccessor", "members": ["user:ana@example.com"]}]}`)
	services := writeFile(t, dir, "services.yaml",
		"apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\n"+
			"metadata: {name: fraud, namespace: prod}\nspec: {predictor: {sklearn: {}}}\n")
	models := writeFile(t, dir, "models.yaml", "model_list: [{model_name: gpt-4o}]\n")
	for _, args := range [][]string{
		{"--audience", "/projects/1/global/backendServices/2", policy, services},
		{"--audience", "https://models.example.com", "--models", "prod/*", policy, services},
		{"--issuer", "https://issuer.example.com", "--audience", "models", "--groups", "/groups", "--member", "group:analysts", services, models},
		{"--issuer", "https://issuer.example.com", "--any-audience", "--algorithms", "RS256,PS256", "--service", "prod/litellm", models},
		{services},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			got := runCommand(noSecrets, "", append([]string{"import"}, args...)...)
			if got.status != 0 {
				t.Fatalf("%+v", got)
			}
			file := writeFile(t, t.TempDir(), "config.json", got.out)
			if c := runCommand(noSecrets, "", "check", file); c.status != 0 {
				t.Errorf("check = %+v\n%s", c, got.out)
			}
		})
	}
}

// TestImportRefused: wrong flags are wrong usage, and what has no configuration is an error.
func TestImportRefused(t *testing.T) {
	policies := writeFile(t, t.TempDir(), "policies.yaml", importedPolicies)
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"", 2, "the name of a file to import is missing"},
		{"istio", 2, "the name of a file to import is missing"},
		{"--service fraud -", 2, `--service must be NAMESPACE/NAME; got "fraud"`},
		{"--labels app=a -", 2, "--labels needs --service"},
		{"--role roles/owner=all -", 2, `--role roles/owner must be viewer, invoker or admin; got "all"`},
		{filepath.Join(t.TempDir(), "none"), 1, "no such file"},
		{"envoy " + policies, 1, `must have something of envoy; got nothing of these`},
		{"-", 1, "must have something of"},
	} {
		t.Run(c.args, func(t *testing.T) {
			got := runCommand(noSecrets, "", append([]string{"import"}, strings.Fields(c.args)...)...)
			if got.status != c.status || got.out != "" || !strings.Contains(got.err, c.want) {
				t.Errorf("%+v, want %d and %q", got, c.status, c.want)
			}
		})
	}
}

// TestMigration: the flags of import in docs/migration.md are flags of the command.
func TestMigration(t *testing.T) {
	text, err := os.ReadFile("../../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	others := []string{"--lint", "--config", "--namespace", "--selector", "--inbound", "--resource-type", "--format"}
	flags := importCommand(&terminal{}).Flags()
	named := regexp.MustCompile("--[a-z][a-z-]+").FindAllString(string(text), -1)
	for _, name := range named {
		if flags.Lookup(strings.TrimPrefix(name, "--")) == nil && !slices.Contains(others, name) {
			t.Errorf("%s is no flag", name)
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "output" && !slices.Contains(named, "--"+f.Name) {
			t.Errorf("docs/migration.md says nothing of --%s", f.Name)
		}
	})
}
