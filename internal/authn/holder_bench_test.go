package authn

import (
	"crypto/x509"
	"testing"
)

// BenchmarkHolder is what a request's certificate costs: its SPIFFE ID alone, its DNS names
// as well, and the same from a proxy in front.
func BenchmarkHolder(b *testing.B) {
	const id, proxy = "spiffe://cluster.local/ns/prod/sa/web", "spiffe://cluster.local/ns/edge/sa/proxy"
	pem := percent.Replace(makePEM(b, x509.Certificate{URIs: uris(id), DNSNames: []string{"a.clients.example.com"}}))
	for _, c := range []struct {
		name, peer string
		Peer
		header string
	}{
		{"SPIFFE", mesh, Peer{URI: id, Validated: true, Digest: sha}, ""},
		{"DNS", `{"trustDomain": "cluster.local", "dns": ["*.clients.example.com"]}`, Peer{URI: id, Validated: true, Digest: sha,
			Certificate: pem}, ""},
		{"forwarded", `{"trustDomain": "cluster.local", "forwardedBy": {"peers": ["` + proxy + `"]}}`, Peer{URI: proxy, Validated: true,
			Digest: sha2},
			"Hash=" + sha + `;Subject="";URI=` + id},
	} {
		w, problems := compileWithPeer("["+ownDoc+"]", c.peer)
		if problems != nil {
			b.Fatal(problems)
		}
		pairs := [][2]string{{forwardedHeader, c.header}}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p, _ := w.authenticate(pairs, c.Peer); p.Peer != id {
					b.Fatal(p.Peer)
				}
			}
		})
	}
}
