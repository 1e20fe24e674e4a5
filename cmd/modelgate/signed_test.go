package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestDecideSigned: an answer says who signed a request, or what is at fault with its signature.
func TestDecideSigned(t *testing.T) {
	s, err := corpus.Load("../../examples/signed")
	if err != nil {
		t.Fatal(err)
	}
	config, now := writeFile(t, t.TempDir(), "config.json", s.Config), time.Now().Truncate(time.Second)
	for name, want := range map[string]string{
		"Ed25519":                          `"signed_by":"ana-laptop"`,
		"without @path":                    `"part":"\"@path\""`,
		"no nonce":                         `"part":"nonce"`,
		"the key of another caller":        `"part":"keyid"`,
		"another body":                     `"part":"content-digest"`,
		"no signature is required":         `"reason":"allowed","principal":"corp/subject-1","verb":`,
		"a grant requires a signature":     `"reason":"request_signature_missing","principal":"corp/subject-1","verb":`,
		"another secret under a good name": `"part":"sig1"`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range s.Cases {
				if c.Name != name {
					continue
				}
				r, err := s.Request(c, now)
				if err != nil {
					t.Fatal(err)
				}
				line, _ := json.Marshal(map[string]any{
					"method": r.Method, "path": r.Path, "authority": r.Authority, "headers": r.Headers, "body": []byte(r.Body),
				})
				got := runCommand(s.Secret, string(line), "decide", "--config", config, "--now", now.Format(time.RFC3339))
				if !strings.Contains(got.out, want) {
					t.Errorf("decide = %s%s, want %s", got.out, got.err, want)
				}
				return
			}
			t.Errorf("no case %q", name)
		})
	}
}
