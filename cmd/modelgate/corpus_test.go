package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestCorpusDecide runs every case through `modelgate decide`, a line each.
func TestCorpusDecide(t *testing.T) {
	scenarios, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		config := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(config, []byte(s.Config), 0o600); err != nil {
			t.Fatal(err)
		}
		now := time.Now().Truncate(time.Second)
		var requests []corpus.Request
		var in, out, errs strings.Builder
		for _, c := range s.Cases {
			r, err := s.Request(c, now)
			if err != nil {
				t.Fatal(err)
			}
			requests = append(requests, r)
			line, _ := json.Marshal(map[string]any{
				"method": r.Method, "path": r.Path, "authority": r.Authority, "headers": r.Headers, "trailers": r.Trailers,
				"body": []byte(r.Body), "peer": map[string]any{"uri": r.Peer.URI, "validated": r.Peer.Validated},
			})
			fmt.Fprintf(&in, "%s\n", line)
		}
		args := []string{"decide", "--config", config, "--now", now.Format(time.RFC3339)}
		if status := run(args, strings.NewReader(in.String()), &out, &errs, s.Secret); status != 0 {
			t.Fatalf("%s: status %d: %s", s.Name, status, errs.String())
		}
		answers := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(answers) != len(s.Cases) {
			t.Fatalf("%s: %d answers to %d requests", s.Name, len(answers), len(s.Cases))
		}
		for i, c := range s.Cases {
			if c.Reply != nil && strings.HasPrefix(c.Want, "502 ") {
				continue // what a reply is worth is not asked here
			}
			if err := c.Check(requests[i], said(t, answers[i], requests[i]), corpus.Elsewhere); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	}
}

// said puts an answer in the words of the corpus; headers it has none.
func said(t *testing.T, line string, r corpus.Request) corpus.Outcome {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		t.Fatal(err)
	}
	switch {
	case a.Allow:
		return corpus.Outcome{Line: corpus.Allowed(a.Authority, a.Path)}
	case r.GRPC:
		return corpus.Outcome{Line: fmt.Sprintf("grpc %d %s", a.GRPC, a.Reason)}
	}
	return corpus.Outcome{Line: fmt.Sprintf("%d %s", a.Status, a.Reason)}
}
