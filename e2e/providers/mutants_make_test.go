//go:build providers

package providers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strings"
)

// mutant is a token that has been changed, or not.
type mutant struct {
	token string
	how   string
	of    int // the index of the token it was made of
}

// mutants changes valid tokens, always in the same way for the same seed. publicKey is text
// that a verifier might take for a secret.
func mutants(valid []string, publicKey string, n int, seed uint64) []mutant {
	random := rand.New(rand.NewPCG(seed, 1))
	all := make([]mutant, n)
	for i := range all {
		of := random.IntN(len(valid))
		how := ways[random.IntN(len(ways))]
		m := &mutator{Rand: random, parts: strings.Split(valid[of], "."), valid: valid, publicKey: publicKey}
		how.change(m)
		token := strings.Join(m.parts, ".")
		all[i] = mutant{visible(token), how.name, of}
	}
	return all
}

// visible replaces what a header cannot carry.
func visible(token string) string {
	return strings.Map(func(r rune) rune {
		if r < '!' || r > '~' {
			return '*'
		}
		return r
	}, token)
}

type mutator struct {
	*rand.Rand
	parts     []string
	valid     []string
	publicKey string
}

var ways = []struct {
	name   string
	change func(*mutator)
}{
	{"nothing", func(*mutator) {}},
	{"a character", func(m *mutator) { m.character(m.part()) }},
	{"a character of the signature", func(m *mutator) { m.character(2) }},
	{"a bit of the signature", func(m *mutator) { m.bit(2) }},
	{"a bit of the payload", func(m *mutator) { m.bit(1) }},
	{"the last character of a part", func(m *mutator) { m.lastCharacter(m.part()) }},
	{"a character less", func(m *mutator) { p := &m.parts[m.part()]; *p = (*p)[:len(*p)-1] }},
	{"a character more", func(m *mutator) { m.parts[m.part()] += string(alphabet[m.IntN(len(alphabet))]) }},
	{"padding", func(m *mutator) { m.parts[m.part()] += strings.Repeat("=", 1+m.IntN(2)) }},
	{"the standard alphabet", func(m *mutator) {
		p := &m.parts[m.part()]
		*p = strings.NewReplacer("-", "+", "_", "/").Replace(*p)
	}},
	{"a part of another token", func(m *mutator) {
		i := m.part()
		m.parts[i] = strings.Split(m.valid[m.IntN(len(m.valid))], ".")[i]
	}},
	{"no signature", func(m *mutator) { m.parts[2] = "" }},
	{"two parts", func(m *mutator) { m.parts = m.parts[:2] }},
	{"four parts", func(m *mutator) { m.parts = append(m.parts, m.parts[m.part()]) }},
	{"alg: none", func(m *mutator) { m.member(0, "alg", []any{"none", "None", "NONE", "nOnE", ""}); m.parts[2] = "" }},
	{"alg", func(m *mutator) {
		m.member(0, "alg", []any{"HS256", "RS512", "ES384", "PS256", "RS256", "ES256", nil, 7})
	}},
	{"the public key as a secret", func(m *mutator) { m.member(0, "alg", []any{"HS256"}); m.sign() }},
	{"kid", func(m *mutator) { m.member(0, "kid", []any{"", "x", nil, 7, "../keys", []any{"a"}}) }},
	{"typ", func(m *mutator) { m.member(0, "typ", []any{"JWT", "jwt", "at+jwt", "JOSE", "dpop+jwt", nil, 1}) }},
	{"crit", func(m *mutator) { m.member(0, "crit", []any{[]any{"exp"}, []any{"b64"}, []any{}, "exp", nil}) }},
	{"b64", func(m *mutator) { m.member(0, "b64", []any{false, true}) }},
	{"a key in the header", func(m *mutator) {
		m.member(0, []string{"jwk", "jku", "x5u", "x5c"}[m.IntN(4)], []any{object{"kty": "oct", "k": "AA"}, "http://127.0.0.1:1/", []any{"AA"}})
	}},
	{"a claim", func(m *mutator) {
		m.member(1, []string{"iss", "sub", "aud", "exp", "nbf", "iat", "azp", "client_id", "groups"}[m.IntN(9)],
			[]any{"", "models", 0, 4e9, nil, []any{"models", "app"}, "http://127.0.0.1/", 1e300})
	}},
	{"a member twice", func(m *mutator) { m.twice(m.IntN(2)) }},
	{"other white space", func(m *mutator) { m.text(m.IntN(2), func(s string) string { return strings.ReplaceAll(s, ":", ": ") }) }},
	{"an escape", func(m *mutator) {
		m.text(m.IntN(2), func(s string) string { return strings.Replace(s, "a", `\u0061`, 1) })
	}},
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func (m *mutator) part() int { return m.IntN(len(m.parts)) }

func (m *mutator) character(part int) {
	p := []byte(m.parts[part])
	p[m.IntN(len(p))] = byte('!' + m.IntN('~'-'!'))
	m.parts[part] = string(p)
}

// bit changes a bit of what a part encodes.
func (m *mutator) bit(part int) {
	raw, err := base64.RawURLEncoding.DecodeString(m.parts[part])
	if err != nil || len(raw) == 0 {
		return
	}
	raw[m.IntN(len(raw))] ^= 1 << m.IntN(8)
	m.parts[part] = base64.RawURLEncoding.EncodeToString(raw)
}

// lastCharacter changes the bits of a part that encode nothing (RFC 4648 section 3.5).
func (m *mutator) lastCharacter(part int) {
	p := m.parts[part]
	last := strings.IndexByte(alphabet, p[len(p)-1])
	m.parts[part] = p[:len(p)-1] + string(alphabet[last^(1<<m.IntN(4))&63])
}

// text changes the JSON of a part.
func (m *mutator) text(part int, change func(string) string) {
	raw, err := base64.RawURLEncoding.DecodeString(m.parts[part])
	if err == nil {
		m.parts[part] = base64.RawURLEncoding.EncodeToString([]byte(change(string(raw))))
	}
}

// member sets a member of a part, or removes it.
func (m *mutator) member(part int, name string, values []any) {
	m.text(part, func(s string) string {
		doc := object{}
		d := json.NewDecoder(bytes.NewReader([]byte(s)))
		d.UseNumber()
		if d.Decode(&doc) != nil {
			return s
		}
		if value := values[m.IntN(len(values))]; value == nil {
			delete(doc, name)
		} else {
			doc[name] = value
		}
		out, _ := json.Marshal(doc) // it was JSON before
		return string(out)
	})
}

// twice repeats a member, with the same value or another.
func (m *mutator) twice(part int) {
	m.text(part, func(s string) string {
		doc := map[string]json.RawMessage{}
		if json.Unmarshal([]byte(s), &doc) != nil {
			return s
		}
		for name, value := range doc {
			if m.IntN(2) == 0 {
				value = []byte(`"x"`)
			}
			return `{"` + name + `":` + string(value) + "," + s[1:]
		}
		return s
	})
}

// sign signs with the public key as if it were a secret.
func (m *mutator) sign() {
	mac := hmac.New(sha256.New, []byte(m.publicKey))
	mac.Write([]byte(m.parts[0] + "." + m.parts[1]))
	m.parts[2] = base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
