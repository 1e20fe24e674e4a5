package main

import (
	"fmt"
	"slices"
	"time"
)

// question is a request of the corpus, with the statuses that are right: all
// deciders must agree before anything is timed.
type question struct {
	name  string
	path  string
	token string
	want  []int
}

// questionsFor returns the questions for a contender that takes the issuer's tokens.
func questionsFor(is *issuer) ([]question, error) {
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	var failed error
	mint := func(over map[string]any) string {
		token, err := is.token(-1, 0, over)
		failed = firstOf(failed, err)
		return token
	}
	stranger, err := newIssuer(is.alg)
	if err != nil {
		return nil, err
	}
	forged, err := stranger.token(-1, 0, nil)
	good := mint(nil)
	return []question{
		{"allowed", path, good, []int{200}},
		{"another model", "/kfserving/prod/risk:predict", good, []int{403}},
		{"another namespace", "/kfserving/test/fraud:predict", good, []int{403}},
		{"another verb", "/kfserving/prod/fraud:explain", good, []int{403}},
		{"another caller", path, mint(map[string]any{"email": "eve@example.com"}), []int{403}},
		{"expired", path, mint(map[string]any{"iat": ago(2 * time.Hour), "exp": ago(time.Hour)}), []int{401}},
		// jwt_authn answers 403 to another's audience, which is no credential here: 401.
		{"another audience", path, mint(map[string]any{"aud": "others"}), []int{401, 403}},
		{"another issuer", path, mint(map[string]any{"iss": "https://others.example.com"}), []int{401}},
		{"forged", path, forged, []int{401}},
		{"no token", path, "", []int{401}},
	}, firstOf(failed, err)
}

func firstOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// verify asks a proxy the corpus. A proxy that decides nothing answers 200
// throughout. The floor in C verifies no token, it knows one: for it only what
// is asked with that one, and without any, is asked.
func (p *proxy) verify(f *fixture, alg string, known *pool) error {
	questions, err := questionsFor(f.issuers[alg])
	if err != nil {
		return err
	}
	if p.name == "floor" {
		only := questions[:4:4]
		for i := range only {
			only[i].token = known.tokens[0]
		}
		questions = append(only, questions[len(questions)-1])
	}
	for _, q := range questions {
		tokens := &pool{tokens: []string{q.token}}
		if q.token == "" {
			tokens = nil
		}
		c, err := dial(p.envoy.Addr(), tokens, q.path, []byte(body))
		if err != nil {
			return err
		}
		status, err := c.ask()
		c.conn.Close()
		want := q.want
		if !p.decides {
			want = []int{200}
		}
		if err != nil || !slices.Contains(want, status) {
			return fmt.Errorf("%s: %s (%s): %d %v, want %v", p.name, q.name, alg, status, err, want)
		}
	}
	return nil
}
