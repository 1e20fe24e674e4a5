package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"io"
	"math/big"
	"strings"
)

// Signer makes signatures by one algorithm.
type Signer struct {
	algorithm string
	private   any
	random    io.Reader
}

// NewSigner returns a Signer. private is a []byte for hmac-sha256, else an *ecdsa.PrivateKey,
// ed25519.PrivateKey or *rsa.PrivateKey, and must suit the algorithm. Only rsa-pss-sha512
// reads random: ECDSA is deterministic (RFC 6979).
func NewSigner(algorithm string, private any, random io.Reader) (*Signer, error) {
	public := private
	if p, ok := private.(crypto.Signer); ok {
		public = p.Public()
	}
	if _, err := NewKey(algorithm, public); err != nil {
		return nil, err
	}
	return &Signer{algorithm, private, random}, nil
}

// Algorithm returns the one algorithm of the signer.
func (s *Signer) Algorithm() string { return s.algorithm }

// Sign returns the values of Signature-Input and Signature for one label. Of p, what is not
// empty is written; alg, if it is, must be the signer's.
func (s *Signer) Sign(m *Message, label string, components []Component, p Params) (input, value string, err error) {
	if r := (fieldReader{label}); !r.isName() {
		return "", "", &Error{Malformed, "label"}
	}
	if p.Algorithm != "" && p.Algorithm != s.algorithm {
		return "", "", &Error{Algorithm, "alg"}
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
	return label + "=" + inner, label + "=" + string(appendBare(nil, bare{kind: isBytes, text: string(signed)})), nil
}

// innerOf returns the inner list of components and parameters. It makes none that Parse
// would refuse.
func innerOf(components []Component, p Params) (string, error) {
	b := []byte{'('}
	for i, c := range components {
		if c.text == "" || contains(components[:i], c) || i == MaxComponents {
			return "", &Error{Malformed, c.text}
		}
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, c.text...)
	}
	b = append(b, ')')
	for _, name := range []string{"created", "expires", "nonce", "alg", "keyid", "tag"} {
		v := bare{kind: isInteger}
		text, number := p.fieldNamed(name)
		if text != nil {
			v = bare{kind: isString, text: *text}
		} else {
			v.number = *number
		}
		if v.text == "" && v.number == 0 {
			continue
		}
		if v.number < 0 || v.number >= 1e15 || len(v.text) > MaxText || strings.Contains(v.text, "\t") || !isFieldContent([]byte(v.text)) {
			return "", &Error{Malformed, name}
		}
		b = appendParameters(b, []parameter{{name, v}})
	}
	return string(b), nil
}

// sign returns a signature of base (RFC 9421 section 3.3).
func (s *Signer) sign(base string) ([]byte, error) {
	switch private := s.private.(type) {
	case []byte:
		return hmacOf(private, base), nil
	case ed25519.PrivateKey:
		return ed25519.Sign(private, []byte(base)), nil
	case *ecdsa.PrivateKey:
		sum := sha256.Sum256([]byte(base))
		return signECDSA(private, sum[:])
	case *rsa.PrivateKey:
		if s.algorithm == RSAPSSSHA512 {
			sum := sha512.Sum512([]byte(base))
			return rsa.SignPSS(s.random, private, crypto.SHA512, sum[:], &pss)
		}
		sum := sha256.Sum256([]byte(base))
		return rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
	}
	return nil, &Error{Algorithm, s.algorithm}
}

// signECDSA returns r and s of 32 bytes each (RFC 9421 section 3.3.4). It draws no random
// number: the same base has the same signature.
func signECDSA(private *ecdsa.PrivateKey, sum []byte) ([]byte, error) {
	der, err := private.Sign(nil, sum, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	signed := make([]byte, 64)
	r := der[4 : 4+der[3]] // SEQUENCE, its length, INTEGER, its length
	s := der[6+len(r):]    // INTEGER, its length
	new(big.Int).SetBytes(r).FillBytes(signed[:32])
	new(big.Int).SetBytes(s).FillBytes(signed[32:])
	return signed, nil
}
