package scan

import (
	"strconv"
	"unicode/utf8"
)

// Proto scans one message of the protobuf wire format
// (protobuf.dev/programming-guides/encoding) for the leaves that fields watch.
// It skips all other fields without reading them. The zero value is not usable; see
// NewProto.
//
// Parsers have rules for messages with more than one reading: the last of two
// fields wins, two messages merge, a second member of a oneof clears the first, a
// field of the wrong wire type is unknown. Proto refuses these for watched fields.
// It also refuses groups, field numbers outside 1 to 2^29-1, tags, lengths and
// watched integers in more bytes than they need, integers beyond 64 bits, fields
// that run beyond the message around them, and watched strings that are not UTF-8.
type Proto struct {
	fields []Field
	limits Limits
	values []Value
	items  int // repeated messages begun
	at     int64
	err    *Error

	reading piece
	open    []message // what is being read, innermost last; empty when complete
	field   *Field    // the watched field being read, or nil
	number  int32     // of the field being read
	varint  uint64
	bytes   int   // of varint
	left    int64 // bytes that a skipped field or a text still lacks
	text    []byte
	integer int64 // of the Int64Value being read
}

// message is an open watched message.
type message struct {
	field  *Field // that it is the value of; nil for the outermost
	fields []Field
	end    int64  // where it ends
	seen   uint64 // bit i: fields[i] has occurred
	item   int    // Value.Item within it
}

// piece of a field, that the next byte continues.
type piece uint8

const (
	inTag     piece = iota
	inLength        // of a length-delimited field
	inInteger       // a varint: a watched one, if field is set
	inSkipped
	inText
)

// NewProto starts a message of length bytes: as long as its frame says.
func NewProto(fields []Field, length int, limits Limits) *Proto {
	p := &Proto{fields: fields, limits: limits.orDefaults(), open: make([]message, 0, maxMessages+1)}
	p.Reset(length)
	return p
}

// Reset starts another message with the same fields and limits. It reuses the
// memory: what Values has returned is no longer valid.
func (p *Proto) Reset(length int) {
	*p = Proto{fields: p.fields, limits: p.limits, values: p.values[:0], open: p.open[:0], text: p.text[:0]}
	p.open = append(p.open, message{fields: p.fields, end: int64(length)})
	p.next()
}

// Scan reads the next bytes of the message. It allocates for the texts it
// reports, for Values and for the Error, and nothing else.
func (p *Proto) Scan(chunk []byte) *Error {
	for len(chunk) > 0 && p.err == nil {
		if p.Complete() {
			p.at++
			p.fail(Trailing, "data after the message")
			break
		}
		if p.reading == inTag && p.bytes == 0 {
			if n := p.fast(chunk); n > 0 {
				p.at += int64(n)
				p.next()
				chunk = chunk[n:]
				continue
			}
		}
		n := 1
		if p.reading >= inSkipped {
			n = int(min(p.left, int64(len(chunk))))
			p.left -= int64(n)
			if p.reading == inText {
				p.text = append(p.text, chunk[:n]...)
			}
		}
		p.at += int64(n)
		switch {
		case p.reading < inSkipped:
			p.byte(chunk[0])
		case p.left == 0:
			p.endBytes()
		}
		chunk = chunk[n:]
	}
	return p.err
}

// Complete reports whether all of the message has been read and accepted. An empty
// message is complete before the first Scan.
func (p *Proto) Complete() bool { return len(p.open) == 0 && p.err == nil }

// Values returns the leaves that are known so far, in the order in which they
// became known: a present one when it ends, an absent one when the message that
// would have it ends. Each occurrence of a repeated message has a Value for each
// leaf in it. When the message is complete there is at least one for each leaf of
// the fields: the leaves of a repeated message that never occurs are absent. Scan
// only appends to the slice.
func (p *Proto) Values() []Value { return p.values }

// fail refuses the message for the byte that was read last.
func (p *Proto) fail(kind Kind, rule string) {
	var where []byte
	for _, m := range p.open[min(1, len(p.open)):] {
		where = append(strconv.AppendInt(where, int64(m.field.Number), 10), '.')
	}
	if p.reading != inTag {
		where = strconv.AppendInt(where, int64(p.number), 10)
	} else if len(where) > 0 {
		where = where[:len(where)-1]
	}
	p.err = &Error{Kind: kind, Rule: rule, Offset: max(0, p.at-1), Where: string(where)}
}

// next is called after the last byte of a field. It closes every message that ends
// there.
func (p *Proto) next() {
	p.reading, p.field, p.varint, p.bytes = inTag, nil, 0, 0
	for len(p.open) > 0 && p.open[len(p.open)-1].end == p.at {
		m := &p.open[len(p.open)-1]
		if m.field != nil && m.field.Shape == Int64Value {
			p.values = append(p.values, Value{ID: m.field.ID, Present: true, Int: p.integer, Item: m.item})
		} else {
			for i := range m.fields {
				if m.seen&(1<<i) == 0 {
					p.absent(&m.fields[i], m.item)
				}
			}
		}
		p.open = p.open[:len(p.open)-1]
	}
}

// absent reports every leaf of a field that has not occurred.
func (p *Proto) absent(f *Field, item int) {
	if f.Shape != Message {
		p.values = append(p.values, Value{ID: f.ID, Item: item})
	}
	for i := range f.Fields {
		p.absent(&f.Fields[i], item)
	}
}

// endBytes is called after the last byte of a field that is not read as a message.
func (p *Proto) endBytes() {
	if p.reading == inText {
		if !utf8.Valid(p.text) {
			p.fail(Encoding, "a string that is not UTF-8")
			return
		}
		m := &p.open[len(p.open)-1]
		p.values = append(p.values, Value{ID: p.field.ID, Present: true, Text: string(p.text), Item: m.item})
	}
	p.next()
}
