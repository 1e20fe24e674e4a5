package abi

import (
	"encoding/binary"
	"unsafe"
)

// appendPairs parses a header map and appends its pairs, or the first ones if there are
// more than most: the number of pairs, the
// lengths of all names and values, then the names and values, each followed by a
// zero byte. The strings share the memory of b. ok is false if b is malformed.
func appendPairs(pairs [][2]string, b []byte, most int) (_ [][2]string, ok bool) {
	if len(b) < 4 {
		return pairs, len(b) == 0
	}
	n := uint64(binary.LittleEndian.Uint32(b))
	if n > uint64(len(b))/8 {
		return pairs, false
	}
	sizes, rest := b[4:], b[4:]
	if len(rest) < 8*int(n) {
		return pairs, false
	}
	rest = rest[8*n:]
	for i := range n {
		if i == uint64(most) {
			return pairs, true
		}
		name, value := binary.LittleEndian.Uint32(sizes), binary.LittleEndian.Uint32(sizes[4:])
		sizes = sizes[8:]
		end := uint64(name) + 1 + uint64(value)
		if end >= uint64(len(rest)) || rest[name] != 0 || rest[end] != 0 {
			return pairs, false
		}
		pairs = append(pairs, [2]string{bytesToString(rest[:name]), bytesToString(rest[name+1 : end])})
		rest = rest[end+1:]
	}
	return pairs, len(rest) == 0
}

// bytesToString returns the bytes as a string without a copy.
func bytesToString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// serialize returns the header map of the pairs, in the form that appendPairs reads.
func serialize(pairs [][2]string) []byte {
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
