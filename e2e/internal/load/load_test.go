package load

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gate starts a server in place of a gate: it answers by the token, and counts its
// connections.
func gate(t *testing.T) (addr string, connections *atomic.Int64) {
	t.Helper()
	connections = new(atomic.Int64)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); {
		case r.Method != "POST" || r.Host != "models.example.com" || r.URL.Path != "/p" || r.Header.Get("X-A") != "1":
			w.WriteHeader(http.StatusTeapot)
		case token == "good":
			w.Header().Set("X-Upstream", "models")
		case token == "bad":
			w.WriteHeader(http.StatusUnauthorized)
			w.Write([]byte(`{"reason":"key_unknown"}`))
		case token == "cut":
			panic(http.ErrAbortHandler)
		case token == "slow":
			io.Copy(io.Discard, r.Body) // or the server does not see that the client has gone
			<-r.Context().Done()
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), connections
}

func always(text string) func(int) string { return func(int) string { return text } }

func TestLines(t *testing.T) {
	addr, connections := gate(t)
	tokens := []string{"good", "bad", "other"}
	var mu sync.Mutex
	var indices []int
	report := Start(Load{
		Addr: addr, Path: always("/p"), Token: func(i int) string { return tokens[i%3] }, Headers: map[string]string{"x-a": "1"},
		Workers: 4, Total: 301, Answered: func(a Answer) {
			mu.Lock()
			defer mu.Unlock()
			indices = append(indices, a.Index)
			if want := map[string]string{"good": Allowed, "bad": "401 key_unknown", "other": "200"}[tokens[a.Index%3]]; a.Line != want ||
				a.Took <= 0 {
				t.Errorf("%d: %q after %v, want %q", a.Index, a.Line, a.Took, want)
			}
		},
	}).Wait()
	if report.Total() != 301 || report.Lines[Allowed] != 101 || report.Lines["401 key_unknown"] != 100 || report.Lines["200"] != 100 {
		t.Error(report)
	}
	if !report.Only(Allowed, "200", "401 key_unknown", "x") || report.Only(Allowed, "200") || (Report{}).Only(Allowed) {
		t.Error("Only")
	}
	if report.Median(Allowed) <= 0 || report.Median("none") != 0 || !strings.Contains(report.String(), "[101 allow, median ") {
		t.Error(report)
	}
	slices.Sort(indices)
	for i, index := range indices {
		if i != index {
			t.Fatalf("request %d was sent as %d", index, i)
		}
	}
	if got := connections.Load(); got > 4 {
		t.Errorf("%d connections for 4 workers", got)
	}
}

// TestFailures: a connection that is cut or refused is an error and
// not sent again.
func TestFailures(t *testing.T) {
	addr, _ := gate(t)
	for addr, token := range map[string]string{addr: "cut", "127.0.0.1:1": "good"} {
		report := Start(Load{Addr: addr, Path: always("/p"), Token: always(token), Headers: map[string]string{"x-a": "1"}, Workers: 2,
			Total: 10}).Wait()
		for line, n := range report.Lines {
			if !strings.HasPrefix(line, "error: ") || n == 0 {
				t.Errorf("%s: %v", token, report)
			}
		}
		if report.Total() != 10 {
			t.Errorf("%s: %v", token, report)
		}
	}
	report := Start(Load{Addr: addr, Path: always("/p"), Token: always("slow"), Headers: map[string]string{"x-a": "1"}, Workers: 1, Total: 1,
		Timeout: 50 * time.Millisecond}).Wait()
	for line := range report.Lines {
		if !strings.HasPrefix(line, "error: ") {
			t.Error(report)
		}
	}
}

// TestPace: never more requests than the rate allows, and Stop ends the stream.
func TestPace(t *testing.T) {
	addr, _ := gate(t)
	began, some := time.Now(), make(chan struct{}, 30)
	r := Start(Load{
		Addr: addr, Path: always("/p"), Token: always("good"), Headers: map[string]string{"x-a": "1"}, Workers: 3, Rate: 100,
		Answered: func(Answer) {
			select {
			case some <- struct{}{}:
			default:
			}
		},
	})
	for range cap(some) {
		<-some
	}
	report := r.Stop()
	if n := report.Total(); n < cap(some) || n > int(time.Since(began).Milliseconds()/10)+1 || !report.Only(Allowed) {
		t.Errorf("%d answers in %v: %v", n, time.Since(began), report)
	}
}

// TestLeave: requests without an answer end when the load leaves.
func TestLeave(t *testing.T) {
	addr, _ := gate(t)
	r := Start(Load{Addr: addr, Path: always("/p"), Token: always("slow"), Headers: map[string]string{"x-a": "1"}, Workers: 3, Total: 3})
	report := r.Leave()
	for line := range report.Lines {
		if !strings.HasPrefix(line, "error: ") {
			t.Error(report)
		}
	}
	if report.Total() > 3 {
		t.Error(report)
	}
}
