package keys

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

var (
	now = time.Unix(1_760_000_000, 0)
	id  = strings.Repeat("i", 32)
)

func compile(t *testing.T, doc, issuer string) *Source {
	t.Helper()
	var problems strictjson.Problems
	v, ok := strictjson.Parse(doc, &problems)
	if !ok {
		t.Fatal(problems)
	}
	s := Compile(v, issuer)
	if problems != nil {
		t.Fatal(problems)
	}
	return s
}

func TestTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"https://keys.example":           {"", "https", "keys.example", "/"},
		"https://keys.example/a/b?c=d&e": {"", "https", "keys.example", "/a/b?c=d&e"},
		"http://127.0.0.1:8080/k":        {"", "http", "127.0.0.1:8080", "/k"},
		"https://[::1]:8443/k":           {"", "https", "[::1]:8443", "/k"},
	} {
		if got, ok := parseTarget(text); !ok || got != want {
			t.Errorf("parseTarget(%s) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "keys.example", "/k", "ftp://a/", "https:///k", "https://:80/k", "https://a b/", "https://a/\n", "https://a/é",
		"https://u@a/", "https://u:p@a/", "https://a/#f", "https://A/", "https:k", "https://a:x/", "https://[::1/"} {
		if got, ok := parseTarget(text); ok {
			t.Errorf("parseTarget(%q) = %v, want none", text, got)
		}
	}
}

// TestSourceID: sources share an entry only if everything about their keys is
// the same.
func TestSourceID(t *testing.T) {
	seen := map[string]string{}
	for _, x := range []struct {
		doc, issuer string
		algorithms  []string
	}{
		{`{"uri":"https://a/","cluster":"a"}`, "i", nil},
		{`{"uri":"https://b/","cluster":"a"}`, "i", nil},
		{`{"uri":"https://a/","cluster":"b"}`, "i", nil},
		{`{"uri":"https://a/","cluster":"a","refresh":"1m"}`, "i", nil},
		{`{"uri":"https://a/","cluster":"a"}`, "j", nil},
		{`{"uri":"https://a/","cluster":"a"}`, "i", []string{"ES256"}},
		{`{"uri":"https://a/","cluster":"a"}`, "i", []string{"ES256", "RS256"}},
	} {
		var problems strictjson.Problems
		v, _ := strictjson.Parse(x.doc, &problems)
		s, again := Compile(v, x.issuer, x.algorithms...), Compile(v, x.issuer, x.algorithms...)
		name := fmt.Sprint(x)
		if other, ok := seen[s.ID]; ok || s.ID != again.ID || len(s.ID) != 32 {
			t.Errorf("%s has the ID of %s, or not twice the same", name, other)
		}
		seen[s.ID] = name
	}
}

func TestEntry(t *testing.T) {
	for _, e := range []Entry{
		{},
		{LastAttempt: now, LeaseUntil: now.Add(time.Second), LeaseHolder: 1<<64 - 1, Failures: 7},
		{Document: "{}", FetchedAt: now, RequestedAt: now.Add(-1), LastAttempt: now, NextFetch: now.Add(time.Hour)},
	} {
		raw := string(e.Encode(id))
		got, ok := Decode(raw, id)
		if !ok || fmt.Sprint(got) != fmt.Sprint(e) {
			t.Errorf("Decode(Encode(%v)) = %v, %v", e, got, ok)
		}
		for _, bad := range []string{"", "x", raw[1:], raw[:len(raw)-len(e.Document)-1], "M" + raw[1:], raw + strings.Repeat("x", MaxDocument+1), strings.Replace(raw, id, strings.Repeat("j", 32), 1)} {
			if got, ok := Decode(bad, id); ok {
				t.Errorf("Decode(%.60q) = %v, want none", bad, got)
			}
		}
	}
	for _, e := range []Entry{{Document: "{}"}, {FetchedAt: now}, {LastAttempt: time.Unix(-1, 0)}} {
		if got, ok := Decode(string(e.Encode(id)), id); ok {
			t.Errorf("Decode(Encode(%v)) = %v, want none", e, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range []Entry{{}, {Document: "{}", FetchedAt: now, RequestedAt: now, LastAttempt: now, NextFetch: now, LeaseHolder: 3, Failures: 1}} {
		f.Add(string(e.Encode(id)))
	}
	f.Add("modelgate keys 1\n")
	f.Fuzz(func(t *testing.T, raw string) {
		if e, ok := Decode(raw, id); ok && string(e.Encode(id)) != raw {
			t.Errorf("Decode(%q) = %v, which is not encoded like that", raw, e)
		}
	})
}

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

// TestSchedule: when the next fetch is due after what came of one.
func TestSchedule(t *testing.T) {
	s := &Source{ID: id, Refresh: 5 * time.Minute, Timeout: 5 * time.Second, Interval: 5 * time.Second}
	for _, x := range []struct {
		name   string
		maxAge time.Duration
		jitter float64
		want   time.Duration
	}{
		{"no Cache-Control", -1, 0, 5 * time.Minute},
		{"jitter", -1, 1, 270 * time.Second},
		{"longer than refresh", time.Hour, 0, 5 * time.Minute},
		{"shorter", 2 * time.Minute, 0, 2 * time.Minute},
		{"too short", 0, 0, time.Minute},
	} {
		e := s.afterSuccess(Entry{LastAttempt: now.Add(-2), Failures: 3, LeaseHolder: 1, LeaseUntil: now}, now, "{}", x.maxAge, x.jitter)
		if e.NextFetch.Sub(now) != x.want || e.Failures != 0 || !e.LeaseUntil.IsZero() || !e.RequestedAt.Equal(now.Add(-2)) || e.Document != "{}" {
			t.Errorf("%s: %+v, want next after %s", x.name, e, x.want)
		}
	}
	e := Entry{Document: "{}", FetchedAt: now}
	for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second} {
		half := s.afterFailure(e, now, 1)
		if e = s.afterFailure(e, now, 0); e.NextFetch.Sub(now) != want || half.NextFetch.Sub(now) != want/2 || e.Document != "{}" || e.Failures != uint32(i+1) {
			t.Errorf("failure %d: %+v, want next after %s", i+1, e, want)
		}
	}
	if e.Failures = 1 << 31; s.afterFailure(e, now, 0).NextFetch.Sub(now) != maxBackoff {
		t.Error("the backoff overflows")
	}
	quick := &Source{Refresh: 2 * time.Second}
	if got := quick.afterFailure(Entry{Failures: 9}, now, 0).NextFetch.Sub(now); got != 2*time.Second {
		t.Errorf("a backoff of %s is longer than refresh", got)
	}
}

// TestClockSteps: times that a wrong clock left behind hold nobody up.
func TestClockSteps(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Minute, Timeout: time.Second, Interval: time.Second}
	for name, e := range map[string]Entry{
		"next in a year":  {Document: "{}", FetchedAt: now, NextFetch: now.Add(8760 * time.Hour)},
		"lease in a year": {LeaseUntil: now.Add(8760 * time.Hour)},
	} {
		if !s.fetchDue(&e, now, false) {
			t.Errorf("%s: no fetch is due", name)
		}
	}
	e := Entry{Document: "{}", FetchedAt: now, NextFetch: now.Add(time.Minute), LastAttempt: now.Add(time.Hour)}
	if s.fetchDue(&e, now, false) || !s.fetchDue(&e, now, true) {
		t.Error("a start in the future keeps an unknown key from being looked for, or starts a fetch by itself")
	}
}

func TestLocated(t *testing.T) {
	const iss = "https://issuer.example"
	s := compile(t, `{"discovery":"https://issuer.example/.well-known/openid-configuration","cluster":"issuer","jwksClusters":{"keys.example:8443":"keys"}}`, iss)
	for doc, want := range map[string]Target{
		`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks","x":{}}`: {"issuer", "https", "issuer.example", "/jwks"},
		`{"jwks_uri":"https://keys.example:8443/","issuer":"https://issuer.example"}`:         {"keys", "https", "keys.example:8443", "/"},
	} {
		if got, err := s.jwksTarget(doc); err != nil || got != want {
			t.Errorf("jwksTarget(%s) = %v, %v, want %v", doc, got, err, want)
		}
	}
	for doc, want := range map[string]string{
		`x`:  "expected a value; got",
		`[]`: `issuer is ""`,
		`{}`: `issuer is ""`,
		`{"issuer":"https://issuer.example/","jwks_uri":"https://issuer.example/"}`:                               `issuer is "https://issuer.example/"`,
		`{"issuer":"https://evil.example","jwks_uri":"https://issuer.example/"}`:                                  `issuer is "https://evil.example"`,
		`{"issuer":["https://issuer.example"],"jwks_uri":"https://issuer.example/"}`:                              `issuer is ""`,
		`{"issuer":"https://issuer.example"}`:                                                                     `jwks_uri "" is no https URI`,
		`{"issuer":"https://issuer.example","jwks_uri":7}`:                                                        `jwks_uri "" is no https URI`,
		`{"issuer":"https://issuer.example","jwks_uri":"http://issuer.example/"}`:                                 `is no https URI`,
		`{"issuer":"https://issuer.example","jwks_uri":"https://169.254.169.254/"}`:                               `on a host that has no cluster`,
		`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example:444/"}`:                            `on a host that has no cluster`,
		`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/","jwks_uri":"https://e.example"}`: `is there twice`,
	} {
		if got, err := s.jwksTarget(doc); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("jwksTarget(%s) = %v, %v, want an error with %s", doc, got, err, want)
		}
	}
}

// TestDiscovery: the document, then the key set, within one lease.
func TestDiscovery(t *testing.T) {
	s := compile(t, `{"discovery":"http://issuer.example/d","cluster":"issuer"}`, "iss")
	k := NewRefresher(s, usable, 7)
	out, _ := k.Tick(now, "")
	raw := string(out.Store)
	ok := [][2]string{{":status", "200"}}
	next, o, err := k.HandleAnswer(now, raw, out.Fetch, Answer{Headers: ok, Body: `{"issuer":"iss","jwks_uri":"http://issuer.example/k"}`})
	if err != nil || o != Fetched || next.Store != nil || next.Fetch == nil || next.Fetch.Path != "/k" || next.Fetch.Cluster != "issuer" {
		t.Fatalf("HandleAnswer(discovery) = %+v, %s, %v", next, o, err)
	}
	done, o, err := k.HandleAnswer(now, raw, next.Fetch, Answer{Headers: ok, Body: `["k"]`})
	if err != nil || o != Fetched || done.Store == nil {
		t.Fatalf("HandleAnswer(keys) = %+v, %s, %v", done, o, err)
	}
	if k.Tick(now, string(done.Store)); k.Document(now) != `["k"]` {
		t.Errorf("Document = %q", k.Document(now))
	}
	lost, o, err := k.HandleAnswer(now, raw, out.Fetch, Answer{Headers: ok, Body: `{"issuer":"other"}`})
	if o != Malformed || err == nil || lost.Store == nil || lost.Fetch != nil {
		t.Errorf("HandleAnswer(another's discovery) = %+v, %s, %v", lost, o, err)
	}
}

func TestOutcomes(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Minute, Timeout: time.Second, MaxStale: time.Hour, Interval: time.Second}
	status := func(code string) [][2]string { return [][2]string{{":status", code}} }
	k := NewRefresher(s, usable, 7)
	first, _ := k.Tick(now, "")
	good, _, _ := k.HandleAnswer(now, string(first.Store), first.Fetch, Answer{Headers: status("200"), Body: `["a"]`})
	later := now.Add(2 * time.Minute)
	second, _ := k.Tick(later, string(good.Store))
	for _, x := range []struct {
		a    Answer
		want Outcome
	}{
		{Answer{}, Unreachable},
		{Answer{Headers: status("503")}, Status},
		{Answer{Headers: status("304")}, Status},
		{Answer{Headers: status("302"), Body: `["b"]`}, Status},
		{Answer{Headers: status("200"), Oversized: true}, Oversized},
		{Answer{Headers: status("200"), Body: strings.Repeat(" ", MaxDocument) + "{}"}, Oversized},
		{Answer{Headers: status("200"), Body: "<html>"}, Malformed},
		{Answer{Headers: status("200")}, Malformed},
		{Answer{Headers: status("200"), Body: `{"a":1,"a":2}`}, Malformed},
		{Answer{Headers: status("200"), Body: "{}"}, Unusable},
		{Answer{Headers: status("200"), Body: `["a"]`}, Unchanged},
		{Answer{Headers: status("200"), Body: `["b"]`}, Fetched},
	} {
		out, got, err := k.HandleAnswer(later, string(second.Store), second.Fetch, x.a)
		e, ok := Decode(string(out.Store), id)
		if got != x.want || got.Good() != (err == nil) || !ok || got.Good() != (e.Failures == 0) || got.Good() && e.Document != x.a.Body || !got.Good() && e.Document != `["a"]` {
			t.Errorf("HandleAnswer(%.80q) = %s, %v, %+v, want %s", fmt.Sprint(x.a), got, err, e, x.want)
		}
	}
	if _, _, err := k.HandleAnswer(later, string(good.Store), second.Fetch, Answer{}); !errors.Is(err, errLate) {
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

// TestWaiting: how many requests may wait, for how long, and what they are told.
func TestWaiting(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Hour, Timeout: time.Second, MaxStale: time.Hour, Interval: 5 * time.Second, Wait: 3 * time.Second}
	k := NewRefresher(s, usable, 7)
	e := Entry{Document: `["a"]`, FetchedAt: now, RequestedAt: now, LastAttempt: now, NextFetch: now.Add(time.Minute)}
	if _, err := k.Tick(now, string(e.Encode(id))); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(maxWaiting) {
		if got := k.Wait(now.Add(1), Waiter{i, fmt.Sprint("k", i), now.Add(1)}); got != MayWait {
			t.Fatalf("Wait(%d) = %v, want MayWait", i, got)
		}
	}
	if got := k.Wait(now.Add(1), Waiter{maxWaiting, "x", now.Add(1)}); got != NoWait || len(k.waiting) != maxWaiting {
		t.Errorf("Wait beyond the bound = %v with %d waiting, want NoWait", got, len(k.waiting))
	}
	k.Forget(0)
	if got := k.Wait(now.Add(4*time.Second), Waiter{0, "late", now.Add(time.Second)}); got != NoWait || len(k.waiting) != maxWaiting-1 {
		t.Errorf("Wait of a request that has waited long enough = %v, want NoWait", got)
	}
	raw := string(e.Encode(id))
	if out, _ := k.Tick(now.Add(2*time.Second), raw); out.Fetch != nil || len(out.Resume) != 0 {
		t.Errorf("before its interval: %+v", out)
	}
	if out, _ := k.Tick(now.Add(3*time.Second+1), raw); len(out.Resume) != maxWaiting-1 || out.Resume[0] != (Resume{1, NoWait}) || len(k.waiting) != 0 {
		t.Errorf("after the wait %d are woken, the first %v", len(out.Resume), out.Resume[:1])
	}
	// A look after the request came: it is told so, and the next one at once.
	since := now.Add(4 * time.Second)
	k.Wait(since, Waiter{1, "gone", since})
	out, _ := k.Tick(now.Add(5*time.Second), raw)
	if out.Fetch == nil || !out.ForUnknownKey {
		t.Fatalf("at its interval: %+v", out)
	}
	e.RequestedAt, e.LastAttempt = now.Add(5*time.Second), now.Add(5*time.Second)
	if out, _ := k.Tick(now.Add(6*time.Second), string(e.Encode(id))); len(out.Resume) != 1 || out.Resume[0] != (Resume{1, Refreshed}) {
		t.Errorf("after the look: %+v", out.Resume)
	}
	again := now.Add(7 * time.Second)
	if got := k.Wait(again, Waiter{2, "gone", again}); got != Refreshed {
		t.Errorf("Wait for a key that was looked for = %v, want Refreshed", got)
	}
	e.Document = `["b"]`
	k.Tick(again, string(e.Encode(id)))
	if got := k.Wait(again, Waiter{3, "gone", again}); got != MayWait {
		t.Errorf("Wait with another document = %v, want MayWait: what was missing may be there", got)
	}
	for i := range 2 * maxUnknown {
		k.rememberUnknown(again, fmt.Sprint(i))
	}
	if len(k.unknown) > maxUnknown {
		t.Errorf("%d keys are remembered as missing", len(k.unknown))
	}
}

// TestForeign: what is no entry of ours is refused, said once, and replaced.
func TestForeign(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Minute, Timeout: time.Second, MaxStale: time.Hour, Interval: time.Second, Wait: time.Second}
	unusable := Entry{Document: "{}", FetchedAt: now, RequestedAt: now, LastAttempt: now, NextFetch: now.Add(time.Minute)}
	for _, raw := range []string{"garbage", magic, string(unusable.Encode(strings.Repeat("j", 32))), string(unusable.Encode(id))} {
		k := NewRefresher(s, usable, 7)
		if err := k.Load(raw); err == nil || k.Document(now) != "" {
			t.Errorf("Load(%.40q) = %v, with document %q", raw, err, k.Document(now))
		}
		if out, err := k.Tick(now, raw); err != nil || out.Store == nil {
			t.Errorf("Tick(%.40q) = %+v, %v, want a fetch and nothing said again", raw, out, err)
		}
	}
}
