// Package load sends many requests to a gate over HTTP/1.1 with keep-alive, in a
// closed loop or at a fixed rate, and reports the answer to each. It is for tests
// under load, not for benchmarks.
package load

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// Allowed is the line of a request that reached the upstream.
const Allowed = "allow"

// Load is a stream of requests. Path and Token are called for each request, with
// its number.
type Load struct {
	Addr    string
	Path    func(i int) string
	Token   func(i int) string
	Headers map[string]string // of every request
	Body    string            // of every request; "": {"instances":[]}

	Workers int           // connections at most, each with one request at a time
	Rate    int           // requests a second at most; 0: each worker sends when it has its answer
	Total   int           // requests at most; 0: until Stop
	Timeout time.Duration // of one request; 0: five minutes, which only ends what would never end
	// Answered is told of each answer, from many goroutines.
	Answered func(Answer)
}

// Answer is the result of one request.
type Answer struct {
	Index int
	// Line is Allowed, "<status> <reason>" of the gate's own answer, "<status>" of
	// another, or "error: " and why there was none.
	Line string
	Sent time.Time
	Took time.Duration
}

// Report counts the answers.
type Report struct {
	Lines map[string]int             // how many of each
	took  map[string][]time.Duration // by line
}

// Total returns the number of answers.
func (r Report) Total() int {
	n := 0
	for _, count := range r.Lines {
		n += count
	}
	return n
}

// Only reports whether there were answers, all of them with one of these lines.
func (r Report) Only(lines ...string) bool {
	for line := range r.Lines {
		if !slices.Contains(lines, line) {
			return false
		}
	}
	return len(r.Lines) > 0
}

// Median returns the median time of the answers with that line; 0 if there are none.
func (r Report) Median(line string) time.Duration { return r.Percentile(line, 50) }

// Percentile returns the time within which that many percent of the answers with that
// line came; 0 if there are none.
func (r Report) Percentile(line string, percent int) time.Duration {
	took := slices.Sorted(slices.Values(r.took[line]))
	if len(took) == 0 {
		return 0
	}
	return took[len(took)*percent/100]
}

// String lists each line with its count.
func (r Report) String() string {
	var b strings.Builder
	for _, line := range slices.Sorted(maps.Keys(r.Lines)) {
		fmt.Fprintf(&b, "[%d %s, median %v] ", r.Lines[line], line, r.Median(line).Round(time.Microsecond))
	}
	return strings.TrimSuffix(b.String(), " ")
}

// Running is a load that has been started.
type Running struct {
	load   Load
	client *http.Client
	ctx    context.Context
	cancel context.CancelFunc
	next   atomic.Int64
	slot   time.Time // of the next request, under mu
	stop   chan struct{}
	once   sync.Once
	done   sync.WaitGroup
	mu     sync.Mutex
	report Report
}

// Start starts to send.
func Start(l Load) *Running {
	if l.Timeout == 0 {
		l.Timeout = 5 * time.Minute
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Running{
		ctx: ctx, cancel: cancel, load: l, slot: time.Now(), stop: make(chan struct{}),
		client: &http.Client{Timeout: l.Timeout, Transport: &http.Transport{
			MaxConnsPerHost: l.Workers, MaxIdleConnsPerHost: l.Workers, DisableCompression: true,
		}},
		report: Report{map[string]int{}, map[string][]time.Duration{}},
	}
	for range l.Workers {
		r.done.Go(r.work)
	}
	return r
}

// Wait waits until Total requests have been answered.
func (r *Running) Wait() Report {
	r.done.Wait()
	r.cancel()
	r.client.CloseIdleConnections()
	return r.report
}

// Stop sends no more requests, waits for the answers in flight, and returns the Report.
func (r *Running) Stop() Report {
	r.once.Do(func() { close(r.stop) })
	return r.Wait()
}

// Leave gives up the requests in flight, closes their connections, and returns the Report.
func (r *Running) Leave() Report {
	r.cancel()
	return r.Stop()
}

// work is one connection.
func (r *Running) work() {
	for {
		i := int(r.next.Add(1)) - 1
		if r.load.Total > 0 && i >= r.load.Total || !r.turn() {
			return
		}
		a := r.send(i)
		if r.load.Answered != nil {
			r.load.Answered(a)
		}
		r.mu.Lock()
		r.report.Lines[a.Line]++
		r.report.took[a.Line] = append(r.report.took[a.Line], a.Took)
		r.mu.Unlock()
	}
}

// turn waits for the time of the next request; false if there is none any more.
// What could not be sent in time is not made up for: a machine that is too slow
// for the rate gets less, and no backlog.
func (r *Running) turn() bool {
	var wait time.Duration
	if r.load.Rate > 0 {
		r.mu.Lock()
		now := time.Now()
		if r.slot.Before(now) {
			r.slot = now
		}
		wait = r.slot.Sub(now)
		r.slot = r.slot.Add(time.Second / time.Duration(r.load.Rate))
		r.mu.Unlock()
	}
	if wait <= 0 {
		select {
		case <-r.stop:
			return false
		default:
			return true
		}
	}
	select {
	case <-r.stop:
		return false
	case <-time.After(wait):
		return true
	}
}

func (r *Running) send(i int) Answer {
	a := Answer{Index: i, Sent: time.Now()}
	a.Line = r.exchange(i)
	a.Took = time.Since(a.Sent)
	return a
}

// exchange posts a request and puts the answer into a line. A POST is not sent
// twice by net/http once any of it was written, so no failure is hidden.
func (r *Running) exchange(i int) string {
	content := strings.NewReader(cmp.Or(r.load.Body, `{"instances":[]}`))
	request, err := http.NewRequestWithContext(r.ctx, "POST", "http://"+r.load.Addr+r.load.Path(i), content)
	if err != nil {
		return "error: " + err.Error()
	}
	request.Host = "models.example.com"
	request.Header.Set("Authorization", "Bearer "+r.load.Token(i))
	for name, value := range r.load.Headers {
		request.Header.Set(name, value)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return "error: " + err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case response.StatusCode == http.StatusOK && response.Header.Get("X-Upstream") != "":
		return Allowed
	}
	return corpus.RefusedReply(response.StatusCode, string(body))
}
