package parsers

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// record is a field on the wire.
type record []byte

// message writes a message of a type, mostly as a client would: each field at
// most once unless it is repeated, in any order.
func (w writer) message(d protoreflect.MessageDescriptor) []byte {
	var records []record
	fields := d.Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if one := f.ContainingOneof(); one != nil && one.Fields().Get(0) != f && w.IntN(8) > 0 && len(records) > 0 {
			continue // most requests have one member of it
		}
		n := pick(w, 0, 1, 1, 1)
		if f.IsList() {
			n = w.IntN(4)
		} else if w.IntN(60) == 0 {
			n = 2
		}
		for range n {
			records = append(records, w.field(f))
		}
	}
	for range pick(w, 0, 0, 0, 1, 2) {
		records = append(records, w.unknown())
	}
	if w.IntN(2) == 0 {
		w.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	}
	return slices.Concat(records...)
}

func (w writer) field(f protoreflect.FieldDescriptor) record {
	number := f.Number()
	if w.IntN(200) == 0 { // another wire type
		return w.of(number)
	}
	switch f.Kind() {
	case protoreflect.MessageKind:
		return w.bytes(number, w.message(f.Message()))
	case protoreflect.Int64Kind:
		return append(w.tag(number, protowire.VarintType), w.varint(pick[uint64](w, 0, 1, 7, 300, 1<<63, 1<<64-1))...)
	case protoreflect.DoubleKind:
		return protowire.AppendFixed64(w.tag(number, protowire.Fixed64Type), w.Uint64())
	case protoreflect.Fixed32Kind:
		return protowire.AppendFixed32(w.tag(number, protowire.Fixed32Type), w.Uint32())
	}
	text := pick(w, texts...)
	if w.IntN(200) == 0 {
		text += pick(w, "\xff", "\xc3", "\xed\xa0\x80")
	}
	return w.bytes(number, []byte(text))
}

// unknown is a field that no descriptor has, or has with another type.
func (w writer) unknown() record {
	return w.of(pick[protowire.Number](w, 9, 15, 16, 100, 19000, protowire.MaxValidNumber))
}

func (w writer) of(number protowire.Number) record {
	switch w.IntN(8) {
	case 0:
		group := append(w.tag(number, protowire.StartGroupType), w.bytes(1, []byte("secret"))...)
		return append(group, w.tag(number, protowire.EndGroupType)...)
	case 1, 2:
		return protowire.AppendFixed64(w.tag(number, protowire.Fixed64Type), w.Uint64())
	case 3:
		return protowire.AppendFixed32(w.tag(number, protowire.Fixed32Type), w.Uint32())
	case 4, 5:
		return append(w.tag(number, protowire.VarintType), w.varint(w.Uint64()>>w.IntN(64))...)
	}
	return w.bytes(number, []byte(pick(w, texts...)))
}

func (w writer) tag(number protowire.Number, wire protowire.Type) record {
	return w.varint(protowire.EncodeTag(number, wire))
}

func (w writer) bytes(number protowire.Number, content []byte) record {
	return slices.Concat(w.tag(number, protowire.BytesType), w.varint(uint64(len(content))), content)
}

// varint now and then writes more bytes than it needs.
func (w writer) varint(v uint64) record {
	b := protowire.AppendVarint(nil, v)
	if w.IntN(1000) > 0 {
		return b
	}
	for range 1 + w.IntN(3) {
		b[len(b)-1] |= 0x80
		b = append(b, 0)
	}
	return b
}

// spoilProto changes bytes of a message, or adds a field at the end or in the
// middle.
func (w writer) spoilProto(b []byte) []byte {
	i := w.IntN(len(b) + 1)
	j := min(len(b), i+w.IntN(4))
	more := pick(w, w.bytes(1, []byte("secret")), w.bytes(1, w.bytes(1, []byte("secret"))),
		w.bytes(1, w.bytes(1, w.bytes(1, []byte("secret")))), w.bytes(2, nil), w.unknown(), record{0x0a, 0x02}, record{0})
	switch w.IntN(6) {
	case 0:
		return append(b, more...)
	case 1:
		return slices.Insert(b, 0, more...)
	case 2:
		return slices.Insert(b, i, more...)
	case 3:
		return slices.Delete(b, i, j)
	case 4:
		if i < len(b) {
			b[i] ^= 1 << w.IntN(8)
		}
		return b
	default:
		return b[:j]
	}
}
