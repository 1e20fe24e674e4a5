package gate_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

// TestProviderFragments: each fragment of an issuer in a row of docs/providers.md compiles, with a
// name and keys. A test of cmd/modelgate compiles those that are blocks.
func TestProviderFragments(t *testing.T) {
	doc, err := os.ReadFile("../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	presets := map[any]string{"entra": "RS256", "cognito": "RS256", "google-oidc": "RS256"}
	keys := map[string]any{}
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		key, err := jose.NewKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		keys[alg] = jose.JWK(key, "k", alg)
	}
	fragments := regexp.MustCompile("`(\\{\"[^`]*\\})` \\|\n").FindAllStringSubmatch(string(doc), -1)
	if len(fragments) < 12 {
		t.Errorf("docs/providers.md has %d fragments, want at least 12", len(fragments))
	}
	for _, f := range fragments {
		t.Run(f[1], func(t *testing.T) {
			issuer := map[string]any{}
			if err := json.Unmarshal([]byte(f[1]), &issuer); err != nil {
				t.Fatal(err)
			}
			alg := presets[issuer["preset"]]
			if list, ok := issuer["algorithms"].([]any); ok {
				alg, _ = list[0].(string)
			}
			maps.Copy(issuer, map[string]any{"name": "i", "jwks": map[string]any{"inline": map[string]any{"keys": []any{keys[alg]}}}})
			config, _ := json.Marshal(map[string]any{
				"version": 1, "issuers": []any{issuer},
				"routes": []any{map[string]any{"prefix": "/m", "protocol": "kserve-v1", "names": "kserve"}},
			})
			if _, err := gate.New(string(config), nil); err != nil {
				t.Errorf("New(%s): %v", f[1], err)
			}
		})
	}
}
