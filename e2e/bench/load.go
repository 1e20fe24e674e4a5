package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"fortio.org/fortio/periodic"
)

// load is one phase of requests to one address.
type load struct {
	addr        string
	ask         question // of every request over HTTP/1.1; the other protocols have their own
	tokens      *pool    // nil: no token
	connections int
	rate        float64 // requests a second, over all connections; 0: each as soon as the one before is answered
	duration    time.Duration
	exactly     int64 // number of requests, instead of a duration
}

// result has the figures of one phase.
type result struct {
	served         int64
	rps            float64
	p50, p99, p999 float64 // milliseconds
}

// headers are what a client behind a gateway sends besides the token.
var headers = [][2]string{
	{"Host", "models.example.com"}, {"User-Agent", "bench/1"}, {"Accept", "application/json"}, {"Content-Type", "application/json"},
	{"Accept-Encoding", "gzip"}, {"X-Forwarded-For", "203.0.113.7"}, {"X-Forwarded-Proto", "https"},
	{"X-Request-Id", "5ab4c1c2-7f3b-4f0e-8d6a-1f2e3d4c5b6a"}, {"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
}

// options returns the phase's options for Fortio.
func (l load) options() periodic.RunnerOptions {
	o := periodic.RunnerOptions{QPS: -1, NumThreads: l.connections, Duration: l.duration, Exactly: l.exactly,
		Resolution: 1e-6, Percentiles: []float64{50, 99, 99.9}, Out: io.Discard, Uniform: true}
	if l.rate > 0 {
		o.QPS = l.rate
	}
	return o
}

// http1 runs a phase over HTTP/1.1 with Fortio's engine. Fortio's own fast client
// cannot change a header between requests, but fresh tokens need that. So every
// contender gets a connection of this package.
func (l load) http1() (result, error) {
	options := l.options()
	run := periodic.NewPeriodicRunner(&options)
	defer run.Options().Abort()
	callers := make([]*connection, l.connections)
	for i := range callers {
		c, err := dial(l.addr, l.tokens, l.ask)
		if err != nil {
			return result{}, err
		}
		defer c.conn.Close()
		callers[i], run.Options().Runners[i] = c, c
	}
	r, err := l.result(run.Run())
	for _, c := range callers {
		if c.failure != nil {
			return r, c.failure
		}
	}
	return r, err
}

// result converts Fortio's figures. It returns errRate if the rate was not held,
// since the latencies would then be those of a closed loop.
func (l load) result(r periodic.RunnerResults) (result, error) {
	h := r.DurationHistogram
	if h == nil || h.Count == 0 {
		return result{}, fmt.Errorf("no request was served: %s", r.ServerReply.Message)
	}
	out := result{served: h.Count, rps: r.ActualQPS}
	for _, p := range h.CalcPercentiles([]float64{50, 99, 99.9}).Percentiles {
		switch p.Percentile {
		case 50:
			out.p50 = p.Value * 1e3
		case 99:
			out.p99 = p.Value * 1e3
		case 99.9:
			out.p999 = p.Value * 1e3
		}
	}
	if l.rate > 0 && r.ActualQPS < 0.9*l.rate {
		return out, fmt.Errorf("%w: %.0f instead of %.0f requests a second", errRate, r.ActualQPS, l.rate)
	}
	return out, nil
}

var errRate = fmt.Errorf("the rate was not held")

// connection is one client, with at most one request in flight.
type connection struct {
	conn       net.Conn
	reader     *bufio.Reader
	tokens     *pool
	head, tail []byte // of a request, before and after the token
	out        []byte
	failure    error // the first
}

func dial(addr string, tokens *pool, q question) (*connection, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &connection{conn: conn, reader: bufio.NewReader(conn), tokens: tokens}
	c.head = fmt.Appendf(nil, "POST %s HTTP/1.1\r\n", q.path)
	for _, h := range headers {
		c.head = fmt.Appendf(c.head, "%s: %s\r\n", h[0], h[1])
	}
	c.tail = fmt.Appendf(nil, "Content-Length: %d\r\n\r\n%s", len(q.body), q.body)
	return c, nil
}

// Run sends one request. Any status but 200 fails the whole run.
func (c *connection) Run(context.Context, periodic.ThreadID) (ok bool, details string) {
	status, err := c.roundTrip()
	if err == nil && status != 200 {
		err = fmt.Errorf("%s answers %d", c.conn.RemoteAddr(), status)
	}
	if err != nil && c.failure == nil {
		c.failure = err
	}
	return err == nil, ""
}

func (c *connection) roundTrip() (status int, err error) {
	c.out = append(c.out[:0], c.head...)
	if c.tokens != nil {
		c.out = append(append(append(c.out, "Authorization: Bearer "...), c.tokens.nextToken()...), "\r\n"...)
	}
	c.out = append(c.out, c.tail...)
	c.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, err
	}
	return c.readResponse()
}

// readResponse reads one response whose body has a Content-Length.
func (c *connection) readResponse() (status int, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("no status line: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := 0
	for {
		if line, err = c.reader.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			_, err = c.reader.Discard(length)
			return status, err
		}
		if value, is := bytes.CutPrefix(line, []byte("content-length: ")); is {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
}
