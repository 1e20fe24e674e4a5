package scan

import "bytes"

// readBody continues a part, up to the boundary in the delimiter after it or to the end
// of b.
func (m *Multipart) readBody(b []byte) int {
	if m.part.key != nil && !m.part.key.Any {
		return m.keepBody(b)
	}
	return m.skipBody(b)
}

// keepBody continues a watched part.
func (m *Multipart) keepBody(b []byte) int {
	room := m.limits.Text + len(lead) + len(m.boundary) - len(m.text)
	n, before := min(room, len(b)), len(m.text)
	m.text = append(m.text, b[:n]...)
	from := max(0, before-len(m.boundary)+1)
	i := bytes.Index(m.text[from:], m.boundary)
	if i < 0 {
		if n == room {
			m.fail(TooLong, "a watched part is too long", m.limits.Text-before)
		}
		return n
	}
	i += from
	if m.endBody(m.text[:i], i-before) {
		m.text = m.text[:i-len(lead)]
		for j, c := range m.text {
			if c < 0x20 || c > 0x7e {
				m.fail(Encoding, "a watched part is not printable ASCII", j-before)
				break
			}
		}
	}
	return i + len(m.boundary) - before
}

// skipBody continues a part of which nothing is kept. The boundary, or the lead before it, may
// begin in the last chunk.
func (m *Multipart) skipBody(b []byte) int {
	size := len(m.boundary)
	keep := len(lead) + size - 1
	var memory [2 * maxTail]byte
	joint := append(append(memory[:0], m.tail[:m.tailSize]...), b[:min(len(b), keep)]...)
	if i := bytes.Index(joint, m.boundary); i >= 0 {
		ahead := i - m.tailSize
		m.endBody(joint[:i], ahead)
		return ahead + size
	}
	from := min(len(b), len(lead))
	if i := m.index(b[from:]); i >= 0 {
		m.endBody(b[:from+i], from+i)
		return from + i + size
	}
	rest := joint
	if len(b) > keep {
		rest = b
	}
	m.tailSize = copy(m.tail[:], rest[max(0, len(rest)-keep):])
	return len(b)
}

// endBody is called where a boundary begins, ahead bytes after m.at. before are the
// bytes before it, or the last of them.
func (m *Multipart) endBody(before []byte, ahead int) (ok bool) {
	m.state, m.tailSize = inDelimiter, 0
	length := m.at + int64(ahead-len(lead)) - m.bodyAt
	switch {
	case length < 0 || !bytes.HasSuffix(before, []byte(lead)):
		m.fail(Syntax, "the boundary inside of a part", ahead)
	case m.part.length >= 0 && m.part.length != length:
		m.fail(Syntax, "a part is not as long as its Content-Length says", ahead-len(lead))
	}
	return m.err == nil
}

// fillSkip fills the table of Horspool's search: by how much it can go on where a byte
// is the last of those that it looks at.
func (m *Multipart) fillSkip() {
	last := len(m.boundary) - 1
	for c := range m.skip {
		m.skip[c] = uint8(len(m.boundary))
	}
	for i, c := range m.boundary[:last] {
		m.skip[c] = uint8(last - i)
	}
}

// index is bytes.Index for the boundary. It looks at one byte in as many as the
// boundary has, most often (R. N. Horspool, Practical fast searching in strings,
// 1980). A sender who has chosen both the boundary and the data can make that slower than
// reading every byte: then bytes.Index goes on.
func (m *Multipart) index(b []byte) int {
	d, last := m.boundary, len(m.boundary)-1
	tries, end := len(b)/64+8, d[len(d)-1]
	for i := last; i < len(b); {
		c := b[i]
		if c == end {
			if string(b[i-last:i]) == string(d[:last]) {
				return i - last
			}
			if tries--; tries < 0 {
				if n := bytes.Index(b[i-last+1:], d); n >= 0 {
					return i - last + 1 + n
				}
				return -1
			}
		}
		i += int(m.skip[c])
	}
	return -1
}
