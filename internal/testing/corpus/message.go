package corpus

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// write puts the bodies of a case into its request.
func (c Case) write(r *Request) error {
	var err error
	framed := func(text string) (frame string) {
		if !c.GRPC || err != nil {
			return text
		}
		frame, err = Frame(text)
		return frame
	}
	for _, m := range c.Messages {
		r.Body += framed(m)
	}
	if c.Form != nil {
		r.Body = Form(c.Form...)
	}
	if c.Reply != nil {
		r.Reply, r.Gets = framed(c.Reply.Body), framed(c.Reply.Gets)
	}
	return err
}

// Frame returns a message in a gRPC frame: not compressed, with its length.
func Frame(text string) (string, error) {
	message, err := Message(text)
	return "\x00" + string(binary.BigEndian.AppendUint32(nil, uint32(len(message)))) + message, err
}

// Message writes a protocol buffer by hand: in "1:name 2:(1:#5)" field 1 is the
// string name, and field 2 a message whose field 1 is the number 5. Numbers of
// fields have one digit.
func Message(text string) (string, error) {
	wire, rest, ok := fields(text)
	if !ok || rest != "" {
		return "", fmt.Errorf("no message: %q", text)
	}
	return wire, nil
}

func fields(text string) (wire, rest string, ok bool) {
	for text = strings.TrimLeft(text, " "); text != "" && text[0] != ')'; text = strings.TrimLeft(text, " ") {
		if len(text) < 2 || text[0] < '1' || text[0] > '9' || text[1] != ':' {
			return "", text, false
		}
		number := text[0] - '0'
		text = text[2:]
		value, end := "", strings.IndexAny(text+" ", " )")
		switch {
		case strings.HasPrefix(text, "("):
			if value, text, ok = fields(text[1:]); !ok || !strings.HasPrefix(text, ")") {
				return "", text, false
			}
			text = text[1:]
		case strings.HasPrefix(text, "#"):
			var n uint64
			if _, err := fmt.Sscan(text[1:end], &n); err != nil {
				return "", text, false
			}
			wire, text = string(binary.AppendUvarint([]byte(wire+string(rune(number<<3))), n)), text[end:]
			continue
		default:
			value, text = text[:end], text[end:]
		}
		wire += string(binary.AppendUvarint([]byte{number<<3 | 2}, uint64(len(value)))) + value
	}
	return wire, text, true
}
