package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"time"
)

// Leaf is what a certificate says. It is for servers and for clients.
type Leaf struct {
	Name    string   // the subject's common name
	Subject string   // the whole subject as RFC 2253 writes it, of CN, OU and O; "" for Name alone
	DNS     []string // DNS SANs
	URI     string   // a URI SAN; "" is none
	Expired bool     // since an hour, instead of valid for a day
}

// Pair is a certificate with its key.
type Pair struct {
	Cert, Key []byte // PEM
	Leaf      *x509.Certificate
}

// TLS returns the pair as crypto/tls takes it.
func (p Pair) TLS() tls.Certificate {
	certificate, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		panic(err) // this package has written both
	}
	return certificate
}

// PEM returns the authority's own certificate.
func (a *Authority) PEM() []byte { return encode("CERTIFICATE", a.certificate.Raw) }

// New makes a certificate.
func (a *Authority) New(l Leaf) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return Pair{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: l.Name}, DNSNames: l.DNS,
		NotBefore: now.Add(-3 * time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if l.Subject != "" {
		template.Subject = subject(l.Subject)
	}
	if l.Expired {
		template.NotAfter = now.Add(-time.Hour)
	}
	if l.URI != "" {
		uri, err := url.Parse(l.URI)
		if err != nil {
			return Pair{}, err
		}
		template.URIs = []*url.URL{uri}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return Pair{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return Pair{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	return Pair{encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8), leaf}, err
}

// CRL returns the authority's list of revoked certificates, to be replaced by a newer one
// before next.
func (a *Authority) CRL(next time.Time, revoked ...Pair) ([]byte, error) {
	now := time.Now()
	list := &x509.RevocationList{Number: big.NewInt(now.UnixNano()), ThisUpdate: now.Add(-3 * time.Hour), NextUpdate: next}
	for _, r := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: r.Leaf.SerialNumber, RevocationTime: now.Add(-time.Minute)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.certificate, a.key)
	return encode("X509 CRL", der), err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
