package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/channel"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/tfserving"
)

// refusal connects, sends nothing, and returns why the other side ended the connection.
func refusal(addr string, config *tls.Config) string {
	conn, err := tls.Dial("tcp", addr, config)
	if err == nil {
		defer conn.Close()
		// A client of TLS 1.3 is done before the server has looked at its certificate.
		conn.SetReadDeadline(time.Now().Add(harness.Patience))
		_, err = conn.Read(make([]byte, 1))
	}
	return err.Error()
}

// refused: who has no right to the connection gets none, with a good token, and the server
// hears nothing. The alert says that it was for this reason.
func (m *mtls) refused(t *testing.T) {
	unknown := authority(t, "the clients' authority")
	good := certs.Leaf{Name: "client", URI: channel.ClientID}
	expired, elsewhere := good, good
	expired.Expired = true
	elsewhere.URI = "spiffe://example.com.evil.example/ns/prod/sa/client"
	revoked := newPair(t, m.Clients, good)
	m.replace(t, "clients", must(m.Revoked(revoked)))
	m.settled(t, func() bool { return m.turnedAway(t, m.Client(revoked)) })
	old := m.Client(m.client)
	old.MaxVersion = tls.VersionTLS12
	before := len(m.Server.Calls())
	for _, c := range []struct {
		name   string
		config *tls.Config
		why    string
	}{
		{"no TLS", nil, ""},
		{"TLS 1.2", old, "protocol version not supported"},
		{"no certificate", m.Client(certs.Pair{}), "certificate required"},
		{"a certificate of an authority with the same name", m.Client(newPair(t, unknown, good)), "unknown certificate authority"},
		{"a certificate that has expired", m.Client(newPair(t, m.Clients, expired)), "expired certificate"},
		{"a certificate of another trust domain", m.Client(newPair(t, m.Clients, elsewhere)), "unknown certificate"},
		{"a certificate that names no workload", m.Client(newPair(t, m.Clients, certs.Leaf{Name: "client"})), "unknown certificate"},
		{"a certificate of the servers' authority", m.Client(newPair(t, m.Servers, good)), "unknown certificate authority"},
		{"a revoked certificate", m.Client(revoked), "revoked certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := m.Gate.Addr()
			if c.config != nil {
				if got := refusal(addr, c.config); got != "remote error: tls: "+c.why {
					t.Errorf("the connection ends with %q, want %q", got, c.why)
				}
				if _, err := m.predict(t.Context(), addr, c.config, m.token, tfserving.Model); status.Code(err) != codes.Unavailable {
					t.Errorf("gRPC: %v, want unavailable", err)
				}
			}
			if code, body, err := m.post(t.Context(), addr, c.config, m.token); err == nil {
				t.Errorf("REST: %d %s", code, body)
			}
		})
	}
	if got := len(m.Server.Calls()); got != before {
		t.Errorf("%d calls reached the server", got-before)
	}
	mistrust := m.Client(m.client)
	mistrust.RootCAs = x509.NewCertPool()
	mistrust.RootCAs.AppendCertsFromPEM(unknown.PEM())
	if got := refusal(m.Gate.Addr(), mistrust); !strings.Contains(got, "certificate signed by unknown authority") {
		t.Errorf("a client with another root says %q", got)
	}
	// With the same token, the certificate is all that was missing.
	if _, err := m.predict(t.Context(), m.Gate.Addr(), m.Client(m.client), m.token, tfserving.Model); err != nil {
		t.Error(err)
	}
}

// around calls the model server without the gate: its ports want the gate's certificate.
func (m *mtls) around(t *testing.T) {
	before := len(m.Server.Calls())
	client := m.Client(m.client)
	other := m.Client(newPair(t, m.Servers, certs.Leaf{URI: "spiffe://example.com/ns/models/sa/other"}))
	for _, c := range []struct {
		name, addr string
		config     *tls.Config
		why        string
	}{
		{"gRPC without a certificate", m.GRPC, m.Client(certs.Pair{}), "certificate required"},
		{"gRPC with a client's certificate", m.GRPC, client, "unknown certificate authority"},
		{"REST without a certificate", m.Pod.Addr(), m.Client(certs.Pair{}), "certificate required"},
		{"REST with a client's certificate", m.Pod.Addr(), client, "unknown certificate authority"},
		{"REST with another certificate of the servers' authority", m.Pod.Addr(), other, "unknown certificate"},
	} {
		c.config.ServerName, c.config.NextProtos = channel.ServerID, []string{"h2", "http/1.1"}
		if got := refusal(c.addr, c.config); got != "remote error: tls: "+c.why {
			t.Errorf("%s: %q, want %q", c.name, got, c.why)
		}
	}
	if got := len(m.Server.Calls()); got != before {
		t.Errorf("%d calls reached the server", got-before)
	}
}

// upstream: the gate sends nothing to a server that is not the model's. The caller gets 503.
func (m *mtls) upstream(t *testing.T) {
	unknown := authority(t, "the servers' authority")
	good := certs.Leaf{Name: "server", DNS: []string{channel.ServerID}}
	expired, elsewhere := good, good
	expired.Expired = true
	elsewhere.DNS = []string{"other.prod.svc.cluster.local"}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		stat  string
	}{
		{"a server of an authority with the same name", must(channel.Secret(unknown, m.Servers, good)), "fail_verify_error"},
		{"a server with another name", must(m.Secret(elsewhere)), "fail_verify_san"},
		{"a server whose certificate has expired", must(m.Secret(expired)), "fail_verify_error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := m.stats(t)
			m.restart(t, c.files)
			for _, cluster := range []string{"grpc", "rest"} {
				name := "cluster." + cluster + ".ssl." + c.stat
				m.settled(t, func() bool { // the first call may meet the end of an old connection
					m.unavailable(t, cluster)
					return m.stats(t)[name] > before[name]
				})
			}
			if got := m.Server.Calls(); len(got) > 0 {
				t.Errorf("%v reached the server", got)
			}
		})
	}
	m.restart(t, must(m.Secret(good)))
	m.settled(t, func() bool {
		_, err := m.predict(t.Context(), m.Gate.Addr(), m.Client(m.client), m.token, tfserving.Model)
		code, _, _ := m.post(t.Context(), m.Gate.Addr(), m.Client(m.client), m.token)
		return err == nil && code == 200
	})
}

func (m *mtls) unavailable(t *testing.T, cluster string) {
	t.Helper()
	config := m.Client(m.client)
	if cluster == "grpc" {
		if _, err := m.predict(t.Context(), m.Gate.Addr(), config, m.token, tfserving.Model); status.Code(err) != codes.Unavailable {
			t.Errorf("gRPC: %v, want unavailable", err)
		}
		return
	}
	if code, body, err := m.post(t.Context(), m.Gate.Addr(), config, m.token); code != 503 || err != nil {
		t.Errorf("REST: %d %s %v, want 503", code, body, err)
	}
}

// restart gives the server another certificate. On its REST port the Envoy in its pod has it
// at once; the server reads its file only when it starts.
func (m *mtls) restart(t *testing.T, files map[string][]byte) {
	t.Helper()
	m.replace(t, "server", files)
	m.settled(t, func() bool { return m.shown(t, m.Pod.Addr(), channel.ServerID) == string(files["tls.crt"]) })
	if err := m.StartServer(); err != nil {
		t.Fatal(err)
	}
}
