package main

import "github.com/modelgate/modelgate/internal/testing/corpus"

// startOAuth2 is startExample, and the Python client that learns from the answers what it
// needs.
func startOAuth2(root, module string) (*stage, []line, error) {
	const name = "oauth2"
	s, lines, err := startExample(root, module, name)
	if err != nil {
		return s, nil, err
	}
	for _, scope := range []string{"openid", "models.read", "models.predict"} {
		if err := s.addToken("build/run/oauth2-"+scope+".jwt", s.scenarios[name], corpus.Token{
			Issuer: "login", Header: map[string]any{"typ": "at+jwt"},
			Claims: map[string]any{"client_id": "app-1", "jti": "t-1", "scope": scope},
		}); err != nil {
			return s, nil, err
		}
	}
	addr := s.envoys[name].Addr()
	client := func(model, more string) string {
		return "python3 examples/oauth2/client.py " + addr + " https://models.example.com/kfserving/prod/" + model + ":predict" +
			" --token openid=build/run/oauth2-openid.jwt" + more
	}
	const predict = " --token models.predict=build/run/oauth2-models.predict.jwt"
	return s, append(lines,
		line{
			"curl -s -w '%{http_code}\\n' -H 'host: models.example.com' http://" + addr + "/.well-known/oauth-protected-resource",
			`"authorization_servers"|models.predict|200`, "what there is to know for a client, without a token",
		},
		line{client("fraud", predict), "needs models.predict|200 with the scope models.predict",
			"the client gets the scope that the gate asks for"},
		line{client("fraud", "") + " || echo stopped", "needs models.predict|there is no token with that scope|stopped", "and stops without it"},
		line{client("nowhere", predict) + " || echo stopped", "needs more than a scope|stopped", "where no scope would do"},
	), nil
}
