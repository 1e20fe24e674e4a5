package corpus

import (
	"fmt"
)

// New makes a scenario of a configuration and cases that are not an example's. Keys that an
// issuer publishes elsewhere are replaced too: the configuration has one in their place.
func New(name, config, cases string) (*Scenario, error) {
	s := newScenario(name, "")
	s.inlines = true
	var err error
	if s.Config, err = s.freshKeys([]byte(config)); err != nil {
		return nil, err
	}
	if err := strictUnmarshal([]byte(cases), &s.Cases); err != nil {
		return nil, err
	}
	if len(s.Cases) == 0 {
		return nil, fmt.Errorf("must have a case")
	}
	return s, s.check()
}

func newScenario(name, dir string) *Scenario {
	return &Scenario{Name: name, Dir: dir, Env: map[string]string{}, signers: map[string]*signer{},
		messageKeys: map[string]messageKey{}, nonces: map[string]string{}}
}

// inline replaces the place where an issuer publishes its keys by a key, which newSigner
// makes.
func inline(is map[string]any) {
	jwks, _ := is["jwks"].(map[string]any)
	if jwks["remote"] == nil {
		return
	}
	delete(jwks, "remote")
	if jwks["inline"] == nil && jwks["env"] == nil {
		alg := map[string]any{"cognito": "RS256", "entra": "RS256", "google-oidc": "RS256", "google-iap": "ES256"}[fmt.Sprint(is["preset"])]
		if list, _ := is["algorithms"].([]any); len(list) > 0 {
			alg = list[0]
		}
		jwks["inline"] = map[string]any{"keys": []any{map[string]any{"kid": "case", "alg": alg}}}
	}
}
