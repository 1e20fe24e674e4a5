package e2e

import (
	"context"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
)

// exemptHasNoBody: a health check ends with its head. A request that ends later, by
// an empty frame, an empty chunk or trailers, is not exempt: when the gate decides,
// it cannot know that no body follows.
func exemptHasNoBody(t *testing.T, envoy *harness.Envoy, model *upstream.Server) {
	model.Reset()
	const h1, h2 = rawhttp.H1, rawhttp.H2
	trailers := rawhttp.Headers{{"x-t", "1"}}
	for _, c := range []struct {
		name    string
		request rawhttp.Request
		exempt  bool
	}{
		{"HTTP/1.1", rawhttp.Request{Proto: h1}, true},
		{"HTTP/1.1, a length of nothing", rawhttp.Request{Proto: h1, Headers: rawhttp.Headers{{"content-length", "0"}}}, true},
		{"HTTP/1.1, a body", rawhttp.Request{Proto: h1, Body: []byte("{}")}, false},
		{"HTTP/1.1, trailers", rawhttp.Request{Proto: h1, Body: []byte{}, Trailers: trailers}, false},
		{"HTTP/2, ended by its head", rawhttp.Request{Proto: h2}, true},
		{"HTTP/2, ended by an empty frame", rawhttp.Request{Proto: h2, Body: []byte{}}, false},
		{"HTTP/2, a body", rawhttp.Request{Proto: h2, Body: []byte("{}")}, false},
		{"HTTP/2, ended by trailers", rawhttp.Request{Proto: h2, Body: []byte{}, Trailers: trailers}, false},
	} {
		for _, at := range []struct{ host, path, exempt string }{
			{"any.host", "/healthz", "200 exempt"},
			{"probe.local", "/v1/models/fraud", "allow probe.local /v1/models/fraud"},
		} {
			r := c.request
			r.Method, r.Authority, r.Path = "GET", at.host, at.path
			want := "401 credential_missing"
			if c.exempt {
				want = at.exempt
			}
			ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
			response, err := rawhttp.Do(ctx, envoy.Addr(), nil, r)
			cancel()
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, at.path, err)
				continue
			}
			if o, err := testbed.Outcome(response); err != nil || o.Line != want {
				t.Errorf("%s, %s: %s (%v), want %s", c.name, at.path, o.Line, err, want)
			}
		}
	}
	if got := len(model.Requests()); got != 3 {
		t.Errorf("the model got %d requests, want the 3 health checks that are forwarded", got)
	}
}
