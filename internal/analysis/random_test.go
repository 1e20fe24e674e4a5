package analysis

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
)

// noon is when the tests decide.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const (
	testPool = "projects/1/locations/global/workloadIdentityPools/partner"
	inPool   = "//iam.googleapis.com/" + testPool
	gateway  = "spiffe://corp.example/ns/edge/sa/gateway"
)

// secret is the key of the issuers that sign by HMAC: no test makes a signature.
func secret(string) (string, bool) {
	return base64.RawURLEncoding.EncodeToString(make([]byte, 32)), true
}

type object = map[string]any

type dice struct{ *rand.Rand }

func (d dice) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d dice) maybe(chance float64) bool { return d.Float64() < chance }

// some picks one to most different ones.
func (d dice) some(most int, from ...string) (list []string) {
	for range 1 + d.IntN(most) {
		if s := d.pick(from...); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// issuers are five issuers: each reads other claims, and asks for other ones.
func (d dice) issuers() []object {
	corp := object{"name": "corp", "issuer": "https://corp", "audiences": []string{"a"}, "algorithms": []string{"HS256"},
		"symmetric": object{"env": "K"}, "groups": "/groups"}
	if d.maybe(0.3) {
		corp["groups"] = []any{"/groups", object{"pointer": "/realm/roles", "form": d.pick("list", "words", "names", "paths")}}
	}
	if d.maybe(0.3) {
		corp["domain"] = "address"
	}
	if d.maybe(0.2) {
		corp["requiredClaims"] = []any{object{"pointer": "/x", "anyOf": []any{"a", 1}}}
	}
	if d.maybe(0.2) {
		corp["require"] = d.some(1, "certificate", "signature")
	}
	if d.maybe(0.3) {
		corp["absent"] = object{d.pick("email", "groups"): "none"}
	}
	if d.maybe(0.2) {
		corp["address"] = object{"folded": true}
	}
	partner := object{"name": "partner", "issuer": "https://partner", "audiences": []string{"a"}, "algorithms": []string{"HS256"},
		"symmetric": object{"env": "K"}, "pool": testPool, "attributes": object{"repository": "/repository"}, "email": "trusted",
		"from": []object{{"header": "x-partner"}}}
	if d.maybe(0.3) {
		partner["subject"] = []string{"/azp", "/sub"}
	}
	cluster := object{"name": "cluster", "preset": "kubernetes", "issuer": "https://cluster", "audiences": []string{"a"},
		"algorithms": []string{"ES256"}, "from": []object{{"header": "x-cluster"}}, "jwks": object{"inline": object{"keys": []object{{
			"kty": "EC", "alg": "ES256", "crv": "P-256", "kid": "k",
			"x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58", "y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}}}}}
	keys := object{"name": "keys", "from": []object{{"header": "x-key"}}, "apiKeys": object{"inline": []object{
		{"sha256": strings.Repeat("1", 64), "subject": "7", "email": "u1@x", "groups": []string{"g1"}, "claims": object{"x": "a"}},
		{"sha256": strings.Repeat("2", 64), "subject": "8", "groups": []string{}, "claims": object{"scope": "read"}}}}}
	edge := object{"name": "edge", "relay": object{"peers": []string{gateway}, "subject": "x-user", "email": "x-email", "groups": "x-groups"}}
	return []object{corp, partner, cluster, keys, edge}
}

var (
	testVerbs   = strings.Fields("predict explain generate metadata ready list load unload admin")
	testIssuers = strings.Fields("corp partner cluster keys edge")
	patterns    = strings.Fields("a/b a/c ab/b */* a/* */b a*/b a/b* a/c@1 a/*@1 a/b/m a/b/* a/b/m*/n a/b/m/n a/b/m@2 a*/b*/* " +
		"a/b/M/N a/b/m* a/b/M*@2 a/b/n:t a/b/t a/b//x/y a/b/x/y p/llm/big p/llm/chat p/llm/meta/* p/llm/Q* p/llm/q:4b p/llm")
	testModels = strings.Fields("a/b a/c ab/b ab/c a/bc b/b a/b@1 a/c@1 a/c@2 a/b/m a/b/m@2 a/b/m/n a/b/mm/n a/b/n a/b/m/n/o " +
		"a/b/M a/b/M/n a/b/n:t a/b/N:T a/b/q:t a/b//x/y a/b/x/y a/b//X/z p/llm/big p/llm/BIG p/llm/base:big p/llm/big:latest " +
		"p/llm/library/big p/llm/meta/l p/llm/Q4 p/llm/q:4b p/llm/Qx:big p/llm/QBIG p/llm/q")
	tokenMembers = []string{"user:u1@x", "user:U1@x", "user:u2@y", "serviceAccount:s@p.gserviceaccount.com", "deleted:user:u1@x",
		"allAuthenticatedUsers", "sub:7", "sub:8", "group:g1", "group:g2", "group:/g", "group:crew", "domain:x", "domain:y"}
	poolMembers = []string{"principal:" + inPool + "/subject/7", "principalSet:" + inPool + "/*", "principalSet:" + inPool + "/group/g1",
		"principalSet:" + inPool + "/group/crew", "principalSet:" + inPool + "/attribute.repository/r"}
	peerMembers = []string{"spiffe://corp.example/ns/n/sa/s", "spiffe://corp.example/x", "namespace:n",
		"dns:a.corp", "dns:b.corp", "subject:CN=s"}
)

func (d dice) claims() (list []object) {
	for range d.IntN(3) * d.IntN(2) {
		if d.maybe(0.15) {
			list = append(list, object{"scope": d.some(2, "read", "write")})
			continue
		}
		op := d.pick("equals", "anyOf", "contains", "word", "prefix", "suffix", "exists")
		c := object{"pointer": d.pick("/x", "/x", "/y", "/groups", "/email", "/act/sub", "/act")}
		c[op] = map[string]any{"equals": []any{"a", "ab", 1, true}[d.IntN(4)], "anyOf": []any{"a", "b", 2.5}[:1+d.IntN(3)],
			"contains": d.pick("a", "g1"), "word": d.pick("a", "b"), "prefix": d.pick("a", "ab", "u1"), "suffix": d.pick("b", "@x"),
			"exists": d.maybe(0.5)}[op]
		list = append(list, c)
	}
	return list
}

func (d dice) rule(name string, deny bool) object {
	r := object{"name": name}
	issuers := d.some(2, testIssuers...)
	members := tokenMembers
	if slices.Contains(issuers, "partner") {
		members = append(slices.Clone(members), poolMembers...)
	}
	if slices.Contains(issuers, "cluster") {
		members = append(slices.Clone(members), "serviceAccount:n/s", "namespace:n")
	}
	switch claims := d.claims(); {
	case deny && d.maybe(0.25):
		r["members"] = d.some(2, append(slices.Clone(peerMembers), "allUsers", "serviceAccount:n/s")...)
	case !deny && d.maybe(0.15):
		r["peer"], r["members"] = true, d.some(2, peerMembers...)
	case !deny && d.maybe(0.1):
		r["members"] = []string{"allUsers"}
	default:
		if !deny || d.maybe(0.6) {
			r["issuers"] = issuers
		} else {
			members = tokenMembers
		}
		if claims == nil || d.maybe(0.6) {
			r["members"] = d.some(3, members...)
		}
		if claims != nil {
			r["claims"] = claims
		}
		if !deny && d.maybe(0.15) {
			r["require"] = d.some(1, "certificate", "signature")
		}
	}
	if r["role"] = d.pick("viewer", "invoker", "admin"); d.maybe(0.4) {
		delete(r, "role")
		r["verbs"] = d.some(3, testVerbs...)
	}
	r["models"] = d.some(3, patterns...)
	if d.maybe(0.1) {
		r["shadow"] = object{"until": d.pick("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z")}
	}
	return r
}

// config is a random configuration.
func (d dice) config() object {
	c := object{
		"version": 1, "issuers": d.issuers(),
		"peer": object{"trustDomain": "corp.example", "dns": []string{"a.corp", "*.b.corp", "b.corp"}, "subjects": []string{"CN=s", "CN=t"}},
		"signatures": object{"keys": []object{{"keyid": "k", "algorithm": "ed25519",
			"jwk": object{"kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}, "anyCaller": true}}},
		"routes": []object{
			{"protocol": "kserve-v2", "prefix": "/s", "names": "kserve"},
			{"protocol": "openai", "service": "p/llm", "hosts": []string{"llm"}, "aliases": object{"chat": "big"}}},
	}
	var grants, denies []object
	for i := range 1 + d.IntN(6) {
		grants = append(grants, d.rule(fmt.Sprintf("g%d", i), false))
	}
	for i := range d.IntN(4) {
		denies = append(denies, d.rule(fmt.Sprintf("d%d", i), true))
	}
	if c["grants"] = grants; denies != nil {
		c["denies"] = denies
	}
	c["groups"] = []object{{"name": "crew", "members": d.some(3, "user:u1@x", "user:u2@y", "sub:7", "sub:9")}}
	return c
}

// side compiles a configuration; nil if it is not valid, as some random ones are.
func side(c object) *Side {
	doc, _ := json.Marshal(c)
	g, err := gate.New(string(doc), secret)
	if err != nil {
		lastProblem = err
		return nil
	}
	return NewSide(g, noon)
}

var lastProblem error

// randomSide returns a random configuration that is valid, and its side.
func (d dice) randomSide(t *testing.T) (object, *Side) {
	for range 500 {
		c := d.config()
		if s := side(c); s != nil {
			return c, s
		}
	}
	t.Fatalf("no random configuration is valid; of the last one: %v", lastProblem)
	return nil, nil
}

func (d dice) caller() *Caller {
	c := &Caller{Signed: d.maybe(0.5)}
	if d.maybe(0.9) {
		c.Issuer = d.pick(testIssuers...)
	}
	if d.maybe(0.4) || c.Issuer == "edge" {
		c.URI = d.pick("", "spiffe://corp.example/ns/n/sa/s", "spiffe://corp.example/x", "spiffe://corp.example/ns/n/sa/o",
			"spiffe://other/ns/n/sa/s", gateway)
		c.Subject = d.pick("", "", "CN=s", "CN=t", "cn=S")
		if c.DNS = d.some(2, "a.corp", "b.corp", "c.b.corp", "d"); d.maybe(0.5) {
			c.DNS = nil
		}
		c.Unseen = c.DNS == nil && d.maybe(0.2)
	}
	doc := object{}
	put := func(chance float64, name string, values ...any) {
		if d.maybe(chance) {
			doc[name] = values[d.IntN(len(values))]
		}
	}
	switch c.Issuer {
	case "":
		return c
	case "keys":
		doc = object{"subject": d.pick("7", "8")}
		if doc["subject"] == "7" {
			c.Document = `{"claims":{"x":"a"},"email":"u1@x","groups":["g1"],"sha256":"` + strings.Repeat("1", 64) + `","subject":"7"}`
		} else {
			c.Document = `{"claims":{"scope":"read"},"groups":[],"sha256":"` + strings.Repeat("2", 64) + `","subject":"8"}`
		}
		return c
	case "edge":
		put(1, "subject", "7", "9")
		put(0.6, "email", "u1@x", "u2@y", "o@z", "U1@X")
		put(0.6, "groups", []string{}, []string{"g1"}, []string{"g2", "/g"}, []string{"o"})
	default:
		d.token(c.Issuer, doc, put)
	}
	text, _ := json.Marshal(doc)
	c.Document = string(text)
	return c
}

// token fills the claims of a token.
func (d dice) token(issuer string, doc object, put func(float64, string, ...any)) {
	doc["iss"], doc["aud"], doc["iat"], doc["exp"] = "https://"+issuer, "a", noon.Unix(), noon.Unix()+1
	put(0.95, "sub", "7", "8", "9", "system:serviceaccount:n:s", "system:serviceaccount:n:o", "system:serviceaccount:m:s")
	put(0.7, "email", "u1@x", "U1@x", "U1@X", "u2@y", "o@x", "o@z", "s@p.gserviceaccount.com", "no address", 7)
	put(0.7, "email_verified", true, true, true, false, "true")
	put(0.5, "hd", "x", "X", "y", "z")
	put(0.7, "groups", []string{}, []string{"g1"}, []string{"g1", "g2"}, []string{"/g/h", "o"}, "g1", "g1 g2", []any{"g1", "a"}, nil)
	put(0.3, "realm", object{"roles": []string{"g2"}}, object{"roles": "g1 g2"}, object{"roles": object{"g1": 1}},
		object{"roles": []string{"/g/h"}}, object{})
	put(0.5, "repository", "r", "s", 1)
	put(0.3, "azp", "7", "o")
	put(0.7, "x", "a", "ab", "a b", "b a", "b", 1, true, 2.5, "o", []any{"a"}, []any{"o"}, nil, "a\tb", object{})
	put(0.5, "y", "a", "ab", "abb", "o", []any{"a", "g1"}, false, 1)
	put(0.3, "act", "a", object{"sub": "a"}, object{"sub": "ab"}, object{}, object{"sub": []any{"a"}})
	put(0.3, "scope", "read", "write read", []any{"write"}, "o", 1)
	put(0.2, "scp", "read", []any{"read"}, "o")
	put(0.1, "_claim_names", object{"groups": "src1"}, object{"email": "src1"})
	if issuer == "cluster" {
		doc["kubernetes.io"] = object{"serviceaccount": object{"name": "s"}}
	}
}

func model(t *testing.T, s string) inference.Model {
	m, err := inference.ParseModel(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
