package authn

import (
	"encoding/base64"
	"errors"
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
	signature []byte
	alg, kid  string
	typ       string
	claims    strictjson.Result
}

// parseToken takes a token apart. The order is cheap before dear: length,
// characters, the two dots, then base64url and JSON.
func parseToken(s string) (*token, reason.Reason) {
	if len(s) > MaxTokenBytes {
		return nil, reason.TokenTooLarge
	}
	dots := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '.' {
			dots++
		} else if !alphabet[c] {
			return nil, reason.TokenMalformed
		}
	}
	header, rest, _ := strings.Cut(s, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if dots != 2 || header == "" || payload == "" {
		return nil, reason.TokenMalformed // two dots exactly: five parts are a JWE
	}
	if signature == signatureRemoved {
		return nil, reason.SignatureRemoved
	}
	t := &token{signed: s[:len(header)+1+len(payload)]}
	if why := t.readHeader(header); why != reason.Allowed {
		return nil, why
	}
	var ok bool
	if t.claims, ok = object(payload); !ok {
		return nil, reason.TokenMalformed
	}
	sig, err := octets(signature)
	if err != nil {
		return nil, reason.TokenMalformed
	}
	t.signature = sig
	return t, reason.Allowed
}

// octets decodes base64url as in RFC 7515 section 2: no padding, no stray bits
// at the end and no line breaks, which encoding/base64 passes over even when
// strict. So octets have one spelling.
func octets(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errLineBreak
	}
	return strict.DecodeString(s)
}

var strict = base64.RawURLEncoding.Strict()

// alphabet is base64url's (RFC 4648 section 5).
var alphabet = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		is[c] = true
	}
	return is
}()

var errLineBreak = errors.New("line break in base64url")

// object decodes a part that must be a JSON object.
func object(part string) (strictjson.Result, bool) {
	b, err := octets(part)
	doc := string(b)
	if err != nil || strictjson.Check(doc) != nil {
		return strictjson.Result{}, false
	}
	v := strictjson.Read(doc)
	return v, v.IsObject()
}

// readHeader reads the JOSE header. jku, jwk, x5u, x5c and x5t are never
// looked at: a token does not bring its own key (RFC 8725 section 3.10).
func (t *token) readHeader(part string) reason.Reason {
	header, ok := object(part)
	if !ok {
		return reason.TokenMalformed
	}
	why, cty := reason.Allowed, ""
	text := func(v strictjson.Result) string {
		if v.Type != strictjson.String {
			why = reason.TokenMalformed
		}
		return v.Str
	}
	header.ForEach(func(name, value strictjson.Result) bool {
		switch name.Str {
		case "alg":
			t.alg = text(value)
		case "kid":
			if t.kid = text(value); t.kid == "" && why == reason.Allowed {
				why = reason.KeyUnknown
			}
		case "typ":
			t.typ = text(value)
		case "cty":
			cty = text(value)
		case "crit", "b64":
			// No extension is understood, so a critical one never is (RFC 7515
			// section 4.1.11), nor the unencoded payload of RFC 7797.
			why = reason.TokenCritical
		}
		return why == reason.Allowed
	})
	switch {
	case why != reason.Allowed:
		return why
	case t.alg == "":
		return reason.TokenAlgorithm
	case cty != "":
		return reason.TokenType // a nested token (RFC 7519 section 5.2)
	case len(t.kid) > maxKeyID:
		return reason.KeyUnknown
	}
	return reason.Allowed
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
