package corpus

import (
	"cmp"
	"crypto"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/modelgate/modelgate/internal/testing/jose"
)

// signer is the private side of one issuer.
type signer struct {
	iss, aud       string
	header, scheme string // where its tokens are carried; scheme has its space
	alg, kid       string
	key            crypto.PrivateKey // or []byte
	more           map[string]any    // of several secrets, each by its kid
	inline         []signer          // each inline key
}

// with returns a signer by an inline key of the issuer's, and by an algorithm if it is not "".
func (sg *signer) with(key int, alg string) (*signer, error) {
	chosen := *sg
	if key > 0 && key >= len(sg.inline) {
		return nil, fmt.Errorf("no inline key %d", key)
	}
	if key > 0 {
		chosen.key, chosen.kid, chosen.alg = sg.inline[key].key, sg.inline[key].kid, sg.inline[key].alg
	}
	if alg != "" {
		chosen.alg = alg
	}
	return &chosen, nil
}

// freshKeys replaces every inline key of a configuration by one of the same
// kid, type and algorithm, and draws every key that the environment has.
func (s *Scenario) freshKeys(config []byte) (string, error) {
	var doc map[string]any
	if err := json.Unmarshal(config, &doc); err != nil {
		return "", err
	}
	issuers, _ := doc["issuers"].([]any)
	for _, item := range issuers {
		is, _ := item.(map[string]any)
		if s.inlines {
			inline(is)
		}
		sg, err := newSigner(is)
		if err != nil {
			return "", err
		}
		name, _ := is["name"].(string)
		s.signers[name] = sg
		if err := s.drawVariables(is, sg); err != nil {
			return "", err
		}
	}
	if err := s.freshMessageKeys(doc); err != nil {
		return "", err
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	return string(out), err
}

// drawVariables fills the variables that an issuer names: secrets, and a set of one public
// key. The issuer signs with the first, or with the secret whose kid a token's header has.
func (s *Scenario) drawVariables(is map[string]any, sg *signer) error {
	secrets, isList := is["symmetric"].([]any)
	if !isList && is["symmetric"] != nil {
		secrets = []any{is["symmetric"]}
	}
	for i, item := range secrets {
		secret, _ := item.(map[string]any)
		env, _ := secret["env"].(string)
		kid, _ := secret["kid"].(string)
		key := jose.Random(64)
		if i == 0 {
			sg.key, sg.kid, sg.more = key, kid, map[string]any{}
		}
		sg.more[kid], s.Env[env] = key, jose.Base64URL(key)
	}
	jwks, _ := is["jwks"].(map[string]any)
	env, ok := jwks["env"].(string)
	if !ok {
		return nil
	}
	key, err := jose.NewKey(sg.alg)
	if err != nil {
		return err
	}
	sg.key, sg.kid = key, env
	set, err := json.Marshal(map[string]any{"keys": []any{jose.JWK(key, env, sg.alg)}})
	s.Env[env] = string(set)
	return err
}

// newSigner reads one issuer and, for each of its inline keys, makes a new one
// in place; it signs with the first.
func newSigner(is map[string]any) (*signer, error) {
	sg := &signer{header: "authorization", scheme: "Bearer "}
	sg.iss, _ = is["issuer"].(string)
	switch is["preset"] {
	case "google-iap":
		sg.iss, sg.alg, sg.header, sg.scheme = "https://cloud.google.com/iap", "ES256", "x-goog-iap-jwt-assertion", ""
	case "google-oidc":
		sg.iss, sg.alg = "https://accounts.google.com", "RS256"
	case "entra":
		sg.iss = "https://login.microsoftonline.com/{tenantid}/v2.0"
	}
	if list, _ := is["tenants"].([]any); len(list) > 0 {
		tenant, _ := list[0].(string)
		sg.iss = strings.Replace(sg.iss, "{tenantid}", tenant, 1)
	}
	if list, _ := is["algorithms"].([]any); len(list) > 0 {
		sg.alg, _ = list[0].(string)
	}
	if list, _ := is["audiences"].([]any); len(list) > 0 {
		sg.aud, _ = list[0].(string)
	}
	if list, _ := is["from"].([]any); len(list) > 0 {
		from, _ := list[0].(map[string]any)
		sg.header, _ = from["header"].(string)
		if sg.scheme, _ = from["scheme"].(string); sg.scheme != "" {
			sg.scheme += " "
		}
	}
	jwks, _ := is["jwks"].(map[string]any)
	inline, _ := jwks["inline"].(map[string]any)
	keys, _ := inline["keys"].([]any)
	for i, item := range keys {
		old, _ := item.(map[string]any)
		declared, _ := old["alg"].(string)
		alg := cmp.Or(declared, sg.alg)
		key, err := jose.NewKey(alg)
		if err != nil {
			return nil, err
		}
		kid, _ := old["kid"].(string)
		public := jose.JWK(key, kid, declared)
		if use, ok := old["use"]; ok {
			public["use"] = use
		}
		keys[i] = public
		sg.inline = append(sg.inline, signer{key: key, kid: kid, alg: alg})
	}
	if len(sg.inline) > 0 {
		sg.key, sg.kid, sg.alg = sg.inline[0].key, sg.inline[0].kid, sg.inline[0].alg
	}
	return sg, nil
}
