//go:build metrics

package monitoring

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/reason"
)

type object = map[string]any

// dir is manifests/prometheus.
func dir(elem ...string) string {
	return filepath.Join(append([]string{root, "manifests", "prometheus"}, elem...)...)
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(dir(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readYAML(t *testing.T, elem ...string) (tree object) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, elem...)), &tree); err != nil {
		t.Fatalf("%s: %v", filepath.Join(elem...), err)
	}
	return tree
}

// at follows a path of names and indexes.
func at(t *testing.T, node any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			in, _ := node.(object)
			node = in[step]
		case int:
			in, _ := node.([]any)
			if step >= len(in) {
				t.Fatalf("there is nothing at %v", path)
			}
			node = in[step]
		}
	}
	return node
}

// TestPromtool: the files are a configuration and rules, and the rules do what their tests say.
func TestPromtool(t *testing.T) {
	for _, arguments := range [][]string{
		{"check", "config", "scrape.yaml"}, {"check", "rules", "--lint-fatal", "rules.yaml"}, {"test", "rules", "rules.test.yaml"},
	} {
		cmd := exec.Command(filepath.Join(prometheus, "promtool"), arguments...)
		cmd.Dir = dir()
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, text)
		}
	}
}

// TestEveryAlertIsTested: each alert has a test in which it fires, one in which it does not, and a
// row in docs/metrics.md.
func TestEveryAlertIsTested(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range readYAML(t, "rules.test.yaml")["tests"].([]any) {
		list, _ := at(t, test, "alert_rule_test").([]any)
		for _, c := range list {
			name := at(t, c, "alertname").(string)
			if expected, _ := at(t, c, "exp_alerts").([]any); len(expected) > 0 {
				fires[name] = true
			} else {
				silent[name] = true
			}
		}
	}
	for _, group := range readYAML(t, "rules.yaml")["groups"].([]any) {
		for _, rule := range at(t, group, "rules").([]any) {
			name, ok := at(t, rule, "alert").(string)
			if !ok {
				continue
			}
			if !fires[name] || !silent[name] {
				t.Errorf("%s: tested to fire: %v, not to: %v; want both", name, fires[name], silent[name])
			}
			if !bytes.Contains(page, []byte("\n| `"+name+"` |")) {
				t.Errorf("docs/metrics.md has no row for %s", name)
			}
		}
	}
}

// TestReasonsThatPass: what rules and dashboard take for refusals are the Reasons that refuse.
func TestReasonsThatPass(t *testing.T) {
	var passes []string
	for _, r := range reason.All() {
		if !r.Refuses() {
			passes = append(passes, r.String())
		}
	}
	slices.Sort(passes)
	want := strings.Join(passes, "|")
	for _, file := range []string{"rules.yaml", "dashboard.json"} {
		if !strings.Contains(read(t, file), want) {
			t.Errorf("%s does not have %s", file, want)
		}
	}
}

// TestOperator: the operator's resources say what scrape.yaml and rules.yaml say.
func TestOperator(t *testing.T) {
	rule := readYAML(t, "operator", "prometheusrule.yaml")
	if !reflect.DeepEqual(at(t, rule, "spec", "groups"), readYAML(t, "rules.yaml")["groups"]) {
		t.Error("operator/prometheusrule.yaml does not have the groups of rules.yaml")
	}
	monitor := readYAML(t, "operator", "podmonitor.yaml")
	var relabel []any
	for _, r := range at(t, monitor, "spec", "podMetricsEndpoints", 0, "metricRelabelings").([]any) {
		r := r.(object)
		relabel = append(relabel, object{
			"source_labels": r["sourceLabels"], "regex": r["regex"], "target_label": r["targetLabel"], "replacement": r["replacement"],
		})
	}
	if !reflect.DeepEqual(relabel, at(t, readYAML(t, "scrape.yaml"), "scrape_configs", 0, "metric_relabel_configs")) {
		t.Error("operator/podmonitor.yaml does not have the relabelings of scrape.yaml")
	}
}

// TestDashboardIsCurrent: dashboard.json is what build/tools/dashboard writes.
func TestDashboardIsCurrent(t *testing.T) {
	cmd := exec.Command("go", "run", ".")
	cmd.Dir, cmd.Stderr = filepath.Join(root, "build", "tools", "dashboard"), os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != read(t, "dashboard.json") {
		t.Error("dashboard.json is not current: cd build/tools/dashboard && go run . > ../../../manifests/prometheus/dashboard.json")
	}
}

// quick returns the rules with all their times divided by 30, so that a test need not wait: five
// minutes are ten seconds. Their tests by promtool have the real times.
func quick(t *testing.T) string {
	t.Helper()
	text := read(t, "rules.yaml")
	for _, minutes := range []int{15, 10, 5, 2} {
		for _, form := range []string{"[%s]", "for: %s\n"} {
			text = strings.ReplaceAll(text, fmt.Sprintf(form, fmt.Sprint(minutes, "m")), fmt.Sprintf(form, fmt.Sprint(2*minutes, "s")))
		}
	}
	return text
}
