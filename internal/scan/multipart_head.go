package scan

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// partHead is what the head of a part says.
type partHead struct {
	name   []byte
	key    *Key // that watches the part; nil if none does
	length int64
	lines  int
	seen   uint8 // bit i: partHeaders[i]

	isText  bool // Content-Type is text/plain in ASCII or a superset of it, or absent
	hasFile bool // there is a file name
	encoded bool // the content has to be decoded
	others  bool // there are other headers than partHeaders
}

// partHeaders are the headers that a part may have. RFC 7578 section 4.8 has the first
// three; some clients, such as OkHttp, write the fourth. Readers ignore others.
var partHeaders = [...]struct {
	name string
	read func(m *Multipart, value []byte) (rule string)
}{
	{"content-disposition", (*Multipart).readDisposition},
	{"content-type", (*Multipart).readType},
	{"content-transfer-encoding", (*Multipart).readEncoding},
	{"content-length", (*Multipart).readLength},
}

// readLine continues a line of a part's head.
func (m *Multipart) readLine(b []byte) int {
	for i, c := range b {
		if m.headSize++; m.headSize > maxHead {
			m.fail(TooLong, "the head of a part is too long", i)
			return i
		}
		switch {
		case c == '\r':
			m.state = inLineEnd
			return i + 1
		case c < 0x20 || c == 0x7f:
			m.fail(Syntax, "control character in the head of a part", i)
			return i
		}
		m.line = append(m.line, c)
	}
	return len(b)
}

// endLine is called with the LF of a line.
func (m *Multipart) endLine() {
	line := m.line
	m.state, m.line = inHead, m.line[:0]
	if len(line) == 0 {
		m.endHead()
		return
	}
	name, value, ok := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch m.part.lines++; {
	case m.part.lines > maxLines:
		m.fail(TooMany, "too many headers of a part", 0)
	case !ok || len(name) == 0 || !isText(name, "-") || bytes.HasPrefix(value, []byte(" ")) || bytes.HasSuffix(value, []byte(" ")):
		m.fail(Syntax, "a header expected in the head of a part", 0)
	case !utf8.Valid(line):
		m.fail(Encoding, "the head of a part is not UTF-8", 0)
	case bytes.Contains(line, m.boundary):
		m.fail(Syntax, "the boundary inside of a head", 0)
	default:
		m.readHeader(name, value)
	}
}

func (m *Multipart) readHeader(name, value []byte) {
	for i := range partHeaders {
		h := &partHeaders[i]
		if !fold(name, h.name) {
			continue
		}
		if m.part.seen&(1<<i) != 0 {
			m.fail(Duplicate, "a header of a part occurs twice", 0)
			return
		}
		m.part.seen |= 1 << i
		if rule := h.read(m, value); rule != "" && m.err == nil {
			m.fail(Syntax, rule, 0)
		}
		return
	}
	if m.part.others = true; len(name) >= 8 && bytes.EqualFold(name[:8], []byte("content-")) {
		m.fail(Syntax, "an unknown header about the content of a part", 0)
	}
}

// endHead is called with the LF of the empty line after a head.
func (m *Multipart) endHead() {
	p := &m.part
	watched := p.key != nil && !p.key.Any
	switch {
	case len(p.name) == 0:
		m.fail(Syntax, "a part without a name", 0)
	case watched && p.hasFile:
		m.fail(Type, "a watched part is a file", 0)
	case watched && (!p.isText || p.others):
		m.fail(Type, "a watched part is not plain text", 0)
	case watched && p.encoded:
		m.fail(Encoding, "a watched part is encoded", 0)
	}
	m.state, m.bodyAt, m.text = inBody, m.at+1, m.text[:0]
}

// readType reads a Content-Type: a media type and its parameters.
func (m *Multipart) readType(v []byte) (rule string) {
	value := strings.ToLower(string(v))
	mediaType, parameter, more := strings.Cut(value, ";")
	kind, subtype, ok := strings.Cut(mediaType, "/")
	switch {
	case !ok || kind == "" || subtype == "" || !isText([]byte(kind+subtype), tokenSigns):
		return "a media type expected"
	case kind == "multipart" || kind == "message":
		return "a part with parts of its own"
	}
	m.part.isText = mediaType == "text/plain"
	if more {
		charset, ok := strings.CutPrefix(strings.TrimPrefix(parameter, " "), "charset=")
		if n := len(charset); n > 2 && charset[0] == '"' && charset[n-1] == '"' {
			charset = charset[1 : n-1]
		}
		m.part.isText = m.part.isText && ok && (charset == "utf-8" || charset == "us-ascii" || charset == "iso-8859-1")
	}
	return ""
}

// readEncoding reads a Content-Transfer-Encoding (RFC 2045 section 6.1).
func (m *Multipart) readEncoding(v []byte) (rule string) {
	m.part.encoded = !fold(v, "7bit") && !fold(v, "8bit") && !fold(v, "binary")
	return ""
}

// readLength reads a Content-Length.
func (m *Multipart) readLength(v []byte) (rule string) {
	n, err := strconv.ParseUint(string(v), 10, 62)
	if m.part.length = int64(n); err != nil {
		return "a length expected"
	}
	return ""
}
