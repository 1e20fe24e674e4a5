package authn

import (
	"slices"
	"strings"
)

// Envoy writes x-forwarded-client-cert in source/common/http/conn_manager_utility.cc, and
// its documentation describes it ("HTTP header manipulation"): elements joined by ",", one
// for each proxy; in an element, pairs KEY=VALUE joined by ";", in the order below.

// forwardedHeader is that header. The gate removes it from every request.
const forwardedHeader = "x-forwarded-client-cert"

// maxElements bounds the elements that are read: no configuration takes more than two.
const maxElements = 2

// forwardedKey is a key of a pair.
type forwardedKey struct {
	name    string
	repeats bool
	form    PeerForms // of the names that it tells
}

// forwardedKeys are the keys in the order in which Envoy writes them. Envoy does not quote
// URI and DNS, so a strange name in a certificate could look like another pair: the order
// keeps it from looking like one of By, Hash and Subject. Where Cert is there, the URI and
// the DNS names are read from it.
var forwardedKeys = [...]forwardedKey{
	{"By", true, 0}, {"Hash", false, FormDigest}, {"Cert", false, 0}, {"Chain", false, 0},
	{"Subject", false, FormSubject}, {"URI", true, FormSPIFFE}, {"DNS", true, FormDNS},
}

// forwarded returns the certificate that a trusted proxy names in a request: an empty one
// if the proxy's client had none. digest is that of the connection's certificate. ok is
// false if the header is not what such a proxy sends.
func (r *peerRules) forwarded(pairs [][2]string, digest string) (c certificate, ok bool) {
	value, n := headerValue(pairs, forwardedHeader)
	if n == 0 {
		return certificate{}, !r.appended
	}
	elements, ok := parseForwarded(value)
	if !ok || n > 1 {
		return certificate{}, false
	}
	if r.appended { // the last one is this proxy's, about the connection
		last := len(elements) - 1
		if ok = IsDigest(digest) && elements[last].digest == digest; ok && last == 0 {
			return certificate{}, true
		}
		elements = elements[:last]
	}
	if !ok || len(elements) != 1 || elements[0].digest == digest { // the proxy is not its own client
		return certificate{}, false
	}
	return elements[0], true
}

// parseForwarded reads all elements of a header. There is at least one if ok.
func parseForwarded(value string) (elements []certificate, ok bool) {
	for len(elements) < maxElements {
		var c certificate
		if value, ok = c.parseElement(value); !ok {
			return nil, false
		}
		if elements = append(elements, c); value == "" {
			return elements, true
		}
		value = value[1:]
	}
	return nil, false
}

// parseElement reads one element, and returns what follows: nothing, or a comma and more.
// In c.untold are the forms of names that it does not tell.
func (c *certificate) parseElement(s string) (rest string, ok bool) {
	c.untold = FormSPIFFE | FormDNS | FormSubject | FormDigest
	pem := ""
	for last := -1; ; s = s[1:] {
		name, after, found := strings.Cut(s, "=")
		at := slices.IndexFunc(forwardedKeys[:], func(k forwardedKey) bool { return k.name == name })
		if !found || at < 0 || at < last || at == last && !forwardedKeys[at].repeats {
			return "", false
		}
		value, quoted, rest, ok := cutValue(after)
		if at != last {
			c.untold &^= forwardedKeys[at].form
		}
		if !ok || !c.set(name, value, quoted, at == last) {
			return "", false
		}
		if name == "Cert" {
			pem = value
		}
		if last, s = at, rest; s == "" || s[0] == ',' {
			return s, pem == "" || c.readNames(pem)
		}
	}
}

// set takes the value of a pair. again reports that its key came before.
func (c *certificate) set(key, value string, quoted, again bool) (ok bool) {
	switch key {
	case "Hash":
		c.digest = value
		return IsDigest(value)
	case "Cert", "Chain", "Subject":
		if key == "Subject" { // "" for none; its escapes are those of RFC 2253, which Envoy leaves as they are
			c.subject = value
		}
		return quoted
	case "URI": // "" for none
		c.addURI(value, again)
	case "DNS":
		c.addDNSName(value)
	}
	return !strings.Contains(value, `\`)
}

// cutValue returns the value that s begins with, between quotes or not, and what follows:
// nothing, or a comma or a semicolon and more. A backslash between quotes escapes the next
// character, and stays in the value.
func cutValue(s string) (value string, quoted bool, rest string, ok bool) {
	quoted = strings.HasPrefix(s, `"`)
	s = strings.TrimPrefix(s, `"`)
	escaped := false
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b < ' ', b >= 0x7f:
			return "", quoted, "", false
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case quoted && b == '"':
			value, rest = s[:i], s[i+1:]
			return value, quoted, rest, rest == "" || rest[0] == ',' || rest[0] == ';'
		case !quoted && (b == ',' || b == ';'):
			return s[:i], quoted, s[i:], true
		case !quoted && (b == ' ' || b == '"' || b == '=' || b == '\\'):
			return "", quoted, "", false
		}
	}
	return s, quoted, "", !quoted
}
