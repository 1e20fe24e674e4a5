package corpus

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
)

// asEnvoy is how Envoy writes a certificate in a property.
var asEnvoy = strings.NewReplacer("\n", "%0A", " ", "%20", "+", "%2B", "/", "%2F", "=", "%3D")

// certificate makes a certificate with the names of a case, and returns what a host says of
// it. The certificate itself has the alternative names alone: nothing else of it is read.
func (p *Peer) certificate() (authn.Peer, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return authn.Peer{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: p.DNS, NotAfter: time.Now().Add(time.Hour)}
	if p.URI != "" {
		id, err := url.Parse(p.URI)
		if err != nil {
			return authn.Peer{}, err
		}
		template.URIs = []*url.URL{id}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	digest := p.Digest
	if digest == "" {
		sum := sha256.Sum256(der)
		digest = hex.EncodeToString(sum[:])
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return authn.Peer{
		URI: p.URI, Subject: p.Subject, Digest: digest, Certificate: asEnvoy.Replace(string(text)), Validated: !p.Untrusted,
	}, err
}
