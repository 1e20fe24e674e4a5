package signature

import "io"

// Names of RFC 9421 section 3.3. NewKey and NewSigner take no others.
const (
	HMACSHA256      = "hmac-sha256"
	ECDSAP256SHA256 = "ecdsa-p256-sha256"
	Ed25519         = "ed25519"
	RSAPSSSHA512    = "rsa-pss-sha512"
	RSAv15SHA256    = "rsa-v1_5-sha256"
)

// Key verifies signatures by one algorithm.
type Key struct {
	algorithm string
	public    any
}

// NewKey returns a Key. public is a []byte for hmac-sha256, else an *ecdsa.PublicKey,
// ed25519.PublicKey or *rsa.PublicKey, and must suit the algorithm.
func NewKey(algorithm string, public any) (*Key, error) {
	return nil, &Error{Algorithm, algorithm}
}

// Algorithm returns the one algorithm of the key.
func (k *Key) Algorithm() string { return k.algorithm }

// Signer makes signatures by one algorithm.
type Signer struct {
	algorithm string
	private   any
	random    io.Reader
}

// NewSigner returns a Signer. private is a []byte for hmac-sha256, else an *ecdsa.PrivateKey,
// ed25519.PrivateKey or *rsa.PrivateKey. Only rsa-pss-sha512 reads random: ECDSA is deterministic
// (RFC 6979).
func NewSigner(algorithm string, private any, random io.Reader) (*Signer, error) {
	return nil, &Error{Algorithm, algorithm}
}

// Sign returns the values of Signature-Input and Signature for one label. alg is written if
// p.Algorithm is set, and must then be the signer's.
func (s *Signer) Sign(m *Message, label string, components []Component, p Params) (input, value string, err error) {
	return "", "", &Error{Unsupported, ""}
}
