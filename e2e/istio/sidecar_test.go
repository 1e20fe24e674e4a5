package istio

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	security "istio.io/api/security/v1beta1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const predictorID = "spiffe://cluster.local/ns/prod/sa/fraud"

// authority makes a certificate authority.
func authority(t *testing.T, name string) *certs.Authority {
	t.Helper()
	a, err := certs.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// certs is a directory with a workload's certificate.
func withCerts(t *testing.T, a *certs.Authority, uri string) string {
	t.Helper()
	dir := t.TempDir()
	if err := a.Write(dir, uri); err != nil {
		t.Fatal(err)
	}
	return dir
}

// client is a workload's TLS, as a sidecar speaks it: its ALPN is how an inbound
// listener knows it from TLS that is the application's own.
func client(t *testing.T, a *certs.Authority, uri string) *tls.Config {
	t.Helper()
	config, err := a.Client(uri)
	if err != nil {
		t.Fatal(err)
	}
	config.NextProtos = []string{"istio-http/1.1", "http/1.1"}
	return config
}

// inbound are the resources of a predictor's sidecar.
func inbound(t *testing.T, w workload, model string) []config.Config {
	t.Helper()
	return testdata(t, "sidecar.yaml", map[string]string{"IP": w.ip, "PORT": w.port, "MODEL": portOf(model)})
}

// peers is the sidecar's PeerAuthentication with another mode.
func peers(t *testing.T, mode security.PeerAuthentication_MutualTLS_Mode) config.Config {
	t.Helper()
	c := only[*security.PeerAuthentication](t, manifests(t, "sidecar")).DeepCopy()
	c.Spec.(*security.PeerAuthentication).Mtls.Mode = mode
	return c
}

// onPort is the same with an exception for a port, which lets plaintext in.
func onPort(t *testing.T, c config.Config, port string) config.Config {
	t.Helper()
	c.Spec.(*security.PeerAuthentication).PortLevelMtls = map[uint32]*security.PeerAuthentication_MutualTLS{
		number(t, port): {Mode: security.PeerAuthentication_MutualTLS_DISABLE},
	}
	return c
}

// TestSidecar runs the sidecar's cases, each with its client certificate, on an
// inbound listener of each mode of PeerAuthentication. Where a mode, or an
// exception for the port, lets plaintext in, the gate is what is left: it takes
// who comes by it for nobody.
func TestSidecar(t *testing.T) {
	s := load(t, "gateway-and-sidecar")
	sidecarCases(t, s, predictor(t), plugin(t, "sidecar", s))
}

// TestNativeSidecar is the same by the dynamic module of manifests/istio/native-sidecar.
func TestNativeSidecar(t *testing.T) {
	s := load(t, "gateway-and-sidecar")
	sidecarCases(t, s, withLibrary(t, predictor(t)), libraryOf(t, "native-sidecar", s.Config))
}

func sidecarCases(t *testing.T, s *corpus.Scenario, w workload, gate config.Config) {
	t.Helper()
	model := upstreams(t, "fraud")
	mesh, unknown := authority(t, "mesh"), authority(t, "unknown")
	w.certs = withCerts(t, mesh, predictorID)
	strict := security.PeerAuthentication_MutualTLS_STRICT
	plane := newPlane(t, unnormalised, append(inbound(t, w, model["fraud"]), peers(t, strict), gate)...)
	sidecar := plane.start(t, w)
	for _, row := range []struct {
		name  string
		peers config.Config
		mode  security.PeerAuthentication_MutualTLS_Mode // that comes of it
	}{
		{"STRICT", peers(t, strict), strict},
		{"STRICT, but not on the port", onPort(t, peers(t, strict), w.port), security.PeerAuthentication_MutualTLS_DISABLE},
		{"PERMISSIVE", peers(t, security.PeerAuthentication_MutualTLS_PERMISSIVE), security.PeerAuthentication_MutualTLS_PERMISSIVE},
		{"DISABLE", peers(t, security.PeerAuthentication_MutualTLS_DISABLE), security.PeerAuthentication_MutualTLS_DISABLE},
	} {
		mode := row.mode
		plane.apply(row.peers)
		listens(t, sidecar, mode, client(t, mesh, predictorID))
		for _, c := range s.Cases {
			c.Envoy = upgraded(c.Envoy)
			var tls *tls.Config
			trusted := c.Peer != nil && !c.Peer.Untrusted && strings.HasPrefix(c.Peer.URI, "spiffe://cluster.local/")
			switch {
			case c.Peer == nil:
			case c.Peer.Untrusted:
				tls = client(t, unknown, c.Peer.URI)
			default:
				tls = client(t, mesh, c.Peer.URI)
			}
			r, err := s.Request(c, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			o := ask(t, sidecar.addr, tls, r)
			// Istio ends the connection of who may not connect at all.
			closed := mode == strict && c.Peer == nil || c.Peer != nil && (mode == security.PeerAuthentication_MutualTLS_DISABLE || !trusted)
			if closed {
				if o.Line != "closed" {
					t.Errorf("%s: %s: %s, want closed", row.name, c.Name, o.Line)
				}
				continue
			}
			if err := c.Check(r, o, corpus.EnvoyHTTP1); err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
		}
	}
	if n := sidecar.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// listens waits until the sidecar speaks what a mode says.
func listens(t *testing.T, x *proxy, mode security.PeerAuthentication_MutualTLS_Mode, mesh *tls.Config) {
	t.Helper()
	probe := corpus.Request{Method: "GET", Path: "/healthz", Authority: "probe"}
	tls := mode != security.PeerAuthentication_MutualTLS_DISABLE
	plain := mode != security.PeerAuthentication_MutualTLS_STRICT
	eventually(t, mode.String()+" is in force", func() bool {
		return (ask(t, x.addr, mesh, probe).Line != "closed") == tls && (ask(t, x.addr, nil, probe).Line != "closed") == plain
	})
}
