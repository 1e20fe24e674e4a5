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
	ask   question
	token string
	want  []int
}

// probesFor returns the corpus for a contender that takes the issuer's tokens.
func probesFor(is *issuer, ask question) ([]probe, error) {
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
	probes := []probe{{"allowed", ask, good, []int{200}}}
	if ask.path == chatPath {
		probes = append(probes, chatProbes(good)...)
	} else {
		probes = append(probes,
			probe{"another model", question{"/kfserving/prod/risk:predict", ask.body}, good, []int{403}},
			probe{"another namespace", question{"/kfserving/test/fraud:predict", ask.body}, good, []int{403}},
			probe{"another verb", question{"/kfserving/prod/fraud:explain", ask.body}, good, []int{403}})
	}
	return append(probes, []probe{
		{"another caller", ask, mint(map[string]any{"email": "eve@example.com"}), []int{403}},
		{"expired", ask, mint(map[string]any{"iat": ago(2 * time.Hour), "exp": ago(time.Hour)}), []int{401}},
		// A token for another audience: jwt_authn answers 403, model gate 401.
		{"another audience", ask, mint(map[string]any{"aud": "others"}), []int{401, 403}},
		{"another issuer", ask, mint(map[string]any{"iss": "https://others.example.com"}), []int{401}},
		{"forged", ask, forged, []int{401}},
		{"no token", ask, "", []int{401}},
	}...), errors.Join(failed, err)
}

// verify sends the corpus to a proxy, and compares the statuses. A proxy that
// decides nothing must answer 200 to every request. The floor in C verifies no
// token, it only knows one. So it gets only the requests with that token, and the
// one without a token.
func (p *proxy) verify(f *fixture, c contender) error {
	probes, err := probesFor(f.issuers[c.alg], c.ask)
	if err != nil {
		return err
	}
	if p.name == "floor" {
		only := probes[:4:4]
		for i := range only {
			only[i].token = c.tokens.tokens[0]
		}
		probes = append(only, probes[len(probes)-1])
	}
	for _, q := range probes {
		tokens := &pool{tokens: []string{q.token}}
		if q.token == "" {
			tokens = nil
		}
		conn, err := dial(p.envoy.Addr(), tokens, q.ask)
		if err != nil {
			return err
		}
		status, err := conn.roundTrip()
		conn.conn.Close()
		want := q.want
		if !p.decides {
			want = []int{200}
		}
		if err != nil || !slices.Contains(want, status) {
			return fmt.Errorf("%s: %s (%s): %d %v, want %v", p.name, q.name, c.alg, status, err, want)
		}
	}
	return nil
}
