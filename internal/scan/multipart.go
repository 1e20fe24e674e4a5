package scan

import "unsafe"

// Multipart scans one form in multipart/form-data (RFC 7578, RFC 2046 section 5.1) for
// the parts that keys watch by their names. See NewMultipart.
//
// Readers of forms forgive different faults. So a form must be as the common clients
// write it: nothing before the first delimiter, and CRLF at most after the last; every line
// of a head, and every delimiter, ends in CRLF and has no white space at its end; no line
// is folded. The boundary stands nowhere but in a delimiter, not even inside of a line:
// Sanic splits a form wherever it stands. A part has one Content-Disposition, which begins with one name; see names. No part
// is a multipart of its own, or gives another Content-Length than it has.
//
// A watched part is text in ASCII: it has no file name, no encoding that would have to be
// undone, and no other media type than text/plain. It is there once at most. No part's name
// is a twin of a watched one, or one that Limits.Refuses. Other names may repeat.
type Multipart struct {
	keys   []Key
	limits Limits
	values []Value
	at     int64 // bytes read
	end    int64 // Complete
	err    *Error

	boundary []byte
	skip     [256]uint8 // see index
	state    partState
	matched  int    // bytes of the text that state expects
	parts    int    // that have begun
	found    uint64 // bit i: keys[i] has occurred

	line     []byte // of the head, without what it ends in
	headSize int    // bytes of the head
	part     partHead
	bodyAt   int64 // the offset of the part's first byte after the head
	text     []byte
	tail     [maxTail]byte // the last bytes of a part that is not kept
	tailSize int
}

// partState is what the next byte of a form continues.
type partState uint8

const (
	inOpening   partState = iota // the first delimiter
	inHead                       // a line of a part's head
	inLineEnd                    // after the CR of that line
	inBody                       // a part, or the delimiter after it
	inDelimiter                  // after a delimiter: CRLF, or "--" at the end of the form
	inNextLine                   // after the CR of a delimiter
	inLastDash                   // after the first "-" of the closing delimiter
	inEpilogue                   // after the closing delimiter: CRLF, or nothing
)

// lead is what stands before the boundary in every delimiter but the first one, which begins the
// form.
const lead = "\r\n--"

const (
	maxBoundary = 70 // RFC 2046 section 5.1.1
	maxTail     = len(lead) + maxBoundary - 1
	maxHead     = 4096 // of a part, in bytes; python-multipart takes that much in a line
	maxLines    = 8    // of a head; python-multipart takes no more
)

// NewMultipart starts a form with a boundary that Boundary has returned. Limits.Members
// bounds the parts, Limits.Key their names, and Limits.Text a watched part.
func NewMultipart(boundary string, keys []Key, limits Limits) *Multipart {
	m := &Multipart{keys: keys, limits: limits.orDefaults(), end: -1, boundary: []byte(boundary)}
	m.fillSkip()
	return m
}

// Scan reads the next bytes of the body. It allocates for heads and watched parts, never
// for a chunk.
func (m *Multipart) Scan(chunk []byte) *Error {
	for len(chunk) > 0 && m.err == nil {
		n := 1
		switch m.state {
		case inHead:
			n = m.readLine(chunk)
		case inBody:
			n = m.readBody(chunk)
		default:
			m.step(chunk[0])
		}
		chunk = chunk[n:]
		m.at += int64(n)
	}
	return m.err
}

// End is called at the end of the body. The body is accepted only if End returns nil.
func (m *Multipart) End() *Error {
	if m.err == nil && (m.end < 0 || m.matched == 1) {
		m.fail(Truncated, "the form ends too early", 0)
	}
	return m.err
}

// Complete returns the number of bytes up to and including the last "-" of the closing
// delimiter, or -1 before it. It is that of JSON: a server may act once it has that byte.
func (m *Multipart) Complete() int64 { return m.end }

// Values returns the leaves that are known so far: a present one when the delimiter after
// its part ends, and an absent one when the form does. It is that of JSON.
func (m *Multipart) Values() []Value { return m.values }

// Bytes returns how much memory the scan holds, which does not grow with the form.
func (m *Multipart) Bytes() int {
	return int(unsafe.Sizeof(*m)) + cap(m.boundary) + cap(m.line) + cap(m.text) + cap(m.part.name) + valuesBytes(m.values)
}

// fail refuses the form because of the byte that is ahead bytes after m.at. It is called in
// many places, and the module is smaller if it is not inlined.
//
//go:noinline
func (m *Multipart) fail(kind Kind, rule string, ahead int) {
	where := ""
	if len(m.part.name) > 0 {
		where = string(appendToken(nil, m.part.name))
	}
	m.err = &Error{Kind: kind, Rule: rule, Offset: m.at + int64(ahead), Where: where}
}

// step reads a byte that is neither in a line of a head nor in a part.
func (m *Multipart) step(c byte) {
	switch {
	case m.state == inOpening:
		m.open(c)
	case m.state == inDelimiter && c == '\r':
		m.state = inNextLine
	case m.state == inDelimiter && c == '-':
		m.state = inLastDash
	case m.state == inNextLine && c == '\n':
		m.endPart()
		m.beginPart()
	case m.state == inLineEnd && c == '\n':
		m.endLine()
	case m.state == inLastDash && c == '-':
		m.endPart()
		for i, k := range m.keys {
			if m.found&(1<<i) == 0 {
				m.values = appendAbsent(m.values, k)
			}
		}
		m.state, m.end, m.part.name = inEpilogue, m.at+1, m.part.name[:0]
	case m.state == inEpilogue && m.matched < 2 && c == "\r\n"[m.matched]:
		m.matched++
	case m.state == inEpilogue:
		m.fail(Trailing, "data after the form", 0)
	case m.state == inLineEnd:
		m.fail(Syntax, "LF expected after CR", 0)
	default:
		m.fail(Syntax, "CRLF or two dashes expected after the boundary", 0)
	}
}

// open reads a byte of the first delimiter.
func (m *Multipart) open(c byte) {
	expected := byte('\n')
	switch n := m.matched - 2; {
	case n < 0:
		expected = '-'
	case n < len(m.boundary):
		expected = m.boundary[n]
	case n == len(m.boundary):
		expected = '\r'
	}
	if c != expected {
		m.fail(Syntax, "the first delimiter expected", 0)
		return
	}
	if m.matched++; m.matched == len(m.boundary)+4 {
		m.matched = 0
		m.beginPart()
	}
}

// beginPart is called after the LF of a delimiter.
func (m *Multipart) beginPart() {
	if m.parts++; m.parts > m.limits.Members {
		m.fail(TooMany, "too many parts", 0)
		return
	}
	m.state, m.headSize = inHead, 0
	m.part = partHead{name: m.part.name[:0], length: -1, isText: true}
}

// endPart is called after the delimiter that ends a part.
func (m *Multipart) endPart() {
	k := m.part.key
	if k == nil {
		return
	}
	v := Value{ID: k.ID, Present: true}
	if !k.Any {
		v.Text = string(m.text)
	}
	m.values = append(m.values, v)
}
