package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// allowedRequest returns the scenario examples/iap, a request that it allows, and
// the outcome of that request.
func allowedRequest(t *testing.T) (s *corpus.Scenario, r corpus.Request, want string) {
	t.Helper()
	s, err := corpus.Load("../examples/iap")
	if err != nil {
		t.Fatal(err)
	}
	if r, err = s.Request(s.Cases[0], time.Now()); err != nil {
		t.Fatal(err)
	}
	return s, r, s.Cases[0].Want
}

// send runs one request to its end and returns its outcome. Besides the lines of
// the corpus, the outcome can be "trap" (the VM died), "paused" (neither forwarded
// nor answered) or "answered and continued".
func send(t *testing.T, vm *wasmhost.VM, r corpus.Request) corpus.Outcome {
	t.Helper()
	s := vm.NewStream(connectionProperties(r))
	defer s.Close()
	action, err := s.RequestHeaders(r.Pairs(), r.Head().End)
	if err == nil && s.LocalReply() == nil && r.Body != "" {
		action, err = s.RequestBody([]byte(r.Body), len(r.Trailers) == 0)
	}
	if err == nil && s.LocalReply() == nil && len(r.Trailers) > 0 {
		action, err = s.RequestTrailers(r.Trailers)
	}
	if err == nil && s.LocalReply() == nil && action == wasmhost.Continue {
		if got := string(s.Request().Body); got != r.Body {
			t.Errorf("%s %s: the upstream gets the body %q, want %q", r.Method, r.Path, got, r.Body)
		}
		err = respondUpstream(s, r)
	}
	if err != nil {
		return corpus.Outcome{Line: "trap"}
	}
	reply := s.LocalReply()
	switch {
	case reply == nil && action == wasmhost.Continue:
		o := corpus.Sent(s.Request().Headers)
		o.Reply = string(s.Response().Body)
		return o
	case reply == nil:
		return corpus.Outcome{Line: "paused"}
	case action == wasmhost.Continue && r.Reply == "":
		return corpus.Outcome{Line: "answered and continued"}
	}
	line := corpus.RefusedReply(int(reply.Status), reply.Body)
	if r.GRPC {
		line = fmt.Sprintf("grpc %d %s", reply.GRPC, reply.Body)
	}
	if why := line[strings.LastIndexByte(line, ' ')+1:]; reply.Details != "modelgate_"+why {
		t.Errorf("%s %s: the details of %q are %q, want %q", r.Method, r.Path, line, reply.Details, "modelgate_"+why)
	}
	return corpus.Outcome{Line: line, Challenge: corpus.ChallengeOf(reply.Headers)}
}

// respondUpstream delivers the upstream's response, if the case has one.
func respondUpstream(s *wasmhost.Stream, r corpus.Request) error {
	if r.Reply == "" {
		return nil
	}
	if _, err := s.ResponseHeaders(r.ReplyPairs(), false); err != nil || s.LocalReply() != nil {
		return err
	}
	if !r.GRPC {
		_, err := s.ResponseBody([]byte(r.Reply), true)
		return err
	}
	if _, err := s.ResponseBody([]byte(r.Reply), false); err != nil {
		return err
	}
	_, err := s.ResponseTrailers([][2]string{{"grpc-status", "0"}})
	return err
}

// connectionProperties returns what Envoy knows about the request's connection.
func connectionProperties(r corpus.Request) map[string][]byte {
	if r.Peer.Digest == "" {
		return map[string][]byte{wasmhost.PropertyPath("connection", "peer_certificate_valid"): {0}}
	}
	valid := []byte{0}
	if r.Peer.Validated {
		valid[0] = 1
	}
	return map[string][]byte{
		wasmhost.PropertyPath("connection", "peer_certificate_valid"):         valid,
		wasmhost.PropertyPath("connection", "uri_san_peer_certificate"):       []byte(r.Peer.URI),
		wasmhost.PropertyPath("connection", "subject_peer_certificate"):       []byte(r.Peer.Subject),
		wasmhost.PropertyPath("connection", "sha256_peer_certificate_digest"): []byte(r.Peer.Digest),
		wasmhost.PropertyPath("connection", "peer_certificate"):               []byte(r.Peer.Certificate),
	}
}
