package gate

import (
	"cmp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/modelgate/modelgate/internal/cause"
	"github.com/modelgate/modelgate/internal/reason"
)

// maxAuditField bounds each field of an audit line, in bytes.
const maxAuditField = 256

// auditLine is one line of JSON: what was decided about whom, by which rule, and what is at fault
// with a request that is refused. It contains no token, and no claim but the issuer, the subject,
// a value that is at fault, and of a caller without a grant the address and the groups. An empty
// field is left out.
func (x *Exchange) auditLine(why reason.Reason, shadow bool) string {
	b := appendJSONString([]byte(`{"modelgate":`), why.String())
	c := &noCause
	if why.Refuses() {
		c = x.findCause(why)
		x.cause = c
	}
	if shadow {
		b = append(b, `,"shadow":true`...)
	}
	b = appendMember(b, `,"peer":`, clip(x.Principal.Peer))
	if via := x.Principal.Via; via != nil {
		b = appendMember(b, `,"forwarded_by":`, clip(via.Peer))
	}
	b = appendMember(b, `,"issuer":`, cmp.Or(x.Principal.Issuer, x.refusedIssuer, c.Issuer))
	b = appendMember(b, `,"claim":`, clip(x.refusedClaim))
	b = appendMember(b, `,"kid":`, c.KeyID)
	b = appendMember(b, `,"alg":`, c.Algorithm)
	b = appendMember(b, `,"subject":`, clip(x.Principal.Subject))
	if why == reason.GrantMissing || why == reason.Denied {
		b = x.appendCaller(b)
	}
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
	b = c.append(b)
	b = appendMember(b, `,"request_id":`, x.head.id.String())
	return string(append(b, '}'))
}

// maxAuditGroups bounds the groups of an audit line.
const maxAuditGroups = 6

// appendCaller appends what grants know of a caller beside the subject.
func (x *Exchange) appendCaller(b []byte) []byte {
	p := x.Principal
	b = appendMember(b, `,"address":`, clip(cmp.Or(p.Email, p.ClaimedEmail)))
	if p.Email == "" && p.ClaimedEmail != "" {
		b = append(b, `,"address_verified":false`...)
	}
	if len(p.Groups) > 0 {
		b = appendList(b, `,"groups":`, p.Groups[:min(len(p.Groups), maxAuditGroups)])
		b = appendNumber(b, `,"group_count":`, int64(len(p.Groups)))
	}
	return b
}

// append appends what is at fault to an audit line.
func (c *Cause) append(b []byte) []byte {
	b = appendMember(b, `,"place":`, clip(c.Place))
	b = appendMember(b, `,"why":`, c.Why)
	b = appendList(b, `,"want":`, c.Want)
	b = appendList(b, `,"got":`, c.Got)
	switch {
	case c.Late > 0:
		b = appendNumber(b, `,"late_seconds":`, c.Late)
	case c.Late < 0:
		b = appendNumber(b, `,"early_seconds":`, -c.Late)
	}
	b = appendMember(b, `,"grant":`, clip(c.Near.Grant))
	b = appendMember(b, `,"lacks":`, c.Near.Lacks)
	return appendMember(b, `,"hides":`, c.Hides)
}

// appendList appends a member that is a list of texts, unless it is empty.
func appendList(b []byte, name string, list []string) []byte {
	for i, text := range list {
		if i == 0 {
			b = append(append(b, name...), '[')
		} else {
			b = append(b, ',')
		}
		b = appendJSONString(b, cause.Cut(text))
	}
	if len(list) > 0 {
		b = append(b, ']')
	}
	return b
}

func appendNumber(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(b, name...), n, 10)
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
