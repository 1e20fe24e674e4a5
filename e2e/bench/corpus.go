package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// probe is a request of the corpus, and the statuses that are right. All deciders
// must agree before anything is timed.
type probe struct {
	name  string
	path  string
	token string
	want  []int
}

// probesFor returns the corpus for a contender that takes the issuer's tokens.
func probesFor(is *issuer) ([]probe, error) {
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	var failed error
	mint := func(changes map[string]any) string {
		token, err := is.token(-1, 0, changes)
		failed = errors.Join(failed, err)
		return token
	}
	stranger, err := newIssuer(is.alg)
	if err != nil {
		return nil, err
	}
	forged, err := stranger.token(-1, 0, nil)
	good := mint(nil)
	return []probe{
		{"allowed", path, good, []int{200}},
		{"another model", "/kfserving/prod/risk:predict", good, []int{403}},
		{"another namespace", "/kfserving/test/fraud:predict", good, []int{403}},
		{"another verb", "/kfserving/prod/fraud:explain", good, []int{403}},
		{"another caller", path, mint(map[string]any{"email": "eve@example.com"}), []int{403}},
		{"expired", path, mint(map[string]any{"iat": ago(2 * time.Hour), "exp": ago(time.Hour)}), []int{401}},
		// A token for another audience: jwt_authn answers 403, model gate 401.
		{"another audience", path, mint(map[string]any{"aud": "others"}), []int{401, 403}},
		{"another issuer", path, mint(map[string]any{"iss": "https://others.example.com"}), []int{401}},
		{"forged", path, forged, []int{401}},
		{"no token", path, "", []int{401}},
	}, errors.Join(failed, err)
}

// verify sends the corpus to a proxy, and compares the statuses. A proxy that
// decides nothing must answer 200 to every request. The floor in C verifies no
// token, it only knows one. So it gets only the requests with that token, and the
// one without a token.
func (p *proxy) verify(f *fixture, alg string, known *pool) error {
	probes, err := probesFor(f.issuers[alg])
	if err != nil {
		return err
	}
	if p.name == "floor" {
		only := probes[:4:4]
		for i := range only {
			only[i].token = known.tokens[0]
		}
		probes = append(only, probes[len(probes)-1])
	}
	for _, q := range probes {
		tokens := &pool{tokens: []string{q.token}}
		if q.token == "" {
			tokens = nil
		}
		c, err := dial(p.envoy.Addr(), tokens, q.path, []byte(body))
		if err != nil {
			return err
		}
		status, err := c.roundTrip()
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
