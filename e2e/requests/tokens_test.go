package requests

import (
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const issuer = "iap"

// identity is what the upstream is to be told of a caller: these headers, and
// no other that could be taken for one.
type identity map[string]string

// tokens are assertions made once and sent many times.
type tokens struct {
	good   []string            // ana's, who is granted the model
	bad    []string            // everybody else's, and those that do not verify
	issued map[string]identity // the good ones
}

// goodKinds are claims that verify, with the identity that follows from them.
// What cannot stand in a header is not written.
var goodKinds = []struct {
	claims map[string]any
	want   identity
}{
	{map[string]any{}, identity{"x-caller": "iap/subject-1"}},
	{map[string]any{}, identity{"x-caller": "iap/subject-1"}},
	{map[string]any{"sub": "subject-2", "unit": "risk"}, identity{"x-caller": "iap/subject-2", "x-unit": "risk"}},
	{map[string]any{"unit": "résumé"}, identity{"x-caller": "iap/subject-1"}},
	{map[string]any{"unit": "a\r\nx-caller: root"}, identity{"x-caller": "iap/subject-1"}},
	{map[string]any{"sub": "sübject", "unit": "a, b"}, identity{"x-unit": "a, b"}},
}

const (
	ana      = "ana@example.com"
	audience = "/projects/1234/global/backendServices/5678"
)

var badKinds = []corpus.Token{
	{Claims: map[string]any{"email": "bob@example.com"}},
	{Claims: map[string]any{"email": "ana@example.com.evil.example"}},
	{Claims: map[string]any{"email": "ana@example.com,root@example.com"}},
	{Claims: map[string]any{"email": nil, "sub": ana}},
	{Claims: map[string]any{"email": []string{ana}}},
	{Claims: map[string]any{"email": ana, "iat": "now-9m", "exp": "now-5m"}},
	{Claims: map[string]any{"email": ana, "exp": nil}},
	{Claims: map[string]any{"email": ana, "iat": "now+5m"}},
	{Claims: map[string]any{"email": ana, "exp": "now+1h"}},
	{Claims: map[string]any{"email": ana, "nbf": "now+8m"}},
	{Claims: map[string]any{"email": ana, "aud": "/projects/1234/global/backendServices/1"}},
	{Claims: map[string]any{"email": ana, "aud": []string{audience}}}, // IAP's is no list
	{Claims: map[string]any{"email": ana, "iss": "https://accounts.google.com"}},
	{Claims: map[string]any{"email": ana}, Fault: "other-key"},
	{Claims: map[string]any{"email": ana}, Fault: "tampered"},
	{Claims: map[string]any{"email": ana}, Fault: "no-signature"},
	{Claims: map[string]any{"email": ana}, Fault: "signature-removed"},
	{Claims: map[string]any{"email": ana}, Header: map[string]any{"alg": "none"}},
	{Claims: map[string]any{"email": ana}, Header: map[string]any{"alg": "HS256"}},
	{Claims: map[string]any{"email": ana}, Header: map[string]any{"kid": "other"}},
	{Claims: map[string]any{"email": ana}, Header: map[string]any{"crit": []string{"b64"}, "b64": false}},
}

func mint(s *corpus.Scenario, now time.Time) (*tokens, error) {
	p := &tokens{issued: map[string]identity{}}
	for _, kind := range goodKinds {
		claims := map[string]any{"email": ana, "exp": "now+9m"}
		for name, value := range kind.claims {
			claims[name] = value
		}
		text, err := s.Mint(corpus.Token{Issuer: issuer, Claims: claims}, now)
		if err != nil {
			return nil, err
		}
		who := identity{"kubeflow-userid": "accounts.google.com:" + ana}
		for name, value := range kind.want {
			who[name] = value
		}
		p.good, p.issued[text] = append(p.good, text), who
	}
	for _, kind := range badKinds {
		kind.Issuer = issuer
		claims := map[string]any{"exp": "now+9m"} // Mint writes into the map
		for name, value := range kind.Claims {
			claims[name] = value
		}
		kind.Claims = claims
		text, err := s.Mint(kind, now)
		if err != nil {
			return nil, err
		}
		p.bad = append(p.bad, text)
	}
	return p, nil
}
