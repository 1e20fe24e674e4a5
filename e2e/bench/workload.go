package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/modelgate/modelgate/internal/testing/jose"
)

// The workload of every contender: one caller, one model, one audience, and ten
// more grants for other callers.
const (
	audience    = "models"
	caller      = "ana@example.com"
	path        = "/kfserving/prod/fraud:predict"
	body        = `{"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}`
	otherGrants = 10
	// inferHost is the host whose messages name their model themselves.
	inferHost = "infer.example.com"
)

// question is what a request asks for.
type question struct {
	path string
	body []byte
}

// predict is the question of every contender but those that chat.
var predict = question{path, []byte(body)}

// issuer signs the tokens of one algorithm; its name is the algorithm's.
type issuer struct {
	alg    string
	method jwt.SigningMethod
	key    crypto.PrivateKey
}

func newIssuer(alg string) (*issuer, error) {
	is := &issuer{alg: alg, method: jwt.GetSigningMethod(alg)}
	var err error
	switch alg {
	case "ES256":
		is.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		is.key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "EdDSA":
		_, is.key, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("no key for %s", alg)
	}
	return is, err
}

func (is *issuer) url() string { return "https://" + strings.ToLower(is.alg) + ".example.com" }

func (is *issuer) jwks() string {
	text, _ := json.Marshal(map[string]any{"keys": []any{jose.JWK(is.key, is.alg, is.alg)}}) // strings only
	return string(text)
}

// token signs the usual claims with the changes applied. The number becomes jti,
// so that tokens differ. A claim of pad bytes makes them longer.
func (is *issuer) token(number, pad int, changes map[string]any) (string, error) {
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": is.url(), "aud": audience, "sub": "subject-1", "email": caller, "email_verified": true, "jti": strconv.Itoa(number),
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(12 * time.Hour).Unix(), "pad": strings.Repeat("x", pad),
	}
	maps.Copy(claims, changes)
	t := jwt.NewWithClaims(is.method, claims)
	t.Header["kid"] = is.alg
	return t.SignedString(is.key)
}

// pool hands out its tokens in turn, to any number of connections at once.
type pool struct {
	tokens []string
	next   atomic.Uint64
}

func (p *pool) nextToken() string { return p.tokens[(p.next.Add(1)-1)%uint64(len(p.tokens))] }

// issued returns how many tokens were handed out.
func (p *pool) issued() uint64 { return p.next.Load() }

// newPool signs n tokens, on all processors.
func (is *issuer) newPool(n, pad int) (*pool, error) {
	p := &pool{tokens: make([]string, n)}
	var group sync.WaitGroup
	var at atomic.Int64
	var failed atomic.Pointer[error]
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := at.Add(1) - 1; i < int64(n); i = at.Add(1) - 1 {
				token, err := is.token(int(i), pad, nil)
				if err != nil {
					failed.Store(&err)
					return
				}
				p.tokens[i] = token
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return p, nil
}

// grant is one row of the policy, for the contenders that list them.
type grant struct {
	Name, Email, Path string
	Prefix            bool
	Model             string // that the body must name, or ""
}

func grants() []grant {
	list := []grant{
		{Name: "caller", Email: caller, Path: path},
		{Name: "health", Email: caller, Path: "/grpc.health.v1.Health/", Prefix: true},
	}
	for i := range otherGrants {
		email, path := fmt.Sprintf("user-%d@example.com", i), fmt.Sprintf("/kfserving/ns-%d/model-%d:predict", i, i)
		list = append(list, grant{Name: fmt.Sprint("other-", i), Email: email, Path: path})
	}
	return list
}

// gateConfig returns the same policy for model gate, with the given number of other
// grants. An allowed token may come from any of the issuers.
func gateConfig(issuers []*issuer, grants int) string {
	type object = map[string]any
	var list []object
	var names []string
	for _, is := range issuers {
		var keys object
		_ = json.Unmarshal([]byte(is.jwks()), &keys) // it was marshalled just now
		list = append(list, object{"name": is.alg, "issuer": is.url(), "audiences": []string{audience}, "algorithms": []string{is.alg},
			"email": "trusted", "jwks": object{"inline": keys}})
		names = append(names, is.alg)
	}
	rules := []object{{"name": "caller", "issuers": names, "members": []string{"user:" + caller}, "verbs": []string{"predict"},
		"models": []string{"prod/fraud", "prod/large", "prod/health"}}}
	for i := range grants {
		rules = append(rules, object{
			"name": fmt.Sprint("other-", i), "issuers": names,
			"members": []string{fmt.Sprintf("user:user-%d@example.com", i)}, "verbs": []string{"predict"},
			"models": []string{fmt.Sprintf("ns-%d/model-%d", i%1000, i)},
		})
	}
	text, _ := json.Marshal(object{"version": 1, "issuers": list, "grants": rules,
		"routes": []object{
			{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kfserving"},
			{"protocol": "grpc", "service": "grpc.health.v1.Health", "model": "prod/health"},
			{"protocol": "kserve-v2", "service": "prod/large", "hosts": []string{inferHost}},
		},
		"identity": []object{{"header": "x-user", "value": "{email}"}},
	}) // strings and numbers only
	return string(text)
}
