package authn

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// MaxTokenBytes is the length of the longest token that is parsed: more than any
// issuer sends, and little enough that parsing it is cheap.
const MaxTokenBytes = 16 << 10

// signatureRemoved is what Cloud Run writes in the place of the signature when it
// forwards a token that it has verified itself.
const signatureRemoved = "SIGNATURE_REMOVED_BY_GOOGLE"

// The most that is read of a token whose signature is not verified yet. Real tokens have
// some dozens of claims. A list of roles has any number of items: only names of members
// are counted, and those of inner objects too, such as Keycloak's clients in
// resource_access.
var (
	headerLimits  = strictjson.FieldLimits{Members: 32, Names: 64}
	payloadLimits = strictjson.FieldLimits{Members: 256, Names: 1024}
)

// token is a JWS in compact form (RFC 7515 section 7.1). Its signature is not verified
// yet.
type token struct {
	parts     [3]string // header, payload and signature as they came
	decoded   strings.Builder
	signed    string // header.payload, the JWS signing input
	payload   string // decoded
	signature string // its bytes
	alg, kid  string
	typ       string
}

// parse reads a token's header. Cheap checks come first: the length, the two dots, then
// base64url and JSON. The payload is left to decode: the header may decide alone.
func (t *token) parse(s string) reason.Reason {
	if len(s) > MaxTokenBytes {
		return reason.TokenTooLarge
	}
	header, rest, _ := strings.Cut(s, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if header == "" || payload == "" || len(header)+1+len(payload) == len(s) || strings.IndexByte(signature, '.') >= 0 {
		return reason.TokenMalformed // two dots exactly: five parts are a JWE
	}
	t.parts, t.signed = [...]string{header, payload, signature}, s[:len(header)+1+len(payload)]
	t.decoded.Grow(strictBase64URL.DecodedLen(len(s))) // all decoded parts share one allocation
	doc, ok := t.decodePart(header)
	switch {
	case !ok:
		return reason.TokenMalformed
	case signature == signatureRemoved:
		return reason.SignatureRemoved
	}
	return t.parseHeader(doc)
}

// decode decodes the payload and the signature.
func (t *token) decode() reason.Reason {
	var ok, alsoOK bool
	t.payload, ok = t.decodePart(t.parts[1])
	if t.signature, alsoOK = t.decodePart(t.parts[2]); !ok || !alsoOK {
		return reason.TokenMalformed
	}
	return reason.Allowed
}

// decodePart decodes base64url, and keeps it in t.decoded.
func (t *token) decodePart(s string) (_ string, ok bool) {
	const piece = 1 << 10 // bytes of s at a time; whole groups of four
	var room [piece]byte
	at := t.decoded.Len()
	for ok = true; ok && s != ""; {
		next := s[:min(len(s), piece)]
		var b []byte
		if b, ok = appendBase64URL(room[:0], next); ok {
			t.decoded.Write(b)
		}
		s = s[len(next):]
	}
	return t.decoded.String()[at:], ok
}

// decodeBase64URL decodes base64url as in RFC 7515 section 2: no padding, no stray
// bits at the end and no line breaks, which encoding/base64 skips even if it is
// strict. So every byte string has exactly one encoding.
func decodeBase64URL(s string) ([]byte, bool) { return appendBase64URL(nil, s) }

func appendBase64URL(b []byte, s string) ([]byte, bool) {
	at, size := len(b), strictBase64URL.DecodedLen(len(s))
	b = slices.Grow(b, size)[:at+size]
	n, err := strictBase64URL.Decode(b[at:], []byte(s))
	// A text with line breaks decodes to fewer bytes than its length says, unless the
	// line breaks fill an incomplete group of one character; no base64url has that length.
	return b, err == nil && n == size && len(s)%4 != 1
}

var strictBase64URL = base64.RawURLEncoding.Strict()

// parseHeader reads the JOSE header. It ignores jku, jwk, x5u, x5c and x5t: a token
// does not bring its own key (RFC 8725 section 3.10).
func (t *token) parseHeader(doc string) reason.Reason {
	var room [8]strictjson.Field
	whole, header, tooMany := strictjson.Fields(doc, headerLimits, room[:0])
	switch {
	case tooMany:
		return reason.TokenTooLarge
	case !whole.Exists():
		return reason.TokenMalformed
	}
	cty := ""
	for i := range header {
		why, value := reason.Allowed, &header[i].Value
		switch header[i].Name {
		case "alg":
			t.alg, why = stringMember(value)
		case "kid":
			if t.kid, why = stringMember(value); t.kid == "" && why == reason.Allowed {
				why = reason.KeyUnknown
			}
		case "typ":
			if t.typ, why = stringMember(value); t.typ == "" && why == reason.Allowed {
				why = reason.TokenType // present and empty: no type at all (RFC 7515 section 4.1.9)
			}
		case "cty":
			cty, why = stringMember(value)
		case "crit", "b64":
			// No extension is supported, so a critical one is refused (RFC 7515
			// section 4.1.11), and so is the unencoded payload of RFC 7797.
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

func stringMember(v *strictjson.Result) (string, reason.Reason) {
	if v.Type != strictjson.String {
		return "", reason.TokenMalformed
	}
	return v.Str, reason.Allowed
}
