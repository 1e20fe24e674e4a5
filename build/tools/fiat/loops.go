// Package fiat multiplies in the fields of P-384 and P-521. build/tools/library puts this file
// into Go's package of the same name, for the filter: where that has a hundred kilobytes of
// instructions in a row, which every proxy compiles at each start, this has loops.
//
// Numbers are little-endian, below the prime, and in Montgomery form.
package fiat

import "math/bits"

var (
	prime384 = [6]uint64{1<<32 - 1, 0xffffffff << 32, 1<<64 - 2, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1}
	prime521 = [9]uint64{1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<9 - 1}

	// The square of 2 to the number of bits of a number, modulo the prime: a product with it
	// brings a number into Montgomery form, and one with 1 out of it.
	square384 = [6]uint64{0xfffffffe00000001, 1 << 33, 0xfffffffe << 32, 1 << 33, 1, 0}
	square521 = [9]uint64{0, 1 << 46}
	one       = [9]uint64{1}
)

func multiply384(out, x, y []uint64) { multiply(out, x, y, prime384[:], 1<<32+1) }
func multiply521(out, x, y []uint64) { multiply(out, x, y, prime521[:], 1) }

// multiply sets out to the Montgomery product of x and y modulo p, in time that does not
// depend on them: "Coarsely Integrated Operand Scanning" in Koc, Acar and Kaliski, "Analyzing
// and Comparing Montgomery Multiplication Algorithms", IEEE Micro 16 (1996). inverse is -1/p
// modulo 2 to the 64. out may be x or y.
func multiply(out, x, y, p []uint64, inverse uint64) {
	var t [11]uint64
	n := len(p)
	for _, digit := range x {
		carry := addProduct(t[:n], t[:n], y, digit, 0)
		t[n], t[n+1] = bits.Add64(t[n], carry, 0)
		factor := t[0] * inverse // then t plus factor times p ends with 0
		high, low := bits.Mul64(factor, p[0])
		_, c := bits.Add64(low, t[0], 0)
		carry = addProduct(t[:n-1], t[1:n], p[1:], factor, high+c)
		t[n-1], c = bits.Add64(t[n], carry, 0)
		t[n] = t[n+1] + c
	}
	var reduced [9]uint64
	borrow := uint64(0)
	for i := range p {
		reduced[i], borrow = bits.Sub64(t[i], p[i], borrow)
	}
	_, borrow = bits.Sub64(t[n], 0, borrow)
	for i := range p {
		out[i] = t[i]&-borrow | reduced[i]&^-borrow
	}
}

// addProduct sets out to t plus y times digit plus carry, and returns what is over.
func addProduct(out, t, y []uint64, digit, carry uint64) uint64 {
	for i := range out {
		high, low := bits.Mul64(digit, y[i])
		low, c := bits.Add64(low, t[i], 0)
		high += c
		out[i], c = bits.Add64(low, carry, 0)
		carry = high + c
	}
	return carry
}
