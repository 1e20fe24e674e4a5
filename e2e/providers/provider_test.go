//go:build providers

package providers

import (
	"fmt"
	"slices"
	"testing"
)

// object is a JSON object.
type object = map[string]any

// provider is a running OpenID provider.
type provider struct {
	addr     string   // host:port
	issuer   string   // iss of its tokens, below which is the discovery document; "" if they have none
	issuers  []object // of the gate, without what all have: see configuration
	jwks     func(*testing.T) string
	kinds    []kind
	rotate   func(*testing.T) // new tokens have a new key from now on, and the old key is published too
	withdraw func(*testing.T) // drops all keys but the newest; nil if the provider cannot
}

// kind is a kind of token of a provider.
type kind struct {
	name     string
	issuer   string // the gate's, which verifies it
	audience string // "" for none
	mint     func(*testing.T) string
	subject  string // what the gate tells the model: "" for any
	groups   string
	nameless bool // there is no "sub"
}

// elsewhere are the answers to a token at an issuer of the gate that is for others.
var elsewhere = []string{"401 audience_wrong", "401 token_type", "401 token_algorithm", "401 claims_invalid"}

// runAll runs every test on a provider.
func runAll(t *testing.T, p *provider) {
	w := newWorld(t, p)
	t.Run("Tokens", w.testTokens)
	t.Run("Mutants", w.testMutants)
	t.Run("Rotation", w.testRotation)
}

// testTokens has each kind of token pass with its caller, and at no other issuer.
func (w *world) testTokens(t *testing.T) {
	for _, k := range w.p.kinds {
		t.Run(k.name, func(t *testing.T) {
			token := k.mint(t)
			got := w.ask(t, w.gate, k.issuer, token)
			if got.line != "200" || k.subject != "" && got.subject != k.subject || got.groups != k.groups {
				t.Errorf("got %+v, want 200, subject %q and groups %q\n%s", got, k.subject, k.groups, token)
			}
			for _, other := range w.p.issuers {
				if name := fmt.Sprint(other["name"]); name != k.issuer {
					if got := w.ask(t, w.gate, name, token).line; !slices.Contains(elsewhere, got) {
						t.Errorf("as a token of %s: %s", name, got)
					}
				}
			}
		})
	}
}
