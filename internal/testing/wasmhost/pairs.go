package wasmhost

import (
	"bytes"
	"encoding/binary"
)

// Envoy's limits on the pairs that it accepts from a guest.
const (
	maxPairs      = 1024
	maxPairsBytes = 1 << 20
)

// encodePairs returns pairs in the form of the ABI: their number, the sizes of all
// names and values, then the names and values, each followed by a zero byte.
func encodePairs(pairs [][2]string) []byte {
	if len(pairs) == 0 {
		return nil
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(pairs)))
	for _, p := range pairs {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[0])))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[1])))
	}
	for _, p := range pairs {
		b = append(append(b, p[0]...), 0)
		b = append(append(b, p[1]...), 0)
	}
	return b
}

// decodePairs returns the pairs in b. If b is malformed or too large it returns none,
// as Envoy does.
func decodePairs(b []byte) [][2]string {
	if len(b) < 4 || len(b) > maxPairsBytes {
		return nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n > maxPairs || len(b) < int(4+8*n) {
		return nil
	}
	sizes, rest := b[4:4+8*n], b[4+8*n:]
	pairs := make([][2]string, n)
	for i := range 2 * n {
		size := uint64(binary.LittleEndian.Uint32(sizes[4*i:]))
		if size >= uint64(len(rest)) || rest[size] != 0 {
			return nil
		}
		pairs[i/2][i%2], rest = string(rest[:size]), rest[size+1:]
	}
	if len(rest) > 0 {
		return nil
	}
	return pairs
}

// sanitizeDetails replaces white space, which response code details must not contain.
func sanitizeDetails(details []byte) string {
	return string(bytes.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '\v', '\f', '\r':
			return '_'
		}
		return r
	}, details))
}
