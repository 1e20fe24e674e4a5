package authn

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// readKeySet reads a JWK Set for an issuer of those algorithms.
func readKeySet(doc string, algorithms ...string) (*KeySet, strictjson.Problems) {
	var allowed []*algorithm
	for _, name := range algorithms {
		allowed = append(allowed, algorithmNamed(name))
	}
	var problems strictjson.Problems
	v, ok := strictjson.Parse(doc, &problems)
	if !ok {
		return nil, problems
	}
	return compileInline(v, &Issuer{algorithms: allowed}), problems
}

func mustJSON(v any) string {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(doc)
}

// TestKeySet: the form of a set (RFC 7517 section 5), and when it has no key.
func TestKeySet(t *testing.T) {
	ec := publicJWK(ecKey, "e", "ES256")
	good, rsa := mustJSON(ec), mustJSON(publicJWK(rsaKey, "r", ""))
	many := func(n int) (list string) {
		for i := range n {
			list += "," + mustJSON(with(ec, "kid", fmt.Sprint(i)))
		}
		return `{"keys":[` + list[1:] + `]}`
	}
	for _, c := range []struct{ name, doc, algorithms, want string }{
		{"one key", `{"keys":[` + good + `]}`, "ES256", ""},
		{"100 keys", many(100), "ES256", ""},
		{"101 keys", many(101), "ES256", `"": must have at most 100 keys for signatures; got more`},
		{"empty", `{}`, "ES256", `"": ` + isEmpty + "\n" + `"": needs "keys"`},
		{"Keys", `{"Keys":[` + good + `]}`, "ES256", `"": needs "keys"`},
		{"no keys", `{"keys":[]}`, "ES256", `"/keys": ` + isEmpty},
		{"keys null", `{"keys":null}`, "ES256", `"/keys": must be an array; got null`},
		{"keys an object", `{"keys":` + good + `}`, "ES256", `"/keys": must be an array; got an object`},
		{"an array", `[` + good + `]`, "ES256", `"": must be an object; got an array`},
		{"a key that is none", `{"keys":[1]}`, "ES256", `"/keys/0": must be an object; got 1` + "\n" + `"": ` + noUsableKey},
		{"keys twice", `{"keys":[],"k\u0065ys":[]}`, "ES256", `"": line 1, column 12: "keys" is there twice`},
		{"no key for the algorithm", `{"keys":[` + good + `]}`, "RS256", `"": ` + noUsableKey},
		{"a key for two algorithms", `{"keys":[` + rsa + `]}`, "RS256 PS256", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, problems := readKeySet(c.doc, strings.Fields(c.algorithms)...)
			if got := problems.Error(); got != c.want || got == "" && len(set.Keys()) == 0 {
				t.Errorf("compileInline(%.60s) = %s, want %s", c.doc, got, c.want)
			}
		})
	}
}

// TestSubjectPublicKeyInfo: RS and ES keys have the DER of crypto/x509, others none.
func TestSubjectPublicKeyInfo(t *testing.T) {
	for alg, key := range map[string]crypto.Signer{
		"RS256": rsaKey,
		"PS256": rsaKey,
		"ES256": ecKey,
		"ES384": p384Key,
		"ES512": p521Key,
		"EdDSA": edKey,
	} {
		set, problems := readKeySet(mustJSON(m{"keys": []m{publicJWK(key, "k", alg)}}), alg)
		if problems != nil {
			t.Fatal(problems)
		}
		want, _ := x509.MarshalPKIXPublicKey(key.Public())
		if alg == "PS256" || alg == "EdDSA" {
			want = nil
		}
		if got := set.Keys()[0].SubjectPublicKeyInfo(); string(got) != string(want) {
			t.Errorf("%s: SubjectPublicKeyInfo = %x, want %x", alg, got, want)
		}
	}
}
