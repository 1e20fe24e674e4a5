package signature

import (
	"crypto/ed25519"
	"strings"
)

// Signer makes signatures by one algorithm.
type Signer struct {
	algorithm string
	sign      func(base string) ([]byte, error) // RFC 9421 section 3.3
}

// NewHMACSigner returns a Signer by hmac-sha256. The secret must suit NewKey.
func NewHMACSigner(secret []byte) (*Signer, error) {
	if len(secret) < minSecret {
		return nil, refuse(Algorithm, HMACSHA256)
	}
	return &Signer{HMACSHA256, func(base string) ([]byte, error) { return hmacOf(secret, base), nil }}, nil
}

// NewEd25519Signer returns a Signer by ed25519. In the module, it costs 37 kB.
func NewEd25519Signer(private ed25519.PrivateKey) (*Signer, error) {
	if len(private) != ed25519.PrivateKeySize {
		return nil, refuse(Algorithm, Ed25519)
	}
	return &Signer{Ed25519, func(base string) ([]byte, error) { return ed25519.Sign(private, []byte(base)), nil }}, nil
}

// Algorithm returns the one algorithm of the signer.
func (s *Signer) Algorithm() string { return s.algorithm }

// Sign returns the values of Signature-Input and Signature for one label. Of p, what is not
// empty is written; alg, if it is, must be the signer's.
func (s *Signer) Sign(m *Message, label string, components []Component, p Params) (input, value string, err error) {
	if r := (fieldReader{label}); !r.isName() {
		return "", "", refuse(Malformed, "label")
	}
	if p.Algorithm != "" && p.Algorithm != s.algorithm {
		return "", "", refuse(Algorithm, "alg")
	}
	inner, err := innerOf(components, p)
	if err != nil {
		return "", "", err
	}
	b, err := base(m, components, inner)
	if err != nil {
		return "", "", err
	}
	signed, err := s.sign(b)
	if err != nil {
		return "", "", err
	}
	return label + "=" + inner, label + "=" + writeBytes(string(signed)), nil
}

// innerOf returns the inner list of components and parameters. It makes none that Parse
// would refuse.
func innerOf(components []Component, p Params) (string, error) {
	names := make([]string, 0, len(components))
	for i := range components {
		c := &components[i]
		if c.text == "" || contains(components[:i], c) || i == MaxComponents {
			return "", refuse(Malformed, c.text)
		}
		names = append(names, c.text)
	}
	inner := "(" + strings.Join(names, " ") + ")"
	for _, name := range [...]string{"created", "expires", "nonce", "alg", "keyid", "tag"} {
		v := bare{kind: isInteger}
		if text, number := p.fieldNamed(name); text != nil {
			v = bare{kind: isString, text: *text}
		} else {
			v.number = *number
		}
		if v.text == "" && v.number == 0 {
			continue
		}
		if v.number < 0 || v.number >= 1e15 || len(v.text) > MaxText || strings.Contains(v.text, "\t") || !isFieldContent(v.text) {
			return "", refuse(Malformed, name)
		}
		inner += ";" + name + "=" + v.write()
	}
	return inner, nil
}
