package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// describeAPIKey says what is at fault with an API key, of which it has no part.
func (v *verification) describeAPIKey() *Refusal {
	r := refusalAt("", "api key", "must be one of the keys that the issuers of this header have")
	if v.issuer != nil {
		r.Issuer = v.issuer.Name
	}
	switch v.why {
	case reason.TokenExpired:
		r.Why = `must be in force: its "until" has passed`
	case reason.TokenNotYetValid:
		r.Why = `must be in force: its "notBefore" has not come`
	case reason.KeysUnavailable:
		r.At("keys", "must be known: the issuer's published keys have not been fetched")
	}
	return r
}

// forwardedRule is what a trusted proxy must say of the client's certificate.
const forwardedRule = `must be there once, as Envoy writes it, with the certificate of the proxy's client: ` +
	`the connection is that of one of the "proxies" of "peer"`

// namedSchemes are the schemes of which a log may have the name: those that are registered with IANA (HTTP
// Authentication Scheme Registry), and some that clients of models use. Any other first word may be
// a credential.
var namedSchemes = [...]string{
	"Basic", "Bearer", "Concealed", "Digest", "DPoP", "GNAP", "HOBA", "Mutual", "Negotiate", "OAuth", "PrivateToken",
	"SCRAM-SHA-1", "SCRAM-SHA-256", "vapid",
	"ApiKey", "Api-Key", "AWS4-HMAC-SHA256", "Key", "JWT", "NTLM", "Token",
}

func isNamedScheme(s string) bool {
	return slices.ContainsFunc(namedSchemes[:], func(name string) bool { return strings.EqualFold(s, name) })
}

// describe says what is at fault with a header that carries credentials.
func (e *extractor) describe(pairs [][2]string, why reason.Reason) *Refusal {
	r := refusalAt("", "header "+e.header, "must be there once, with one credential and no comma")
	switch why {
	case reason.CredentialMixed:
		r.Why = "must have one credential of one scheme"
	case reason.SchemeUnsupported:
		r.Why = "must begin with a scheme that an issuer has, and one space:"
		for _, s := range e.schemes {
			r.Want = append(r.Want, s.scheme)
		}
		value, _ := headerValue(pairs, e.header)
		if scheme, _, ok := strings.Cut(value, " "); ok && isNamedScheme(scheme) {
			r.Add(scheme)
		}
	}
	return r
}

// describe says what is at fault with the headers of a gateway; nil if nothing is.
func (r *relay) describe(pairs [][2]string, why reason.Reason) *Refusal {
	switch why {
	case reason.Allowed:
		return nil
	case reason.CredentialRepeated:
		for _, name := range [...]string{r.subject, r.email, r.groups} {
			if _, n := headerValue(pairs, name); n > 1 {
				return refusalAt(r.name, "header "+name, "must be there once")
			}
		}
	}
	if subject, _ := headerValue(pairs, r.subject); subject != "" {
		return refusalAt(r.name, "header "+r.email, "must be one address")
	}
	return refusalAt(r.name, "header "+r.subject, "must not be empty")
}

// Sources lists where a request may have a credential, for a caller who has none.
func (a *Authenticator) Sources() (list []string) {
	for _, e := range a.extractors {
		switch {
		case len(list) == maxListed:
			return append(list, "…")
		case e.relay != nil:
			list = append(list, e.relay.subject)
		case e.schemes[0].scheme == "":
			list = append(list, e.header)
		default:
			for _, s := range e.schemes {
				list = append(list, e.header+": "+s.scheme)
			}
		}
	}
	return list
}
