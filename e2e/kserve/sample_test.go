//go:build kserve

package kserve

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/internal/inference"
)

// server is KServe's, running, asked over one connection.
type server struct {
	addr string
	conn *rawhttp.Conn
}

func startServer(t *testing.T) *server {
	t.Helper()
	rest, _, _ := startKServe(t)
	return &server{addr: rest}
}

// perBatch is how many requests of each batch go to the running server too.
const perBatch = 50

// sample holds what the running server looks up to what the same code looked up
// inside the oracle.
func (s *server) sample(t *testing.T, f *family, pending []decision, inside []selection) (sampled int) {
	t.Helper()
	for i := range pending {
		d := &pending[i]
		if sampled == perBatch {
			break
		}
		if d.call.Verb == inference.Unload { // after which the model is gone
			continue
		}
		names, told := s.ask(t, d.sent)
		if !told { // an error that KServe's outermost layer answers
			continue
		}
		sampled++
		want := inside[i].models
		// The running server refuses a version, and a V2 body that is not JSON (422, FastAPI),
		// before it looks for the model. The oracle's wrapped endpoint takes such a body.
		if len(names) == 0 && (inside[i].version != "" || !json.Valid([]byte(d.sent.body))) {
			want = nil
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: %v\nthe running server looks up %q, the oracle %q", f.name, d.sent, names, want)
		}
	}
	return sampled
}

// ask returns the names that the server says it looked up.
func (s *server) ask(t *testing.T, a ask) (names []string, told bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if s.conn == nil {
		var err error
		if s.conn, err = rawhttp.Dial(ctx, s.addr, nil, rawhttp.H1); err != nil {
			t.Fatal(err)
		}
	}
	request := rawhttp.Request{Method: a.method, Path: a.path, Authority: a.authority, Headers: a.headers}
	if a.body != "" {
		request.Body = []byte(a.body)
	}
	response, err := s.conn.Do(ctx, request)
	if err != nil {
		t.Errorf("%v: %v", a, err)
		s.conn.Close()
		s.conn = nil
		return nil, false
	}
	text := response.Headers.Get("x-models")
	if text == "" {
		return nil, false
	}
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		t.Errorf("%v: %s: %v", a, text, err)
	}
	slices.Sort(names)
	return slices.Compact(names), true
}
