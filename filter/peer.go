//go:build wasip1

package main

import (
	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/authn"
)

// Peer returns the client certificate of the connection. Envoy's
// connection.mtls only reports that the client presented a certificate, even where
// the listener accepts untrusted ones; peer_certificate_valid reports that it was
// verified (both seen in 1.40.0). On a host without that property every peer is
// unknown.
func (request) Peer(needs authn.PeerNeeds) (p authn.Peer, err error) {
	valid, err := connectionProperty("peer_certificate_valid")
	if err != nil || valid == nil {
		return p, err
	}
	p.Validated = len(valid) == 1 && valid[0] == 1
	for _, property := range [...]struct {
		name   string
		needed bool
		value  *string
	}{
		{"uri_san_peer_certificate", true, &p.URI}, // the first one
		{"sha256_peer_certificate_digest", true, &p.Digest},
		{"subject_peer_certificate", needs.Subject, &p.Subject},
		{"peer_certificate", needs.Certificate, &p.Certificate}, // has all DNS SANs; dns_san_peer_certificate is the first one
	} {
		if !property.needed {
			continue
		}
		value, err := connectionProperty(property.name)
		if err != nil {
			return authn.Peer{}, err
		}
		*property.value = string(value)
	}
	return p, nil
}

// connectionProperty returns a property of the connection, or nil if it has none of
// that name.
func connectionProperty(name string) ([]byte, error) {
	value, err := abi.Property("connection\x00" + name)
	if err == abi.NotFound {
		return nil, nil
	}
	return value, err
}
