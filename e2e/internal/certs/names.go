package certs

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/hex"
	"strings"
)

// Digest returns the SHA-256 of the certificate in hexadecimal.
func (p Pair) Digest() string {
	sum := sha256.Sum256(p.Leaf.Raw)
	return hex.EncodeToString(sum[:])
}

// subject reads a name as RFC 2253 writes it, in which a backslash escapes the next
// character. The last attribute comes first in a certificate.
func subject(text string) (name pkix.Name) {
	oids := map[string][]int{"CN": {2, 5, 4, 3}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}}
	var parts []string
	part := ""
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			part += text[i : i+1]
		case text[i] == ',':
			parts, part = append(parts, part), ""
		default:
			part += text[i : i+1]
		}
	}
	if part != "" {
		parts = append(parts, part)
	}
	for i := len(parts) - 1; i >= 0; i-- {
		key, value, _ := strings.Cut(parts[i], "=")
		name.ExtraNames = append(name.ExtraNames, pkix.AttributeTypeAndValue{Type: oids[key], Value: value})
	}
	return name
}
