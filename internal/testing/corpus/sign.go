package corpus

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/signature"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

// Sign is a signature (RFC 9421) of a case's request. What it leaves out is what a good
// client writes: the label sig1, what a gate asks for by default, created now, a nonce that
// nobody has used.
type Sign struct {
	Key        string   `json:"key"` // its keyid
	Label      string   `json:"label"`
	Components []string `json:"components"`
	Created    string   `json:"created"` // "now-10s"; "none" leaves it out
	Expires    string   `json:"expires"` // "now+10s"; none if it is absent
	Nonce      string   `json:"nonce"`   // "none" leaves it out
	NonceOf    string   `json:"nonceOf"` // the name of an earlier case that has it
	Tag        string   `json:"tag"`
	Algorithm  string   `json:"alg"`
	// Digest is of which content Content-Digest is: sha-256 of the body that is signed, unless
	// it is empty. "sha-512" and "both" are other algorithms, "empty" is that of an empty body,
	// and "none" is no header.
	Digest  string      `json:"digest"`
	Signed  *Signed     `json:"signed"`  // what the client has signed, if that is not what arrives
	Replace [][2]string `json:"replace"` // in Signature-Input and Signature, after signing
	Fault   string      `json:"fault"`   // "other-key" signs with a key that is not configured
}

// Signed is what a client has signed; what is left out is what arrives.
type Signed struct {
	Request string      `json:"request"`
	Host    string      `json:"host"`
	Body    *string     `json:"body"`
	Headers [][2]string `json:"headers"` // beside the case's
}

// signs are one signature or several.
type signs []Sign

func (s *signs) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '[' {
		return strictUnmarshal(raw, (*[]Sign)(s))
	}
	*s = make(signs, 1)
	return strictUnmarshal(raw, &(*s)[0])
}

// usesNonce reports whether a case has the nonce of another case.
func (c Case) usesNonce() bool {
	return slices.ContainsFunc(c.Sign, func(s Sign) bool { return s.NonceOf != "" })
}

// messageKey is the private side of one of "signatures".
type messageKey struct {
	algorithm string
	private   any
}

// joseNames are what RFC 7518 calls the algorithms of RFC 9421 section 3.3.
var joseNames = map[string]string{
	signature.ECDSAP256SHA256: "ES256", signature.Ed25519: "EdDSA", signature.RSAPSSSHA512: "PS512",
}

// freshMessageKeys replaces the keys of "signatures".
func (s *Scenario) freshMessageKeys(doc map[string]any) error {
	section, _ := doc["signatures"].(map[string]any)
	keys, _ := section["keys"].([]any)
	for _, item := range keys {
		row, _ := item.(map[string]any)
		id, _ := row["keyid"].(string)
		algorithm, _ := row["algorithm"].(string)
		if secret, ok := row["symmetric"].(map[string]any); ok {
			env, _ := secret["env"].(string)
			key := jose.Random(32)
			s.Env[env], s.messageKeys[id] = jose.Base64URL(key), messageKey{algorithm, key}
			continue
		}
		key, err := jose.NewKey(joseNames[algorithm])
		if err != nil {
			return err
		}
		if row["jwk"] != nil {
			row["jwk"] = jose.JWK(key, "", joseNames[algorithm])
		} else if row["pem"], err = jose.PEM(key); err != nil {
			return err
		}
		s.messageKeys[id] = messageKey{algorithm, key}
	}
	return s.freshReplyKey(section)
}

// sign adds the digest of a request, and its signatures.
func (s *Scenario) sign(c Case, r *Request, now time.Time) error {
	for _, sg := range c.Sign {
		if err := s.addSignature(c, sg, r, now); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

func (s *Scenario) addSignature(c Case, sg Sign, r *Request, now time.Time) error {
	m := signature.Message{Method: r.Method, Scheme: "http", Authority: r.Authority, Path: r.Path}
	body := r.Body
	if signed := sg.Signed; signed != nil {
		if signed.Request != "" {
			m.Method, m.Path, _ = strings.Cut(signed.Request, " ")
		}
		m.Authority = cmp.Or(signed.Host, m.Authority)
		if signed.Body != nil {
			body = *signed.Body
		}
	}
	hasDigest := func(h [2]string) bool { return h[0] == "content-digest" }
	if value := contentDigest(sg.Digest, body); value != "" && !slices.ContainsFunc(r.Headers, hasDigest) {
		r.Headers = append(r.Headers, [2]string{"content-digest", value})
	}
	m.Headers = r.Headers
	if sg.Signed != nil {
		m.Headers = slices.Concat(r.Headers, sg.Signed.Headers)
	}
	names := sg.Components
	if names == nil {
		names = []string{"@method", "@authority", "@path", "@query"}
		if slices.ContainsFunc(r.Headers, hasDigest) {
			names = append(names, "content-digest")
		}
	}
	var components []signature.Component
	for _, name := range names {
		component, err := signature.ParseComponent(name)
		if err != nil {
			return err
		}
		components = append(components, component)
	}
	p, err := s.params(c, sg, now)
	if err != nil {
		return err
	}
	signer, err := s.signerOf(sg)
	if err != nil {
		return err
	}
	input, value, err := signer.Sign(&m, cmp.Or(sg.Label, "sig1"), components, p)
	if err != nil {
		return err
	}
	for _, change := range sg.Replace {
		if !strings.Contains(input+value, change[0]) {
			return fmt.Errorf("no %q to replace in %s", change[0], input)
		}
		input, value = strings.Replace(input, change[0], change[1], 1), strings.Replace(value, change[0], change[1], 1)
	}
	r.Headers = append(r.Headers, [2]string{"signature-input", input}, [2]string{"signature", value})
	return nil
}

// params returns the parameters of a signature, and notes its nonce.
func (s *Scenario) params(c Case, sg Sign, now time.Time) (p signature.Params, err error) {
	p = signature.Params{KeyID: sg.Key, Algorithm: sg.Algorithm, Nonce: cmp.Or(sg.Nonce, jose.Base64URL(jose.Random(12))), Tag: sg.Tag}
	if sg.NonceOf != "" {
		if p.Nonce = s.nonces[sg.NonceOf]; p.Nonce == "" {
			return p, fmt.Errorf("the case %q must run before", sg.NonceOf)
		}
	}
	if s.nonces[c.Name] = p.Nonce; p.Nonce == "none" {
		p.Nonce = ""
	}
	if p.Created, err = instant(cmp.Or(sg.Created, "now"), now); err == nil {
		p.Expires, err = instant(cmp.Or(sg.Expires, "none"), now)
	}
	return p, err
}

// instant reads "now", "now-10s", or "none", which is 0.
func instant(text string, now time.Time) (int64, error) {
	if text == "none" {
		return 0, nil
	}
	offset, ok := strings.CutPrefix(text, "now")
	d, err := time.ParseDuration(cmp.Or(offset, "0s"))
	if !ok || err != nil {
		return 0, fmt.Errorf("no time: %q", text)
	}
	return now.Add(d).Unix(), nil
}

func (s *Scenario) signerOf(sg Sign) (*signature.Signer, error) {
	key, known := s.messageKeys[sg.Key]
	switch {
	case !known && sg.Fault == "": // a key that nobody has configured
		key, sg.Fault = messageKey{algorithm: signature.Ed25519}, "other-key"
	case sg.Fault != "" && sg.Fault != "other-key":
		return nil, fmt.Errorf("no fault %q", sg.Fault)
	}
	if sg.Fault == "other-key" {
		key.private = jose.Random(32)
		if name := joseNames[key.algorithm]; name != "" {
			var err error
			if key.private, err = jose.NewKey(name); err != nil {
				return nil, err
			}
		}
	}
	return signature.NewSigner(key.algorithm, key.private, rand.Reader)
}

// contentDigest returns the value of Content-Digest for a body, or "" for none.
func contentDigest(how, body string) string {
	algorithms := []string{signature.SHA256}
	switch {
	case how == "none", how == "" && body == "":
		return ""
	case how == "empty":
		body = ""
	case how == "sha-512":
		algorithms[0] = signature.SHA512
	case how == "both":
		algorithms = append(algorithms, signature.SHA512)
	}
	var list []string
	for _, algorithm := range algorithms {
		sum := signature.NewSum(algorithm)
		sum.Write([]byte(body))
		list = append(list, sum.Header())
	}
	return strings.Join(list, ", ")
}

// MessageKey returns the private side of one of "signatures": a []byte, or a key of package
// crypto; nil if there is none.
func (s *Scenario) MessageKey(keyid string) any { return s.messageKeys[keyid].private }
