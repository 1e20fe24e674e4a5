package authn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

type m = map[string]any

// now is the time of every request unless a case says otherwise.
var now = time.Unix(1_760_000_000, 0)

// One key of each kind, drawn once a run, and an attacker's of the usual two.
var (
	rsaKey, evilRSA = newRSA(), newRSA()
	ecKey, evilEC   = newEC(elliptic.P256()), newEC(elliptic.P256())
	p384Key         = newEC(elliptic.P384())
	p521Key         = newEC(elliptic.P521())
	edKey           = newPrivateKey("EdDSA").(ed25519.PrivateKey)
	secretKey       = jose.Random(64)
	secondKey       = jose.Random(64)
)

func newRSA() *rsa.PrivateKey { return newPrivateKey("RS256").(*rsa.PrivateKey) }

func newEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	alg := map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[curve.Params().Name]
	return newPrivateKey(alg).(*ecdsa.PrivateKey)
}

func newPrivateKey(alg string) crypto.PrivateKey {
	key, err := jose.NewKey(alg)
	if err != nil {
		panic(err)
	}
	return key
}

func b64(b []byte) string { return jose.Base64URL(b) }

func publicJWK(key crypto.PrivateKey, kid, alg string) m { return jose.JWK(key, kid, alg) }

// missing as a value takes a name away.
type missing struct{}

// with is base with names changed: with(claims, "aud", "x", "exp", missing{}).
func with(base m, changes ...any) m {
	out := maps.Clone(base)
	for i := 0; i < len(changes); i += 2 {
		if name := changes[i].(string); changes[i+1] == (missing{}) {
			delete(out, name)
		} else {
			out[name] = changes[i+1]
		}
	}
	return out
}

// row is an issuer called name, with its keys and algorithms.
func row(name string, algorithms []string, keys ...m) m {
	return m{
		"name":       name,
		"issuer":     issOf(name),
		"audiences":  []string{"models"},
		"algorithms": algorithms,
		"jwks":       m{"inline": m{"keys": keys}},
	}
}

func issOf(name string) string { return "https://" + name + ".example" }

// claimsOf are what the issuer called name would say of alice.
func claimsOf(name string, changes ...any) m {
	return with(m{
		"iss": issOf(name),
		"aud": "models",
		"sub": "alice",
		"iat": now.Unix() - 10,
		"exp": now.Unix() + 300,
	}, changes...)
}

// part is a part of a token: the JSON of v, or v itself where it is a string.
func part(v any) string {
	if s, ok := v.(string); ok {
		return b64([]byte(s))
	}
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b64(doc)
}

// sign makes a token by the algorithm that really signs, whatever alg says.
func sign(alg string, key any, header, claims any) string {
	return signText(alg, key, part(header)+"."+part(claims))
}

func signText(alg string, key any, text string) string {
	sig, err := jwt.GetSigningMethod(alg).Sign(text, key)
	if err != nil {
		panic(err)
	}
	return text + "." + b64(sig)
}

// world is a compiled configuration.
type world struct {
	a   *Authenticator
	env Env
}

func secrets(name string) (string, bool) {
	fixed := sha256.Sum256([]byte("a key for tests only"))
	value, ok := map[string]string{
		"SECRET": b64(secretKey) + "\n",
		"SECOND": b64(secondKey),
		"SHORT":  b64(secretKey[:31]),
		"PADDED": b64(secretKey) + "=",
		"FOLDED": b64(secretKey[:24]) + "\n" + b64(secretKey[24:]),
		"PLAIN":  "correct horse battery staple!",
		"EMPTY":  "",
		"JWKS":   mustJSON(m{"keys": []m{publicJWK(ecKey, "k", "ES256"), {"kty": "oct-future"}}}),
		"FIXED":  b64(fixed[:]),
	}[name]
	return value, ok
}

// compile reads "issuers" as JSON text or as rows.
func compile(issuers any) (world, strictjson.Problems) {
	doc, ok := issuers.(string)
	if !ok {
		text, err := json.Marshal(issuers)
		if err != nil {
			panic(err)
		}
		doc = string(text)
	}
	var problems strictjson.Problems
	v, ok := strictjson.Parse(doc, &problems)
	if !ok {
		return world{}, problems
	}
	a, keys := Compile(v, strictjson.Value{}, true, secrets)
	return world{a, Env{Now: now, Keys: keys}}, problems
}

func newWorld(t testing.TB, rows ...m) world {
	t.Helper()
	w, problems := compile(rows)
	if problems != nil {
		t.Fatalf("Compile: %v", problems)
	}
	return w
}

// attempt is one token and what becomes of it.
type attempt struct {
	name  string
	token string
	want  reason.Reason
}

// bearer sends each token as a bearer token, in a subtest of its name.
func (w world) bearer(t *testing.T, attempts ...attempt) {
	t.Helper()
	for _, x := range attempts {
		t.Run(x.name, func(t *testing.T) {
			t.Helper()
			w.request(t, x.name, x.want, "authorization", "Bearer "+x.token)
		})
	}
}

// authenticate returns the principal and the reason of Authenticate.
func (w world) authenticate(pairs [][2]string, peer Peer) (*Principal, reason.Reason) {
	r := w.a.Authenticate(w.env, pairs, peer)
	return r.Principal, r.Reason
}

// request sends headers, given as names and values in turn. A refusal must come with
// an empty principal.
func (w world) request(t *testing.T, name string, want reason.Reason, headers ...string) *Principal {
	t.Helper()
	var pairs [][2]string
	for i := 0; i < len(headers); i += 2 {
		pairs = append(pairs, [2]string{headers[i], headers[i+1]})
	}
	p, got := w.authenticate(pairs, Peer{})
	if got != want {
		t.Errorf("Authenticate(%s) = %v, want %v", name, got, want)
	}
	if got != reason.Allowed && (!p.Anonymous() || p.Subject != "" || p.Email != "" || p.Claims.Exists()) {
		t.Errorf("Authenticate(%s) = %v, with principal %+v", name, got, p)
	}
	return p
}

// messages are the messages of warnings.
func messages(list strictjson.Problems) (texts []string) {
	for _, p := range list {
		texts = append(texts, p.Message)
	}
	return texts
}
