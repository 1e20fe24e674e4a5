//go:build servers || vllm

package servers

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/modelgate/modelgate/e2e/internal/rawgrpc"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
)

// tally is what the requests of a family came to.
type tally struct{ generated, allowed, sent, ran, disagreed int }

// all is how many families there are, which share what the flags say.
const all = 6

// teeth is how many of the requests that are refused go to the server too, which shows what
// they would have done.
const teeth = 300

// oracle holds what the gate authorizes to what a server runs.
func oracle(t *testing.T, list []family, s started) {
	for i := range list {
		f := &list[i]
		t.Run(f.name, func(t *testing.T) {
			target := &target{t: t, http: s.http, grpc: s.grpc}
			defer target.close()
			c, refused := f.compare(t, target, *requests/all, *send/all)
			t.Logf("oracle: %d requests generated, %d allowed; of %d that were sent on the server ran or described a model for %d: "+
				"%d disagreements (seed %d)", c.generated, c.allowed, c.sent, c.ran, c.disagreed, *seed)
			t.Logf("of %d that were refused and sent all the same, the server ran or described a model for %d", refused.sent, refused.ran)
			if *one < 0 && (c.allowed < c.generated/20 || c.ran < c.sent/5) {
				t.Error("too few are allowed, or too few run, to prove anything")
			}
			if *one < 0 && refused.ran == 0 {
				t.Error("the server would have refused whatever the gate refuses, which proves nothing")
			}
		})
	}
}

// compare sends the allowed requests on, evenly spread, up to a number.
func (f *family) compare(t *testing.T, server *target, n, most int) (c, refused tally) {
	g := f.compile(t)
	var allowed, others []decision
	for id := range n {
		if *one >= 0 && id != *one {
			continue
		}
		d := decide(g, generate(f, *seed, id))
		d.id = id
		if c.generated++; !d.allowed {
			if d.asked.grpc || !strings.ContainsFunc(d.asked.path, isControl) {
				others = append(others, d)
			}
			continue
		}
		c.allowed++
		if d.call.Verb <= 4 { // those after Ready change what the server has, or list
			allowed = append(allowed, d)
		}
	}
	for _, d := range spread(allowed, most) {
		answer := server.send(d.sent)
		c.sent++
		wrong, ran := f.disagree(d, answer)
		if ran {
			c.ran++
		}
		if wrong != "" {
			if c.disagreed++; c.disagreed <= 10 {
				t.Errorf("%d of seed %d: %s\n%v\nallowed as %s %v, sent on as %v", d.id, *seed, wrong, d.asked, d.call.Verb, d.call.Models, d.sent)
			}
		}
	}
	for _, d := range spread(others, teeth) {
		refused.sent++
		if _, ran := f.disagree(d, server.send(d.sent)); ran {
			refused.ran++
		}
	}
	return c, refused
}

// isControl reports whether a character would end the target of a request over HTTP/1.1.
func isControl(r rune) bool { return r <= ' ' || r == 0x7f }

// spread returns n of a list, at even distances.
func spread(list []decision, n int) (out []decision) {
	for i := range min(n, len(list)) {
		out = append(out, list[i*len(list)/min(n, len(list))])
	}
	return out
}

// target is a server, asked over one connection of each kind.
type target struct {
	t          *testing.T
	http, grpc string
	conn       *rawhttp.Conn
	client     *grpc.ClientConn
}

func (s *target) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.client != nil {
		s.client.Close()
	}
}

// send returns what a server answers. An answer that is none is "".
func (s *target) send(a ask) string {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	var err error
	if a.grpc {
		if s.client == nil {
			if s.client, err = rawgrpc.Dial(s.grpc, "models.example.com"); err != nil {
				s.t.Fatal(err)
			}
		}
		var pairs []string
		for _, h := range a.headers {
			pairs = append(pairs, h[0], h[1])
		}
		reply, err := rawgrpc.Call(ctx, s.client, a.path, pairs, []byte(a.body))
		if err != nil {
			return ""
		}
		return string(reply)
	}
	if s.conn == nil {
		if s.conn, err = rawhttp.Dial(ctx, s.http, nil, rawhttp.H1); err != nil {
			s.t.Fatal(err)
		}
	}
	request := rawhttp.Request{Method: a.method, Path: a.path, Authority: "models.example.com", Headers: a.headers}
	if a.body != "" {
		request.Body = []byte(a.body)
	}
	response, err := s.conn.Do(ctx, request)
	if err != nil || response.Headers.Get("connection") == "close" {
		s.conn.Close()
		s.conn = nil
	}
	if ctx.Err() != nil {
		s.t.Errorf("%v: %v", a, fmt.Errorf("no answer: %w", ctx.Err()))
	}
	return string(response.Body)
}
