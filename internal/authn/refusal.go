package authn

import (
	"strconv"
	"time"
	"unsafe"

	"github.com/modelgate/modelgate/internal/cause"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Refusal is what is at fault with a credential that is refused, for those who run the gate.
// It has no part of a token but the names in its header and the values of the claim at fault.
// Unless the signature has been verified, anybody may have written these.
type Refusal struct {
	cause.Cause
	Issuer           string // the configured one whose credential it says that it is; "" if that is not known
	KeyID, Algorithm string // of the token's header
	// Limit is the date of the claim at fault, without the skew; zero if the fault is no date.
	Limit time.Time
}

// refusalAt returns the refusal of a credential that is no token, or of a place around one.
func refusalAt(issuer, place, why string, want ...string) *Refusal {
	r := &Refusal{Issuer: issuer}
	r.At(place, why, want...)
	return r
}

// describe says what is at fault with a token, of which c are the claims if they have been
// read.
func (v *verification) describe(s *schemeIssuers, t *token, c claims, size int) *Refusal {
	r := &Refusal{KeyID: cause.Cut(t.kid), Algorithm: cause.Cut(t.alg)}
	if v.issuer != nil {
		r.Issuer = v.issuer.Name
	}
	switch v.why {
	case reason.TokenMalformed:
		r.At("token", "must be HEADER.PAYLOAD.SIGNATURE in base64url without padding: two JSON objects with each name once, and bytes")
	case reason.TokenTooLarge:
		r.At("token", "must have at most "+strconv.Itoa(MaxTokenBytes)+" bytes, and not more members than any issuer writes")
		r.Add(strconv.Itoa(size) + " bytes")
	case reason.TokenType, reason.TokenCritical, reason.TokenAlgorithm, reason.KeyUnknown:
		v.describeHeader(r, s, t)
	case reason.SignatureRemoved:
		r.At("token signature", "must be there: Cloud Run has replaced it before it forwarded the token")
	case reason.SignatureInvalid:
		r.At("token signature", "must verify with the issuer's key that the header names: it does not, or has another length")
	case reason.IssuerUnknown:
		r.At("claim /iss", "must be an issuer whose tokens come in this header:", s.issNames()...)
		r.Add(c.get("iss").Str)
	case reason.KeysUnavailable:
		r.At("keys", "must be known: the issuer's published keys, or this one, have not been fetched")
	default:
		if v.claim == "" {
			r.At("token", "must be of the issuer")
			return r
		}
		r.Place = "claim " + v.claim
		switch iss := c.get("iss"); {
		case v.issuer == nil && !iss.Exists() && len(s.byDomain) > 0: // JWT-SVIDs need none
			r.At("claim /sub", "must be a SPIFFE ID of an issuer's trust domain, or iss must be there:", s.issNames()...)
			r.Add(trustDomainText(c.get("sub")))
			return r
		case v.issuer == nil:
			r.Why = "must be a string that is not empty"
			r.Add(kindOf(iss))
			return r
		}
		v.issuer.describeClaim(r, v.fault, c)
	}
	return r
}

// describeHeader says what is at fault with a token's header, or with the key that it names.
func (v *verification) describeHeader(r *Refusal, s *schemeIssuers, t *token) {
	is := v.issuer
	if is == nil && len(s.issuers) == 1 {
		is = s.issuers[0]
	}
	switch v.why {
	case reason.TokenCritical:
		r.At("token header", "must have neither crit nor b64: no extension is supported")
	case reason.TokenType:
		r.At("token header /typ", "must be the issuer's, and there must be no cty", is.typeNames()...)
		r.Add(orNothing(t.typ))
	case reason.TokenAlgorithm:
		r.At("token header /alg", "must be one of the issuer's:", is.algorithmNames()...)
		r.Add(orNothing(t.alg))
	default:
		r.At("token header /kid", "must be a key of the issuer, for this alg:", keyIDs(v.keys)...)
		r.Add(orNothing(t.kid))
	}
}

// issNames returns the iss of the tokens that come in this place, as far as they are listed.
func (s *schemeIssuers) issNames() (names []string) {
	for _, is := range s.issuers {
		names = append(names, is.iss...)
		if is.iss == nil {
			names = append(names, "spiffe://"+string(is.trustDomain)+"/…")
		}
		if len(names) > maxListed {
			return append(names[:maxListed], "…")
		}
	}
	return names
}

// maxListed bounds the names of the configuration that a refusal lists.
const maxListed = 8

func (is *Issuer) typeNames() []string {
	switch {
	case is == nil:
		return nil
	case is.types != nil:
		return is.types
	case is.typ != "":
		return []string{is.typ}
	}
	return []string{"JWT"}
}

func (is *Issuer) algorithmNames() (names []string) {
	if is == nil {
		return nil
	}
	for _, a := range is.algorithms {
		names = append(names, a.name)
	}
	return names
}

// keyIDs returns the names of an issuer's keys, which are public.
func keyIDs(set *KeySet) (names []string) {
	if set == nil {
		return nil
	}
	for _, k := range set.keys {
		if names = append(names, cause.Cut(k.ID)); len(names) > maxListed {
			return append(names[:maxListed], "…")
		}
	}
	return names
}

// orNothing is a text from a token, or what stands for none.
func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// kindOf says of which kind a value is, and nothing else of it.
func kindOf(v strictjson.Result) string {
	switch {
	case !v.Exists():
		return "nothing"
	case v.Type == strictjson.String && v.Str == "":
		return "an empty string"
	case v.Type == strictjson.String:
		return "a string"
	case v.Type == strictjson.Number:
		return "a number"
	case v.IsBool():
		return "a boolean"
	case v.IsArray():
		return "an array"
	case v.IsObject():
		return "an object"
	}
	return "null"
}

// bytes is what a refusal takes that the cache keeps; 0 for nil.
func (r *Refusal) bytes() int {
	if r == nil {
		return 0
	}
	n := int(unsafe.Sizeof(*r)) + len(r.KeyID) + len(r.Algorithm) + len(r.Place) + len(r.Why)
	for _, text := range r.Got {
		n += len(text) + int(unsafe.Sizeof(text))
	}
	return n
}
