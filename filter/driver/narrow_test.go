package driver_test

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// iap returns the example iap, and a request that it allows.
func iap(t *testing.T) (*corpus.Scenario, corpus.Request) {
	t.Helper()
	s, err := corpus.Load("../../examples/iap")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Request(corpus.Case{
		Token:   &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com", "sub": "ana"}},
		Request: "POST /kfserving/prod/fraud:predict",
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func document(t *testing.T, doc string) *gate.NarrowingDocument {
	t.Helper()
	d, err := gate.NewNarrowingDocument(doc)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const (
	open   = `{"version": 1, "name": "open", "denies": [{"name": "explain", "verbs": ["explain"]}]}`
	closed = `{"version": 1, "name": "closed", "denies": [{"name": "all"}]}`
	nobody = `{"version": 1, "name": "nobody", "grants": [{"name": "one", "issuers": ["iap"], "members": ["user:nobody@example.com"],
		"role": "invoker", "models": ["prod/fraud"]}]}`
	unknown = `{"version": 1, "name": "unknown", "denies": [{"name": "all", "issuers": ["nobody"]}]}`
)

// narrowed sends a request by a route with a narrowing.
func narrowed(w *driver.Worker, r corpus.Request, d *gate.NarrowingDocument) string {
	side := newRequest(r)
	s := w.NewStream(0, side)
	defer s.End()
	s.AwaitRoute()
	a := s.RequestHeaders(true)
	if a == driver.Forward && s.AwaitsRoute() {
		a = s.Narrow(d)
	}
	return side.became(a)
}

// became is what has become of a request after an action: "forward", or the reason for the answer.
func (r *request) became(a driver.Action) string {
	switch {
	case r.answered != nil && a == driver.Pause:
		return r.answered.Details
	case r.answered == nil && a == driver.Forward:
		return "forward"
	}
	return "neither"
}

// TestNarrow: threads share the narrowings of a plugin. One that does not fit is logged once.
func TestNarrow(t *testing.T) {
	s, r := iap(t)
	host := newProcess()
	p := newPlugin(t, host, s.Config, s.Secret)
	documents := map[*gate.NarrowingDocument]string{
		document(t, open): "forward", document(t, closed): "modelgate_denied",
		document(t, unknown): "modelgate_not_ready", nil: "modelgate_not_ready",
	}
	var threads sync.WaitGroup
	for range 4 {
		threads.Go(func() {
			w := p.NewWorker(driver.NewThread(host), nil)
			for range 50 {
				for d, want := range documents {
					if got := narrowed(w, r, d); got != want {
						t.Errorf("%s, want %s", got, want)
					}
				}
			}
		})
	}
	threads.Wait()
	if n := host.metric("modelgate.requests.denied"); n != 200 {
		t.Errorf("denied counts %d, want 200", n)
	}
	if n := strings.Count(fmt.Sprint(host.lines), "a narrowing does not fit"); n != 1 {
		t.Errorf("%d lines say that a narrowing does not fit, want 1", n)
	}
}

// TestNarrowUnasked: a narrowing of which nothing was said before refuses.
func TestNarrowUnasked(t *testing.T) {
	s, r := iap(t)
	host := newProcess()
	w := newPlugin(t, host, s.Config, s.Secret).NewWorker(driver.NewThread(host), nil)
	for _, begun := range []bool{false, true} {
		side := newRequest(r)
		stream := w.NewStream(0, side)
		if begun {
			stream.RequestHeaders(true)
		}
		if a := stream.Narrow(document(t, open)); a != driver.Pause || side.answered == nil || side.answered.Status != 500 {
			t.Errorf("begun %v: action %d, reply %v, want a refusal", begun, a, side.answered)
		}
		stream.End()
	}
}

// TestNarrowingsAreForgotten: what a proxy has dropped is dropped with the next narrowing.
func TestNarrowingsAreForgotten(t *testing.T) {
	s, r := iap(t)
	host := newProcess()
	p := newPlugin(t, host, s.Config, s.Secret)
	w := p.NewWorker(driver.NewThread(host), nil)
	for range 20 {
		narrowed(w, r, document(t, open))
	}
	for range 3 {
		runtime.GC()
	}
	narrowed(w, r, document(t, open))
	if n := p.Narrowings(); n > 3 {
		t.Errorf("%d narrowings, want those that are in use", n)
	}
}

// teller is a request of a host that has metadata, filter state and labels.
type teller struct {
	*request
	metadata, state [][2]string
	counted         []driver.Labels
}

func (t *teller) SetMetadata(pairs [][2]string) error {
	for _, p := range pairs { // as Envoy does, which keeps what has other names
		if i := slices.IndexFunc(t.metadata, func(q [2]string) bool { return q[0] == p[0] }); i >= 0 {
			t.metadata[i] = p
		} else {
			t.metadata = append(t.metadata, p)
		}
	}
	return nil
}

func (t *teller) SetFilterState(pairs [][2]string) error {
	t.state = append(t.state, pairs...)
	return nil
}

func (t *teller) CountDecision(l driver.Labels) { t.counted = append(t.counted, l) }

// TestTell: the host is told what the configuration asks for. One that cannot be told refuses.
func TestTell(t *testing.T) {
	s, r := iap(t)
	host := newProcess()
	asks := edit.Set(t, s.Config, "/host", `{"metadata": true, "filterState": true, "labels": true}`)
	w := newPlugin(t, host, asks, s.Secret).NewWorker(driver.NewThread(host), nil)
	side := &teller{request: newRequest(r)}
	stream := w.NewStream(0, side)
	stream.AwaitRoute()
	stream.RequestHeaders(true)
	want := [][2]string{
		{"reason", "allowed"}, {"issuer", "iap"}, {"subject", "ana"}, {"verb", "predict"}, {"model", "prod/fraud"}, {"rule", "analysts"},
	}
	if !reflect.DeepEqual(side.metadata, want) || !reflect.DeepEqual(side.state, want) {
		t.Errorf("metadata %v, filter state %v, want %v", side.metadata, side.state, want)
	}
	stream.Narrow(document(t, closed))
	stream.End()
	want = slices.Clone(want) // filter state has the former
	want[0][1], want[5][1] = "denied", "all"
	want = append(want, [2]string{"shadow", ""}, [2]string{"peer", ""})
	if !reflect.DeepEqual(side.metadata, want) || len(side.state) != 6 {
		t.Errorf("metadata %v, filter state %v, want %v, and filter state written once", side.metadata, side.state, want)
	}
	counted := []driver.Labels{{"allowed", "allowed", "predict", "iap"}, {"refused", "denied", "predict", "iap"}}
	if !reflect.DeepEqual(side.counted, counted) {
		t.Errorf("counted %v, want %v", side.counted, counted)
	}
	missing := &teller{request: newRequest(r)}
	stream = w.NewStream(0, missing)
	stream.AwaitRoute()
	stream.RequestHeaders(true)
	stream.Narrow(document(t, nobody))
	stream.End()
	want[0][1], want[5][1] = "grant_missing", ""
	if !reflect.DeepEqual(missing.metadata, want) {
		t.Errorf("no grant of the narrowing: metadata %v, want %v", missing.metadata, want)
	}
	if o := send(w, r); o.Line != "500 internal" {
		t.Errorf("a host that cannot be told: %s, want 500 internal", o.Line)
	}
}
