// Package structjson writes a serialized google.protobuf.Struct as JSON. Envoy hands a
// Proxy-Wasm plugin a configuration of the type StringValue as its text, but one of the type
// Struct as the bytes of the message (seen in 1.40.0).
package structjson

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// errNotStruct is the error of bytes that are no Struct, or one that JSON cannot say.
var errNotStruct = errors.New("must be a google.protobuf.Struct with values that JSON has")

// JSON returns a Struct as JSON, with its members in their order. ok is false for bytes that
// are not wholly a Struct with at least one member. So it is for every JSON text: before each
// value the message has the byte 0x12, which no JSON text has.
//
// google/protobuf/struct.proto: Struct { map<string, Value> fields = 1; }, of which a
// member is a message with the key in 1 and the value in 2.
func JSON(message []byte) (text string, ok bool) {
	if len(message) == 0 {
		return "", false
	}
	out, err := appendStruct(nil, message, 0)
	return string(out), err == nil
}

// maxDepth is how deep values may be nested: as deep as in a configuration in JSON.
const maxDepth = strictjson.MaxDepth

func appendStruct(out, message []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errNotStruct
	}
	out = append(out, '{')
	for first := true; len(message) > 0; first = false {
		member, rest, err := field(message, 1)
		if err != nil {
			return nil, err
		}
		name, value, err := field(member, 1)
		if err != nil {
			return nil, err
		}
		value, after, err := field(value, 2)
		if err != nil || len(after) > 0 {
			return nil, errNotStruct
		}
		if !first {
			out = append(out, ',')
		}
		if out, err = appendValue(append(appendString(out, name), ':'), value, depth+1); err != nil {
			return nil, err
		}
		message = rest
	}
	return append(out, '}'), nil
}

// appendValue appends a Value, which is a message with one field: 1 null, 2 a number, 3 a
// string, 4 a boolean, 5 a Struct, 6 a ListValue.
func appendValue(out, message []byte, depth int) ([]byte, error) {
	number, kind, size := protowire.ConsumeTag(message)
	if size < 0 {
		return nil, errNotStruct
	}
	content := message[size:]
	switch {
	case number == 1 && kind == protowire.VarintType && len(content) == 1 && content[0] == 0:
		return append(out, "null"...), nil
	case number == 2 && kind == protowire.Fixed64Type && len(content) == 8:
		return appendNumber(out, math.Float64frombits(binary.LittleEndian.Uint64(content)))
	case number == 4 && kind == protowire.VarintType && len(content) == 1 && content[0] <= 1:
		return strconv.AppendBool(out, content[0] == 1), nil
	}
	content, after, err := field(message, number)
	if err != nil || len(after) > 0 {
		return nil, errNotStruct
	}
	switch number {
	case 3:
		return appendString(out, content), nil
	case 5:
		return appendStruct(out, content, depth)
	case 6:
		return appendList(out, content, depth)
	}
	return nil, errNotStruct
}

// appendList appends a ListValue { repeated Value values = 1; }.
func appendList(out, message []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errNotStruct
	}
	out = append(out, '[')
	for first := true; len(message) > 0; first = false {
		value, rest, err := field(message, 1)
		if err != nil {
			return nil, err
		}
		if !first {
			out = append(out, ',')
		}
		if out, err = appendValue(out, value, depth+1); err != nil {
			return nil, err
		}
		message = rest
	}
	return append(out, ']'), nil
}

// field returns the content of a message's first field, which must have this number and a
// length, and what follows it.
func field(message []byte, number protowire.Number) (content, rest []byte, err error) {
	got, kind, tag := protowire.ConsumeTag(message)
	if tag < 0 || got != number || kind != protowire.BytesType {
		return nil, nil, errNotStruct
	}
	content, size := protowire.ConsumeBytes(message[tag:])
	if size < 0 {
		return nil, nil, errNotStruct
	}
	return content, message[tag+size:], nil
}

// appendNumber appends a number as JSON. It has no NaN and no infinity.
func appendNumber(out []byte, n float64) ([]byte, error) {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return nil, errNotStruct
	}
	if size := math.Abs(n); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.AppendFloat(out, n, 'e', -1, 64), nil
	}
	return strconv.AppendFloat(out, n, 'f', -1, 64), nil
}

// appendString appends a string as JSON. It leaves what is no UTF-8 as it is: the gate
// refuses it.
func appendString(out, s []byte) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
