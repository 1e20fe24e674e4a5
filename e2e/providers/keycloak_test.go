//go:build providers

package providers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// TestKeycloak is Keycloak. It publishes a key for encryption beside those for signatures.
func TestKeycloak(t *testing.T) {
	port, err := testbed.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := "http://127.0.0.1:" + port
	k := &keycloak{provider: &provider{addr: "127.0.0.1:" + port, issuer: at + "/realms/corp"}, at: at}
	command := exec.Command(filepath.Join(installed(t, "keycloak"), "bin", "kc.sh"), "start-dev", "--db=dev-mem", "--http-host=127.0.0.1",
		"--http-port="+port, "--hostname="+k.at)
	command.Env = append(os.Environ(), "KC_BOOTSTRAP_ADMIN_USERNAME=admin", "KC_BOOTSTRAP_ADMIN_PASSWORD=admin")
	start(t, k.addr, command)
	k.createRealm(t)
	k.issuers = []object{
		{"name": "access", "audiences": []string{"models"}, "algorithms": []string{"RS256", "ES256", "EdDSA", "PS512"},
			"groups": []object{{"pointer": "/groups", "form": "paths"}}},
		{"name": "azp", "preset": "keycloak", "audiences": []string{"plain"}, "audienceClaim": "/azp", "algorithms": []string{"RS256"}},
		{"name": "rfc9068", "types": []string{"at+jwt"}, "audiences": []string{"models"}, "algorithms": []string{"RS256"}},
		{"name": "nameless", "audiences": []string{"nameless"}, "subject": []string{"/sub", "/preferred_username"},
			"algorithms": []string{"RS256"}},
		{"name": "id", "audiences": []string{"app"}, "algorithms": []string{"RS256"}},
	}
	k.jwks = getter(k.issuer + "/protocol/openid-connect/certs")
	machine := func(client string) func(*testing.T) string {
		return func(t *testing.T) string { return k.tokensFor(t, client, machineGrant).AccessToken }
	}
	person := url.Values{"grant_type": {"password"}, "username": {"ana"}, "password": {"pw"}, "scope": {"openid"}}
	access := func(client string) func(*testing.T) string {
		return func(t *testing.T) string { return k.tokensFor(t, client, person).AccessToken }
	}
	k.kinds = []kind{
		{"a machine's access token, RS256", "access", "models", machine("robot"), "", "", false},
		{"a machine's access token, ES256", "access", "models", machine("robot-ES256"), "", "", false},
		{"a machine's access token, EdDSA", "access", "models", machine("robot-EdDSA"), "", "", false},
		{"a machine's access token, PS512", "access", "models", machine("robot-PS512"), "", "", false},
		{"a machine's access token without an audience mapper", "azp", "", machine("plain"), "", "", false},
		{"a machine's access token of RFC 9068", "rfc9068", "models", machine("rfc9068"), "", "", false},
		{"a person's access token without sub", "nameless", "nameless", access("nameless"), "ana", "", true},
		{"an access token", "access", "models", access("app"), "", "/ml,/staff", false},
		{"an ID token", "id", "app", func(t *testing.T) string { return k.tokensFor(t, "app", person).IDToken },
			"", "/ml,/staff", false},
	}
	for _, one := range k.kinds {
		one.mint(t) // Keycloak makes a key when it first needs one
	}
	k.rotate = func(t *testing.T) { k.newKey(t, "rsa-generated", object{"keySize": []string{"2048"}}) }
	runAll(t, k.provider)
}

type keycloak struct {
	*provider
	at     string // the server
	realm  string // its id
	serial int    // of keys
}

func (k *keycloak) tokensFor(t *testing.T, client string, form url.Values) grant {
	t.Helper()
	return tokensFor(t, k.issuer+"/protocol/openid-connect/token", client, form)
}

// admin asks the REST interface for administrators. Its own tokens live for a minute.
func (k *keycloak) admin(t *testing.T, method, path string, body object) string {
	t.Helper()
	b := newBrowser(t)
	_, text := b.do("POST", k.at+"/realms/master/protocol/openid-connect/token", "application/x-www-form-urlencoded",
		url.Values{"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {"admin"}, "password": {"admin"}}.Encode())
	var g grant
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	_, reply := b.do(method, k.at+"/admin/realms"+path, "application/json", string(document),
		func(r *http.Request) { r.Header.Set("authorization", "Bearer "+g.AccessToken) })
	return reply
}

// createRealm makes a realm with two groups, a user in both, and clients.
func (k *keycloak) createRealm(t *testing.T) {
	t.Helper()
	eventually(t, "Keycloak answers", func() bool { // it listens before
		response, err := http.Get(k.at + "/realms/master")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	})
	k.admin(t, "POST", "", object{"realm": "corp", "enabled": true, "accessTokenLifespan": 1800,
		"groups": []object{{"name": "ml"}, {"name": "staff"}},
		"users": []object{{"username": "ana", "enabled": true, "email": "Ana@Example.com", "emailVerified": true,
			"firstName": "A", "lastName": "N",
			"groups": []string{"/ml", "/staff"}, "credentials": []object{{"type": "password", "value": "pw"}}}}})
	var realm struct{ ID string }
	if err := json.Unmarshal([]byte(k.admin(t, "GET", "/corp", nil)), &realm); err != nil {
		t.Fatal(err)
	}
	k.realm = realm.ID
	k.newKey(t, "ecdsa-generated", object{"ecdsaEllipticCurveKey": []string{"P-256"}})
	k.newKey(t, "eddsa-generated", object{"eddsaEllipticCurveKey": []string{"Ed25519"}})
	k.createClient(t, "app", object{"directAccessGrantsEnabled": true})
	k.createClient(t, "robot", object{"serviceAccountsEnabled": true})
	k.createClient(t, "rfc9068", object{"serviceAccountsEnabled": true, "attributes": object{"access.token.header.type.rfc9068": "true"}})
	k.createClient(t, "nameless", object{"directAccessGrantsEnabled": true, "protocolMappers": []object{audienceMapper("nameless")}})
	// Without the scope "basic" a person's token has no sub; a machine's has one all the same.
	client := k.find(t, "/corp/clients", "nameless")
	k.admin(t, "DELETE", "/corp/clients/"+client+"/default-client-scopes/"+k.find(t, "/corp/client-scopes", "basic"), nil)
	k.createClient(t, "plain", object{"serviceAccountsEnabled": true, "protocolMappers": []object{}})
	for _, algorithm := range []string{"ES256", "EdDSA", "PS512"} {
		k.createClient(t, "robot-"+algorithm, object{"serviceAccountsEnabled": true,
			"attributes": object{"access.token.signed.response.alg": algorithm}})
	}
}

// createClient makes a client. Without mappers of its own, its tokens are for the audience
// "models" and have the groups.
func (k *keycloak) createClient(t *testing.T, id string, client object) {
	t.Helper()
	client["clientId"], client["secret"], client["standardFlowEnabled"] = id, "s3cret", false
	if client["protocolMappers"] == nil {
		client["protocolMappers"] = []object{audienceMapper("models"), {
			"name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-group-membership-mapper",
			"config": object{"claim.name": "groups", "full.path": "true", "access.token.claim": "true", "id.token.claim": "true"},
		}}
	}
	k.admin(t, "POST", "/corp/clients", client)
}

// find returns the id of the item of a list that has a name.
func (k *keycloak) find(t *testing.T, list, name string) string {
	t.Helper()
	var all []struct{ ID, Name, ClientID string }
	if err := json.Unmarshal([]byte(k.admin(t, "GET", list, nil)), &all); err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if one.Name == name || one.ClientID == name {
			return one.ID
		}
	}
	t.Fatalf("%s has no %s", list, name)
	return ""
}

func audienceMapper(audience string) object {
	return object{"name": "aud", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
		"config": object{"included.custom.audience": audience, "access.token.claim": "true"}}
}

// newKey makes a key that new tokens have from now on.
func (k *keycloak) newKey(t *testing.T, kind string, config object) {
	t.Helper()
	k.serial++
	config["priority"], config["enabled"], config["active"] = []string{fmt.Sprint(1000 + k.serial)}, []string{"true"}, []string{"true"}
	k.admin(t, "POST", "/corp/components", object{"name": fmt.Sprintf("key-%d", k.serial), "providerId": kind,
		"providerType": "org.keycloak.keys.KeyProvider", "parentId": k.realm, "config": config})
}
