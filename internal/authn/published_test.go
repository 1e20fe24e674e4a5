package authn

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func publicPEM(key crypto.Signer) string {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func certificatePEM(key crypto.Signer) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "securetoken.system.gserviceaccount.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func privatePEM(key crypto.Signer) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// What is wrong with a text that is no key in PEM.
const (
	noPEM      = "is no public key or certificate in PEM, and the document is no JWK Set"
	notSPKI    = "is not one public key or certificate in PEM, of RSA, P-256, P-384, P-521 or Ed25519"
	privateKey = "is private, and a key set has public keys only"
)

// noKey is the error of a document in which no key can be used.
const noKey = "no key usable with the issuer's algorithms"

type publishedCase struct{ name, doc, want, err string }

// examine compares what becomes of each key of a document, written as
// "kid:algorithm", or "kid:" and why it is not used, and why the document is refused.
func examine(t *testing.T, cases []publishedCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			notes, err := ExamineKeys(c.doc, []string{"RS256", "ES256", "EdDSA"}, false)
			var got []string
			for _, n := range notes {
				got = append(got, n.ID+":"+n.Algorithm+n.Why)
			}
			refusal := ""
			if err != nil {
				refusal, _, _ = strings.Cut(err.Error(), "\n")
			}
			if s := strings.Join(got, " "); s != c.want || refusal != c.err {
				t.Errorf("ExamineKeys(%s) = %s, %q, want %s, %q", c.doc, s, refusal, c.want, c.err)
			}
		})
	}
}

// TestPublishedKeySet: a bad key is skipped, and one that must not be published
// refuses the document.
func TestPublishedKeySet(t *testing.T) {
	ec, rsa := publicJWK(ecKey, "e", "ES256"), publicJWK(rsaKey, "r", "")
	set := func(keys ...m) string { return mustJSON(m{"keys": keys, "more": 1}) }
	const private = `"/keys/1/d": must not be here: it is private, and a key set has public keys only`
	const symmetric = `"/keys/0": must not be symmetric; use "symmetric" with an environment variable`
	weak := with(rsa, "kid", "w", "n", base64OfInt(modulus(1024)))
	examine(t, []publishedCase{
		{"two keys", set(ec, rsa), "e:ES256 r:RS256", ""},
		{"one is weak", set(weak, ec), "w:" + problem("n", "must have 2048 to 8192 bits; got 1024") + " e:ES256", ""},
		{"one is malformed", set(with(ec, "kid", "x", "x", "!"), ec), "x:" + notBase64URL("x", "!") + " e:ES256", ""},
		{"one is no object", `{"keys":[1,` + mustJSON(ec) + `]}`, ":" + problem("", "must be an object; got 1") + " e:ES256", ""},
		{"one is for encryption", set(with(rsa, "use", "enc"), ec), "r:use is not sig e:ES256", ""},
		{"one is of an unknown type", set(m{"kty": "AKP", "kid": "q"}, ec), "q:no allowed algorithm has its kty, crv and alg e:ES256", ""},
		{"none is usable", set(with(ec, "use", "enc")), "e:use is not sig", noKey},
		{"one is private", set(ec, with(rsa, "d", "AA")), "e:ES256 r:" + private, private},
		{"one is symmetric", set(m{"kty": "oct", "kid": "s"}, ec), "s:" + symmetric + " e:ES256", symmetric},
		{"one kid for two algorithms", set(ec, with(rsa, "kid", "e")), "e:ES256 e:RS256", ""},
		{"one kid for two keys", set(ec, publicJWK(evilEC, "e", ""), rsa), "e:" + clash + " e:" + clash + " r:RS256", ""},
		{"one kid for two keys, three times", set(ec, publicJWK(evilEC, "e", ""), ec, rsa),
			"e:" + clash + " e:" + clash + " e:" + clash + " r:RS256", ""},
		{"one key twice", set(ec, ec), "e:ES256 e:ES256", ""},
		{"a JWK", mustJSON(ec), "e:ES256", ""},
		{"a JWK of no use", mustJSON(with(ec, "use", "enc")), "e:use is not sig", noKey},
		{"a private JWK", mustJSON(with(ec, "d", "AA")), `e:"/d": ` + private[len(`"/keys/1/d": `):], `"/d": ` + private[len(`"/keys/1/d": `):]},
		{"a public key in PEM", "\n" + publicPEM(ecKey) + "\n", ":ES256", ""},
		{"a certificate in PEM", certificatePEM(ecKey), ":ES256", ""},
		{"PEM of no key", "-----BEGIN X-----\n-----END X-----\n", ":" + notSPKI, noKey},
		{"half a PEM", publicPEM(ecKey)[:80], ":" + noPEM, noKey},
		{"a private key in PEM", privatePEM(ecKey), ":" + privateKey, privateKey},
		{"no keys", `{"keys":[]}`, "", `"/keys": ` + isEmpty},
		{"empty", `{}`, "", `"": ` + isEmpty},
		{"no object", `[]`, "", `"": must be an object; got an array`},
		{"no JSON", `<html>`, "", `"": line 1, column 1: expected a value; got '<'`},
		{"one member twice", `{"keys":[],"keys":[]}`, "", `"": line 1, column 12: "keys" is there twice`},
	})
	for _, name := range []string{"HS256", "none", ""} {
		if _, err := ExamineKeys(set(ec), []string{name}, false); err == nil {
			t.Errorf("ExamineKeys(%q) has no error", name)
		}
	}
}

// TestPublishedPEMs: IAP's dictionary from kid to PEM.
func TestPublishedPEMs(t *testing.T) {
	pems := func(keys ...string) string {
		doc := m{}
		for i := 0; i < len(keys); i += 2 {
			doc[keys[i]] = keys[i+1]
		}
		return mustJSON(doc)
	}
	ec := publicPEM(ecKey)
	empty := "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"
	examine(t, []publishedCase{
		{"three keys", pems("a", ec, "b", publicPEM(rsaKey), "c", publicPEM(edKey)), "a:ES256 b:RS256 c:EdDSA", ""},
		{"another curve", pems("a", ec, "b", publicPEM(p521Key)), "a:ES256 b:no allowed algorithm has its type", ""},
		{"no PEM", pems("a", "x", "b", ec), "a:" + noPEM + " b:ES256", ""},
		{"PEM of no key", pems("a", empty, "b", ec), "a:" + notSPKI + " b:ES256", ""},
		{"PEM and more", pems("a", ec+"x", "b", ec), "a:" + notSPKI + " b:ES256", ""},
		{"two PEM in one", pems("a", ec+publicPEM(evilEC)), "a:" + notSPKI, noKey},
		{"certificates", pems("a", certificatePEM(ecKey), "b", certificatePEM(rsaKey), "c", certificatePEM(edKey)),
			"a:ES256 b:RS256 c:EdDSA", ""},
		{"a certificate that is none", pems("a", strings.ReplaceAll(ec, "PUBLIC KEY", "CERTIFICATE")), "a:" + notSPKI, noKey},
		{"a private key", pems("a", ec, "b", privatePEM(ecKey)), "a:ES256 b:" + privateKey, privateKey},
		{"no kid", pems("", ec), ":must have a kid of 1 to 256 bytes", noKey},
		{"a key called kty", pems("kty", ec), "kty:ES256", ""},
		{"a string", pems("error", "not found"), "error:" + noPEM, noKey},
		{"numbers", `{"a":1,"b":null}`, "a:" + noPEM + " b:" + noPEM, noKey},
	})
	many := m{}
	for i := range maxKeys + 1 {
		many[fmt.Sprint(i)] = ec
	}
	if _, err := ExamineKeys(mustJSON(many), []string{"ES256"}, false); err == nil || !strings.Contains(err.Error(), "at most 100 keys") {
		t.Errorf("ExamineKeys(101 keys in PEM) = %v, want an error", err)
	}
	notes, err := ExamineKeys(pems("a", publicPEM(rsaKey)), []string{"RS256", "PS256"}, false)
	if err != nil || notes[0].Algorithm != "RS256, PS256" {
		t.Errorf("ExamineKeys(a key in PEM for two algorithms) = %+v, %v", notes, err)
	}
}

func FuzzPublished(f *testing.F) {
	f.Add(mustJSON(m{"keys": []m{publicJWK(ecKey, "e", "ES256"), publicJWK(rsaKey, "r", "")}}))
	f.Add(mustJSON(m{"a": publicPEM(ecKey), "b": publicPEM(edKey)}))
	f.Add(`{"keys":[{"kty":"oct","k":"AA"}]}`)
	f.Add(mustJSON(m{"a": certificatePEM(ecKey)}))
	f.Add(mustJSON(publicJWK(ecKey, "e", "ES256")))
	f.Add(certificatePEM(rsaKey))
	nulls := with(publicJWK(rsaKey, "r", ""), "d", nil, "key_ops", []string{})
	f.Add(mustJSON(m{"keys": []m{publicJWK(ecKey, "e", ""), publicJWK(evilEC, "e", ""), nulls}}))
	f.Fuzz(func(t *testing.T, doc string) {
		notes, err := ExamineKeys(doc, []string{"RS256", "ES256", "ES384", "EdDSA"}, false)
		usable := 0
		for _, n := range notes {
			if n.Algorithm != "" {
				usable++
			}
			if n.Refused && err == nil {
				t.Errorf("%+v does not refuse the document", n)
			}
		}
		if err == nil && usable == 0 {
			t.Error("a document without a usable key is accepted")
		}
	})
}
