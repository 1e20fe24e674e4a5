// Package mutate makes valid and nearly valid signatures, always the same ones for
// the same seed, for tests that compare two verifiers.
package mutate

import (
	"bytes"
	"math/big"
	"math/rand/v2"
)

// Vector is a signature and what is needed to verify it.
type Vector struct {
	Algorithm string // of RFC 7518 section 3.1: RS256, ES256 and so on
	Key       []byte // SubjectPublicKeyInfo in DER
	Order     []byte // of the curve's group, or the RSA modulus; big endian, as long as r, s or an RSA signature
	Signed    []byte
	Signature []byte // as in a JWS (RFC 7518 section 3.4): for ES r followed by s
}

// At returns mutation i of a seed: one of the valid vectors, changed in one of
// twelve ways, one of which changes nothing. The signature keeps its length.
func At(valid []Vector, seed, i uint64) Vector {
	random := rand.New(rand.NewPCG(seed, i))
	v := valid[random.IntN(len(valid))]
	v.Signature = bytes.Clone(v.Signature)
	sig := v.Signature
	last := sig[len(sig)-len(v.Order):] // s, or all of an RSA signature
	switch random.IntN(12) {
	case 0: // valid
	case 1:
		sig[random.IntN(len(sig))] ^= 1 << random.IntN(8)
	case 2:
		sig[random.IntN(len(sig))] = byte(random.Uint32())
	case 3:
		v.Signed = bytes.Clone(v.Signed)
		v.Signed[random.IntN(len(v.Signed))] ^= 1 << random.IntN(8)
	case 4: // n-s: as valid as s is for ECDSA (SEC 1 section 4.1.4), and never for RSA
		new(big.Int).Sub(new(big.Int).SetBytes(v.Order), new(big.Int).SetBytes(last)).FillBytes(last)
	case 5: // the order itself, and the numbers next to it
		n := new(big.Int).SetBytes(v.Order)
		n.Add(n, big.NewInt(int64(random.IntN(3)-1))).FillBytes(last)
	case 6: // 0, 1 and 2
		clear(last)
		last[len(last)-1] = byte(random.IntN(3))
	case 7: // the same for r
		clear(sig[:len(v.Order)])
		sig[len(v.Order)-1] = byte(random.IntN(3))
	case 8: // r and s swapped, or an RSA signature rotated
		copy(sig, append(bytes.Clone(sig[len(sig)/2:]), sig[:len(sig)/2]...))
	case 9: // of another text, or by another key
		o := valid[random.IntN(len(valid))]
		if o.Algorithm == v.Algorithm && len(o.Signature) == len(sig) {
			copy(sig, o.Signature)
		}
	case 10:
		o := valid[random.IntN(len(valid))]
		if o.Algorithm == v.Algorithm {
			v.Key = o.Key
		}
	case 11:
		for at := random.IntN(len(sig)); at < len(sig); at++ {
			sig[at] = 0xff
		}
	}
	return v
}

// Bits are answers of a verifier, one bit each: the first in the lowest bit of the
// first byte, 1 for valid.
type Bits []byte

// NewBits returns room for n answers, all 0.
func NewBits(n int) Bits { return make(Bits, (n+7)/8) }

// Set sets answer i to valid.
func (b Bits) Set(i int) { b[i/8] |= 1 << (i % 8) }

// Get returns answer i.
func (b Bits) Get(i int) bool { return b[i/8]>>(i%8)&1 == 1 }
