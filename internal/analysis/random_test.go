package analysis

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
)

// noon is when the tests decide.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const (
	testPool  = "projects/1/locations/global/workloadIdentityPools/partner"
	staffPool = "locations/global/workforcePools/staff"
	gateway   = "spiffe://corp.example/ns/edge/sa/gateway"
	proxy     = "spiffe://corp.example/ns/edge/sa/proxy"
	iapURL    = "https://cloud.google.com/iap"
	backend   = "/projects/1/global/backendServices/2"
)

// apiKeys are the keys of the issuer keys.
var apiKeys = []string{"key-of-seven-0123456789", "key-of-eight-0123456789", "key-of-nobody-0123456789"}

// listedDigest is of a certificate that rules name.
var listedDigest = digestOf("a certificate")

func digestOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// secret is the key of the issuers that sign by HMAC: few tests make a signature.
func secret(string) (string, bool) {
	return base64.RawURLEncoding.EncodeToString(make([]byte, 32)), true
}

type object = map[string]any

type dice struct{ *rand.Rand }

// throw returns the dice of a test, for one of its policies.
func throw(test, policy uint64) dice { return dice{rand.New(rand.NewPCG(*seed<<8|test, policy))} }

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

// issuers are some of six issuers: each reads other claims, and asks for other ones.
func (d dice) issuers() (list []object) {
	for _, is := range []object{d.corp(), d.partner(), d.cluster(), d.keys(), d.edge(), d.iap()} {
		if is["name"] == "corp" || d.maybe(0.75) {
			list = append(list, is)
		}
	}
	return list
}

func (d dice) corp() object {
	is := object{"name": "corp", "issuer": "https://corp", "audiences": []string{"a"}, "algorithms": []string{"HS256"},
		"symmetric": object{"env": "CORP"}, "groups": "/groups"}
	if d.maybe(0.3) {
		is["groups"] = []any{"/groups", object{"pointer": "/realm/roles", "form": d.pick("list", "words", "names", "paths")}}
	}
	if d.maybe(0.3) {
		is["domain"] = "address"
	}
	if d.maybe(0.2) {
		is["requiredClaims"] = []any{object{"pointer": "/x", "anyOf": []any{"a", 1}}}
	}
	if d.maybe(0.2) {
		is["require"] = d.some(1, "certificate", "signature")
	}
	if d.maybe(0.3) {
		is["absent"] = object{d.pick("email", "groups"): "none"}
	}
	if d.maybe(0.2) {
		is["address"] = object{"folded": true}
	}
	return is
}

func (d dice) partner() object {
	is := object{"name": "partner", "issuer": "https://partner", "audiences": []string{"a"}, "algorithms": []string{"HS256"},
		"symmetric": object{"env": "PARTNER"}, "pool": testPool, "attributes": object{"repository": "/repository"}, "email": "trusted",
		"from": []object{{"header": "x-partner"}}}
	if d.maybe(0.3) {
		is["subject"] = []string{"/azp", "/sub"}
	}
	if d.maybe(0.1) { // an address that is a name
		is["subject"] = []string{"/sub", "/email"}
	}
	return is
}

// curve is a key that verifies nothing here.
func curve() object {
	return object{"inline": object{"keys": []object{{"kty": "EC", "alg": "ES256", "crv": "P-256", "kid": "k",
		"x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58", "y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}}}}
}

func (d dice) cluster() object {
	return object{"name": "cluster", "preset": "kubernetes", "issuer": "https://cluster", "audiences": []string{"a"},
		"algorithms": []string{"ES256"}, "from": []object{{"header": "x-cluster"}}, "jwks": curve()}
}

// keys has the keys in the configuration, or where the gate fetches them.
func (d dice) keys() object {
	is := object{"name": "keys", "from": []object{{"header": "x-key"}}}
	if d.maybe(0.4) {
		is["apiKeys"] = object{"remote": object{"uri": "https://keys.example/", "cluster": "keys"}}
		return is
	}
	seven := object{"sha256": digestOf(apiKeys[0]), "subject": "7", "email": d.pick("u1@x", "u2@y"), "groups": d.some(2, "g1", "g2"),
		"claims": object{"x": "a"}}
	eight := object{"sha256": digestOf(apiKeys[1]), "subject": d.pick("7", "8"), "groups": []string{}, "claims": object{"scope": "read"}}
	if d.maybe(0.2) {
		eight[d.pick("until", "notBefore")] = d.pick("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
	}
	is["apiKeys"] = object{"inline": []object{seven, eight}[:1+d.IntN(2)]}
	return is
}

func (d dice) edge() object {
	return object{"name": "edge", "relay": object{"peers": []string{gateway}, "subject": "x-user", "email": "x-email", "groups": "x-groups"}}
}

// iap has people of Google, and those of a workforce pool.
func (d dice) iap() object {
	is := object{"name": "iap", "preset": "google-iap", "audiences": []string{backend}, "jwks": curve()}
	if d.maybe(0.7) {
		is["pool"], is["attributes"] = staffPool, object{"team": "/team"}
	}
	if d.maybe(0.4) {
		is["groups"] = "/groups"
	}
	return is
}

// config is a random configuration.
func (d dice) config() object {
	issuers := d.issuers()
	var names []string
	for _, is := range issuers {
		names = append(names, is["name"].(string))
	}
	peer := object{"trustDomain": "corp.example", "dns": []string{"a.corp", "*.b.corp", "b.corp", "proxy.corp"},
		"subjects": []string{"CN=s", "CN=t"}}
	if d.maybe(0.3) {
		peer["certificates"] = []string{d.pick("*", listedDigest)}
	}
	if d.maybe(0.3) {
		peer["forwardedBy"] = object{"peers": d.some(2, proxy, "dns:proxy.corp", gateway)}
	}
	c := object{
		"version": 1, "issuers": issuers, "peer": peer,
		"signatures": object{"keys": []object{{"keyid": "k", "algorithm": "ed25519",
			"jwk": object{"kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}, "anyCaller": true}}},
		"routes": []object{
			{"protocol": "kserve-v2", "prefix": "/s", "names": "kserve"},
			{"protocol": "openai", "service": "p/llm", "hosts": []string{"llm"}, "aliases": object{"chat": "big"}}},
	}
	var grants, denies []object
	for i := range 1 + d.IntN(6) {
		grants = append(grants, d.rule(fmt.Sprintf("g%d", i), false, names))
	}
	for i := range d.IntN(4) {
		denies = append(denies, d.rule(fmt.Sprintf("d%d", i), true, names))
	}
	if c["grants"] = grants; denies != nil {
		c["denies"] = denies
	}
	if d.maybe(0.3) {
		c["iam"] = []object{d.iam(names)}
	}
	c["groups"] = []object{{"name": "crew", "members": d.some(3, "user:u1@x", "user:u2@y", "sub:7", "sub:9")}}
	return c
}

// side compiles a configuration. Some random ones are not valid.
func side(c object) (*Side, error) {
	doc, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	g, err := gate.New(string(doc), secret)
	if err != nil {
		return nil, err
	}
	return NewSide(g, noon), nil
}

// randomSide returns a random configuration that is valid, and its side.
func (d dice) randomSide(t *testing.T) (object, *Side) {
	var last error
	for range 500 {
		c := d.config()
		s, err := side(c)
		if err == nil {
			return c, s
		}
		last = err
	}
	t.Fatalf("no random configuration is valid; of the last one: %v", last)
	return nil, nil
}

func written(c object) string {
	doc, _ := json.Marshal(c) // it was compiled as JSON
	return string(doc)
}

func model(t *testing.T, s string) inference.Model {
	m, err := inference.ParseModel(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// within is a member of a pool.
func within(kind, pool, rest string) string {
	return kind + "://iam.googleapis.com/" + pool + "/" + rest
}
