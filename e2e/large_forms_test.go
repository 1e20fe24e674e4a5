package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// forms is examples/vllm before a server that says what it got.
type forms struct {
	*corpus.Scenario
	envoy *harness.Envoy
	llm   *upstream.Server
}

// TestLargeForms uploads 64 MiB through an Envoy that may keep no more than 1 MiB of a
// stream. A form with the model first flows, and reading it takes next to nothing. A form
// with the model last is too long to be held.
func TestLargeForms(t *testing.T) {
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("holds=%v", holds), func(t *testing.T) {
			t.Parallel()
			s := load(t, "vllm")
			options := harness.Options{Edit: smallBuffers}
			if holds {
				s.Config = edit.Set(t, s.Config, "/host", `{"holdHeaders": true}`)
				options.Edit = func(bootstrap map[string]any) {
					smallBuffers(bootstrap)
					allowHolding(bootstrap)
				}
			}
			envoy, servers := runWith(t, s, options)
			x := &forms{s, envoy, servers["llm"]}
			// The module's heap grows to its first collections, whatever is asked.
			for range 100 {
				x.send(t, x.transcription(t, "model=base", file(16<<10)), "allow models.example.com /v1/audio/transcriptions")
			}
			x.flow(t)
			x.modelLast(t)
		})
	}
}

// file is a part with a file of size bytes.
func file(size int) string {
	return "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\n\n" + strings.Repeat("x", size)
}

func (x *forms) transcription(t *testing.T, parts ...string) corpus.Request {
	t.Helper()
	return x.request(t, corpus.Case{Request: "POST /v1/audio/transcriptions", Form: parts})
}

func (x *forms) request(t *testing.T, c corpus.Case) corpus.Request {
	t.Helper()
	c.Token = &corpus.Token{Issuer: "corp", Claims: map[string]any{"email": "bob@example.com", "email_verified": true}}
	r, err := x.Request(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// send sends a request, and compares the outcome.
func (x *forms) send(t *testing.T, r corpus.Request, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	if o, err := testbed.Ask(ctx, x.envoy.Addr(), nil, rawhttp.H2, r); err != nil || o.Line != want {
		t.Fatalf("%s (%v), want %s\n%s", o.Line, err, want, tail(x.envoy.Log()))
	}
}

// flow compares the memory for a form with the model first with that for the same bytes in
// a request whose body is not read.
func (x *forms) flow(t *testing.T) {
	form := x.transcription(t, "model=base", file(64<<20))
	plain := x.request(t, corpus.Case{Request: "POST /v1/responses/resp_1/cancel", Host: "gateway.example.com"})
	plain.Body = form.Body
	call := func(r corpus.Request, want string) int {
		return peak(t, x.envoy, func() { x.send(t, r, want) })
	}
	ofPlain := func() int { return call(plain, "allow gateway.example.com /v1/responses/resp_1/cancel") }
	ofForm := func() int { return call(form, "allow models.example.com /v1/audio/transcriptions") }
	unread, read := max(ofPlain(), ofPlain()), min(ofForm(), ofForm())
	t.Logf("64 MiB unread: %d kB at most; read: %d kB", unread, read)
	if read-unread > 2<<10 {
		t.Errorf("reading 64 MiB takes %d kB more than letting it pass", read-unread)
	}
	all := x.llm.Requests()
	if got := all[len(all)-1].BodyBytes; got != int64(len(form.Body)) {
		t.Errorf("the server got %d bytes, want %d", got, len(form.Body))
	}
}

// modelLast: nothing of a form reaches the server before its model is known.
func (x *forms) modelLast(t *testing.T) {
	x.llm.Reset()
	x.send(t, x.transcription(t, file(512<<10), "model=base"), "allow models.example.com /v1/audio/transcriptions")
	x.send(t, x.transcription(t, file(64<<20), "model=base"), "413")
	x.send(t, x.transcription(t, file(512<<10), "model=base", "model=secret"), "400 body_invalid")
	if got := x.llm.Requests(); len(got) != 1 {
		t.Errorf("the server got %d forms, want 1", len(got))
	}
}
