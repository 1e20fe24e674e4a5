//go:build providers

package providers

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// hydra is the configuration of Ory Hydra. Its keys and its clients are in its memory.
const hydra = `
dsn: memory
serve:
  public: { host: 127.0.0.1, port: PUBLIC }
  admin: { host: 127.0.0.1, port: ADMIN }
urls: { self: { issuer: "http://127.0.0.1:PUBLIC" }, login: "http://127.0.0.1:1/login", consent: "http://127.0.0.1:1/consent" }
strategies: { access_token: jwt }
oauth2: { mirror_top_level_claims: true, allowed_top_level_claims: [groups] }
secrets: { system: [0123456789abcdef0123456789abcdef] }
ttl: { access_token: 30m, id_token: 30m }
`

// TestHydra is Ory Hydra. Its access tokens have typ JWT, "scp" as a list, and the audience
// that the client asked for.
func TestHydra(t *testing.T) {
	var ports [2]string
	for i := range ports {
		var err error
		if ports[i], err = testbed.FreePort(); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(t.TempDir(), "hydra.yml")
	if err := os.WriteFile(config, []byte(strings.NewReplacer("PUBLIC", ports[0], "ADMIN", ports[1]).Replace(hydra)), 0o600); err != nil {
		t.Fatal(err)
	}
	h := &hydraServer{&provider{addr: "127.0.0.1:" + ports[0], issuer: "http://127.0.0.1:" + ports[0]}, "http://127.0.0.1:" + ports[1]}
	start(t, h.addr, exec.Command(installed(t, "hydra/build"), "serve", "all", "-c", config, "--dev", "--sqa-opt-out"))
	h.create(t, object{"client_id": "robot", "grant_types": []string{"client_credentials"}})
	h.create(t, object{"client_id": "app", "grant_types": []string{"authorization_code"}, "response_types": []string{"code"},
		"redirect_uris": []string{callback}, "scope": "openid email"})
	h.issuers = []object{
		{"name": "access", "audiences": []string{"models"}, "algorithms": []string{"RS256", "ES256"}},
		{"name": "none", "noAudience": true, "requiredClaims": []object{{"pointer": "/client_id", "anyOf": []string{"robot"}}},
			"algorithms": []string{"RS256", "ES256"}},
		{"name": "id", "audiences": []string{"app"}, "algorithms": []string{"RS256", "ES256"}},
	}
	h.jwks = getter(h.issuer + "/.well-known/jwks.json")
	machine := func(audience ...string) func(*testing.T) string {
		form := url.Values{"grant_type": {"client_credentials"}, "audience": audience}
		return func(t *testing.T) string { return tokensFor(t, h.issuer+"/oauth2/token", "robot", form).AccessToken }
	}
	h.kinds = []kind{
		{"a machine's access token", "access", "models", machine("models"), "robot", "", false},
		{"a machine's access token without an audience", "none", "", machine(), "robot", "", false},
		{"an access token", "access", "models", func(t *testing.T) string { return h.logIn(t).AccessToken }, "ana", "ml,staff", false},
		{"an ID token", "id", "app", func(t *testing.T) string { return h.logIn(t).IDToken }, "ana", "ml,staff", false},
	}
	rotations := 0
	h.rotate = func(t *testing.T) {
		rotations++
		algorithm := []string{"RS256", "ES256"}[rotations%2]
		for _, set := range []string{"hydra.jwt.access-token", "hydra.openid.id-token"} {
			h.admin(t, "POST", "/admin/keys/"+set, object{"alg": algorithm, "use": "sig", "kid": fmt.Sprintf("rotated-%d-%s", rotations, set)})
		}
	}
	runAll(t, h.provider)
}

type hydraServer struct {
	*provider
	adminAddr string
}

// admin asks the interface for administrators.
func (h *hydraServer) admin(t *testing.T, method, path string, body object) (answer object) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	_, reply := newBrowser(t).do(method, h.adminAddr+path, "application/json", string(text))
	if json.Unmarshal([]byte(reply), &answer) != nil {
		t.Fatalf("%s %s: %s", method, path, reply)
	}
	return answer
}

func (h *hydraServer) create(t *testing.T, client object) {
	client["client_secret"], client["audience"] = "s3cret", []string{"models"}
	h.admin(t, "POST", "/admin/clients", client)
}

// logIn is the login and the consent application, which Hydra leaves to others.
func (h *hydraServer) logIn(t *testing.T) grant {
	t.Helper()
	b := newBrowser(t)
	accept := func(what, address string, body object) string {
		u, err := url.Parse(address)
		challenge := u.Query().Get(what + "_challenge")
		if err != nil || challenge == "" {
			t.Fatalf("no %s challenge in %s", what, address)
		}
		path := "/admin/oauth2/auth/requests/" + what + "/accept?" + what + "_challenge=" + url.QueryEscape(challenge)
		to, _ := h.admin(t, "PUT", path, body)["redirect_to"].(string)
		return to
	}
	login := b.goes(codeRequest(h.issuer+"/oauth2/auth", "app") + "&audience=models")
	consent := b.goes(accept("login", login, object{"subject": "ana"}))
	groups := object{"groups": []string{"ml", "staff"}}
	done := b.goes(accept("consent", consent, object{
		"grant_scope": []string{"openid", "email"}, "grant_access_token_audience": []string{"models"},
		"session": object{"access_token": groups, "id_token": groups}}))
	return tokensFor(t, h.issuer+"/oauth2/token", "app", codeGrant(t, done))
}
