package authn

import (
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/modelgate/modelgate/internal/uri"
)

// A host shows one DNS name of a certificate, and a certificate mostly has several. So
// these are read from the certificate itself, which the host, or a proxy in front, has
// validated.

// maxNames bounds the DNS names of a certificate.
const maxNames = 100

// readNames reads the DNS names and the URI of a certificate in PEM. In c.untold, it says if
// there may be more than it read: a name is in no form that a principal has, such as one with
// a wildcard. ok is false if it cannot read the certificate, and then nothing is changed.
func (c *certificate) readNames(pem string) (ok bool) {
	extensions, ok := parseExtensions(pem)
	if !ok {
		return false
	}
	list, ok := alternativeNames(extensions)
	read := *c
	read.dns, read.uri, read.untold = nil, "", c.untold&^(FormDNS|FormSPIFFE)
	for uris := 0; ok && !list.Empty(); {
		var name cryptobyte.String
		var tag asn1.Tag
		switch ok = list.ReadAnyASN1(&name, &tag); {
		case tag == asn1.Tag(2).ContextSpecific(): // dNSName
			read.addDNSName(string(name))
		case tag == asn1.Tag(6).ContextSpecific(): // uniformResourceIdentifier
			uris++
			read.addURI(string(name), uris > 1)
		}
	}
	if ok {
		*c = read
	}
	return ok
}

// addURI adds a URI. SPIFFE has it be the only one (X.509-SVID section 2).
func (c *certificate) addURI(uri string, again bool) {
	if c.uri = uri; again {
		c.uri, c.untold = "", c.untold|FormSPIFFE
	}
}

// addDNSName adds a DNS name. Its case does not matter (RFC 5280 section 7.2).
func (c *certificate) addDNSName(name string) {
	name = strings.ToLower(name)
	if !IsDNSName(name) || len(c.dns) == maxNames {
		c.untold |= FormDNS
		return
	}
	c.dns = append(c.dns, name)
}

// parseExtensions returns the extensions of a certificate (RFC 5280 section 4.1), which
// may have none. It is percent-encoded where it comes from Envoy.
func parseExtensions(pem string) (extensions cryptobyte.String, ok bool) {
	pem, unescaped := uri.Unescape(pem)
	text, begins := strings.CutPrefix(pem, "-----BEGIN CERTIFICATE-----\n")
	text, ends := strings.CutSuffix(text, "-----END CERTIFICATE-----\n")
	if !unescaped || !begins || !ends {
		return nil, false
	}
	der, err := base64.StdEncoding.DecodeString(text) // which ignores ends of lines
	key, t := cutCertificate(der)
	if err != nil || key == nil || // issuerUniqueID, subjectUniqueID
		!t.SkipOptionalASN1(asn1.Tag(1).ContextSpecific()) || !t.SkipOptionalASN1(asn1.Tag(2).ContextSpecific()) {
		return nil, false
	}
	if t.Empty() {
		return nil, true
	}
	var explicit cryptobyte.String
	ok = t.ReadASN1(&explicit, asn1.Tag(3).Constructed().ContextSpecific()) && t.Empty() &&
		explicit.ReadASN1(&extensions, asn1.SEQUENCE) && explicit.Empty()
	return extensions, ok
}

// alternativeNames returns the GeneralNames of the extension subjectAltName (RFC 5280
// section 4.2.1.6), which a certificate has once at most.
func alternativeNames(extensions cryptobyte.String) (names cryptobyte.String, ok bool) {
	const subjectAltName = "\x55\x1d\x11" // 2.5.29.17
	found := false
	for !extensions.Empty() {
		var extension, id, value, list cryptobyte.String
		if !extensions.ReadASN1(&extension, asn1.SEQUENCE) || !extension.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) ||
			!extension.SkipOptionalASN1(asn1.BOOLEAN) || !extension.ReadASN1(&value, asn1.OCTET_STRING) || !extension.Empty() {
			return nil, false
		}
		if string(id) != subjectAltName {
			continue
		}
		if found || !value.ReadASN1(&list, asn1.SEQUENCE) || !value.Empty() {
			return nil, false
		}
		found, names = true, list
	}
	return names, true
}
