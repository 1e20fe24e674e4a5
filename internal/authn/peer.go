package authn

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Peer is the client certificate of the connection, as the host knows it. A field that
// PeerNeeds does not ask for may be empty.
type Peer struct {
	URI     string // its first URI SAN; SPIFFE has it be the only one (X.509-SVID section 2)
	Subject string // as RFC 2253 writes it, with the escapes of OpenSSL's XN_FLAG_RFC2253
	// Certificate is the certificate in PEM, which may be percent-encoded as Envoy does it.
	Certificate string
	// Validated reports whether the host checked the certificate against its trusted
	// authorities. A certificate that was not checked identifies nobody.
	Validated bool
	// Digest is the SHA-256 of the certificate in hexadecimal, "" without a
	// certificate. It counts whether the certificate was validated or not: TLS has
	// shown that the client has the private key (RFC 8705 section 2.2).
	Digest string
}

// PeerNeeds says what Authenticate reads of a Peer.
type PeerNeeds struct {
	Peer        bool // anything: URI, Validated and Digest
	Subject     bool
	Certificate bool
}

// thumbprint returns the digest of a certificate in the form of tokens (RFC 8705 section
// 3.1), "" without a certificate.
func thumbprint(digest string) string {
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) != sha256.Size {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// trustDomain is the SPIFFE trust domain whose IDs count here; "" for none.
type trustDomain string

// contains reports whether s is a SPIFFE ID with a path in the trust domain
// (SPIFFE-ID section 2, as in go-spiffe's spiffeid.FromString): segments of letters,
// digits, dots, hyphens and underscores, but no empty segment, "." or "..".
func (d trustDomain) contains(s string) bool {
	path, ok := strings.CutPrefix(s, "spiffe://"+string(d)+"/")
	if !ok || d == "" || len(s) > 2048 {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." || !only(segment, alphanumeric+".-_") {
			return false
		}
	}
	return true
}

// PeerNamespace returns the namespace of a SPIFFE ID in the form of Istio,
// spiffe://<trust domain>/ns/<namespace>/sa/<service account>, or "".
func PeerNamespace(id string) string {
	name, _, _ := strings.Cut(PeerAccount(id), "/")
	return name
}

// PeerAccount returns <namespace>/sa/<service account> of a SPIFFE ID in the form of
// Istio, or "".
func PeerAccount(id string) string {
	id, isSPIFFE := strings.CutPrefix(id, "spiffe://")
	_, path, _ := strings.Cut(id, "/")
	whole, isNamespace := strings.CutPrefix(path, "ns/")
	_, rest, _ := strings.Cut(whole, "/")
	account, isAccount := strings.CutPrefix(rest, "sa/")
	if !isSPIFFE || !isNamespace || !isAccount || account == "" || strings.Contains(account, "/") {
		return ""
	}
	return whole
}
