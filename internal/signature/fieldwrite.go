package signature

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// The one form of what a fieldReader has read (RFC 9651 section 4.1), which goes into
// signature bases.

// write returns a bare item.
func (v *bare) write() string {
	switch v.kind {
	case isInteger:
		return strconv.FormatInt(v.number, 10)
	case isString:
		return `"` + strings.ReplaceAll(strings.ReplaceAll(v.text, `\`, `\\`), `"`, `\"`) + `"`
	case isToken:
		return v.text
	case isBytes:
		return writeBytes(v.text)
	default: // isBoolean
		return "?" + strconv.FormatInt(v.number, 10)
	}
}

// writeBytes returns a byte sequence.
func writeBytes(value string) string {
	return ":" + base64.StdEncoding.EncodeToString([]byte(value)) + ":"
}

// write returns an item with its parameters.
func (i *item) write() string { return i.bare.write() + writeParameters(i.parameters) }

func writeParameters(parameters []parameter) (written string) {
	for i := range parameters {
		written += ";" + parameters[i].name
		if v := &parameters[i].bare; !v.isTrue() {
			written += "=" + v.write()
		}
	}
	return written
}

// isTrue reports whether v is left out where it is the value of a member or a parameter.
func (v *bare) isTrue() bool { return v.kind == isBoolean && v.number == 1 }

// write returns the value of a member (RFC 9421 section 2.1.2).
func (m *member) write() string {
	if !m.inner {
		return m.item.write()
	}
	items := make([]string, len(m.list))
	for i := range m.list {
		items[i] = m.list[i].write()
	}
	return "(" + strings.Join(items, " ") + ")" + writeParameters(m.parameters)
}

// writeDictionary returns a whole dictionary (RFC 9421 section 2.1.1).
func writeDictionary(members []member) string {
	written := make([]string, len(members))
	for i := range members {
		if m := &members[i]; !m.inner && m.isTrue() {
			written[i] = m.name + writeParameters(m.parameters)
		} else {
			written[i] = m.name + "=" + m.write()
		}
	}
	return strings.Join(written, ", ")
}
