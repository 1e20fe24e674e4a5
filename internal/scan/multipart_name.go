package scan

import (
	"bytes"
	"strings"
)

// readDisposition reads a Content-Disposition (RFC 7578 section 4.2): form-data, the
// name of the part, and the name of a file if it is one.
func (m *Multipart) readDisposition(v []byte) (rule string) {
	rest, ok := bytes.CutPrefix(v, []byte("form-data"))
	name, quoted, rest, named := cutParameter(rest, "name=")
	if !ok || !named {
		return "form-data and a name expected"
	}
	file, _, rest, hasFile := cutParameter(rest, "filename=")
	_, _, rest, hasExtended := cutParameter(rest, "filename*=")
	m.part.hasFile = hasFile || hasExtended
	// A reader that knows no quotes, or no escapes, must not find another parameter in the name of a file.
	if len(rest) > 0 || bytes.IndexByte(file, ';') >= 0 && bytes.IndexByte(file, '=') >= 0 {
		return "nothing expected after the names of the part and its file"
	}
	m.enterPart(name)
	if !quoted && m.err == nil && m.twinOf(file) { // a reader that looks for name=" finds that of the file
		m.fail(Twin, "a file that is called as a watched part", 0)
	}
	return ""
}

// cutParameter cuts a parameter off the beginning of a header. ok is false if it is
// another one, or is not well-formed. In the value of a quoted one escapes are left as they are.
func cutParameter(b []byte, name string) (value []byte, quoted bool, rest []byte, ok bool) {
	after, ok := bytes.CutPrefix(b, []byte(";"))
	after, found := bytes.CutPrefix(bytes.TrimPrefix(after, []byte(" ")), []byte(name))
	if !ok || !found {
		return nil, false, b, false
	}
	quoted = len(after) > 0 && after[0] == '"' && name[len(name)-2] != '*'
	if !quoted {
		n := 0
		for n < len(after) && isTextByte(after[n], tokenSigns) {
			n++
		}
		if n == 0 {
			return nil, false, b, false
		}
		return after[:n], false, after[n:], true
	}
	for i := 1; i < len(after); i++ {
		switch {
		case after[i] == '"':
			return after[1:i], true, after[i+1:], true
		case after[i] == '\\' && i+1 < len(after) && (after[i+1] == '"' || after[i+1] == '\\'):
			i++
		}
	}
	return nil, true, b, false
}

// enterPart checks the name of a part.
func (m *Multipart) enterPart(name []byte) {
	switch {
	case len(name) > m.limits.Key:
		m.fail(TooLong, "the name of a part is too long", 0)
		return
	case len(name) == 0 || !isText(name, nameSigns): // escapes and encodings of names need others
		m.fail(Syntax, "a part's name of letters, digits and _-.[]:/@$+~ expected", 0)
		return
	case bytes.EqualFold(name, []byte("_charset_")): // RFC 7578 section 4.6: of all parts
		m.fail(Encoding, "a part that says the charset", 0)
		return
	}
	m.part.name = append(m.part.name[:0], name...)
	for i := range m.keys {
		if k := &m.keys[i]; string(name) == k.Name {
			switch {
			case m.found&(1<<i) != 0:
				m.fail(Duplicate, "a watched part occurs twice", 0)
			case k.Keys != nil:
				m.fail(Type, "a part that must be an object", 0)
			}
			m.found |= 1 << i
			m.part.key = k
			return
		}
	}
	switch {
	case m.twinOf(name):
		m.fail(Twin, "another spelling of a watched name", 0)
	case m.limits.Refuses != nil && m.limits.Refuses(name):
		m.fail(Refused, "a name that is refused", 0)
	}
}

// twinOf reports whether some reader takes a name, or a part of it, for a watched one. Names
// with brackets and dots are members of arrays and objects to PHP, Express and ASP.NET.
func (m *Multipart) twinOf(name []byte) bool {
	for len(name) > 0 {
		n := bytes.IndexAny(name, "[].")
		if n < 0 {
			n = len(name)
		}
		for i := range m.keys {
			if fold(name[:n], m.keys[i].Name) {
				return true
			}
		}
		name = name[min(n+1, len(name)):]
	}
	return false
}

// isText reports whether b has letters and digits of ASCII, and signs, only.
func isText(b []byte, signs string) bool {
	for _, c := range b {
		if !isTextByte(c, signs) {
			return false
		}
	}
	return true
}

func isTextByte(c byte, signs string) bool {
	lower := c | 0x20
	return lower >= 'a' && lower <= 'z' || c >= '0' && c <= '9' || strings.IndexByte(signs, c) >= 0
}

const (
	tokenSigns = "!#$%&'*+-.^_`|~" // RFC 9110 section 5.6.2
	nameSigns  = "_-.[]:/@$+~"
)
