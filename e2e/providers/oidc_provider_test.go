//go:build providers

package providers

import (
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// TestOIDCProvider is npm's oidc-provider. Its access tokens are of RFC 9068.
func TestOIDCProvider(t *testing.T) {
	port, err := testbed.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{addr: "127.0.0.1:" + port, issuer: "http://127.0.0.1:" + port}
	start(t, p.addr, exec.Command("node", filepath.Join(root, "e2e", "providers", "oidc-provider", "server.mjs"),
		installed(t, "oidc-provider"), port))
	all := []string{"RS256", "ES256", "EdDSA"}
	p.issuers = []object{
		{"name": "access", "audiences": []string{"models"}, "algorithms": all, "type": "at+jwt"},
		{"name": "id", "audiences": []string{"app", "app-es"}, "algorithms": all},
	}
	p.jwks = getter(p.issuer + "/jwks")
	machine := func(t *testing.T) string { return tokensFor(t, p.issuer+"/token", "robot", machineGrant).AccessToken }
	access := func(client string) func(*testing.T) string {
		return func(t *testing.T) string { return p.logIn(t, client).AccessToken }
	}
	id := func(client string) func(*testing.T) string {
		return func(t *testing.T) string { return p.logIn(t, client).IDToken }
	}
	p.kinds = []kind{
		{"a machine's access token, EdDSA", "access", "models", machine, "robot", "ml,ClientCredentials", false},
		{"an access token, RS256", "access", "models", access("app"), "ana", "ml,AccessToken", false},
		{"an ID token, RS256", "id", "app", id("app"), "ana", "ml,staff", false},
		{"an access token, ES256", "access", "models", access("app-es"), "ana", "ml,AccessToken", false},
		{"an ID token, ES256", "id", "app-es", id("app-es"), "ana", "ml,staff", false},
	}
	p.rotate = func(t *testing.T) { newBrowser(t).do("POST", p.issuer+"/test/rotate", "", "") }
	p.withdraw = func(t *testing.T) { newBrowser(t).do("POST", p.issuer+"/test/withdraw", "", "") }
	runAll(t, p)
}

// logIn goes through the pages of oidc-provider: the login, and the consent.
func (p *provider) logIn(t *testing.T, client string) grant {
	t.Helper()
	b := newBrowser(t)
	login := b.goes(codeRequest(p.issuer+"/auth", client))
	consent := b.goes(b.posts(login, url.Values{"prompt": {"login"}, "login": {"ana"}, "password": {"any"}}))
	done := b.goes(b.posts(consent, url.Values{"prompt": {"consent"}}))
	return tokensFor(t, p.issuer+"/token", client, codeGrant(t, done))
}
