package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// compile compiles "routes".
func compile(t testing.TB, routes string) *inference.Routes {
	t.Helper()
	rs, problems := compileServing(t, routes, "")
	if problems != "" {
		t.Fatalf("Compile(%s): %s", routes, problems)
	}
	return rs
}

// compileServing compiles "routes" and "serves", which is "" for none, and returns
// the problems as text.
func compileServing(t testing.TB, routes, serves string) (*inference.Routes, string) {
	t.Helper()
	var problems strictjson.Problems
	r, ok := strictjson.Parse(routes, &problems)
	s := strictjson.Value{}
	if serves != "" {
		var okServes bool
		s, okServes = strictjson.Parse(serves, &problems)
		ok = ok && okServes
	}
	if !ok {
		t.Fatalf("%s or %s: %v", routes, serves, problems)
	}
	return inference.Compile(r, s, true), problems.Error()
}

// request reads "METHOD path" or "METHOD path header: value". The method gRPC is a
// POST with gRPC's content type.
func request(line, host string) inference.Request {
	method, rest, _ := strings.Cut(line, " ")
	path, header, hasHeader := strings.Cut(rest, " ")
	r := inference.Request{Method: method, Path: path, Authority: host}
	if method == "gRPC" {
		r.Method, r.GRPC = "POST", true
	}
	if hasHeader {
		name, value, _ := strings.Cut(header, ": ")
		kind := headers.KindOf(name)
		if kind == headers.Unknown { // a header of the configuration
			kind = headers.Model
		}
		r.Routing = []inference.RoutingHeader{{Kind: kind, Value: value}}
	}
	return r
}

// callText writes a Call in one line.
func callText(c inference.Call) string {
	s := c.Protocol + " " + c.Verb.String()
	for _, m := range c.Models {
		s += " " + m.String()
	}
	return s
}

// matchText writes a Match in one line: the call, with a slash after a service as a
// whole; "body" where the body names the models, "stream" where each message does,
// "trim" where the reply is trimmed and "answer" where the gate answers; "->" and where it goes where it is
// rewritten; and the header that the gate writes.
func matchText(r inference.Request, m inference.Match) string {
	s := m.Call.Protocol + " " + m.Call.Verb.String()
	for _, model := range m.Call.Models {
		s += " " + model.String()
		if model.Name == "" {
			s += "/"
		}
	}
	switch {
	case m.Body != nil && m.Body.Stream:
		s += " stream"
	case m.Body != nil:
		s += " body"
	case m.AnswersList():
		s += " answer"
	case m.Listing != nil:
		s += " trim"
	}
	if m.Authority != r.Authority || m.Path != r.Path {
		s += " -> " + m.Authority + " " + m.Path
	}
	if m.Header[0] != "" {
		s += " header " + m.Header[1]
	}
	return s
}

// public is a host that means no service.
const public = "models.example.com"

// matchCase wants the call of a request, or the reason why it is refused.
type matchCase struct{ host, request, want string }

// checkMatches matches each request, as a subtest.
func checkMatches(t *testing.T, routes *inference.Routes, cases []matchCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.request+" on "+c.host, func(t *testing.T) {
			m, why := routes.Match(request(c.request, c.host))
			got := why.String()
			if why == reason.Allowed {
				got = callText(m.Call)
			} else if m.Route != nil || m.Call.Models != nil || m.Authority != "" || m.Path != "" {
				t.Errorf("Match = %s with %v, want no match", why, m)
			}
			if got != c.want {
				t.Errorf("Match = %s, want %s", got, c.want)
			}
		})
	}
}
