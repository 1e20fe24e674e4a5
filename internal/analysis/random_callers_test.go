package analysis

import (
	"encoding/json"

	"github.com/modelgate/modelgate/internal/authn"
)

// caller is a random caller of one of the side's issuers, or of none.
func (d dice) caller(s *Side) *Caller {
	c := &Caller{Signed: d.maybe(0.5)}
	if d.maybe(0.9) {
		c.Issuer = d.pick(s.issuers.IssuerNames()...)
	}
	proxies := s.issuers.PeerShape().Proxies
	if proxies != nil && d.maybe(0.4) {
		c.Via = d.pick(proxies...)
	}
	if d.maybe(0.4) || c.Issuer == "edge" {
		d.certificate(c)
	}
	doc := object{}
	put := func(chance float64, name string, values ...any) {
		if d.maybe(chance) {
			doc[name] = values[d.IntN(len(values))]
		}
	}
	switch c.Issuer {
	case "":
		return c
	case "keys":
		if entries, known := s.issuers.KeyEntries(s.keys, "keys", s.now); known && len(entries) > 0 {
			c.Document = d.pick(entries...)
			return c
		}
		d.entry(doc, put)
	case "edge":
		put(1, "subject", "7", "9")
		put(0.6, "email", "u1@x", "u2@y", "o@z", "U1@X")
		put(0.6, "groups", []string{}, []string{"g1"}, []string{"g2", "/g"}, []string{"o"})
	default:
		d.token(c.Issuer, doc, put)
	}
	text, _ := json.Marshal(doc) // of JSON values
	c.Document = string(text)
	return c
}

// certificate gives a caller a certificate. A proxy may leave out one form of its names.
func (d dice) certificate(c *Caller) {
	c.URI = d.pick("", "spiffe://corp.example/ns/n/sa/s", "spiffe://corp.example/x", "spiffe://corp.example/ns/n/sa/o",
		"spiffe://other/ns/n/sa/s", gateway)
	c.Subject = d.pick("", "", "CN=s", "CN=t", "cn=S")
	if c.DNS = d.some(2, "a.corp", "b.corp", "c.b.corp", "d"); d.maybe(0.5) {
		c.DNS = nil
	}
	c.Digest = d.pick(listedDigest, digestOf("another"))
	if d.maybe(0.15) {
		c.Untold = authn.FormDNS
	}
	if c.Via == "" || d.maybe(0.7) {
		return
	}
	switch c.Untold = authn.PeerForms(1 << d.IntN(4)); c.Untold {
	case authn.FormSPIFFE:
		c.URI = ""
	case authn.FormDNS:
		c.DNS = nil
	case authn.FormSubject:
		c.Subject = ""
	default:
		c.Digest = ""
	}
}

// entry fills the entry of a published API key.
func (d dice) entry(doc object, put func(float64, string, ...any)) {
	put(1, "subject", "7", "8", "9")
	put(0.6, "email", "u1@x", "U1@x", "u2@y", "o@z", "s@p.gserviceaccount.com")
	put(0.6, "groups", []string{}, []string{"g1"}, []string{"g1", "g2"}, []string{"/g", "o"})
	put(0.6, "claims", object{"x": "a"}, object{"x": []string{"a"}, "y": "ab"}, object{"scope": "read"}, object{"act": object{"sub": "ab"}},
		object{"email": "u1@x"}, object{"scp": []string{"write"}, "scope": "write"}, object{})
}

// token fills the claims of a token.
func (d dice) token(issuer string, doc object, put func(float64, string, ...any)) {
	doc["iss"], doc["aud"], doc["iat"], doc["exp"] = "https://"+issuer, "a", noon.Unix(), noon.Unix()+1
	put(0.95, "sub", "7", "8", "9", "system:serviceaccount:n:s", "system:serviceaccount:n:o", "system:serviceaccount:m:s")
	put(0.7, "email", "u1@x", "U1@x", "U1@X", "u2@y", "o@x", "o@z", "s@p.gserviceaccount.com", "no address", 7)
	put(0.7, "email_verified", true, true, true, false, "true")
	put(0.5, "hd", "x", "X", "y", "z")
	put(0.7, "groups", []string{}, []string{"g1"}, []string{"g1", "g2"}, []string{"/g/h", "o"}, "g1", "g1 g2", []any{"g1", "a"}, nil)
	put(0.3, "realm", object{"roles": []string{"g2"}}, object{"roles": "g1 g2"}, object{"roles": object{"g1": 1}},
		object{"roles": []string{"/g/h"}}, object{})
	put(0.5, "repository", "r", "s", 1)
	put(0.3, "azp", "7", "o")
	put(0.7, "x", "a", "ab", "a b", "b a", "b", 1, true, 2.5, "o", []any{"a"}, []any{"o"}, nil, "a\tb", object{})
	put(0.5, "y", "a", "ab", "abb", "o", []any{"a", "g1"}, false, 1)
	put(0.3, "act", "a", object{"sub": "a"}, object{"sub": "ab"}, object{}, object{"sub": []any{"a"}})
	put(0.3, "scope", "read", "write read", []any{"write"}, "o", 1)
	put(0.2, "scp", "read", []any{"read"}, "o")
	put(0.1, "_claim_names", object{"groups": "src1"}, object{"email": "src1"})
	switch issuer {
	case "cluster":
		doc["kubernetes.io"] = object{"serviceaccount": object{"name": "s"}}
	case "iap":
		doc["iss"], doc["aud"] = iapURL, backend
		put(0.5, "team", "r", "s", 1)
		const other = "locations/global/workforcePools/other"
		put(0.7, "workforce_identity", staff(staffPool, staffPool, "7"), staff(staffPool, staffPool, "8"), staff(other, other, "7"),
			staff(staffPool, other, "7"), "7", nil, object{})
		put(0.3, "identity_source", "WORKFORCE_IDENTITY", "GOOGLE")
	}
}

// staff is what IAP says of somebody in a workforce pool.
func staff(principal, pool, subject string) object {
	return object{"iam_principal": within("principal", principal, "subject/"+subject), "workforce_pool_name": pool}
}
