package authn

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

func publicPEM(key crypto.Signer) string {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// TestPublished: what becomes of each key of a fetched document, and of the
// document.
func TestPublished(t *testing.T) {
	ec, rsa := publicJWK(ecKey, "e", "ES256"), publicJWK(rsaKey, "r", "")
	set := func(keys ...m) string { return mustJSON(m{"keys": keys, "more": 1}) }
	for _, x := range []struct{ name, doc, want, err string }{
		{"two keys", set(ec, rsa), "e:ES256 r:RS256", ""},
		{"one is weak", set(with(rsa, "kid", "w", "n", octetsOf(modulus(1024))), ec), `w:"/keys/0/n": has 1024 bits, not 2048 to 8192 e:ES256`, ""},
		{"one is malformed", set(with(ec, "kid", "x", "x", "!"), ec), `x:"/keys/0/x": is not base64url without padding e:ES256`, ""},
		{"one is no object", `{"keys":[1,` + mustJSON(ec) + `]}`, `:"/keys/0": an object expected e:ES256`, ""},
		{"one is for encryption", set(with(rsa, "use", "enc"), ec), `r:use is not sig e:ES256`, ""},
		{"unknown kinds", set(m{"kty": "AKP", "kid": "q"}, ec), `q:no allowed algorithm has its kty, crv and alg e:ES256`, ""},
		{"none is usable", set(with(ec, "use", "enc")), `e:use is not sig`, "no key usable with the issuer's algorithms"},
		{"one is private", set(ec, with(rsa, "d", "AA")), `e:ES256 r:"/keys/1/d": is private: a key set holds public keys only`, `"/keys/1/d": is private: a key set holds public keys only`},
		{"one is symmetric", set(m{"kty": "oct", "kid": "s"}, ec), `s:"/keys/0": is symmetric; declare "symmetric" with an environment variable instead e:ES256`, `"/keys/0": is symmetric; declare "symmetric" with an environment variable instead`},
		{"one stands twice", set(ec, with(rsa, "kid", "e")), `e:ES256 e:"/keys/1/kid": "e" stands twice`, `"/keys/1/kid": "e" stands twice`},
		{"no keys", `{"keys":[]}`, "", `"/keys": is empty; leave it out instead`},
		{"empty", `{}`, "", `"": is empty; leave it out instead`},
		{"no object", `[]`, "", `"": an object expected`},
		{"no JSON", `<html>`, "", `"": a JSON value expected at byte 0`},
		{"twice the same name", `{"keys":[],"keys":[]}`, "", `"": name "keys" occurs twice at byte 18`},

		{"PEM", mustJSON(m{"a": publicPEM(ecKey), "b": publicPEM(rsaKey), "c": publicPEM(edKey)}), "a:ES256 b:RS256 c:EdDSA", ""},
		{"PEM of another curve", mustJSON(m{"a": publicPEM(ecKey), "b": publicPEM(p521Key)}), "a:ES256 b:no allowed algorithm has its type", ""},
		{"PEM that is none", mustJSON(m{"a": "x", "b": publicPEM(ecKey)}), "a:is no public key in PEM, and no JWK Set b:ES256", ""},
		{"PEM of no key", mustJSON(m{"a": "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", "b": publicPEM(ecKey)}), "a:is no SubjectPublicKeyInfo of RSA, P-256, P-384, P-521 or Ed25519 b:ES256", ""},
		{"PEM and more", mustJSON(m{"a": publicPEM(ecKey) + "x", "b": publicPEM(ecKey)}), "a:is no public key in PEM, and no JWK Set b:ES256", ""},
		{"two PEM in one", mustJSON(m{"a": publicPEM(ecKey) + publicPEM(evilEC)}), "a:is no public key in PEM, and no JWK Set", "no key usable with the issuer's algorithms"},
		{"PEM of a certificate", mustJSON(m{"a": strings.ReplaceAll(publicPEM(ecKey), "PUBLIC KEY", "CERTIFICATE")}), "a:is no public key in PEM, and no JWK Set", "no key usable with the issuer's algorithms"},
		{"PEM without a name", mustJSON(m{"": publicPEM(ecKey)}), ":its kid has 0 bytes, not 1 to 256", "no key usable with the issuer's algorithms"},
		{"a string", mustJSON(m{"error": "not found"}), "error:is no public key in PEM, and no JWK Set", "no key usable with the issuer's algorithms"},
		{"numbers", `{"a":1,"b":null}`, "a:is no public key in PEM, and no JWK Set b:is no public key in PEM, and no JWK Set", "no key usable with the issuer's algorithms"},
	} {
		notes, err := ExamineKeys(x.doc, []string{"RS256", "ES256", "EdDSA"})
		var got []string
		for _, n := range notes {
			got = append(got, n.ID+":"+n.Algorithm+n.Why)
		}
		problem := ""
		if err != nil {
			problem, _, _ = strings.Cut(err.Error(), "\n")
		}
		if s := strings.Join(got, " "); s != x.want || problem != x.err {
			t.Errorf("%s: %s, %q, want %s, %q", x.name, s, problem, x.want, x.err)
		}
	}
	many := m{}
	for i := range maxKeys + 1 {
		many[fmt.Sprint(i)] = publicPEM(ecKey)
	}
	if _, err := ExamineKeys(mustJSON(many), []string{"ES256"}); err == nil || !strings.Contains(err.Error(), "more than 100") {
		t.Errorf("101 keys in PEM: %v", err)
	}
	if _, err := ExamineKeys(mustJSON(m{"a": publicPEM(rsaKey)}), []string{"RS256", "PS256"}); err == nil {
		t.Error("a key in PEM serves two algorithms")
	}
	for _, name := range []string{"HS256", "none", ""} {
		if _, err := ExamineKeys(set(ec), []string{name}); err == nil {
			t.Errorf("ExamineKeys(%q) works", name)
		}
	}
}

func FuzzPublished(f *testing.F) {
	f.Add(mustJSON(m{"keys": []m{publicJWK(ecKey, "e", "ES256"), publicJWK(rsaKey, "r", "")}}))
	f.Add(mustJSON(m{"a": publicPEM(ecKey), "b": publicPEM(edKey)}))
	f.Add(`{"keys":[{"kty":"oct","k":"AA"}]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		notes, err := ExamineKeys(doc, []string{"RS256", "ES256", "ES384", "EdDSA"})
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

// remoteWorld has an issuer that publishes its keys, with one key as baseline or
// without.
func remoteWorld(t *testing.T, baseline ...m) world {
	t.Helper()
	jwks := m{"remote": m{"uri": "https://keys.example/", "cluster": "keys"}}
	if len(baseline) > 0 {
		jwks["inline"] = m{"keys": baseline}
	}
	return newWorld(t, with(row("a", []string{"ES256"}), "jwks", jwks), row("b", []string{"ES256"}, publicJWK(ecKey, "k", "")))
}

// TestPatience: what a token is told whose key is not there.
func TestPatience(t *testing.T) {
	token := func(kid string) [][2]string {
		return bearerPairs(sign("ES256", ecKey, m{"alg": "ES256", "kid": kid}, claimsOf("a")))
	}
	document := mustJSON(m{"keys": []m{publicJWK(ecKey, "k", "")}})
	base := publicJWK(ecKey, "base", "")
	for _, x := range []struct {
		name, document, kid string
		baseline            []m
		patience            keys.WaitPolicy
		want                reason.Reason
		waits               bool
	}{
		{"no keys yet", "", "k", nil, keys.MayWait, reason.KeysUnavailable, true},
		{"no keys, and no time", "", "k", nil, keys.NoWait, reason.KeysUnavailable, false},
		{"no keys, although looked", "", "k", nil, keys.Refreshed, reason.KeysUnavailable, false},
		{"its key", document, "k", nil, keys.MayWait, reason.Allowed, false},
		{"its key, on a host that cannot wait", document, "k", nil, keys.NoWait, reason.Allowed, false},
		{"unknown key", document, "new", nil, keys.MayWait, reason.KeysUnavailable, true},
		{"unknown key, looked for", document, "new", nil, keys.Refreshed, reason.KeyUnknown, false},
		{"unknown key, and no time", document, "new", nil, keys.NoWait, reason.KeysUnavailable, false},
		{"of the baseline", "", "base", []m{base}, keys.MayWait, reason.Allowed, false},
		{"of the baseline, beside others", document, "base", []m{base}, keys.MayWait, reason.Allowed, false},
		{"beside the baseline", document, "k", []m{base}, keys.MayWait, reason.Allowed, false},
		{"not of the baseline", "", "k", []m{base}, keys.MayWait, reason.KeysUnavailable, true},
	} {
		w := remoteWorld(t, x.baseline...)
		remotes := w.a.Remotes()
		if len(remotes) != 1 || remotes[0].Name != "a" {
			t.Fatalf("Remotes = %v", remotes)
		}
		if x.document != "" {
			if err := remotes[0].Usable(x.document); err != nil {
				t.Fatal(err)
			}
			w.env.Keys = w.env.Keys.With(remotes[0], x.document)
		}
		w.env.WaitPolicy = x.patience
		r := w.a.Authenticate(w.env, token(x.kid), Peer{})
		why, missing := r.Reason, r.Missing
		if why != x.want || (missing != nil) != x.waits || missing != nil && *missing != (MissingKey{"a", x.kid}) {
			t.Errorf("%s: %v, missing %v, want %v", x.name, why, missing, x.want)
		}
	}
	w := remoteWorld(t)
	w.env.WaitPolicy = keys.MayWait
	forged := bearerPairs(sign("ES256", ecKey, m{"alg": "ES256", "kid": "other"}, claimsOf("b")))
	if r := w.a.Authenticate(w.env, forged, Peer{}); r.Reason != reason.KeyUnknown || r.Missing != nil {
		t.Errorf("an issuer whose keys stand in the configuration: %v, %v", r.Reason, r.Missing)
	}
}

// TestKeysReplaced: a smaller set replaces a larger one, the baseline stays, and
// of two keys with one kid the published one counts.
func TestKeysReplaced(t *testing.T) {
	w := remoteWorld(t, publicJWK(evilEC, "k", ""), publicJWK(evilEC, "base", ""))
	remote := w.a.Remotes()[0]
	both := mustJSON(m{"keys": []m{publicJWK(ecKey, "k", ""), publicJWK(ecKey, "l", "")}})
	one := mustJSON(m{"keys": []m{publicJWK(ecKey, "l", "")}})
	cache := NewCache()
	for _, x := range []struct{ document, want string }{
		{"", "evil k, evil base"}, {both, "k, l, evil base"}, {one, "l, evil k, evil base"}, {"", "evil k, evil base"},
	} {
		env := w.env
		env.Keys, env.Cache, env.WaitPolicy = env.Keys.With(remote, x.document), cache, keys.Refreshed
		var got []string
		for _, kid := range []string{"k", "l", "base"} {
			for name, key := range map[string]crypto.Signer{"": ecKey, "evil ": evilEC} {
				tokens := bearerPairs(sign("ES256", key, m{"alg": "ES256", "kid": kid}, claimsOf("a")))
				if w.a.Authenticate(env, tokens, Peer{}).Reason == reason.Allowed {
					got = append(got, name+kid)
				}
			}
		}
		if !sameSet(got, strings.Split(x.want, ", ")) {
			t.Errorf("with %.20q: tokens of %q pass, want %s", x.document, got, x.want)
		}
		w.env.Keys = env.Keys
	}
}

func sameSet(a, b []string) bool {
	seen := map[string]int{}
	for _, s := range a {
		seen[s]++
	}
	for _, s := range b {
		seen[s]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestCertificateBound: RFC 8705 section 3.
func TestCertificateBound(t *testing.T) {
	sum := randomOctets(32)
	mine, other := Peer{Digest: hex.EncodeToString(sum)}, Peer{Digest: hex.EncodeToString(randomOctets(32))}
	bound := func(cnf any) m {
		if cnf == nil {
			return claimsOf("a")
		}
		return claimsOf("a", "cnf", cnf)
	}
	good := m{"x5t#S256": b64(sum), "jkt": "x"}
	for _, x := range []struct {
		name     string
		required bool
		cnf      any
		peer     Peer
		want     reason.Reason
	}{
		{"its certificate", true, good, mine, reason.Allowed},
		{"another", true, good, other, reason.TokenBinding},
		{"none", true, good, Peer{}, reason.TokenBinding},
		{"a broken digest", true, good, Peer{Digest: "zz"}, reason.TokenBinding},
		{"a short digest", true, good, Peer{Digest: mine.Digest[:62]}, reason.TokenBinding},
		{"not bound", true, nil, mine, reason.TokenBinding},
		{"bound otherwise", true, m{"jkt": "x"}, mine, reason.TokenBinding},
		{"no text", true, m{"x5t#S256": 7}, mine, reason.TokenBinding},
		{"empty", true, m{"x5t#S256": ""}, Peer{}, reason.TokenBinding},
		{"a hyphen, and no certificate", true, m{"x5t#S256": "-"}, Peer{Digest: "-"}, reason.TokenBinding},
		{"cnf no object", true, "x", mine, reason.TokenBinding},
		{"nobody checks", false, good, mine, reason.TokenBinding},
		{"nobody needs to", false, m{"jkt": "x"}, mine, reason.Allowed},
		{"plain", false, nil, Peer{}, reason.Allowed},
	} {
		r := row("a", []string{"ES256"}, publicJWK(ecKey, "", ""))
		if x.required {
			r["certificateBound"] = true
		}
		w := newWorld(t, r)
		if w.a.NeedsPeer() != x.required || w.a.HasTrustDomain() {
			t.Errorf("%s: NeedsPeer = %v, HasTrustDomain = %v", x.name, w.a.NeedsPeer(), w.a.HasTrustDomain())
		}
		env := w.env
		env.Cache = NewCache()
		pairs := bearerPairs(sign("ES256", ecKey, m{"alg": "ES256"}, bound(x.cnf)))
		for range 3 { // anew, and remembered
			if got := w.a.Authenticate(env, pairs, x.peer).Reason; got != x.want {
				t.Errorf("%s: %v, want %v", x.name, got, x.want)
			}
		}
		if x.want == reason.Allowed && x.required { // remembered for one certificate, not for another
			if got := w.a.Authenticate(env, pairs, other).Reason; got != reason.TokenBinding {
				t.Errorf("%s, then with another certificate: %v", x.name, got)
			}
		}
	}
}

func TestSubjectPublicKeyInfo(t *testing.T) {
	for alg, key := range map[string]crypto.Signer{"RS256": rsaKey, "PS256": rsaKey, "ES256": ecKey, "ES384": p384Key, "ES512": p521Key, "EdDSA": edKey} {
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
