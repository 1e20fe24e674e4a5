package authn

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/modelgate/modelgate/internal/reason"
)

// corp is an issuer with one ES256 key, k, and a good token of it.
func corp(t testing.TB) (w world, token string) {
	t.Helper()
	w = newWorld(t, row("corp", []string{"ES256"}, publicJWK(ecKey, "k", "ES256")))
	return w, corpToken(m{"alg": "ES256", "kid": "k", "typ": "JWT"}, claimsOf("corp"))
}

// corpToken is signed by corp's key, whatever it says.
func corpToken(header, claims any) string { return sign("ES256", ecKey, header, claims) }

// TestCompactSerializationOnly: RFC 7515 section 7.1, with exactly two dots.
func TestCompactSerializationOnly(t *testing.T) {
	w, good := corp(t)
	w.bearer(t, attempt{"control", good, reason.Allowed})
	p := strings.Split(good, ".")
	jsonForm, _ := json.Marshal(m{"protected": p[0], "payload": p[1], "signature": p[2]})
	general, _ := json.Marshal(m{"payload": p[1], "signatures": []m{{"protected": p[0], "signature": p[2]}}})
	for name, token := range map[string]string{
		"empty":                    "",
		"one dot":                  ".",
		"two dots":                 "..",
		"three dots":               "...",
		"one part":                 p[0],
		"two parts":                p[0] + "." + p[1],
		"no header":                "." + p[1] + "." + p[2],
		"no payload":               p[0] + ".." + p[2],
		"detached payload":         p[0] + ".." + p[2],
		"four parts":               good + ".x",
		"leading dot":              "." + good,
		"trailing dot":             good + ".",
		"five parts":               good + "." + p[1] + "." + p[2],
		"JWE":                      part(m{"alg": "RSA-OAEP", "enc": "A256GCM"}) + "." + p[1] + "." + p[2] + "." + p[1] + "." + p[2],
		"JWE, direct":              part(m{"alg": "dir", "enc": "A128GCM"}) + ".." + p[0] + "." + p[1] + "." + p[2],
		"JSON over compact":        `{"` + good + `":1}`,
		"compact before JSON":      good + `{}`,
		"quoted":                   `"` + good + `"`,
		"leading space":            " " + good,
		"trailing space":           good + " ",
		"tab":                      good + "\t",
		"newline":                  good + "\n",
		"CR":                       "\r" + good,
		"NUL":                      good + "\x00",
		"semicolon":                good + ";",
		"percent":                  "%" + good,
		"fragment":                 good + "#",
		"UTF-8":                    good + "é",
		"byte 0xff":                good + "\xff",
		"header is an array":       signText("ES256", ecKey, part(`["ES256"]`)+"."+p[1]),
		"header is a string":       signText("ES256", ecKey, part(`"ES256"`)+"."+p[1]),
		"header is null":           signText("ES256", ecKey, part(`null`)+"."+p[1]),
		"payload is an array":      signText("ES256", ecKey, p[0]+"."+part(`[]`)),
		"payload is a string":      signText("ES256", ecKey, p[0]+"."+part(`"iss"`)),
		"payload is a token":       signText("ES256", ecKey, p[0]+"."+part(good)),
		"payload and more":         signText("ES256", ecKey, p[0]+"."+part(`{"iss":"https://corp.example"}{}`)),
		"payload with a comment":   signText("ES256", ecKey, p[0]+"."+part(`{/**/}`)),
		"header with a comma more": signText("ES256", ecKey, part(`{"alg":"ES256",}`)+"."+p[1]),
		"NaN":                      corpToken(m{"alg": "ES256"}, `{"iss":"https://corp.example","exp":NaN}`),
	} {
		w.bearer(t, attempt{name, token, reason.TokenMalformed})
	}
	// In a header their commas make them two credentials, before they are read.
	for _, form := range []string{string(jsonForm), string(general)} {
		if why := new(token).parse(form); why != reason.TokenMalformed {
			t.Errorf("parse(%s) = %v, want %v", form, why, reason.TokenMalformed)
		}
	}
}

// padded is doc with as many spaces before its end as leave n bytes beyond a
// multiple of three, and so stray bits in the last digit of its base64url.
func padded(doc string, n int) string {
	for len(doc)%3 != n {
		doc = doc[:len(doc)-1] + " }"
	}
	return doc
}

// stray sets one of the bits that the last digit of base64url has to spare.
func stray(part string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(part) - 1
	return part[:last] + string(digits[strings.IndexByte(digits, part[last])|1])
}

// TestBase64URLHasOneSpelling: no padding, stray bits or line breaks (RFC 7515 section
// 2, RFC 4648 sections 3.2, 3.3 and 3.5).
func TestBase64URLHasOneSpelling(t *testing.T) {
	w, _ := corp(t)
	claims, _ := json.Marshal(claimsOf("corp"))
	for _, n := range []int{1, 2} {
		header, payload := part(padded(`{"alg":"ES256","kid":"k"}`, n)), part(padded(string(claims), n))
		good := signText("ES256", ecKey, header+"."+payload)
		signature := good[strings.LastIndexByte(good, '.')+1:]
		w.bearer(t, attempt{"control", good, reason.Allowed})
		// Every other spelling is signed as it is: only its form is wrong.
		for name, f := range map[string]func(string) string{
			"stray bits":    stray,
			"padding":       func(s string) string { return s + "==="[:3-n] },
			"one pad":       func(s string) string { return s + "=" },
			"LF":            func(s string) string { return s[:8] + "\n" + s[8:] },
			"CR LF":         func(s string) string { return s[:8] + "\r\n" + s[8:] },
			"LF at the end": func(s string) string { return s + "\n" },
			"space":         func(s string) string { return s[:8] + " " + s[8:] },
			"one digit off": func(s string) string { return s[:len(s)-1] },
			"digit more":    func(s string) string { return s + "AAA"[:n] },
			"plus":          func(s string) string { return s[:7] + "+" + s[8:] },
			"slash":         func(s string) string { return s[:7] + "/" + s[8:] },
			"percent":       func(s string) string { return s[:7] + "%41" + s[8:] },
		} {
			w.bearer(t,
				attempt{name + " in the header", signText("ES256", ecKey, f(header)+"."+payload), reason.TokenMalformed},
				attempt{name + " in the payload", signText("ES256", ecKey, header+"."+f(payload)), reason.TokenMalformed})
			if name != "one digit off" && name != "digit more" {
				w.bearer(t, attempt{name + " in the signature", header + "." + payload + "." + f(signature), reason.TokenMalformed})
			}
		}
		if n == 1 { // 64 bytes of signature are one beyond a multiple of three
			if b, err := base64.RawURLEncoding.DecodeString(stray(signature)); err != nil || b64(b) != signature {
				t.Errorf("stray(%s) does not decode to the same bytes", signature)
			}
		}
	}
}

// TestRepeatedNamesAreRefused: in the header (RFC 7515 section 4) and in the claims
// (RFC 7519 section 4), escaped or not.
func TestRepeatedNamesAreRefused(t *testing.T) {
	w, _ := corp(t)
	const header = `{"alg":"ES256","kid":"k"%s}`
	const claims = `{"iss":"https://corp.example","aud":"models","sub":"alice","exp":1760000300,"a":{"b":1}%s}`
	w.bearer(t, attempt{"control", corpToken(fmt.Sprintf(header, ""), fmt.Sprintf(claims, "")), reason.Allowed})
	for _, more := range []string{
		`,"alg":"ES256"`, `,"alg":"none"`, `,"kid":"k"`, `,"\u0061lg":"HS256"`, `,"al\u0067":"ES256"`, `,"k\u0069d":"x"`,
		`,"x":1,"x":1`, `,"x":1,"\u0078":2`, `,"x":{"y":1,"y":2}`, `,"x":[{"y":1,"\u0079":2}]`, `,"":1,"":2`,
		`,"\n":1,"\u000a":2`,
	} {
		w.bearer(t, attempt{"header with " + more, corpToken(fmt.Sprintf(header, more), fmt.Sprintf(claims, "")), reason.TokenMalformed})
	}
	for _, more := range []string{
		`,"iss":"https://corp.example"`, `,"sub":"root"`, `,"s\u0075b":"root"`, `,"\u0073\u0075\u0062":"root"`,
		`,"aud":"other"`, `,"exp":9999999999`,
		`,"email":"a@x","email":"b@x"`, `,"a":{"b":2}`, `,"c":{"d":1,"d":1}`, `,"/":1,"\/":2`,
		`,"😀":1,"\ud83d\ude00":2`, `,"groups":["a"],"group\u0073":["root"]`,
	} {
		w.bearer(t, attempt{"claims with " + more, corpToken(m{"alg": "ES256"}, fmt.Sprintf(claims, more)), reason.TokenMalformed})
	}
	// Names that differ in case are different names, and none but the exact one is read.
	upper := corpToken(m{"alg": "ES256"}, fmt.Sprintf(claims, `,"SUB":"root","Iss":"x","ſub":"root"`))
	p := w.request(t, "claims with SUB", reason.Allowed, "authorization", "Bearer "+upper)
	if p.Subject != "alice" {
		t.Errorf("Authenticate(claims with SUB) = subject %q, want alice", p.Subject)
	}
}

// TestCriticalExtensionsAreRefused: crit (RFC 7515 section 4.1.11), and b64 (RFC 7797).
func TestCriticalExtensionsAreRefused(t *testing.T) {
	w, good := corp(t)
	w.bearer(t, attempt{"control", good, reason.Allowed})
	for _, more := range []m{
		{"crit": []string{"bork"}},
		{"crit": []string{"bork"}, "bork": 1},
		{"crit": []string{}},
		{"crit": "exp"},
		{"crit": nil},
		{"crit": 1},
		{"crit": true},
		{"crit": []string{"exp"}, "exp": 9999999999},
		{"crit": []string{"alg"}},
		{"crit": []string{"kid"}, "kid": "k"},
		{"crit": []string{""}},
		{"crit": []any{nil}},
		{"crit": []string{"b64"}, "b64": false},
		{"b64": false},
		{"b64": true},
		{"b64": "false"},
		{"b64": nil},
		{"crit": m{"exp": true}},
		{"crit": []string{"http://openbanking.org.uk/iat"}, "http://openbanking.org.uk/iat": 1},
	} {
		header := with(more, "alg", "ES256")
		w.bearer(t, attempt{fmt.Sprint(header), corpToken(header, claimsOf("corp")), reason.TokenCritical})
	}
	for _, header := range []string{
		`{"alg":"ES256","cr\u0069t":["x"]}`,
		`{"cr\u0069t":[],"alg":"ES256"}`,
		`{"alg":"ES256","b6\u0034":false}`,
	} {
		w.bearer(t, attempt{header, corpToken(header, claimsOf("corp")), reason.TokenCritical})
	}
	// An unencoded payload (RFC 7797) has bytes that a compact token cannot.
	text := part(m{"alg": "ES256", "b64": false, "crit": []string{"b64"}}) + `.{"iss":"https://corp.example"}`
	w.bearer(t, attempt{"unencoded payload", signText("ES256", ecKey, text), reason.TokenMalformed})
}

// TestATokenBringsNoKey: jwk, jku and the x5 headers are ignored (RFC 8725 section
// 3.10; CVE-2018-0114, CVE-2024-21643).
func TestATokenBringsNoKey(t *testing.T) {
	w, good := corp(t)
	w.bearer(t, attempt{"control", good, reason.Allowed})
	for name, more := range map[string]m{
		"jwk":               {"jwk": publicJWK(evilEC, "k", "ES256")},
		"jwk without kid":   {"jwk": publicJWK(evilEC, "", "")},
		"jku":               {"jku": "https://evil.example/jwks.json"},
		"jku of the issuer": {"jku": issOf("corp") + "@evil.example/jwks"},
		"x5u":               {"x5u": "https://evil.example/cert.pem"},
		"x5c":               {"x5c": []string{"MIIB"}},
		"x5t":               {"x5t": "AAAA", "x5t#S256": "AAAA"},
		"all":               {"jwk": publicJWK(evilEC, "k", ""), "jku": "file:///dev/stdin", "x5u": "http://169.254.169.254/", "x5c": []string{}},
	} {
		for _, kid := range []any{"k", missing{}} {
			header := with(more, "alg", "ES256", "kid", kid)
			w.bearer(t,
				attempt{name + " by the attacker", sign("ES256", evilEC, header, claimsOf("corp")), reason.SignatureInvalid},
				attempt{name + " by the issuer", corpToken(header, claimsOf("corp")), reason.Allowed}) // passed over, not followed
		}
	}
}

// TestUTF8Only: RFC 8725 section 3.7.
func TestUTF8Only(t *testing.T) {
	w, _ := corp(t)
	claims, _ := json.Marshal(claimsOf("corp", "name", "Ana é 😀"))
	const header = `{"alg":"ES256","kid":"k"}`
	w.bearer(t, attempt{"control", corpToken(header, string(claims)), reason.Allowed})
	utf16le := func(s string) (out string) {
		for _, u := range utf16.Encode([]rune(s)) {
			out += string([]byte{byte(u), byte(u >> 8)})
		}
		return out
	}
	for name, f := range map[string]func(string) string{
		"byte order mark":        func(s string) string { return "\ufeff" + s },
		"mark at the end":        func(s string) string { return s + "\ufeff" },
		"UTF-16":                 utf16le,
		"UTF-16 with its mark":   func(s string) string { return "\xff\xfe" + utf16le(s) },
		"Latin-1":                func(s string) string { return s[:len(s)-1] + `,"x":"` + "\xe9" + `"}` },
		"overlong slash":         func(s string) string { return s[:len(s)-1] + `,"x":"` + "\xc0\xaf" + `"}` },
		"surrogate in UTF-8":     func(s string) string { return s[:len(s)-1] + `,"x":"` + "\xed\xa0\x80" + `"}` },
		"lone high surrogate":    func(s string) string { return s[:len(s)-1] + `,"x":"\ud800"}` },
		"lone low surrogate":     func(s string) string { return s[:len(s)-1] + `,"x":"\udc00"}` },
		"NUL after the document": func(s string) string { return s + "\x00" },
		"no-break space":         func(s string) string { return "\u00a0" + s },
	} {
		w.bearer(t,
			attempt{name + " in the header", corpToken(f(header), string(claims)), reason.TokenMalformed},
			attempt{name + " in the claims", corpToken(header, f(string(claims))), reason.TokenMalformed})
	}
}

// TestSizeIsCheckedFirst: a token that is too long is not parsed, and parsing costs no
// more than the length allows (CVE-2025-30204, CVE-2025-27144).
func TestSizeIsCheckedFirst(t *testing.T) {
	w, good := corp(t)
	w.bearer(t, attempt{"control", good, reason.Allowed})
	filled := func(size int) string { // a good token of exactly that size
		claims, _ := json.Marshal(claimsOf("corp"))
		for spaces := 0; ; spaces++ {
			header := part(`{"alg":"ES256"}` + strings.Repeat(" ", spaces))
			n := size - len(header) - len("..") - 86
			if payload := part(string(claims) + strings.Repeat(" ", n*3/4-len(claims))); len(payload) == n {
				return signText("ES256", ecKey, header+"."+payload)
			}
		}
	}
	claims := func(more string) string {
		return corpToken(m{"alg": "ES256"}, `{"iss":"https://corp.example","sub":"a",`+more+`}`)
	}
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	many := strings.Repeat(`"",`, 2500)
	start := time.Now()
	w.bearer(t,
		attempt{"the longest", filled(MaxTokenBytes), reason.Allowed},
		attempt{"one byte beyond", filled(MaxTokenBytes + 1), reason.TokenTooLarge},
		attempt{"1 MB of dots", strings.Repeat(".", 1<<20), reason.TokenTooLarge},
		attempt{"16 KiB of dots", strings.Repeat(".", MaxTokenBytes), reason.TokenMalformed},
		attempt{"a megabyte of header", strings.Repeat("A", 1<<20) + ".A.A", reason.TokenTooLarge},
		attempt{"100k claims", part(`{`+strings.Repeat(`"a":1,`, 100_000)+`"b":1}`) + "." + part("{}") + ".", reason.TokenTooLarge},
		attempt{"10k levels", corpToken(m{"alg": "ES256"}, deep(5000)), reason.TokenMalformed},
		attempt{"33 levels", claims(`"aud":"models","exp":1760000300,"x":` + deep(32)), reason.TokenMalformed},
		attempt{"32 levels", claims(`"aud":"models","exp":1760000300,"x":` + deep(31)), reason.Allowed},
		attempt{"a long number", claims(`"aud":"models","exp":` + strings.Repeat("9", 10_000)), reason.ClaimsInvalid},
		attempt{"a long list", claims(`"exp":1760000300,"aud":[` + many + `"models"]`), reason.ClaimsInvalid},
	)
	// They take milliseconds. Work that grows with the square of a size would take
	// hours, and a busy machine does not need a minute.
	if d := time.Since(start); d > time.Minute {
		t.Errorf("hostile sizes took %s", d)
	}
}
