package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// series is a line of Prometheus' text: the name, its labels without the braces, and the value.
var series = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? (\S+)$`)

// named is a metric in docs/metrics.md, by its name in Prometheus and its labels.
var named = regexp.MustCompile("(?m)^\\| `modelgate\\.[^`]+` \\| `(\\w+)(?:\\{([^}]*)\\})?` \\| (\\w+)")

// gateSeries returns the gate's lines of Envoy's page for Prometheus, by name and labels. Those
// of a dynamic module have the names of the Wasm module's.
func gateSeries(t *testing.T, envoy *harness.Envoy) map[string]string {
	t.Helper()
	text, err := envoy.Admin("/stats/prometheus")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range series.FindAllStringSubmatch(text, -1) {
		name := m[1]
		if testbed.Host() == testbed.Native {
			name = strings.TrimPrefix(name, "envoy_dynamicmodulescustom_")
		}
		if strings.HasPrefix(name, "modelgate_") {
			found[name+"{"+m[2]+"}"] = m[3]
		}
	}
	return found
}

// labelsOf returns the labels of a name's series, without le, which each histogram has.
func labelsOf(found map[string]string, name string) (labels []string, ok bool) {
	for key := range found {
		if of, rest, _ := strings.Cut(key, "{"); of == name {
			for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(rest, -1) {
				if l[1] != "le" {
					labels = append(labels, l[1])
				}
			}
			slices.Sort(labels)
			return labels, true
		}
	}
	return nil, false
}

// TestPrometheus: with the tags of the examples Envoy has each metric of docs/metrics.md under the name
// and with the labels that are there, and no other of the gate's.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := load(t, "remote-keys") // its issuer publishes its keys
	envoy := run(t, s, harness.Options{})
	for range 3 {
		for _, c := range s.Cases {
			if r, err := s.Request(c, time.Now()); err != nil {
				t.Fatal(err)
			} else {
				ask(t, envoy, r)
			}
		}
	}
	found := gateSeries(t, envoy)
	known := map[string]bool{}
	for _, m := range named.FindAllStringSubmatch(string(page), -1) {
		name, kind := m[1], m[3]
		if kind == "histogram" {
			name += "_bucket"
		}
		var want []string
		if m[2] != "" {
			want = strings.Split(m[2], ", ")
			slices.Sort(want)
		}
		labels, ok := labelsOf(found, name)
		// A fresh token's time is there once a token has been verified, a known one's after 64.
		if !ok || !slices.Equal(labels, want) {
			t.Errorf("Envoy has %s{%s}, %v; want %s", name, strings.Join(labels, ", "), ok, want)
		}
		known[m[1]] = true
	}
	for key := range found {
		name, _, _ := strings.Cut(key, "{")
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base, ok := strings.CutSuffix(name, suffix); ok && known[base] {
				name = base
			}
		}
		if !known[name] {
			t.Errorf("docs/metrics.md does not have %s", key)
		}
	}
}

// TestTalliedMetrics: what the threads keep for themselves is Envoy's soon after the requests.
func TestTalliedMetrics(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	envoy := run(t, s, harness.Options{Concurrency: 2})
	const rounds = 3
	allowed := uint64(0)
	for range rounds {
		for _, c := range s.Cases {
			r, err := s.Request(c, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			ask(t, envoy, r)
			if c.Counter(corpus.EnvoyHTTP1) == "allowed" {
				allowed++
			}
		}
	}
	var metrics map[string]uint64
	for deadline := time.Now().Add(harness.Patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		var err error
		if metrics, err = envoy.Metrics(); err != nil {
			t.Fatal(err)
		}
		if metrics["modelgate.issuers.iap.allowed"] == allowed {
			break
		}
	}
	if got := metrics["modelgate.issuers.iap.allowed"]; got != allowed {
		t.Errorf("modelgate.issuers.iap.allowed = %d, want %d", got, allowed)
	}
	if metrics["modelgate.issuers.iap.403"] == 0 || metrics["modelgate.token_cache.miss"] == 0 {
		t.Errorf("refusals of the issuer's callers, and tokens, are not counted: %v", metrics)
	}
}
