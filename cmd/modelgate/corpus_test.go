package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestCorpusDecide runs every case through `modelgate decide`, one line for each.
func TestCorpusDecide(t *testing.T) {
	scenarios, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) { checkCases(t, s) })
	}
}

func checkCases(t *testing.T, s *corpus.Scenario) {
	config := writeFile(t, t.TempDir(), "config.json", s.Config)
	now := time.Now().Truncate(time.Second)
	var requests []corpus.Request
	var in strings.Builder
	for _, c := range s.Cases {
		r, err := s.Request(c, now)
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, r)
		line, _ := json.Marshal(map[string]any{
			"method": r.Method, "path": r.Path, "authority": r.Authority, "headers": r.Headers, "trailers": r.Trailers,
			"body": []byte(r.Body), "peer": map[string]any{
				"uri": r.Peer.URI, "validated": r.Peer.Validated, "digest": r.Peer.Digest,
				"subject": r.Peer.Subject, "certificate": r.Peer.Certificate,
			},
		})
		fmt.Fprintf(&in, "%s\n", line)
	}
	got := runCommand(s.Secret, in.String(), "decide", "--config", config, "--now", now.Format(time.RFC3339))
	answers := strings.Split(strings.TrimSpace(got.out), "\n")
	if got.status != 0 || len(answers) != len(s.Cases) {
		t.Fatalf("status %d and %d answers to %d requests: %s", got.status, len(answers), len(s.Cases), got.err)
	}
	for i, c := range s.Cases {
		if c.Reply != nil && strings.HasPrefix(c.Want, "502 ") {
			continue // the response decides, and decide has none
		}
		if err := c.Check(requests[i], outcome(t, answers[i], requests[i]), corpus.Elsewhere); err != nil {
			t.Error(err)
		}
	}
}

// outcome returns an answer in the form of the corpus. An answer has no headers.
func outcome(t *testing.T, line string, r corpus.Request) corpus.Outcome {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		t.Fatal(err)
	}
	switch {
	case a.List != nil:
		return corpus.Outcome{Line: corpus.RefusedReply(a.Status, string(a.List))}
	case a.Allow:
		return corpus.Outcome{Line: corpus.Allowed(a.Authority, a.Path)}
	case r.GRPC:
		return corpus.Outcome{Line: fmt.Sprintf("grpc %d %s", a.GRPC, a.Reason), Challenge: a.Challenge}
	}
	return corpus.Outcome{Line: fmt.Sprintf("%d %s", a.Status, a.Reason), Challenge: a.Challenge}
}
