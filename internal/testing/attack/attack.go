// Package attack makes the requests by which somebody could try to make the gate work
// more than their bytes are worth. Beside each is an honest request of the same size,
// with which its cost is compared: BenchmarkAttacks of package gate does it natively,
// and `make bench-attacks` in a real Envoy.
package attack

import (
	"crypto"
	"encoding/json"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/modelgate/modelgate/internal/testing/jose"
)

// Request is one request over HTTP/1.1, or over HTTP/2 with small frames.
type Request struct {
	Method, Authority, Path string
	Headers                 [][2]string
	Body                    []byte
	Frame                   int // bytes in each DATA frame of HTTP/2; 0 for HTTP/1.1
}

// Pairs returns the head as the gate reads it.
func (r *Request) Pairs() [][2]string {
	return append([][2]string{{":method", r.Method}, {":authority", r.Authority}, {":path", r.Path}, {":scheme", "http"}}, r.Headers...)
}

// Size returns the bytes of the head and the body.
func (r *Request) Size() int {
	n := len(r.Body)
	for _, p := range r.Pairs() {
		n += len(p[0]) + len(p[1])
	}
	return n
}

// Case is an attack and the honest request with which it is compared. Each call of a
// function returns the next request: where it has a token that nobody has seen before,
// another one.
type Case struct {
	Name   string
	Attack func() Request
	Honest func() Request
	Known  bool // the attacker has a valid credential
	Signed bool // the gate verifies a signature, which is most of the cost
}

const (
	headSize  = 54 << 10 // Envoy accepts 60 KiB by default
	tokenSize = 16000    // see authn.MaxTokenBytes
	bodySize  = 512 << 10
	publicURL = "models.example.com"
	iapAud    = "/projects/1/global/backendServices/2"
	corpURL   = "https://corp.example.com"
	assertion = "x-goog-iap-jwt-assertion"
)

// World is the configuration of all cases, and who signs its tokens.
type World struct {
	Config string
	key    crypto.PrivateKey
	now    time.Time
	number int    // of the next token
	seen   string // the assertion of a caller who came before
}

type object = map[string]any

// NewWorld makes the keys and the configuration: assertions of IAP and bearer tokens of
// one company, ten thousand patterns of models in one service, and a thousand grants to
// groups in another.
func NewWorld(now time.Time) (*World, error) {
	key, err := jose.NewKey("ES256")
	if err != nil {
		return nil, err
	}
	w := &World{key: key, now: now}
	keys := object{"inline": object{"keys": []any{jose.JWK(key, "k", "ES256")}}}
	grants := []object{
		{"name": "ana", "issuers": []string{"iap", "corp"}, "members": []string{"user:ana@example.com"}, "role": "invoker",
			"models": []string{"prod/fraud", "prod/llm", "prod/large"}},
		{"name": "many", "issuers": []string{"corp"}, "members": []string{"user:bob@example.com"}, "role": "invoker",
			"models": patterns("prod/many", 10_000)},
	}
	for i := range 200 {
		grants = append(grants, object{"name": fmt.Sprint("group ", i), "issuers": []string{"corp"}, "role": "invoker",
			"members": []string{fmt.Sprintf("group:team-%d", i)}, "models": patterns(fmt.Sprintf("prod/teams/t%d", i), 5)})
	}
	text, err := json.Marshal(object{
		"version": 1, "host": object{"holdHeaders": true},
		"issuers": []object{
			{"name": "iap", "preset": "google-iap", "audiences": []string{iapAud}, "jwks": keys},
			{"name": "corp", "issuer": corpURL, "audiences": []string{"models"}, "algorithms": []string{"ES256"}, "groups": "/groups",
				"email": "trusted", "jwks": keys},
		},
		"routes": []object{
			{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kfserving"},
			{"protocol": "openai", "names": object{"predictor": "{service}-llm.{namespace}.svc.cluster.local"},
				"models": object{"llm": "prod/llm", "embed": "prod/embed"}},
			{"protocol": "kserve-v2", "service": "prod/large", "hosts": []string{"large.example.com"}},
			{"protocol": "kserve-v2", "service": "prod/many", "hosts": []string{"many.example.com"}},
			{"protocol": "kserve-v2", "service": "prod/teams", "hosts": []string{"teams.example.com"}},
		},
		"grants":   grants,
		"identity": []object{{"header": "x-user", "value": "{email}"}},
	})
	w.Config = string(text)
	if err == nil {
		w.seen, err = w.token(iapClaims(now), "k")
	}
	return w, err
}

// patterns returns n patterns of models in a service.
func patterns(service string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s-m%d", service, i)
		if service == "prod/many" {
			list[i] = fmt.Sprintf("%s/m%d-*", service, i)
		}
	}
	return list
}

func iapClaims(now time.Time) object {
	return object{"iss": "https://cloud.google.com/iap", "aud": iapAud, "sub": "accounts.google.com:1", "email": "ana@example.com",
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(8 * time.Minute).Unix()}
}

func (w *World) corpClaims(email string) object {
	w.number++
	return object{"iss": corpURL, "aud": "models", "sub": "s", "email": email, "jti": fmt.Sprint(w.number),
		"iat": w.now.Add(-time.Minute).Unix(), "exp": w.now.Add(12 * time.Hour).Unix()}
}

func (w *World) token(claims object, kid string) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return w.sign(`{"alg":"ES256","kid":"`+kid+`"}`, string(payload))
}

// sign signs any header and payload.
func (w *World) sign(header, payload string) (string, error) {
	text := jose.Base64URL([]byte(header)) + "." + jose.Base64URL([]byte(payload))
	signature, err := jwt.SigningMethodES256.Sign(text, w.key)
	return text + "." + jose.Base64URL(signature), err
}

// forge makes a token whose signature is random.
func forge(header, payload string) string {
	return jose.Base64URL([]byte(header)) + "." + jose.Base64URL([]byte(payload)) + "." + jose.Base64URL(jose.Random(64))
}

// Cases returns all cases.
func (w *World) Cases() []Case {
	return append(append(w.Heads(), w.Tokens()...), w.Bodies()...)
}
