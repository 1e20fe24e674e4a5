package gate_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
)

// TestPeerInIdentity: a header of the certificate is written with and without a token, and
// of the certificate that a trusted proxy names. The audit line names both.
func TestPeerInIdentity(t *testing.T) {
	const web, proxy = "spiffe://cluster.local/ns/prod/sa/web", "spiffe://cluster.local/ns/edge/sa/proxy"
	g, err := gate.New(`{
		"version": 1,
		"peer": {"trustDomain": "cluster.local", "subjects": ["*"], "forwardedBy": {"peers": ["`+proxy+`"]}},
		"issuers": [{"name": "corp", "issuer": "https://issuer.example.com", "audiences": ["models"], "algorithms": ["HS256"],
			"symmetric": {"env": "KEY"}}],
		"routes": [{"prefix": "/models", "protocol": "kserve-v1", "names": "kserve"}],
		"grants": [{"name": "all", "members": ["allUsers"], "role": "invoker", "models": ["*/*"]}],
		"audit": "all",
		"identity": [
			{"header": "x-client", "value": "{peer}"},
			{"header": "x-both", "value": "{issuer}/{peer}"},
			{"header": "x-machine", "value": "{peer}", "issuers": ["corp"]}]
	}`, func(string) (string, bool) { return "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true })
	if err != nil {
		t.Fatal(err)
	}
	if needs := g.PeerNeeds(); needs != (authn.PeerNeeds{Peer: true, Subject: true}) {
		t.Errorf("PeerNeeds() = %+v", needs)
	}
	for _, c := range []struct {
		name              string
		peer              authn.Peer
		header            string
		client, via, want string
	}{
		{"a SPIFFE ID", authn.Peer{URI: web, Validated: true}, "", web, "", "allowed"},
		{"a subject", authn.Peer{Subject: "CN=a b,O=c", Validated: true}, "", "subject:CN=a b,O=c", "", "allowed"},
		{"not validated", authn.Peer{URI: web}, "", "", "", "allowed"},
		{"nobody", authn.Peer{}, "", "", "", "allowed"},
		{"forged", authn.Peer{URI: web, Validated: true}, "URI=" + proxy, web, "", "allowed"},
		{"forwarded", authn.Peer{URI: proxy, Digest: "00", Validated: true}, "URI=" + web, web, proxy, "allowed"},
		{"forwarded, no client", authn.Peer{URI: proxy, Digest: "00", Validated: true}, "", "", proxy, "allowed"},
		{"forwarded, malformed", authn.Peer{URI: proxy, Digest: "00", Validated: true}, "x", "", "", "certificate_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &gate.Head{End: true, Peer: c.peer, Pairs: [][2]string{
				{":method", "POST"}, {":path", "/models/prod/fraud:predict"}, {":authority", "a"}, {"x-client", "forged"}, {"x-both", "forged"},
			}}
			if c.header != "" {
				h.Pairs = append(h.Pairs, [2]string{"x-forwarded-client-cert", c.header})
			}
			x, step := begin(g, h)
			if got := step.Reason.String(); got != c.want || x.Principal.Peer != c.client {
				t.Fatalf("Begin = %s for %q, want %s for %q", got, x.Principal.Peer, c.want, c.client)
			}
			audit := readAudit(t, step.Audit, "")
			if audit.Peer != c.client || audit.ForwardedBy != c.via {
				t.Errorf("audit = %s, want peer %q and forwarded_by %q", step.Audit, c.client, c.via)
			}
			if step.Act != gate.Forward {
				return
			}
			client := ""
			for _, p := range sent(h, step) {
				switch p[0] {
				case "x-client":
					client += p[1]
				case "x-both", "x-machine", "x-forwarded-client-cert":
					t.Errorf("the upstream gets %s: %s", p[0], p[1])
				}
			}
			if client != c.client {
				t.Errorf("the upstream gets x-client %q, want %q", client, c.client)
			}
		})
	}
}

// TestPeerIdentityInShadow: a request that only its route's shadow lets pass has no verified
// identity, whatever its certificate says.
func TestPeerIdentityInShadow(t *testing.T) {
	const web = "spiffe://cluster.local/ns/prod/sa/web"
	g, err := gate.New(`{
		"version": 1,
		"peer": {"trustDomain": "cluster.local"},
		"issuers": [{"name": "corp", "issuer": "https://issuer.example.com", "audiences": ["models"], "algorithms": ["HS256"],
			"symmetric": {"env": "KEY"}}],
		"routes": [{"prefix": "/models", "protocol": "kserve-v1", "names": "kserve", "shadow": {"until": "2100-01-01T00:00:00Z"}}],
		"grants": [{"name": "all", "members": ["allUsers"], "role": "invoker", "models": ["prod/*"]}],
		"identity": [{"header": "x-client", "value": "{peer}"}]
	}`, func(string) (string, bool) { return "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ token, want string }{{"", web}, {"Bearer x", ""}} {
		h := &gate.Head{End: true, Peer: authn.Peer{URI: web, Validated: true}, Pairs: [][2]string{
			{":method", "POST"}, {":path", "/models/prod/fraud:predict"}, {":authority", "a"},
		}}
		if c.token != "" {
			h.Pairs = append(h.Pairs, [2]string{"authorization", c.token})
		}
		_, step := begin(g, h)
		if step.Act != gate.Forward {
			t.Fatalf("Begin(%q) = %s, want it forwarded", c.token, step.Reason)
		}
		got := ""
		for _, p := range step.Edit.Set {
			if p[0] == "x-client" {
				got = p[1]
			}
		}
		if got != c.want {
			t.Errorf("Begin(%q): the upstream gets x-client %q, want %q", c.token, got, c.want)
		}
	}
}
