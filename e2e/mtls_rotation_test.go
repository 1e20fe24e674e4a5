package e2e

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/channel"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/tfserving"
)

// must is for what only fails where there is no randomness.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func (m *mtls) replace(t *testing.T, name string, files map[string][]byte) {
	t.Helper()
	if err := m.Replace(name, files); err != nil {
		t.Fatal(err)
	}
}

// settled waits until Envoy has taken what was put into its files.
func (m *mtls) settled(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(harness.Patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come\n%s", tail(m.Gate.Log()))
		}
	}
}

func (m *mtls) stats(t *testing.T) map[string]uint64 {
	t.Helper()
	stats, err := m.Gate.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// shown is the certificate that a new connection is shown.
func (m *mtls) shown(t *testing.T, addr, name string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, ServerName: name})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	block := pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw}
	return string(pem.EncodeToMemory(&block))
}

// renewUpstreams has connections to the model end after a second, in place of an hour, so
// that there are new ones in a test. Those of clients stay. A busy machine may take its time.
func renewUpstreams(bootstrap map[string]any) {
	for _, cluster := range bootstrap["static_resources"].(map[string]any)["clusters"].([]any) {
		cluster.(map[string]any)["connect_timeout"] = "300s"
		options := cluster.(map[string]any)["typed_extension_protocol_options"].(map[string]any)
		for _, o := range options {
			o.(map[string]any)["common_http_protocol_options"].(map[string]any)["max_connection_duration"] = "1s"
		}
	}
}

// traffic calls without a pause until stopped, on kept connections and on new ones, over gRPC
// and HTTP, and counts what was answered. Any failure is an error of the test.
type traffic struct {
	answered atomic.Int64
	stop     chan struct{}
	all      sync.WaitGroup
}

func (m *mtls) traffic(t *testing.T) *traffic {
	l := &traffic{stop: make(chan struct{})}
	addr, config := m.Gate.Addr(), m.Client(m.client)
	kept, err := tfserving.Dial(addr, config, channel.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	t.Cleanup(client.CloseIdleConnections)
	rest := func(code int, _ string, err error) error {
		if err == nil && code != 200 {
			err = fmt.Errorf("status %d", code)
		}
		return err
	}
	for name, call := range map[string]func() error{
		"gRPC, one connection": func() error { _, err := kept.Predict(t.Context(), m.token, tfserving.Model, 1); return err },
		"gRPC, new ones":       func() error { _, err := m.predict(t.Context(), addr, config, m.token, tfserving.Model); return err },
		"REST, one connection": func() error { return rest(post(t.Context(), client, addr, true, m.token)) },
		"REST, new ones":       func() error { return rest(m.post(t.Context(), addr, config, m.token)) },
	} {
		l.all.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				if err := call(); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				l.answered.Add(1)
			}
		})
	}
	return l
}

// rotation replaces every certificate under load, several times: no request is lost, and the
// new ones are used.
func (m *mtls) rotation(t *testing.T) {
	l := m.traffic(t)
	for i := range 4 {
		answered, name := l.answered.Load(), fmt.Sprintf("gate-to-model-%d", i)
		gate := must(m.Secret(certs.Leaf{Name: "gate", DNS: []string{channel.Host}}))
		server := must(m.Secret(certs.Leaf{Name: "server", DNS: []string{channel.ServerID}}))
		m.replace(t, "gate", gate)
		m.replace(t, "server", server)
		m.replace(t, "model", must(m.Secret(certs.Leaf{Name: name, URI: channel.GateID})))
		m.replace(t, "clients", must(m.Revoked()))
		m.settled(t, func() bool { return m.shown(t, m.Gate.Addr(), channel.Host) == string(gate["tls.crt"]) })
		m.settled(t, func() bool { return m.shown(t, m.Pod.Addr(), channel.ServerID) == string(server["tls.crt"]) })
		m.settled(t, func() bool { // the server sees the gate with the new certificate
			calls := m.Server.Calls()
			for _, c := range calls[len(calls)/2:] {
				if c.Peer == name {
					return true
				}
			}
			return false
		})
		m.settled(t, func() bool { return l.answered.Load() > answered+20 || t.Failed() })
	}
	close(l.stop)
	l.all.Wait()
	t.Logf("%d calls, none lost", l.answered.Load())
}

// turnedAway reports whether a client gets no answer at all.
func (m *mtls) turnedAway(t *testing.T, config *tls.Config) bool {
	_, _, err := m.post(t.Context(), m.Gate.Addr(), config, m.token)
	return err != nil
}

// revoked: a list of revoked certificates takes effect without a restart. A connection that
// stands is not ended by it; a new one is refused, also for a client that would resume its
// session. A list that has expired refuses everybody.
func (m *mtls) revoked(t *testing.T) {
	pair := newPair(t, m.Clients, certs.Leaf{Name: "leaver", URI: channel.ClientID})
	config := m.Client(pair)
	config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	kept, err := tfserving.Dial(m.Gate.Addr(), config, channel.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if _, err := kept.Predict(t.Context(), m.token, tfserving.Model, 1); err != nil {
		t.Fatal(err)
	}
	again, err := tls.Dial("tcp", m.Gate.Addr(), config)
	if err != nil || again.ConnectionState().DidResume {
		t.Fatalf("a session is resumed, without a look at the certificate (%v)", err)
	}
	again.Close()
	m.replace(t, "clients", must(m.Revoked(pair)))
	m.settled(t, func() bool { return m.turnedAway(t, config) })
	if got := refusal(m.Gate.Addr(), config); !strings.HasSuffix(got, "revoked certificate") {
		t.Errorf("the revoked one is told %q", got)
	}
	if _, err := kept.Predict(t.Context(), m.token, tfserving.Model, 1); err != nil {
		t.Errorf("on a connection from before: %v", err)
	}
	expired := must(m.Clients.CRL(time.Now().Add(-time.Minute)))
	m.replace(t, "clients", map[string][]byte{"ca.crt": m.Clients.PEM(), "ca.crl": expired})
	m.settled(t, func() bool {
		return strings.HasPrefix(refusal(m.Gate.Addr(), m.Client(m.client)), "remote error: tls: ")
	})
	if _, err := m.predict(t.Context(), m.Gate.Addr(), m.Client(m.client), m.token, tfserving.Model); err == nil {
		t.Error("a list that has expired refuses nobody")
	}
	m.replace(t, "clients", must(m.Revoked()))
	m.settled(t, func() bool { return !m.turnedAway(t, m.Client(m.client)) })
}

// authority changes the authority of the clients, by way of both. Each has its own list of
// revoked certificates: without it, its clients are refused.
func (m *mtls) authority(t *testing.T) {
	next := authority(t, "the clients' next authority")
	moved := m.Client(newPair(t, next, certs.Leaf{Name: "client", URI: channel.ClientID}))
	both := append(m.Clients.PEM(), next.PEM()...)
	list, nextList := must(m.Revoked())["ca.crl"], must(next.CRL(time.Now().Add(time.Hour)))
	for _, c := range []struct {
		name     string
		ca, crl  []byte
		old, new bool // who gets in
	}{
		{"both", both, append(slices.Clone(list), nextList...), true, true},
		{"the new one", next.PEM(), nextList, false, true},
		{"both, and one list", both, list, true, false},
		{"the old one", m.Clients.PEM(), list, true, false},
	} {
		m.replace(t, "clients", map[string][]byte{"ca.crt": c.ca, "ca.crl": c.crl})
		m.settled(t, func() bool {
			return m.turnedAway(t, m.Client(m.client)) != c.old && m.turnedAway(t, moved) != c.new
		})
	}
}
