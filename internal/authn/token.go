package authn

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// MaxTokenBytes is the longest token that is looked at: more than any issuer
// sends, and little enough that parsing one is never an attack.
const MaxTokenBytes = 16 << 10

// signatureRemoved is what Cloud Run puts in the signature's place before it
// forwards a token that it has verified itself.
const signatureRemoved = "SIGNATURE_REMOVED_BY_GOOGLE"

// token is a JWS in compact form (RFC 7515 section 7.1), taken apart and
// checked for form; nothing of it is true yet.
type token struct {
	signed    string // header.payload, the JWS signing input
	signature string // its bytes
	payload   string // decoded
	alg, kid  string
	typ       string
}

// parse takes a token apart. The order is cheap before dear: length, the two
// dots, then base64url and JSON. What it decodes to is one piece of memory.
func (t *token) parse(s string) reason.Reason {
	if len(s) > MaxTokenBytes {
		return reason.TokenTooLarge
	}
	header, rest, _ := strings.Cut(s, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if header == "" || payload == "" || len(header)+1+len(payload) == len(s) || strings.IndexByte(signature, '.') >= 0 {
		return reason.TokenMalformed // two dots exactly: five parts are a JWE
	}
	removed := signature == signatureRemoved
	if removed {
		signature = ""
	}
	var room [2 << 10]byte
	b, ok := room[:0], true
	var ends [3]int
	for i, part := range [...]string{header, payload, signature} {
		if b, ok = appendOctets(b, part); !ok {
			return reason.TokenMalformed
		}
		ends[i] = len(b)
	}
	if removed {
		return reason.SignatureRemoved
	}
	all := string(b)
	t.signed, t.payload, t.signature = s[:len(header)+1+len(payload)], all[ends[0]:ends[1]], all[ends[1]:]
	return t.readHeader(all[:ends[0]])
}

// bytes decodes base64url as in RFC 7515 section 2: no padding, no stray bits
// at the end and no line breaks, which encoding/base64 passes over even when
// strict. So bytes have one spelling.
func octets(s string) ([]byte, bool) { return appendOctets(nil, s) }

func appendOctets(b []byte, s string) ([]byte, bool) {
	at, size := len(b), strict.DecodedLen(len(s))
	b = slices.Grow(b, size)[:at+size]
	n, err := strict.Decode(b[at:], []byte(s))
	// With line breaks passed over, fewer bytes come of it than of as many digits,
	// except for a single one too many, which no text without them can have.
	return b, err == nil && n == size && len(s)%4 != 1
}

var strict = base64.RawURLEncoding.Strict()

// readHeader reads the JOSE header. jku, jwk, x5u, x5c and x5t are never
// looked at: a token does not bring its own key (RFC 8725 section 3.10).
func (t *token) readHeader(doc string) reason.Reason {
	var room [8]strictjson.Field
	whole, header := strictjson.Fields(doc, room[:0])
	if !whole.Exists() {
		return reason.TokenMalformed
	}
	cty := ""
	for i := range header {
		why, value := reason.Allowed, &header[i].Value
		switch header[i].Name {
		case "alg":
			t.alg, why = text(value)
		case "kid":
			if t.kid, why = text(value); t.kid == "" && why == reason.Allowed {
				why = reason.KeyUnknown
			}
		case "typ":
			t.typ, why = text(value)
		case "cty":
			cty, why = text(value)
		case "crit", "b64":
			// No extension is understood, so a critical one never is (RFC 7515
			// section 4.1.11), nor the unencoded payload of RFC 7797.
			why = reason.TokenCritical
		}
		if why != reason.Allowed {
			return why
		}
	}
	switch {
	case t.alg == "":
		return reason.TokenAlgorithm
	case cty != "":
		return reason.TokenType // a nested token (RFC 7519 section 5.2)
	case len(t.kid) > maxKeyID:
		return reason.KeyUnknown
	}
	return reason.Allowed
}

func text(v *strictjson.Result) (string, reason.Reason) {
	if v.Type != strictjson.String {
		return "", reason.TokenMalformed
	}
	return v.Str, reason.Allowed
}

// typeFits holds typ to what the issuer's tokens carry (RFC 8725 section
// 3.11): "JWT" or nothing, unless the issuer is configured for RFC 9068, which
// has "at+jwt" with the application/ prefix or without (section 4).
func (t *token) typeFits(is *Issuer) bool {
	if is.typ == "" {
		return t.typ == "" || strings.EqualFold(t.typ, "JWT")
	}
	return strings.EqualFold(t.typ, is.typ) || strings.EqualFold(t.typ, "application/"+is.typ)
}
