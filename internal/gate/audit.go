package gate

import (
	"strings"
	"unicode/utf16"

	"github.com/modelgate/modelgate/internal/reason"
)

// maxAudit bounds each field of an audit line, in bytes.
const maxAudit = 256

// audit is one line of JSON: what was decided about whom, and by which rule.
// It has no token and no claim beyond issuer and subject. A field without a
// value is left out.
func (x *Exchange) audit(why reason.Reason, shadow bool) string {
	b := appendText([]byte(`{"modelgate":`), why.String())
	if shadow {
		b = append(b, `,"shadow":true`...)
	}
	b = appendField(b, `,"peer":`, clip(x.Principal.Peer))
	b = appendField(b, `,"issuer":`, x.Principal.Issuer)
	b = appendField(b, `,"subject":`, clip(x.Principal.Subject))
	for i, m := range x.Call.Models {
		if i == 0 {
			b = appendField(b, `,"verb":`, x.Call.Verb.String())
			b = append(b, `,"models":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendText(b, clip(m.String()))
	}
	if len(x.Call.Models) > 0 {
		b = append(b, ']')
	}
	b = appendField(b, `,"rule":`, clip(x.Rule))
	b = appendField(b, `,"request_id":`, x.head.id.String())
	return string(append(b, '}'))
}

func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendText(append(b, name...), value)
}

// appendText writes a JSON string of visible ASCII. Escaped is, beyond what RFC
// 8259 section 7 wants, all that a log, a terminal or a browser may not take for
// text: '<', '>' and '&', DEL, the C1 controls, line and paragraph separators,
// marks of direction. What is no UTF-8 becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	const named, names = "\b\f\n\r\t\"\\", `bfnrt"\`
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		if i := strings.IndexRune(named, r); i >= 0 {
			b = append(b, '\\', names[i])
			continue
		}
		if r >= ' ' && r < 0x7f && r != '<' && r != '>' && r != '&' {
			b = append(b, byte(r))
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			b = append(b, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
		}
	}
	return append(b, '"')
}

func clip(s string) string {
	if len(s) > maxAudit {
		s = strings.ToValidUTF8(s[:maxAudit], "") + "…"
	}
	return s
}
