package authn

import (
	"crypto/x509"
	"net/url"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

const everyForm = `{"trustDomain": "cluster.local", "dns": ["*.clients.example.com", "batch.example.com"],
	"subjects": ["CN=scorer,O=Example", "CN=a\\,b,O=x"], "certificates": ["` + sha + `"]}`

// names is a holder in one line; a form that is untold has a "?" before it.
func (h *Holder) names() string {
	list := append([]string{h.Peer}, h.PeerNames...)
	for _, f := range []struct {
		form PeerForms
		name string
	}{{FormSPIFFE, "spiffe"}, {FormDNS, "dns"}, {FormSubject, "subject"}, {FormDigest, "certificate"}} {
		if h.PeerUntold.Has(f.form) {
			list = append(list, "?"+f.name)
		}
	}
	if h.Via != nil {
		list = append(list, "via", h.Via.names())
	}
	return strings.TrimSpace(strings.Join(list, " "))
}

func uris(ids ...string) (list []*url.URL) {
	for _, id := range ids {
		u, err := url.Parse(id)
		if err != nil {
			panic(err)
		}
		list = append(list, u)
	}
	return list
}

func peerWorld(t *testing.T, peer string) world {
	t.Helper()
	w, problems := compileWithPeer("["+ownDoc+"]", peer)
	if problems != nil {
		t.Fatal(problems)
	}
	return w
}

// TestHolderNames: a certificate has exactly those names that the configuration opens.
func TestHolderNames(t *testing.T) {
	const id = "spiffe://cluster.local/ns/prod/sa/web"
	dns := func(names ...string) string { return makePEM(t, x509.Certificate{DNSNames: names}) }
	withID := makePEM(t, x509.Certificate{DNSNames: []string{"a.clients.example.com", "x", "batch.example.com"}, URIs: uris(id)})
	none := dns()
	for _, c := range []struct {
		name, config string
		peer         Peer
		want         string
	}{
		{"every form", everyForm, Peer{URI: id, Subject: "CN=scorer,O=Example", Digest: sha, Certificate: withID},
			id + " dns:a.clients.example.com dns:batch.example.com subject:CN=scorer,O=Example certificate:" + sha},
		{"nothing of it", everyForm, Peer{URI: "spiffe://other/a", Subject: "CN=x", Digest: sha2, Certificate: dns("x.example.com")}, ""},
		{"no names", everyForm, Peer{Certificate: none}, ""},
		{"only DNS", everyForm, Peer{Certificate: dns("a.clients.example.com")}, "dns:a.clients.example.com"},
		{"two labels for one", everyForm, Peer{Certificate: dns("a.b.clients.example.com")}, ""},
		{"no label for one", everyForm, Peer{Certificate: dns("clients.example.com")}, ""},
		{"a longer name", everyForm, Peer{Certificate: dns("a.clients.example.com.evil.org")}, ""},
		{"a name that ends alike", everyForm, Peer{Certificate: dns("xbatch.example.com")}, ""},
		{"a wildcard for a wildcard", everyForm, Peer{Certificate: dns("*.clients.example.com")}, "?dns"},
		{"upper case", everyForm, Peer{Certificate: dns("Batch.Example.COM")}, "dns:batch.example.com"},
		{"only a subject", everyForm, Peer{Subject: "CN=scorer,O=Example", Certificate: none}, "subject:CN=scorer,O=Example"},
		{"a subject with an escape", everyForm, Peer{Subject: `CN=a\,b,O=x`, Certificate: none}, `subject:CN=a\,b,O=x`},
		{"a subject without the escape", everyForm, Peer{Subject: `CN=a,b,O=x`, Certificate: none}, ""},
		{"a longer subject", everyForm, Peer{Subject: "CN=scorer,O=Example,C=US", Certificate: none}, ""},
		{"a shorter subject", everyForm, Peer{Subject: "CN=scorer", Certificate: none}, ""},
		{"a subject in another order", everyForm, Peer{Subject: "O=Example,CN=scorer", Certificate: none}, ""},
		{"a subject in another case: no grant, and any deny", everyForm, Peer{Subject: "CN=Scorer,O=Example", Certificate: none}, "?subject"},
		{"only a digest", everyForm, Peer{Digest: sha, Certificate: none}, "certificate:" + sha},
		{"a digest in upper case", everyForm, Peer{Digest: strings.ToUpper(sha), Certificate: none}, ""},
		{"a host that does not show the certificate", everyForm, Peer{URI: id}, id + " ?dns"},
		{"a host that shows another thing", everyForm, Peer{URI: id, Certificate: "x"}, id + " ?dns"},
		{"closed by default", mesh, Peer{Subject: "CN=scorer,O=Example", Digest: sha, Certificate: dns("a.clients.example.com")}, ""},
		{"closed by default, beside an ID", mesh, Peer{URI: id, Subject: "CN=scorer,O=Example", Digest: sha,
			Certificate: dns("batch.example.com")}, id},
		{"only DNS is open", `{"dns": ["batch.example.com"]}`, Peer{URI: id, Subject: "CN=scorer,O=Example", Digest: sha,
			Certificate: dns("batch.example.com")},
			"dns:batch.example.com"},
		{"only subjects are open", `{"subjects": ["CN=a"]}`, Peer{URI: id, Subject: "CN=a", Digest: sha, Certificate: "x"}, "subject:CN=a"},
		{"only digests are open", `{"certificates": ["` + sha + `"]}`, Peer{URI: id, Subject: "CN=a", Digest: sha}, "certificate:" + sha},
		{"two URIs, of which the host shows one", everyForm, Peer{URI: id, Certificate: makePEM(t, x509.Certificate{URIs: uris(id,
			"spiffe://cluster.local/b")})}, "?spiffe"},
		{"any DNS name", `{"dns": ["*"]}`, Peer{Certificate: dns("a.b.c", "d")}, "dns:a.b.c dns:d"},
		{"any subject", `{"subjects": ["*"]}`, Peer{Subject: "CN=x y"}, "subject:CN=x y"},
		{"any subject, none there", `{"subjects": ["*"]}`, Peer{}, ""},
		{"any certificate", `{"certificates": ["*"]}`, Peer{Digest: sha2}, "certificate:" + sha2},
		{"any certificate, a broken digest", `{"certificates": ["*"]}`, Peer{Digest: "zz"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := peerWorld(t, c.config)
			c.peer.Validated = true
			p, why := w.authenticate(nil, c.peer)
			if got := p.names(); got != c.want || why != reason.Allowed {
				t.Errorf("Authenticate(%+v) = %q, %v\nwant %q", c.peer, got, why, c.want)
			}
			own := p.Detach()
			if got := own.names(); got != c.want || own.Bytes() < len(strings.Join(p.PeerNames, "")) {
				t.Errorf("Detach = %q of %d bytes, want %q", got, own.Bytes(), c.want)
			}
			c.peer.Validated = false
			if p, _ := w.authenticate(nil, c.peer); !p.IsToken() {
				t.Errorf("Authenticate(%+v) = %q, want nobody", c.peer, p.names())
			}
		})
	}
}

// TestForwardedHolder: a proxy that the configuration names says whose request it is. From
// anybody else the header is not read.
func TestForwardedHolder(t *testing.T) {
	const proxy, web = "spiffe://cluster.local/ns/edge/sa/proxy", "spiffe://cluster.local/ns/prod/sa/web"
	config := func(more string) string {
		return strings.TrimSuffix(everyForm, "}") + `, "forwardedBy": {"peers": ["` + proxy + `", "dns:batch.example.com"]` + more + `}}`
	}
	const header = `By=` + proxy + `;Hash=` + sha + `;Subject="CN=scorer,O=Example";URI=` + web + `;DNS=a.clients.example.com;DNS=x`
	const all = web + " dns:a.clients.example.com subject:CN=scorer,O=Example certificate:" + sha + " via " + proxy
	from := func(uri string) Peer {
		return Peer{URI: uri, Digest: sha2, Validated: true, Certificate: makePEM(t, x509.Certificate{URIs: uris(uri)})}
	}
	notValidated := from(proxy)
	notValidated.Validated = false
	byDNS := Peer{Digest: sha2, Validated: true, Certificate: makePEM(t, x509.Certificate{DNSNames: []string{"batch.example.com"}})}
	for _, c := range []struct {
		name, config string
		peer         Peer
		header, want string
	}{
		{"the proxy", config(``), from(proxy), header, all},
		{"the proxy by its DNS name", config(``), byDNS, header, strings.Replace(all, proxy, "dns:batch.example.com", 1)},
		{"it tells no DNS names", config(``), from(proxy), "Hash=" + sha2[:62] + "00;URI=" + web + `;DNS=`, web + " ?dns ?subject via " + proxy},
		{"it tells an ID only", config(``), from(proxy), "URI=" + web, web + " ?dns ?subject ?certificate via " + proxy},
		{"its client has an ID of another trust domain", config(``), from(proxy), `Subject="";URI=spiffe://x/y`, "?dns ?certificate via " +
			proxy},
		{"its client has no certificate", config(``), from(proxy), "", "via " + proxy},
		{"it cannot be read", config(``), from(proxy), "Hash=0", "certificate_invalid"},
		{"two elements", config(``), from(proxy), header + "," + header, "certificate_invalid"},
		{"another workload", config(``), from(web), header, web},
		{"another workload, malformed", config(``), from(web), "x", web},
		{"nobody", config(``), Peer{}, header, ""},
		{"the proxy's name, not validated", config(``), notValidated, header, ""},
		{"a longer name", config(``), from(proxy + "2"), header, proxy + "2"},
		{"closed by default", everyForm, from(proxy), header, proxy},
		{"this proxy adds its own", config(`, "appended": true`), from(proxy), header + ",By=x;Hash=" + sha2, all},
		{"this proxy adds its own, no client", config(`, "appended": true`), from(proxy), "By=x;Hash=" + sha2, "via " + proxy},
		{"this proxy adds its own, about another", config(`, "appended": true`), from(proxy), header + ",By=x;Hash=" + sha,
			"certificate_invalid"},
		{"this proxy should add its own", config(`, "appended": true`), from(proxy), header, "certificate_invalid"},
		{"this proxy should add its own, and nothing is there", config(`, "appended": true`), from(proxy), "", "certificate_invalid"},
		{"appended is false", config(`, "appended": false`), from(proxy), header, all},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := peerWorld(t, c.config)
			var pairs [][2]string
			if c.header != "" {
				pairs = [][2]string{{"x", "y"}, {forwardedHeader, c.header}}
			}
			p, why := w.authenticate(pairs, c.peer)
			got := p.names()
			if why != reason.Allowed {
				got = strings.TrimSpace(got + why.String())
			}
			if got != c.want {
				t.Errorf("Authenticate = %q\nwant %q", got, c.want)
			}
			if own := p.Detach(); own.names() != p.names() {
				t.Errorf("Detach = %q, want %q", own.names(), p.names())
			}
		})
	}
}

// TestForwardedBinding: RFC 8705 section 3, for the certificate that a trusted proxy names.
func TestForwardedBinding(t *testing.T) {
	const proxy = "spiffe://cluster.local/ns/edge/sa/proxy"
	r := with(row("a", []string{"ES256"}, publicJWK(ecKey, "", "")), "certificateBound", true)
	w, problems := compileWithPeer(mustJSON([]m{r}), `{"trustDomain": "cluster.local", "forwardedBy": {"peers": ["`+proxy+`"]}}`)
	if problems != nil {
		t.Fatal(problems)
	}
	w.env.Cache = NewCache()
	bound := func(digest string) [][2]string {
		return bearerPairs(sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("a", "cnf", m{"x5t#S256": thumbprint(digest)})))
	}
	own := Peer{URI: proxy, Digest: sha2, Validated: true}
	for _, c := range []struct {
		name, token, header string
		peer                Peer
		want                reason.Reason
	}{
		{"its certificate", sha, "Hash=" + sha, own, reason.Allowed},
		{"another", sha, "Hash=" + strings.Repeat("0", 64), own, reason.TokenBinding},
		{"no digest", sha, "URI=spiffe://cluster.local/a", own, reason.TokenBinding},
		{"no certificate", sha, "", own, reason.TokenBinding},
		{"the proxy's own", sha2, "Hash=" + sha, own, reason.TokenBinding},
		{"the proxy's own, and no client's", sha2, "", own, reason.TokenBinding},
		{"a forged header", sha, "Hash=" + sha, Peer{URI: "spiffe://cluster.local/x", Digest: sha2, Validated: true}, reason.TokenBinding},
		{"a forged header, its own certificate", sha2, "Hash=" + sha, Peer{URI: "spiffe://cluster.local/x", Digest: sha2, Validated: true},
			reason.Allowed},
		{"a forged header without a certificate", sha, "Hash=" + sha, Peer{}, reason.TokenBinding},
	} {
		t.Run(c.name, func(t *testing.T) {
			pairs := bound(c.token)
			if c.header != "" {
				pairs = append(pairs, [2]string{forwardedHeader, c.header})
			}
			for i := range 3 {
				if _, got := w.authenticate(pairs, c.peer); got != c.want {
					t.Errorf("Authenticate = %v at time %d, want %v", got, i+1, c.want)
				}
			}
		})
	}
}

// TestRelayThatForwards: a gateway that names the caller in headers, and the caller's
// certificate in x-forwarded-client-cert, is known by its own certificate.
func TestRelayThatForwards(t *testing.T) {
	const proxy, web = "spiffe://cluster.local/ns/edge/sa/proxy", "spiffe://cluster.local/ns/prod/sa/web"
	relay := `{"name": "gw", "relay": {"peers": ["` + proxy + `"], "subject": "x-caller"}}`
	w, problems := compileWithPeer("["+relay+"]", `{"trustDomain": "cluster.local", "forwardedBy": {"peers": ["`+proxy+`"]}}`)
	if problems != nil {
		t.Fatal(problems)
	}
	for _, c := range []struct{ from, header, subject, names string }{
		{proxy, "URI=" + web, "ana", web + " via " + proxy},
		{proxy, "URI=spiffe://x/y", "ana", "via " + proxy},
		{web, "URI=" + proxy, "", web}, // a client that pretends to be the gateway's
	} {
		pairs := [][2]string{{"x-caller", "ana"}, {forwardedHeader, c.header}}
		p, why := w.authenticate(pairs, Peer{URI: c.from, Digest: sha2, Validated: true})
		if p.Subject != c.subject || p.names() != c.names || why != reason.Allowed {
			t.Errorf("Authenticate(%s, %s) = %q, %q, %v, want %q, %q", c.from, c.header, p.Subject, p.names(), why, c.subject, c.names)
		}
	}
	// A client of the gateway is not the gateway, though it has its name.
	p, _ := w.authenticate([][2]string{{"x-caller", "ana"}, {forwardedHeader, "URI=" + proxy}}, Peer{URI: web, Validated: true})
	if !p.Anonymous() {
		t.Errorf("Authenticate = %q, want nobody", p.Subject)
	}
}

func TestPeerRefused(t *testing.T) {
	const dns, subject, digest = `must be a DNS name in lower case, "*." and a domain, or "*"; got `,
		`must be a subject as RFC 2253 writes it, such as CN=scorer,O=Example, or "*"; got `,
		`must be the SHA-256 of a certificate, 64 digits of 0-9 and a-f, or "*"; got `
	const holder = `must be a name that "peer" makes a principal, after spiffe:, dns:, subject: or certificate:; got `
	for _, c := range []struct{ peer, want string }{
		{`{"dns":["a.example.com","*.example.com","localhost","a_b","xn--4ca","1.2"]}`, ``},
		{`{"dns":["*"]}`, ``},
		{`{"dns":[]}`, `"/dns": ` + isEmpty},
		{`{"dns":"a"}`, `"/dns": must be an array; got "a"`},
		{`{"dns":[""]}`, `"/dns/0": ` + isEmpty},
		{`{"dns":["a","a"]}`, `"/dns/1": "a" is there twice`},
		{`{"dns":["*","a"]}`, `"/dns/0": must be alone: "*" is any`},
		{`{"dns":["A"]}`, `"/dns/0": ` + dns + `"A"`},
		{`{"dns":["a."]}`, `"/dns/0": ` + dns + `"a."`},
		{`{"dns":[".a"]}`, `"/dns/0": ` + dns + `".a"`},
		{`{"dns":["a..b"]}`, `"/dns/0": ` + dns + `"a..b"`},
		{`{"dns":["-a"]}`, `"/dns/0": ` + dns + `"-a"`},
		{`{"dns":["*.*.a"]}`, `"/dns/0": ` + dns + `"*.*.a"`},
		{`{"dns":["a*.b"]}`, `"/dns/0": ` + dns + `"a*.b"`},
		{`{"dns":["*."]}`, `"/dns/0": ` + dns + `"*."`},
		{`{"dns":["**"]}`, `"/dns/0": ` + dns + `"**"`},
		{`{"dns":["dns:a"]}`, `"/dns/0": ` + dns + `"dns:a"`},
		{`{"dns":["` + strings.Repeat("a", 64) + `"]}`, `"/dns/0": ` + dns + `"` + strings.Repeat("a", 64) + `"`},
		{`{"dns":["é"]}`, `"/dns/0": ` + dns + `"é"`},
		{`{"subjects":["CN=a","CN=a\\,b+OU=c,O=d e","2.5.4.3=a","CN=#04","emailAddress=a@b,CN=a","CN=a\\ "]}`, ``},
		{`{"subjects":["*"]}`, ``},
		{`{"subjects":["CN = a, O = b"]}`, `"/subjects/0": ` + subject + `"CN = a, O = b"`},
		{`{"subjects":["CN=a, O=b"]}`, `"/subjects/0": ` + subject + `"CN=a, O=b"`},
		{`{"subjects":["CN=a ,O=b"]}`, `"/subjects/0": ` + subject + `"CN=a ,O=b"`},
		{`{"subjects":["/O=b/CN=a"]}`, `"/subjects/0": ` + subject + `"/O=b/CN=a"`},
		{`{"subjects":["CN=a,"]}`, `"/subjects/0": ` + subject + `"CN=a,"`},
		{`{"subjects":["CN="]}`, `"/subjects/0": ` + subject + `"CN="`},
		{`{"subjects":["CN=a,O"]}`, `"/subjects/0": ` + subject + `"CN=a,O"`},
		{`{"subjects":["a"]}`, `"/subjects/0": ` + subject + `"a"`},
		{`{"subjects":["CN=é"]}`, `"/subjects/0": ` + subject + `"CN=é"`},
		{`{"subjects":["*","CN=a"]}`, `"/subjects/0": must be alone: "*" is any`},
		{`{"certificates":["` + sha + `"]}`, ``},
		{`{"certificates":["*"]}`, ``},
		{`{"certificates":["` + strings.ToUpper(sha) + `"]}`, `"/certificates/0": ` + digest + `"` + strings.ToUpper(sha) + `"`},
		{`{"certificates":["` + sha[1:] + `"]}`, `"/certificates/0": ` + digest + `"` + sha[1:] + `"`},
		{`{"certificates":["01:23"]}`, `"/certificates/0": ` + digest + `"01:23"`},
		{`{"forwardedBy":{"peers":["spiffe://a/b"]}}`, `"": needs "trustDomain", "dns", "subjects" or "certificates"` + "\n" +
			`"/forwardedBy/peers/0": needs its trust domain in "peer"`},
		{`{"trustDomain":"a","forwardedBy":{"peers":["spiffe://a/b"],"appended":true}}`, ``},
		{`{"trustDomain":"a","forwardedBy":{}}`, `"/forwardedBy": needs "peers"`},
		{`{"trustDomain":"a","forwardedBy":{"peers":[]}}`, `"/forwardedBy/peers": ` + isEmpty},
		{`{"trustDomain":"a","forwardedBy":["spiffe://a/b"]}`, `"/forwardedBy": must be an object; got an array`},
		{`{"trustDomain":"a","forwardedBy":{"peers":["spiffe://a/b"],"appended":1}}`, `"/forwardedBy/appended": must be true or false; got 1`},
		{`{"trustDomain":"a","forwardedBy":{"peers":["spiffe://a/b"],"elements":2}}`,
			`"/forwardedBy/elements": unknown field "elements"; known are peers, appended`},
		{`{"trustDomain":"a","forwardedBy":{"peers":["spiffe://b/c"]}}`,
			`"/forwardedBy/peers/0": must be a SPIFFE ID of the trust domain, ` +
				`such as spiffe://a/ns/NAMESPACE/sa/SERVICE-ACCOUNT; got "spiffe://b/c"`},
		{`{"dns":["*.a"],"forwardedBy":{"peers":["dns:b.a"]}}`, ``},
		{`{"dns":["*.a"],"forwardedBy":{"peers":["dns:b"]}}`, `"/forwardedBy/peers/0": ` + holder + `"dns:b"`},
		{`{"dns":["*.a"],"forwardedBy":{"peers":["dns:*.a"]}}`, `"/forwardedBy/peers/0": ` + holder + `"dns:*.a"`},
		{`{"dns":["*"],"forwardedBy":{"peers":["*"]}}`, `"/forwardedBy/peers/0": ` + holder + `"*"`},
		{`{"dns":["*"],"forwardedBy":{"peers":["dns:*"]}}`, `"/forwardedBy/peers/0": ` + holder + `"dns:*"`},
		{`{"subjects":["CN=a"],"forwardedBy":{"peers":["subject:CN=a"]}}`, ``},
		{`{"subjects":["CN=a"],"forwardedBy":{"peers":["CN=a"]}}`, `"/forwardedBy/peers/0": ` + holder + `"CN=a"`},
		{`{"subjects":["*"],"forwardedBy":{"peers":["subject:*"]}}`, `"/forwardedBy/peers/0": ` + holder + `"subject:*"`},
		{`{"certificates":["*"],"forwardedBy":{"peers":["certificate:` + sha + `"]}}`, ``},
		{`{"certificates":["` + sha + `"],"forwardedBy":{"peers":["certificate:` + sha2 + `"]}}`, `"/forwardedBy/peers/0": ` + holder +
			`"certificate:` + sha2 + `"`},
	} {
		t.Run(c.peer, func(t *testing.T) {
			if _, problems := compileWithPeer("["+ownDoc+"]", c.peer); problems.Error() != c.want {
				t.Errorf("Compile(peer %s) = %v\nwant %s", c.peer, problems, c.want)
			}
		})
	}
}
