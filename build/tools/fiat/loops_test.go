package fiat

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestMultiply compares products with math/big's, of numbers with many bits set and of those
// at the edges.
func TestMultiply(t *testing.T) {
	for _, c := range []struct {
		name     string
		multiply func(out, x, y []uint64)
		p        []uint64
		square   []uint64
	}{{"P-384", multiply384, prime384[:], square384[:]}, {"P-521", multiply521, prime521[:], square521[:]}} {
		t.Run(c.name, func(t *testing.T) {
			n := len(c.p)
			p, r := number(c.p), new(big.Int).Lsh(big.NewInt(1), uint(64*n))
			inverse := new(big.Int).ModInverse(r, p)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range 20000 {
				x, y, out := operand(random, p, i, n), operand(random, p, i/5, n), make([]uint64, n)
				want := new(big.Int).Mul(number(x), number(y))
				want.Mod(want.Mul(want, inverse), p)
				if c.multiply(out, x, y); number(out).Cmp(want) != 0 {
					t.Fatalf("the product of %x and %x is %x, want %x", number(x), number(y), number(out), want)
				}
			}
			x, out := operand(random, p, 2, n), make([]uint64, n)
			c.multiply(out, x, c.square)
			if c.multiply(out, out, one[:n]); number(out).Cmp(number(x)) != 0 {
				t.Errorf("into Montgomery form and out of it, %x is %x", number(x), number(out))
			}
			if want := new(big.Int).Exp(r, big.NewInt(2), p); number(c.square).Cmp(want) != 0 {
				t.Errorf("the square is %x, want %x", number(c.square), want)
			}
		})
	}
}

// operand returns one of the numbers next to 0 and to p, or a random one.
func operand(random *rand.Rand, p *big.Int, i, n int) []uint64 {
	x := new(big.Int)
	switch i % 5 {
	case 0:
		x.SetInt64(random.Int64N(3))
	case 1:
		x.Sub(p, big.NewInt(1+random.Int64N(3)))
	default:
		for range n {
			x.Or(x.Lsh(x, 64), new(big.Int).SetUint64(random.Uint64()))
		}
		x.Mod(x, p)
	}
	list := make([]uint64, n)
	for j := range list {
		list[j] = new(big.Int).Rsh(x, uint(64*j)).Uint64()
	}
	return list
}

func number(list []uint64) *big.Int {
	x := new(big.Int)
	for i := len(list) - 1; i >= 0; i-- {
		x.Or(x.Lsh(x, 64), new(big.Int).SetUint64(list[i]))
	}
	return x
}
