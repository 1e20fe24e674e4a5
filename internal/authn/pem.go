package authn

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/pem"
	"math/big"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// beginPEM begins a key or a certificate in PEM (RFC 7468 section 2).
const beginPEM = "-----BEGIN "

// parseDictionary reads {"kid": "-----BEGIN PUBLIC KEY-----…"}, the form of
// www.gstatic.com/iap/verify/public_key, or with certificates, that of
// www.googleapis.com/oauth2/v1/certs and of Firebase.
func (p *parsedKeys) parseDictionary(v strictjson.Value, is *Issuer) {
	for _, m := range v.Object().Members {
		if m.Name == "" || len(m.Name) > maxKeyID {
			p.add(KeyNote{ID: m.Name, Why: "must have a kid of 1 to 256 bytes"}, nil)
		} else {
			p.parsePEM(m.Name, m.Value.JSON().Str, is)
		}
		if !p.withinBounds(v) {
			return
		}
	}
}

// parsePEM reads one public key, or one certificate for the sake of its key. id is its kid,
// "" for none.
func (p *parsedKeys) parsePEM(id, text string, is *Issuer) {
	n := KeyNote{ID: id}
	block, rest := pem.Decode([]byte(text))
	var public any
	if block != nil && strings.TrimSpace(string(rest)) == "" {
		switch block.Type {
		case "PUBLIC KEY":
			public = parseSubjectPublicKeyInfo(block.Bytes)
		case "CERTIFICATE":
			public = parseSubjectPublicKeyInfo(certifiedKey(block.Bytes))
		default:
			n.Refused = strings.HasSuffix(block.Type, "PRIVATE KEY")
		}
	}
	var keys []*Key
	switch {
	case n.Refused:
		n.Why = "is private, and a key set has public keys only"
	case block == nil:
		n.Why = "is no public key or certificate in PEM, and the document is no JWK Set"
	case public == nil:
		n.Why = "is not one public key or certificate in PEM, of RSA, P-256, P-384, P-521 or Ed25519"
	default:
		keys, n.Why = keysOf(id, public, is)
	}
	p.add(n, keys)
}

const noAlgorithm = "no allowed algorithm has its type"

// keysOf returns the keys of an issuer for a public key that names no algorithm.
func keysOf(id string, public any, is *Issuer) (keys []*Key, why string) {
	var kty family
	var curve string
	switch k := public.(type) {
	case *rsa.PublicKey:
		if member, fault := checkRSA(k.N, big.NewInt(int64(k.E))); fault != "" {
			return nil, member + " " + fault
		}
		kty = familyRSA
	case *ecdsa.PublicKey:
		kty, curve = familyEC, k.Params().Name
	case ed25519.PublicKey:
		kty, curve = familyOKP, "Ed25519"
	}
	var fits []*algorithm
	for _, a := range is.algorithms {
		if a.family == kty && a.curveName == curve {
			fits = append(fits, a)
		}
	}
	if fits == nil {
		return nil, noAlgorithm
	}
	return newKeys(id, fits, public), ""
}

// certifiedKey returns the SubjectPublicKeyInfo of a certificate (RFC 5280 section 4.1), or
// nil. The certificate vouches for nothing here: whoever publishes it does. So neither its
// signature nor its dates count.
func certifiedKey(der []byte) []byte {
	key, _ := cutCertificate(der)
	return key
}

// cutCertificate returns the SubjectPublicKeyInfo of a certificate, or nil, and what follows
// it in the TBSCertificate.
func cutCertificate(der []byte) (key []byte, rest cryptobyte.String) {
	input := cryptobyte.String(der)
	var certificate, tbs, info cryptobyte.String
	if !input.ReadASN1(&certificate, asn1.SEQUENCE) || !input.Empty() || !certificate.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(asn1.Tag(0).ContextSpecific().Constructed()) || // version
		!tbs.SkipASN1(asn1.INTEGER) { // serialNumber
		return nil, nil
	}
	for range 4 { // signature, issuer, validity, subject
		if !tbs.SkipASN1(asn1.SEQUENCE) {
			return nil, nil
		}
	}
	if !tbs.ReadASN1Element(&info, asn1.SEQUENCE) {
		return nil, nil
	}
	return info, tbs
}
