package authn

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// compileWithPeer reads "issuers" and "peer" as JSON text.
func compileWithPeer(issuers, peer string) (world, strictjson.Problems) {
	var problems strictjson.Problems
	v, _ := strictjson.Parse(issuers, &problems)
	p, _ := strictjson.Parse(peer, &problems)
	a, keys := Compile(v, p, true, secrets)
	return world{a, Env{Now: now, Keys: keys}}, problems
}

const mesh = `{"trustDomain":"cluster.local"}`

func TestPeer(t *testing.T) {
	w, problems := compileWithPeer("["+ownDoc+"]", mesh)
	if problems != nil || w.a.PeerNeeds() != (PeerNeeds{Peer: true}) {
		t.Fatalf("Compile: %v", problems)
	}
	long := "spiffe://cluster.local/" + strings.Repeat("a", 2048-len("spiffe://cluster.local/"))
	for _, id := range []string{
		"spiffe://cluster.local/ns/prod/sa/web", "spiffe://cluster.local/a", "spiffe://cluster.local/A.b-c_9",
		"spiffe://cluster.local/.a/a./...",
		"spiffe://cluster.local/ns/Prod/sa/Web", "spiffe://cluster.local/spiffe/x", long,
	} {
		if got, ok := w.identify(id, true), w.a.IsPeerName(id); got != id || !ok {
			t.Errorf("Authenticate(peer %.80q).Peer = %.80q, IsPeerName = %v, want itself", id, got, ok)
		}
		if got := w.identify(id, false); got != "" {
			t.Errorf("Authenticate(peer %.80q, not validated).Peer = %.80q, want none", id, got)
		}
	}
	for _, id := range []string{
		"", " ", "cluster.local/ns/prod/sa/web", "/ns/prod/sa/web", "spiffe:", "spiffe://", "spiffe:///ns/a/sa/b",
		"spiffe://cluster.local", "spiffe://cluster.local/",
		// Another trust domain, or one that only looks alike.
		"spiffe://other.local/ns/prod/sa/web", "spiffe://cluster.local.evil/ns/prod/sa/web", "spiffe://x.cluster.local/a",
		"spiffe://cluster.locals/a", "spiffe://cluster/local/a", "spiffe://clusterXlocal/a",
		"spiffe://Cluster.local/a", "spiffe://CLUSTER.LOCAL/a", "SPIFFE://cluster.local/a", "Spiffe://cluster.local/a",
		"spiffe:/cluster.local/a", "https://cluster.local/a", "spiffe://evil/cluster.local/a",
		// Userinfo and port.
		"spiffe://user@cluster.local/a", "spiffe://cluster.local@evil/a", "spiffe://cluster.local:443/a",
		"spiffe://cluster.local:/a", "spiffe://:x@cluster.local/a",
		// Segments.
		"spiffe://cluster.local//a", "spiffe://cluster.local/a/", "spiffe://cluster.local/a//b",
		"spiffe://cluster.local/.", "spiffe://cluster.local/..", "spiffe://cluster.local/a/./b",
		"spiffe://cluster.local/ns/prod/../other/sa/web", "spiffe://cluster.local/a/..",
		"spiffe://cluster.local/../cluster.local/a",
		// Bytes.
		"spiffe://cluster.local/a?b", "spiffe://cluster.local/a?", "spiffe://cluster.local/a#b",
		"spiffe://cluster.local/a#", "spiffe://cluster.local/%61", "spiffe://cluster.local/a%2Fb",
		"spiffe://cluster.local/a b",
		"spiffe://cluster.local/a\\b", "spiffe://cluster.local/a:b", "spiffe://cluster.local/a@b",
		"spiffe://cluster.local/a;b", "spiffe://cluster.local/a,b", "spiffe://cluster.local/a*",
		"spiffe://cluster.local/é",
		"spiffe://cluster.local/a\x00", "spiffe://cluster.local/a\n", "spiffe://cluster.local/a\r\nx: y",
		" spiffe://cluster.local/a", "spiffe://cluster.local/a ", "spiffe://cluster.local/a\x7f",
		"spiffe://cluster.local/a~",
		"spiffe://cluster.local/a,spiffe://cluster.local/b", long + "a",
	} {
		if got, ok := w.identify(id, true), w.a.IsPeerName(id); got != "" || ok {
			t.Errorf("Authenticate(peer %.80q).Peer = %.80q, IsPeerName = %v, want none", id, got, ok)
		}
	}
	// Without a trust domain a certificate identifies nobody.
	w, _ = compile("[" + ownDoc + "]")
	for _, id := range []string{"spiffe://cluster.local/a", "spiffe:///a", "spiffe:////a", ""} {
		if got := w.identify(id, true); got != "" || w.a.IsPeerName(id) || w.a.PeerNeeds().Peer {
			t.Errorf("without a trust domain, Authenticate(peer %q).Peer = %q", id, got)
		}
	}
}

// identify returns Peer of the principals of a request without a token and of one
// with a bad token, which must be the same.
func (w world) identify(uri string, validated bool) string {
	peer := Peer{URI: uri, Validated: validated}
	p, why := w.authenticate(nil, peer)
	bad, refused := w.authenticate([][2]string{{"authorization", "Bearer x"}}, peer)
	if why != reason.Allowed || refused != reason.TokenMalformed || !p.Anonymous() || !bad.Anonymous() || p.Peer != bad.Peer {
		return "not what the certificate says: " + why.String() + " " + refused.String()
	}
	return p.Peer
}

func TestPeerNamespace(t *testing.T) {
	for id, want := range map[string]string{
		"spiffe://cluster.local/ns/prod/sa/web": "prod",
		"spiffe://a/ns/ns/sa/sa":                "ns",
		"spiffe://a/ns/sa/sa/ns":                "sa",
		"":                                      "",
		"spiffe://a/ns/prod":                    "",
		"spiffe://a/ns/prod/sa":                 "",
		"spiffe://a/ns/prod/sa/":                "",
		"spiffe://a/ns/prod/sa/web/x":           "",
		"spiffe://a/x/ns/prod/sa/web":           "",
		"spiffe://a/ns//sa/web":                 "",
		"spiffe://a/NS/prod/sa/web":             "",
		"spiffe://a/ns/prod/SA/web":             "",
		"spiffe://a/ns/prod/web/sa":             "",
		"spiffe://a/sa/web/ns/prod":             "",
		"spiffe://a/nsx/prod/sa/web":            "",
		"spiffe://a/ns/prod/sax/web":            "",
		"spiffe://a/ns/prod/x/sa/web":           "",
		"spiffe://ns/prod/sa/web":               "",
		"spiffe://a":                            "",
		"spiffe://a/web":                        "",
		"dns:a/ns/prod/sa/web":                  "",
		"subject:CN=a/ns/prod/sa/web":           "",
		"SPIFFE://a/ns/prod/sa/web":             "",
	} {
		if got := PeerNamespace(id); got != want {
			t.Errorf("PeerNamespace(%s) = %q, want %q", id, got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { PeerNamespace("spiffe://cluster.local/ns/prod/sa/web") }); n != 0 {
		t.Errorf("PeerNamespace allocates %v times", n)
	}
}

func TestTrustDomains(t *testing.T) {
	const form = `"/trustDomain": must be a SPIFFE trust domain in lower case, without spiffe://, such as cluster.local; got `
	for _, c := range []struct{ peer, want string }{
		{mesh, ``},
		{`{"trustDomain":"a"}`, ``},
		{`{"trustDomain":"prod_1.example-2.org"}`, ``},
		{`{"trustDomain":"` + strings.Repeat("a", 255) + `"}`, ``},
		{`{"trustDomain":"` + strings.Repeat("a", 256) + `"}`, form + `"` + strings.Repeat("a", 79) + `…`},
		{`{"trustDomain":"Cluster.local"}`, form + `"Cluster.local"`},
		{`{"trustDomain":"spiffe://cluster.local"}`, form + `"spiffe://cluster.local"`},
		{`{"trustDomain":"a/b"}`, form + `"a/b"`},
		{`{"trustDomain":"a:1"}`, form + `"a:1"`},
		{`{"trustDomain":"*"}`, form + `"*"`},
		{`{"trustDomain":"u@a"}`, form + `"u@a"`},
		{`{"trustDomain":"a b"}`, form + `"a b"`},
		{`{"trustDomain":"é"}`, form + `"é"`},
		{`{"trustDomain":""}`, `"/trustDomain": ` + isEmpty},
		{`{"trustDomain":7}`, `"/trustDomain": must be a string; got 7`},
		{`{"trustDomain":["a"]}`, `"/trustDomain": must be a string; got an array`},
		{`{}`, `"": needs "trustDomain", "dns", "subjects" or "certificates"`},
		{`"cluster.local"`, `"": must be an object; got "cluster.local"`},
		{`{"trustDomain":"a","ca":"b"}`, `"/ca": unknown field "ca"; known are trustDomain, dns, subjects, certificates, forwardedBy`},
	} {
		t.Run(c.peer, func(t *testing.T) {
			if _, problems := compileWithPeer("["+ownDoc+"]", c.peer); problems.Error() != c.want {
				t.Errorf("Compile(peer %s) = %v, want %s", c.peer, problems, c.want)
			}
		})
	}
}
