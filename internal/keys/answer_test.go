package keys

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestMaxAge(t *testing.T) {
	for _, x := range []struct {
		control, age string
		want         time.Duration
	}{
		{"", "", -1},
		{"no-store", "", -1},
		{"private, no-cache", "", -1},
		{"max-age", "", -1},
		{"max-age=", "", -1},
		{"max-age=x", "", -1},
		{"max-age=-1", "", -1},
		{"max-age=99999999999", "", -1},
		{"s-max-age=5", "", -1},
		{"max-age=300", "", 300 * time.Second},
		{"public, Max-Age=19800, must-revalidate", "", 19800 * time.Second},
		{`max-age="60"`, "", 60 * time.Second},
		{"max-age=300", "100", 200 * time.Second},
		{"max-age=300", "400", 0},
		{"max-age=300", "x", 300 * time.Second},
		{"max-age=0", "", 0},
	} {
		a := Answer{Headers: [][2]string{{"age", x.age}, {"cache-control", x.control}}}
		if got := a.maxAge(); got != x.want {
			t.Errorf("maxAge(%q, age %q) = %s, want %s", x.control, x.age, got, x.want)
		}
	}
	split := Answer{Headers: [][2]string{{"cache-control", "public"}, {"cache-control", "max-age=7"}}}
	if got := split.maxAge(); got != 7*time.Second {
		t.Errorf("maxAge of two headers = %s", got)
	}
}

func TestOutcomes(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Minute, Timeout: time.Second, MaxStale: time.Hour, Interval: time.Second}
	status := func(code string) [][2]string { return [][2]string{{":status", code}} }
	r := NewRefresher(s, usable, 7)
	first, _ := r.Tick(now, "")
	good, _, _ := r.HandleAnswer(now, string(first.Store), first.Fetch, Answer{Headers: status("200"), Body: `["a"]`})
	later := now.Add(2 * time.Minute)
	second, _ := r.Tick(later, string(good.Store))
	for _, x := range []struct {
		a    Answer
		want Outcome
	}{
		{Answer{}, Unreachable},
		{Answer{Headers: status("503")}, Status},
		{Answer{Headers: status("304")}, Status},
		{Answer{Headers: status("302"), Body: `["b"]`}, Status},
		{Answer{Headers: status("200"), Oversized: true}, Oversized},
		{Answer{Headers: status("200"), Body: strings.Repeat(" ", maxKeySet) + "{}"}, Oversized},
		{Answer{Headers: status("200"), Body: "<html>"}, Malformed},
		{Answer{Headers: status("200")}, Malformed},
		{Answer{Headers: status("200"), Body: `{"a":1,"a":2}`}, Malformed},
		{Answer{Headers: status("200"), Body: "{}"}, Unusable},
		{Answer{Headers: status("200"), Body: `["a"]`}, Unchanged},
		{Answer{Headers: status("200"), Body: `["b"]`}, Fetched},
	} {
		out, got, err := r.HandleAnswer(later, string(second.Store), second.Fetch, x.a)
		e, ok := Decode(string(out.Store), id)
		if got != x.want || got.Good() != (err == nil) {
			t.Errorf("HandleAnswer(%.80q) = %s, %v, want %s", fmt.Sprint(x.a), got, err, x.want)
		}
		document := `["a"]` // a failure keeps it
		if got.Good() {
			document = x.a.Body
		}
		if !ok || got.Good() != (e.Failures == 0) || e.Document != document {
			t.Errorf("HandleAnswer(%.80q) stores %+v, want the document %s", fmt.Sprint(x.a), e, document)
		}
	}
	if _, _, err := r.HandleAnswer(later, string(good.Store), second.Fetch, Answer{}); !errors.Is(err, errLate) {
		t.Errorf("HandleAnswer without the lease = %v", err)
	}
	names := map[string]bool{}
	for _, o := range Outcomes() {
		names[o.String()] = true
	}
	if len(names) != int(outcomes) {
		t.Errorf("Outcomes = %v", names)
	}
}

// TestRefreshHint: a bundle of SPIFFE asks to be fetched again.
func TestRefreshHint(t *testing.T) {
	for _, x := range []struct {
		body, control string
		want          time.Duration
	}{
		{`{"keys":[],"spiffe_refresh_hint":120}`, "", 2 * time.Minute},
		{`{"keys":[],"spiffe_refresh_hint":120}`, "max-age=60", time.Minute},
		{`{"keys":[],"spiffe_refresh_hint":120}`, "max-age=600", 2 * time.Minute},
		{`{"keys":[],"spiffe_refresh_hint":0}`, "", -1},
		{`{"keys":[],"spiffe_refresh_hint":-5}`, "", -1},
		{`{"keys":[],"spiffe_refresh_hint":"120"}`, "", -1},
		{`{"keys":[],"spiffe_refresh_hint":1.5}`, "", -1},
		{`{"keys":[],"spiffe_refresh_hint":99999999999}`, "max-age=60", time.Minute},
		{`{"keys":[]}`, "", -1},
		{"-----BEGIN PUBLIC KEY-----", "max-age=60", time.Minute},
	} {
		a := Answer{Body: x.body, Headers: [][2]string{{"cache-control", x.control}}}
		if got := (&Source{}).freshFor(&a); got != x.want {
			t.Errorf("freshFor(%s, %s) = %s, want %s", x.body, x.control, got, x.want)
		}
	}
	if got := (&Source{APIKeys: true}).freshFor(&Answer{Body: `{"spiffe_refresh_hint":120}`}); got != -1 {
		t.Errorf("freshFor(API keys) = %s, want -1", got)
	}
}
