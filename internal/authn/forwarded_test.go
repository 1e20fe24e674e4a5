package authn

import (
	"crypto/x509"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const (
	sha  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	sha2 = "00000000000000000000000000000000000000000000000000000000000000ff"
)

// show is a certificate in one line; a form in front of which stands "?" is untold.
func show(c certificate) string {
	line := func(form PeerForms, mark, value string) string {
		if c.untold.Has(form) {
			mark = "?" + mark
		}
		return mark + value
	}
	return line(FormDigest, "#", strings.ReplaceAll(c.digest, sha, "sha")) + " " + line(FormSubject, "subject=", c.subject) + " " +
		line(FormSPIFFE, "uri=", c.uri) + " " + line(FormDNS, "dns=", strings.Join(c.dns, ","))
}

// TestForwardedAccepted: what Envoy writes. The examples of its documentation come first.
func TestForwardedAccepted(t *testing.T) {
	id := []*url.URL{{Scheme: "spiffe", Host: "a", Path: "/b"}}
	pemOf := percent.Replace(makePEM(t, x509.Certificate{URIs: id, DNSNames: []string{"c"}}))
	const nothing = "?# ?subject= ?uri= ?dns="
	for _, c := range []struct{ value, want string }{
		{`By=http://front.lyft.com;Hash=` + sha + `;Subject="/C=US/ST=CA/L=San Francisco/OU=Lyft/CN=Test Client";URI=http://testclient.lyft.com`,
			"#sha subject=/C=US/ST=CA/L=San Francisco/OU=Lyft/CN=Test Client uri=http://testclient.lyft.com ?dns="},
		{`By=http://front.lyft.com;Hash=` + sha + `;URI=http://testclient.lyft.com,By=http://backend.lyft.com;Hash=` + sha +
			`;URI=http://frontend.lyft.com`,
			"#sha ?subject= uri=http://testclient.lyft.com ?dns=\n#sha ?subject= uri=http://frontend.lyft.com ?dns="},
		{`By=http://front.lyft.com;Hash=` + sha + `;Subject="/C=US/CN=Test Client";URI=http://testclient.lyft.com;DNS=lyft.com;DNS=www.lyft.com`,
			"#sha subject=/C=US/CN=Test Client uri=http://testclient.lyft.com dns=lyft.com,www.lyft.com"},
		{`By=spiffe://a/b`, nothing},
		{`By=spiffe://a/b;By=spiffe://a/c;Hash=` + sha, "#sha ?subject= ?uri= ?dns="},
		{`By=`, nothing},
		{`Hash=` + sha, "#sha ?subject= ?uri= ?dns="},
		{`Hash="` + sha + `"`, "#sha ?subject= ?uri= ?dns="},
		{`Cert="` + pemOf + `";Chain="x"`, "?# ?subject= uri=spiffe://a/b dns=c"},
		{`Hash=` + sha + `;Cert="` + pemOf + `";URI=http://x;DNS=forged`, "#sha ?subject= uri=spiffe://a/b dns=c"},
		{`Chain="x"`, nothing},
		{`Subject=""`, "?# subject= ?uri= ?dns="},
		{`Subject="CN=a,O=b;c"`, "?# subject=CN=a,O=b;c ?uri= ?dns="},
		{`Subject="CN=a\"b\\,O=x"`, `?# subject=CN=a\"b\\,O=x ?uri= ?dns=`}, // the escapes of RFC 2253 stay
		{`Subject="CN=a\,URI=b"`, `?# subject=CN=a\,URI=b ?uri= ?dns=`},
		{`URI=`, "?# ?subject= uri= ?dns="},
		{`URI=spiffe://a/b`, "?# ?subject= uri=spiffe://a/b ?dns="},
		{`URI="spiffe://a/b"`, "?# ?subject= uri=spiffe://a/b ?dns="},
		{`URI="http://a/?b=c;d,e"`, "?# ?subject= uri=http://a/?b=c;d,e ?dns="},
		// A certificate with several URIs has no SPIFFE ID, and may be anybody for a deny.
		{`URI=spiffe://a/b;URI=spiffe://a/c`, "?# ?subject= ?uri= ?dns="},
		{`URI=spiffe://a/b;URI=spiffe://a/c;URI=spiffe://a/d`, "?# ?subject= ?uri= ?dns="},
		{`URI=spiffe://a/b;URI=spiffe://a/b`, "?# ?subject= ?uri= ?dns="},
		{`DNS=a.example.com`, "?# ?subject= ?uri= dns=a.example.com"},
		{`DNS=A.Example.COM;DNS=b`, "?# ?subject= ?uri= dns=a.example.com,b"},
		// A name that nobody can be leaves it untold whether there is another.
		{`DNS=*.example.com`, "?# ?subject= ?uri= ?dns="},
		{`DNS=a.example.com;DNS=b_.;DNS=c`, "?# ?subject= ?uri= ?dns=a.example.com,c"},
		{`DNS=`, "?# ?subject= ?uri= ?dns="},
	} {
		var got []string
		elements, ok := parseForwarded(c.value)
		for _, e := range elements {
			got = append(got, show(e))
		}
		if line := strings.Join(got, "\n"); line != c.want || !ok {
			t.Errorf("parseForwarded(%s) = %v, %v\nwant %v", c.value, line, ok, c.want)
		}
	}
}

var refusedForwarded = []string{
	``, ` `, `,`, `;`, `=`, `"`, `By`, `Hash`, `x`, `a=b`, `=x`, `By =x`, ` By=x`, `By=x `, `By= x`, `By=x;`, `;By=x`, `By=x,`, `,By=x`,
	`By=x;;Hash=` + sha, `By=x, By=y`, `By=x,,By=y`, `By=x,By=y,By=z`, `By=x; Hash=` + sha, "By=x\t", "By=\x00", "By=\x7f", "By=é",
	"By=x\nURI=y",
	// Keys in another case, unknown ones, and ones of other versions.
	`by=x`, `BY=x`, `hash=` + sha, `Uri=x`, `SAN=x`, `Issuer="x"`, `dns=x`, `DNS =x`,
	// Twice, or in another order than Envoy's: a name in a certificate may look like a pair.
	`Hash=` + sha + `;Hash=` + sha, `Subject="";Subject=""`, `Cert="a";Cert="a"`, `Chain="a";Chain="a"`,
	`URI=x;Hash=` + sha, `URI=http://x;Subject="CN=admin"`, `DNS=a;URI=spiffe://a/b`, `DNS=a;Hash=` + sha, `Subject="";Hash=` + sha,
	`Hash=` + sha + `;By=x`,
	// The digest.
	`Hash=`, `Hash=00`, `Hash=` + sha + `0`, `Hash=` + sha[1:], `Hash=` + strings.ToUpper(sha), `Hash=` + sha[1:] + `g`, `Hash="` + sha,
	`Hash="\` + sha[1:] + `"`,
	// Quotes.
	`Subject=CN`, `Subject=CN=a`, `Subject="CN=a`, `Subject="CN=a\"`, `Subject="CN=a\`, `Subject="a"b`, `Subject="a""b"`, `Subject="a" `,
	`Subject='a'`,
	`Subject=a"b"`, `Cert=x`, `Chain=x`, `Cert="x"`, `Cert="-----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----%0A"`,
	`URI="x\y"`, `URI=x\y`, `URI=x"y`, `URI="x`, `DNS="a`, `DNS="\a"`, `By="\x"`, `URI=x y`, `DNS=a b`, `URI=a=b`, "Subject=\"\x01\"",
	"Subject=\"\\\n\"", "Subject=\"\\\x00\"", "Subject=\"é\"",
}

func TestForwardedRefused(t *testing.T) {
	for _, value := range refusedForwarded {
		if elements, ok := parseForwarded(value); ok || elements != nil {
			t.Errorf("parseForwarded(%q) = %v, %v, want nothing", value, elements, ok)
		}
	}
}

// FuzzForwarded: whatever is accepted is written again in one way, which reads the same.
func FuzzForwarded(f *testing.F) {
	for _, value := range refusedForwarded {
		f.Add(value)
	}
	f.Add(`By=spiffe://a/b;Hash=` + sha + `;Subject="CN=a\"b,O=c";URI=spiffe://a/b;DNS=a.example.com;DNS=b,By=x;Hash=` + sha2 + `;URI=`)
	f.Fuzz(func(t *testing.T, value string) {
		elements, ok := parseForwarded(value)
		if !ok {
			if elements != nil {
				t.Fatalf("parseForwarded(%q) is refused with %v", value, elements)
			}
			return
		}
		if len(elements) == 0 || len(elements) > maxElements {
			t.Fatalf("parseForwarded(%q) has %d elements", value, len(elements))
		}
		var written []string
		for _, c := range elements {
			written = append(written, writeElement(c))
			odd := slices.ContainsFunc(c.dns, func(name string) bool { return !IsDNSName(name) })
			if odd || c.digest != "" && !IsDigest(c.digest) {
				t.Fatalf("parseForwarded(%q) = %s", value, show(c))
			}
		}
		again, ok := parseForwarded(strings.Join(written, ","))
		if !ok || len(again) != len(elements) {
			t.Fatalf("parseForwarded(%q): written as %q it is refused", value, written)
		}
		for i := range again {
			if show(again[i]) != show(elements[i]) {
				t.Fatalf("parseForwarded(%q) = %s, and written again %s", value, show(elements[i]), show(again[i]))
			}
		}
	})
}

// writeElement writes an element that reads as c.
func writeElement(c certificate) string {
	pairs := []string{"By="}
	if c.digest != "" {
		pairs = append(pairs, "Hash="+c.digest)
	}
	if !c.untold.Has(FormSubject) {
		pairs = append(pairs, `Subject="`+c.subject+`"`)
	}
	if !c.untold.Has(FormSPIFFE) {
		pairs = append(pairs, `URI="`+c.uri+`"`)
	}
	for _, name := range c.dns {
		pairs = append(pairs, "DNS="+name)
	}
	if len(c.dns) > 0 && c.untold.Has(FormDNS) {
		pairs = append(pairs, "DNS=")
	}
	return strings.Join(pairs, ";")
}

// TestForwarded: whose certificate it is, of what proxies that append may send.
func TestForwarded(t *testing.T) {
	const client, own = `By=x;Hash=` + sha2 + `;URI=spiffe://a/b`, `By=y;Hash=` + sha + `;URI=spiffe://a/proxy`
	for _, c := range []struct {
		name, digest, alone, appended string // "" is refused, "-" nobody
		values                        []string
	}{
		{"no header", sha, "-", "", nil},
		{"the client's element", sha, "spiffe://a/b", "", []string{client}},
		{"the connection's element", sha, "", "-", []string{own}},
		{"both", sha, "", "spiffe://a/b", []string{client + "," + own}},
		{"both, in the other order", sha, "", "", []string{own + "," + client}},
		{"both, in two headers", sha, "", "", []string{client, own}},
		{"twice", sha, "", "", []string{client, client}},
		{"two clients'", sha, "", "", []string{client + "," + client}},
		{"three", sha, "", "", []string{client + "," + client + "," + own}},
		{"empty", sha, "", "", []string{""}},
		{"malformed", sha, "", "", []string{client + ";"}},
		{"the connection's own, as a client's", sha, "", "", []string{own + "," + own}},
		{"without a digest", sha, "spiffe://a/b", "", []string{"URI=spiffe://a/b"}},
		{"no digest of the connection", "", "", "", []string{"URI=spiffe://a/b"}},
		{"no digest of the connection, both", "", "", "", []string{client + ",By=y"}},
	} {
		var pairs [][2]string
		for _, v := range c.values {
			pairs = append(pairs, [2]string{forwardedHeader, v})
		}
		for _, r := range []peerRules{{}, {appended: true}} {
			want := c.alone
			if r.appended {
				want = c.appended
			}
			got, ok := r.forwarded(pairs, c.digest)
			line := got.uri
			if ok && line == "" {
				line = "-"
			}
			if line != want || ok != (want != "") {
				t.Errorf("%s, appended %v: forwarded = %q, %v, want %q", c.name, r.appended, line, ok, want)
			}
		}
	}
}
