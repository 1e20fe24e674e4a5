package gate

import (
	"strings"
	"unicode/utf16"

	"github.com/modelgate/modelgate/internal/reason"
)

// maxAuditField bounds each field of an audit line, in bytes.
const maxAuditField = 256

// auditLine is one line of JSON: what was decided about whom, and by which rule. It
// contains no token, and no claim but the issuer and the subject: of a claim that is at
// fault it has the JSON Pointer, not the value. An empty field is left
// out.
func (x *Exchange) auditLine(why reason.Reason, shadow bool) string {
	b := appendJSONString([]byte(`{"modelgate":`), why.String())
	if shadow {
		b = append(b, `,"shadow":true`...)
	}
	b = appendMember(b, `,"peer":`, clip(x.Principal.Peer))
	if via := x.Principal.Via; via != nil {
		b = appendMember(b, `,"forwarded_by":`, clip(via.Peer))
	}
	b = appendMember(b, `,"issuer":`, x.Principal.Issuer+x.refusedIssuer) // one of them is ""
	b = appendMember(b, `,"claim":`, clip(x.refusedClaim))
	b = appendMember(b, `,"subject":`, clip(x.Principal.Subject))
	for i, m := range x.Call.Models {
		if i == 0 {
			b = appendMember(b, `,"verb":`, x.Call.Verb.String())
			b = append(b, `,"models":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendJSONString(b, clip(m.String()))
	}
	if len(x.Call.Models) > 0 {
		b = append(b, ']')
	}
	b = appendMember(b, `,"signed_by":`, x.Principal.SignedBy)
	b = appendMember(b, `,"narrowing":`, clip(x.narrowedBy))
	b = appendMember(b, `,"rule":`, clip(x.Rule))
	b = appendMember(b, `,"key":`, clip(x.refusedKey))
	b = appendMember(b, `,"part":`, clip(x.refusedPart))
	b = appendMember(b, `,"request_id":`, x.head.id.String())
	return string(append(b, '}'))
}

// appendMember appends a member of an object unless its value is empty. The name has the
// punctuation around it.
func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendJSONString(append(b, name...), value)
}

// appendJSONString appends a JSON string of visible ASCII. RFC 8259 section 7 requires
// some characters to be escaped. Beyond those, all are escaped that a log, a terminal or a
// browser could take for something other than text: '<', '>', '&', DEL, C1 controls, line
// and paragraph separators, marks of direction. Invalid UTF-8 becomes U+FFFD.
func appendJSONString(b []byte, s string) []byte {
	const short, letters = "\b\f\n\r\t\"\\", `bfnrt"\`
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		if i := strings.IndexRune(short, r); i >= 0 {
			b = append(b, '\\', letters[i])
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

// clip cuts s to maxAuditField bytes, and marks the cut.
func clip(s string) string {
	if len(s) > maxAuditField {
		s = strings.ToValidUTF8(s[:maxAuditField], "") + "…"
	}
	return s
}
