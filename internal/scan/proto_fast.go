package scan

// fast skips whole fields that are not watched, and returns how many bytes of the chunk
// they have. It leaves to byte every field that is watched, at fault, or cut by the
// chunk's end. A message of many small fields would cost some calls for each byte
// otherwise, and a call of a Go function is slow in WebAssembly.
func (p *Proto) fast(chunk []byte) (n int) {
	m := &p.open[len(p.open)-1]
	b := chunk[:min(int64(len(chunk)), m.end-p.at)]
	for n < len(b) {
		tag, size := minimal(b[n:])
		if size == 0 || tag>>3 == 0 || tag>>3 > maxNumber || m.watches(int32(tag>>3)) {
			break
		}
		rest := b[n+size:]
		switch tag & 7 {
		case wireVarint:
			k := varintLen(rest)
			if k == 0 {
				return n
			}
			size += k
		case wire64:
			size += 8
		case wire32:
			size += 4
		case wireBytes:
			length, k := minimal(rest)
			if k == 0 || length > uint64(len(rest)-k) {
				return n
			}
			size += k + int(length)
		default:
			return n
		}
		if size > len(b)-n {
			break
		}
		n += size
	}
	return n
}

// watches reports whether a field of that number is watched.
func (m *message) watches(number int32) bool {
	for i := range m.fields {
		if m.fields[i].Number == number {
			return true
		}
	}
	return false
}

// minimal returns the varint at the beginning of b and its length; 0 if it is cut, has
// more bytes than it needs, or more than five, as no tag and no length of a whole field has.
func minimal(b []byte) (v uint64, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	for i := 0; i < len(b) && i < 5; i++ {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			if b[i] == 0 {
				return 0, 0
			}
			return v, i + 1
		}
	}
	return 0, 0
}

// varintLen returns the length of the varint at the beginning of b; 0 if it is cut or has
// more than 64 bits.
func varintLen(b []byte) int {
	for i := 0; i < len(b) && i < 10; i++ {
		if b[i] < 0x80 {
			if i == 9 && b[i] > 1 {
				return 0
			}
			return i + 1
		}
	}
	return 0
}
