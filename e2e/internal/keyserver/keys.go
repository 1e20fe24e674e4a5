package keyserver

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/modelgate/modelgate/internal/testing/jose"
)

// key is a signing key under its name.
type key struct {
	kid     string
	private crypto.Signer
}

func newKey(algorithm string) (*key, error) {
	k := &key{kid: rand.Text()}
	var err error
	switch algorithm {
	case "RS256":
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("keyserver: no keys for %q", algorithm)
	}
	return k, err
}

// Rotate makes a new key, signs with it from now on and publishes it, beside
// the older ones if they are kept and instead of them otherwise. It returns the
// new key's kid.
func (s *Server) Rotate(keep bool) (kid string, err error) {
	k, err := newKey(s.algorithm)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !keep {
		s.retired = append(s.retired, s.published...)
		s.published = nil
	}
	s.signing, s.published = k, append(slices.Clip(s.published), k)
	return k.kid, nil
}

// Withdraw stops publishing every key except the one that signs.
func (s *Server) Withdraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.published {
		if k != s.signing {
			s.retired = append(s.retired, k)
		}
	}
	s.published = []*key{s.signing}
}

// Kid returns the kid of the key that signs.
func (s *Server) Kid() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signing.kid
}

// Mint signs a token with the present key. The claims are iss, a sub, iat ten
// seconds ago and exp in an hour, changed by those given; nil takes one away.
func (s *Server) Mint(claims map[string]any) (string, error) {
	s.mu.Lock()
	k := s.signing
	s.mu.Unlock()
	return s.sign(k.kid, k.private, claims)
}

// MintBy signs a token like Mint, but with an older key, published or not.
func (s *Server) MintBy(kid string, claims map[string]any) (string, error) {
	s.mu.Lock()
	known := slices.Concat(s.published, s.retired)
	s.mu.Unlock()
	for _, k := range known {
		if k.kid == kid {
			return s.sign(kid, k.private, claims)
		}
	}
	return "", fmt.Errorf("keyserver: no key %q", kid)
}

// MintForged signs a token like Mint, but with a kid that was never published.
func (s *Server) MintForged(claims map[string]any) (string, error) {
	s.mu.Lock()
	k := s.signing
	s.mu.Unlock()
	return s.sign(rand.Text(), k.private, claims)
}

func (s *Server) sign(kid string, private crypto.Signer, over map[string]any) (string, error) {
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": s.Issuer, "sub": "subject-1",
		"iat": now.Add(-10 * time.Second).Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, over)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	token := jwt.NewWithClaims(jwt.GetSigningMethod(s.algorithm), claims)
	token.Header["kid"] = kid
	return token.SignedString(private)
}

// document returns the document at a path, or nil. s.mu must be held.
func (s *Server) document(r *http.Request, keys []*key) []byte {
	var document any
	switch r.URL.Path {
	case JWKS:
		set := []any{}
		for _, k := range keys {
			set = append(set, jose.JWK(k.private, k.kid, s.algorithm))
		}
		document = map[string]any{"keys": set}
	case PEM:
		set := map[string]string{}
		for _, k := range keys {
			der, err := x509.MarshalPKIXPublicKey(k.private.Public())
			if err != nil {
				panic(err) // these types it can
			}
			set[k.kid] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		}
		document = set
	case Discovery:
		uri := s.advertise
		if uri == "" {
			uri = "http://" + r.Host + JWKS
		}
		document = map[string]any{"issuer": s.Issuer, "jwks_uri": uri}
	default:
		return nil
	}
	text, _ := json.Marshal(document) // made of strings
	return text
}
