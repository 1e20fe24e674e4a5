package authn

import (
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var percent = strings.NewReplacer("\n", "%0A", " ", "%20", "+", "%2B", "/", "%2F", "=", "%3D") // as Envoy's

// makePEM makes a certificate that signs itself.
func makePEM(t testing.TB, template x509.Certificate) string {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.NotAfter = big.NewInt(1), time.Unix(2_000_000_000, 0)
	der, err := x509.CreateCertificate(nil, &template, &template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// sanOf makes an extension of raw general names.
func sanOf(names ...asn1.RawValue) pkix.Extension {
	der, err := asn1.Marshal(names)
	if err != nil {
		panic(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: der}
}

func rawDNS(name string) asn1.RawValue { return asn1.RawValue{Class: 2, Tag: 2, Bytes: []byte(name)} }

func TestDNSNames(t *testing.T) {
	many := slices.Repeat([]string{"a.example.com"}, maxNames)
	for _, c := range []struct {
		name     string
		template x509.Certificate
		want     string
		untold   PeerForms
	}{
		{"none", x509.Certificate{}, "", 0},
		{"one", x509.Certificate{DNSNames: []string{"a.example.com"}}, "a.example.com", 0},
		{"several", x509.Certificate{DNSNames: []string{"a", "b.example.com", "xn--4ca.example"}}, "a b.example.com xn--4ca.example", 0},
		{"among others", x509.Certificate{
			DNSNames: []string{"a.example.com", "b.example.com"}, EmailAddresses: []string{"c@example.com"},
			IPAddresses: []net.IP{{127, 0, 0, 1}}, URIs: []*url.URL{{Scheme: "spiffe", Host: "a", Path: "/b"}},
			KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		}, "a.example.com b.example.com", 0},
		{"other names only", x509.Certificate{URIs: []*url.URL{{Scheme: "spiffe", Host: "a", Path: "/b"}}}, "", 0},
		{"a common name is none", x509.Certificate{Subject: pkix.Name{CommonName: "a.example.com"}}, "", 0},
		{"upper case", x509.Certificate{DNSNames: []string{"A.Example.COM"}}, "a.example.com", 0},
		{"a wildcard", x509.Certificate{DNSNames: []string{"*.example.com", "b"}}, "b", FormDNS},
		{"as many as are read", x509.Certificate{DNSNames: many}, strings.Join(many, " "), 0},
		{"more", x509.Certificate{DNSNames: append(many, "b")}, strings.Join(many, " "), FormDNS},
		{"a dot at the end", x509.Certificate{ExtraExtensions: []pkix.Extension{sanOf(rawDNS("a.example.com."))}}, "", FormDNS},
		{"a null byte", x509.Certificate{ExtraExtensions: []pkix.Extension{sanOf(rawDNS("a.example.com\x00.evil.com"))}}, "", FormDNS},
		{"an empty name", x509.Certificate{ExtraExtensions: []pkix.Extension{sanOf(rawDNS(""), rawDNS("b"))}}, "b", FormDNS},
		{"two names in one", x509.Certificate{ExtraExtensions: []pkix.Extension{sanOf(rawDNS("a,b"))}}, "", FormDNS},
		{"beyond ASCII", x509.Certificate{ExtraExtensions: []pkix.Extension{sanOf(rawDNS("\xe9.example"))}}, "", FormDNS},
		{"no list", x509.Certificate{ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte{5, 0}}}}, "",
			FormDNS},
		{"a URI", x509.Certificate{URIs: []*url.URL{{Scheme: "spiffe", Host: "a", Path: "/b"}}, DNSNames: []string{"a"}}, "a uri=spiffe://a/b",
			0},
		{"two URIs", x509.Certificate{URIs: []*url.URL{{Scheme: "spiffe", Host: "a", Path: "/b"}, {Scheme: "spiffe", Host: "a", Path: "/c"}}},
			"", FormSPIFFE},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := makePEM(t, c.template)
			for _, text := range []string{text, percent.Replace(text)} {
				var got certificate
				if !got.readNames(text) {
					got.untold = FormDNS
				}
				line := strings.Join(got.dns, " ")
				if got.uri != "" && strings.HasPrefix(c.name, "a URI") {
					line += " uri=" + got.uri
				}
				if line != c.want || got.untold != c.untold {
					t.Errorf("DNS names = %q, untold %v, want %q, %v", line, got.untold, c.want, c.untold)
				}
			}
		})
	}
}

// TestCertificatesRefused: what is no certificate in PEM leaves its names untold.
func TestCertificatesRefused(t *testing.T) {
	good := makePEM(t, x509.Certificate{DNSNames: []string{"a.example.com"}})
	begin, end := "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"
	for _, text := range []string{
		"", "x", begin, end, begin + end, good + good, "x" + good, good + "x", good[1:], good[:len(good)-1], "%" + good, "%zz" + good,
		strings.ReplaceAll(good, "CERTIFICATE", "PUBLIC KEY"), begin + "!!!!\n" + end, begin + "AAAA\n" + end, begin + "MAA=\n" + end,
	} {
		c := certificate{uri: "spiffe://a/b"}
		if c.readNames(text) || c.dns != nil || c.uri != "spiffe://a/b" {
			t.Errorf("readNames(%.60q) = %v, want no change", text, c)
		}
	}
}

// FuzzDNSNames compares the DNS names with those that crypto/x509 finds.
func FuzzDNSNames(f *testing.F) {
	for _, template := range []x509.Certificate{
		{}, {DNSNames: []string{"a.example.com", "b"}, URIs: []*url.URL{{Scheme: "spiffe", Host: "a", Path: "/b"}}},
		{DNSNames: []string{"A", "*.b"}, EmailAddresses: []string{"c@d"}, BasicConstraintsValid: true, IsCA: true},
	} {
		block, _ := pem.Decode([]byte(makePEM(f, template)))
		f.Add(block.Bytes)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		var c certificate
		ok := c.readNames(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
		want, err := x509.ParseCertificate(der)
		if err != nil || !ok {
			return // the host validates no such certificate; crypto/x509 ignores some bytes between the parts of one
		}
		var names []string
		odd := false
		for _, name := range want.DNSNames {
			if name = strings.ToLower(name); IsDNSName(name) && len(names) < maxNames {
				names = append(names, name)
			} else {
				odd = true
			}
		}
		if !slices.Equal(c.dns, names) || c.untold.Has(FormDNS) != odd || c.untold.Has(FormSPIFFE) != (len(want.URIs) > 1) {
			t.Errorf("%s: DNS names = %v, untold %v, want %v, %v", strconv.Quote(string(der)), c.dns, c.untold, names, odd)
		}
	})
}
