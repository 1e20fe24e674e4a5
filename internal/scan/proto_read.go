package scan

import "math"

// The wire types.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wireStart  = 3 // of a group
	wireEnd    = 4
	wire32     = 5
)

// byte reads a byte of a varint: least significant seven bits first, the high
// bit set on all but the last.
func (p *Proto) byte(c byte) {
	if p.bytes == 9 && c > 1 {
		p.fail(Syntax, "an integer of more than 64 bits")
		return
	}
	p.varint |= uint64(c&0x7f) << (7 * p.bytes)
	p.bytes++
	if c&0x80 != 0 {
		if p.at == p.open[len(p.open)-1].end {
			p.beyond()
		}
		return
	}
	if c == 0 && p.bytes > 1 && (p.reading != inInteger || p.field != nil) {
		p.fail(NonMinimal, "an integer in more bytes than it needs")
		return
	}
	v := p.varint
	p.varint, p.bytes = 0, 0
	switch p.reading {
	case inTag:
		p.tag(v)
	case inLength:
		p.length(v)
	default:
		if p.field != nil {
			p.integer = int64(v)
		}
		p.next()
	}
}

func (p *Proto) beyond() { p.fail(Truncated, "a field runs beyond the message around it") }

// tag begins a field.
func (p *Proto) tag(v uint64) {
	if v>>3 == 0 || v>>3 > maxNumber {
		p.fail(Syntax, "not a field number")
		return
	}
	wire := v & 7
	p.number, p.field = int32(v>>3), nil
	p.reading = inLength // for the place that an error names
	switch {
	case wire == wireStart || wire == wireEnd:
		p.fail(Group, "a group")
		return
	case wire > wire32:
		p.fail(Syntax, "not a wire type")
		return
	}
	if p.watched(wire); p.err != nil {
		return
	}
	switch wire {
	case wireVarint:
		p.reading = inInteger
	case wire64:
		p.skip(8)
		return
	case wire32:
		p.skip(4)
		return
	}
	if p.at == p.open[len(p.open)-1].end { // a length or an integer must follow
		p.beyond()
	}
}

// watched finds the field in the innermost message, and refuses a second one.
func (p *Proto) watched(wire uint64) {
	m := &p.open[len(p.open)-1]
	for i := range m.fields {
		f := &m.fields[i]
		if f.Number != p.number {
			continue
		}
		p.field = f
		switch {
		case (f.Shape == integer) != (wire == wireVarint) || f.Shape != integer && wire != wireBytes:
			p.fail(Type, "a watched field of another wire type")
		case m.seen&(1<<i) != 0 && !f.Repeated:
			p.fail(Duplicate, "a watched field occurs twice")
		case f.OneOf != 0 && m.other(f):
			p.fail(Conflict, "two members of a oneof")
		}
		m.seen |= 1 << i
		return
	}
}

// other reports whether another member of f's oneof has occurred.
func (m *message) other(f *Field) bool {
	for i := range m.fields {
		if g := &m.fields[i]; g != f && g.OneOf == f.OneOf && m.seen&(1<<i) != 0 {
			return true
		}
	}
	return false
}

// length begins the value of a length-delimited field.
func (p *Proto) length(v uint64) {
	m := &p.open[len(p.open)-1]
	switch f := p.field; {
	case v > math.MaxInt64 || int64(v) > m.end-p.at:
		p.beyond()
	case f == nil:
		p.skip(int64(v))
	case f.Shape == String:
		if v > uint64(p.limits.Text) {
			p.fail(TooLong, "a watched value is too long")
			return
		}
		p.reading, p.left, p.text = inText, int64(v), p.text[:0]
		if v == 0 {
			p.endBytes()
		}
	default:
		p.enter(f, p.at+int64(v))
	}
}

// enter opens the message of a watched field.
func (p *Proto) enter(f *Field, end int64) {
	inner := message{field: f, fields: f.inner(), end: end, item: p.open[len(p.open)-1].item}
	if f.Repeated {
		if p.items == p.limits.Items {
			p.fail(TooMany, "too many repeated messages")
			return
		}
		inner.item = p.items
		p.items++
	}
	p.integer = 0
	p.open = append(p.open, inner)
	p.next()
}

// skip begins the value of a field that is not watched.
func (p *Proto) skip(n int64) {
	if n > p.open[len(p.open)-1].end-p.at {
		p.beyond()
		return
	}
	p.reading, p.left = inSkipped, n
	if n == 0 {
		p.endBytes()
	}
}
