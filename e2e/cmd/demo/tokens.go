package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// tokenFile is a token that the commands read from a file.
type tokenFile struct {
	path     string
	scenario *corpus.Scenario
	token    corpus.Token
}

// addToken writes a token to a file, and again each time that all are renewed.
func (s *stage) addToken(path string, scenario *corpus.Scenario, token corpus.Token) error {
	f := tokenFile{path, scenario, token}
	s.tokens = append(s.tokens, f)
	return f.write(time.Now())
}

// renew writes all tokens anew.
func (s *stage) renew(now time.Time) error {
	for _, f := range s.tokens {
		if err := f.write(now); err != nil {
			return err
		}
	}
	return nil
}

func (f tokenFile) write(now time.Time) error {
	text, err := f.scenario.Mint(f.token, now)
	if err != nil {
		return err
	}
	return writeToken(f.path, text)
}

func writeToken(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

// tokens are the tokens of the first demonstration, by the names of their files.
var tokens = map[string]struct {
	example string
	corpus.Token
}{
	"ana":       {"iap", corpus.Token{Issuer: "iap", Claims: who("ana@example.com")}},
	"bob":       {"iap", corpus.Token{Issuer: "iap", Claims: who("bob@example.com")}},
	"expired":   {"iap", corpus.Token{Issuer: "iap", Claims: who("ana@example.com", "iat", "now-20m", "exp", "now-11m")}},
	"elsewhere": {"iap", corpus.Token{Issuer: "iap", Claims: who("ana@example.com", "aud", "/projects/1234/global/backendServices/9")}},
	"forged":    {"iap", corpus.Token{Issuer: "iap", Claims: who("ana@example.com"), Fault: "other-key"}},
	"unsigned": {"iap", corpus.Token{Issuer: "iap", Claims: who("ana@example.com"), Fault: "no-signature",
		Header: map[string]any{"alg": "none"}}},
	"robot": {"grpc-cloud-run", corpus.Token{Issuer: "google", Claims: who("client@project.iam.gserviceaccount.com", "email_verified",
		true)}},
	"another": {"grpc-cloud-run", corpus.Token{Issuer: "google", Claims: who("another@project.iam.gserviceaccount.com", "email_verified",
		true)}},
}

func who(email string, more ...any) map[string]any {
	claims := map[string]any{"email": email, "hd": "example.com"}
	for i := 0; i+1 < len(more); i += 2 {
		claims[more[i].(string)] = more[i+1]
	}
	return claims
}
