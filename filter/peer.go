//go:build wasip1

package main

import (
	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/authn"
)

// peer asks the host for the connection's client certificate. Envoy's
// connection.mtls says only that one was presented, even where the listener
// accepts untrusted ones; peer_certificate_valid says that it was verified
// (both seen in 1.40.0). A host that has no such property knows no peer.
func peer() (p authn.Peer, err error) {
	valid, err := property("peer_certificate_valid")
	if err != nil || valid == nil {
		return p, err
	}
	uri, err := property("uri_san_peer_certificate")
	if err != nil {
		return p, err
	}
	digest, err := property("sha256_peer_certificate_digest")
	if err != nil {
		return p, err
	}
	return authn.Peer{URI: string(uri), Validated: len(valid) == 1 && valid[0] == 1, Digest: string(digest)}, nil
}

// property reads one of the connection's; nil where it has none.
func property(name string) ([]byte, error) {
	value, err := abi.Property("connection\x00" + name)
	if err == abi.NotFound {
		return nil, nil
	}
	return value, err
}
