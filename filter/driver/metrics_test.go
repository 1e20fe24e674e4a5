package driver_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/version"
)

// kinds is a process that knows the kind of each metric.
type kinds struct {
	*process
	byName map[string]string
}

func (k kinds) Counter(name string) (driver.Metric, error) {
	k.byName[name] = "counter"
	return k.define(name)
}

func (k kinds) Gauge(name string) (driver.Metric, error) {
	k.byName[name] = "gauge"
	return k.define(name)
}

func (k kinds) Histogram(name string) (driver.Metric, error) {
	k.byName[name] = "histogram"
	return k.define(name)
}

// documented is a row of docs/metrics.md.
type documented struct {
	name, prometheus, kind string
	found                  bool
}

var row = regexp.MustCompile("(?m)^\\| `(modelgate\\.[^`]+)` \\| `([^`]+)` \\| (\\w+)")

var label = regexp.MustCompile(`<(\w+)>`)

// matches reports whether the row is about a metric. A version has dots.
func (d *documented) matches(name string) bool {
	pattern := label.ReplaceAllStringFunc(regexp.QuoteMeta(d.name), func(l string) string {
		if l == "<version>" {
			return ".+"
		}
		return `[\w-]+`
	})
	return regexp.MustCompile("^" + pattern + "$").MatchString(name)
}

// inPrometheus is the metric's name where the proxy's tags have made labels of the parts that
// differ.
func (d *documented) inPrometheus() string {
	var labels []string
	name := label.ReplaceAllStringFunc(d.name, func(l string) string {
		labels = append(labels, strings.Trim(l, "<>"))
		return ""
	})
	name = strings.ReplaceAll(strings.Trim(strings.ReplaceAll(name, "..", "."), "."), ".", "_")
	if labels != nil {
		name += "{" + strings.Join(labels, ", ") + "}"
	}
	return name
}

// TestMetricsAreDocumented: docs/metrics.md has a row for each metric that a plugin defines, with
// its kind and its name in Prometheus, and for no other.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []*documented
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		rows = append(rows, &documented{name: m[1], prometheus: m[2], kind: m[3]})
	}
	host := kinds{newProcess(), map[string]string{}}
	m, err := driver.DefineMetrics(host)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := driver.NewPlugin(host, m, newGate(t, stressConfig, os.LookupEnv)); err != nil {
		t.Fatal(err)
	}
	for name, kind := range host.byName {
		i := slices.IndexFunc(rows, func(d *documented) bool { return d.matches(name) })
		if i < 0 {
			t.Errorf("docs/metrics.md has no row for %s", name)
			continue
		}
		if rows[i].found = true; rows[i].kind != kind {
			t.Errorf("docs/metrics.md calls %s a %s, want %s", name, rows[i].kind, kind)
		}
	}
	for _, d := range rows {
		if !d.found {
			t.Errorf("docs/metrics.md has a row for %s, which no plugin defines", d.name)
		}
		if want := d.inPrometheus(); d.prometheus != want {
			t.Errorf("docs/metrics.md has %s for %s, want %s", d.prometheus, d.name, want)
		}
	}
}

// TestTally: what the caches had, and the decisions of each issuer, are counted without a call of
// the host, and are the host's after a tick; what was counted under one configuration is not lost
// when another takes its place.
func TestTally(t *testing.T) {
	s, err := corpus.Load("../../examples/iap")
	if err != nil {
		t.Fatal(err)
	}
	host := newProcess()
	thread := driver.NewThread(host)
	plugin := newPlugin(t, host, s.Config, s.Secret)
	request, err := s.Request(s.Cases[0], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	run := func(w *driver.Worker, n int) {
		for range n {
			if got := send(w, request).Line; got != s.Cases[0].Want {
				t.Fatalf("outcome = %s, want %s", got, s.Cases[0].Want)
			}
		}
	}
	check := func(when string, want map[string]int64) {
		t.Helper()
		for name, n := range want {
			if got := host.metric("modelgate." + name); got != n {
				t.Errorf("%s: modelgate.%s = %d, want %d", when, name, got, n)
			}
		}
	}
	run(plugin.NewWorker(thread, nil), 5)
	check("before a tick", map[string]int64{"requests.allowed": 5, "issuers.iap.allowed": 0, "token_cache.hit": 0})
	plugin.Tick()
	five := map[string]int64{
		"issuers.iap.allowed": 5, "issuers.iap.403": 0, "token_cache.miss": 2, "token_cache.hit": 3,
		"decision_cache.miss": 1, "decision_cache.hit": 2, "decision_microseconds.fresh": 2,
	}
	check("after a tick", five)
	plugin.Tick()
	check("after another tick", five)

	run(plugin.NewWorker(thread, nil), 3) // a worker of its own has a cache of its own
	next := newPlugin(t, host, s.Config, s.Secret)
	run(next.NewWorker(thread, nil), 1)
	next.Tick()
	check("after another configuration", map[string]int64{"issuers.iap.allowed": 9, "token_cache.miss": 2 + 2 + 1})
}

// TestVersionMetric: the gauge of the version that started last is 1, and that of the one before 0.
func TestVersionMetric(t *testing.T) {
	host := newProcess()
	if err := host.SetSharedData("modelgate/version", []byte("0.0.9"), 0); err != nil {
		t.Fatal(err)
	}
	host.metrics["modelgate.build_info.0.0.9"] = 1
	for range 2 { // each VM says so
		if _, err := driver.DefineMetrics(host); err != nil {
			t.Fatal(err)
		}
		if n := host.metric("modelgate.build_info." + version.Number); n != 1 {
			t.Errorf("build_info of this version = %d, want 1", n)
		}
		if n := host.metric("modelgate.build_info.0.0.9"); n != 0 {
			t.Errorf("build_info of the version before = %d, want 0", n)
		}
	}
}
