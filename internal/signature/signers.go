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
)

// NewSigner returns a Signer by any algorithm. private is a []byte for hmac-sha256, else an
// *ecdsa.PrivateKey, ed25519.PrivateKey or *rsa.PrivateKey, and must suit the algorithm. Only
// rsa-pss-sha512 reads random: ECDSA is deterministic (RFC 6979). The module must not link
// this function: it would be 0.25 MB larger.
func NewSigner(algorithm string, private any, random io.Reader) (*Signer, error) {
	public := private
	if p, ok := private.(crypto.Signer); ok {
		public = p.Public()
	}
	if _, err := NewKey(algorithm, public); err != nil {
		return nil, err
	}
	switch private := private.(type) {
	case ed25519.PrivateKey:
		return NewEd25519Signer(private)
	case *ecdsa.PrivateKey:
		return &Signer{algorithm, func(base string) ([]byte, error) { return signECDSA(private, base) }}, nil
	case *rsa.PrivateKey:
		return &Signer{algorithm, func(base string) ([]byte, error) { return signRSA(algorithm, private, random, base) }}, nil
	default: // []byte
		return NewHMACSigner(public.([]byte))
	}
}

func signRSA(algorithm string, private *rsa.PrivateKey, random io.Reader, base string) ([]byte, error) {
	if algorithm == RSAPSSSHA512 {
		sum := sha512.Sum512([]byte(base))
		return rsa.SignPSS(random, private, crypto.SHA512, sum[:], &pss)
	}
	sum := sha256.Sum256([]byte(base))
	return rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
}

// signECDSA returns r and s of 32 bytes each (RFC 9421 section 3.3.4). It draws no random
// number: the same base has the same signature.
func signECDSA(private *ecdsa.PrivateKey, base string) ([]byte, error) {
	sum := sha256.Sum256([]byte(base))
	der, err := private.Sign(nil, sum[:], crypto.SHA256)
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
