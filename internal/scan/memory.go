package scan

import "unsafe"

// Bytes returns how much memory the scan holds: it grows with what the document names,
// within the Limits, and not with the document.
func (j *JSON) Bytes() int {
	n := int(unsafe.Sizeof(*j)) + cap(j.name) + cap(j.text) + valuesBytes(j.values) + cap(j.levels)*int(unsafe.Sizeof(level{}))
	for i := range j.levels {
		n += 8 * len(j.levels[i].names.slots)
	}
	return n
}

// Bytes returns how much memory the scan holds: it grows with what the message names,
// within the Limits, and not with the message.
func (p *Proto) Bytes() int {
	return int(unsafe.Sizeof(*p)) + cap(p.text) + valuesBytes(p.values) + cap(p.open)*int(unsafe.Sizeof(message{}))
}

func valuesBytes(values []Value) int {
	n := cap(values) * int(unsafe.Sizeof(Value{}))
	for i := range values {
		n += len(values[i].Text)
	}
	return n
}
