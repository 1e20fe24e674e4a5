package analysis

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// hidden are claims that every token of an issuer needs, and that say nothing of its caller.
var hidden = []string{"iss", "aud", "exp", "iat"}

// Claims returns the claims of the caller's token, without those that every token has;
// "" without a token or if nothing is left.
func (c *Caller) Claims() string {
	var doc map[string]json.RawMessage
	if json.Unmarshal([]byte(c.Document), &doc) != nil {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if !slices.Contains(hidden, name) {
			parts = append(parts, quote(name)+": "+string(doc[name]))
		}
	}
	if parts == nil {
		return ""
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// String describes the caller in one line.
func (c *Caller) String() string {
	var parts []string
	if c.Issuer == "" {
		parts = append(parts, "anybody without a token")
	} else {
		parts = append(parts, "token of "+c.Issuer)
		if claims := c.Claims(); claims != "" {
			parts[0] += " " + claims
		}
	}
	add := func(prefix, name string) {
		if name != "" {
			parts = append(parts, "certificate "+prefix+name)
		}
	}
	add("", c.URI)
	for _, name := range c.DNS {
		add("dns:", name)
	}
	add("subject:", c.Subject)
	add("certificate:", c.Digest)
	for _, hidden := range []struct {
		form authn.PeerForms
		what string
	}{{authn.FormSPIFFE, "SPIFFE ID"}, {authn.FormDNS, "DNS names"}, {authn.FormSubject, "subject"}, {authn.FormDigest, "SHA-256"}} {
		if c.Untold.Has(hidden.form) {
			parts = append(parts, "a certificate of which nobody tells all about the "+hidden.what)
		}
	}
	if c.Via != "" {
		parts = append(parts, "by the proxy "+c.Via)
	}
	if c.Signed {
		parts = append(parts, "signed")
	}
	return strings.Join(parts, ", ")
}
