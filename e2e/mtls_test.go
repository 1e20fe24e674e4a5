package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/channel"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/tfserving"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// mtls is the example tfserving-mtls as it runs, with a client of it.
type mtls struct {
	*channel.Channel
	client certs.Pair // of the client that has a grant, with its token
	token  string
}

// TestMTLS runs the example with its certificates. What is done to them comes one after the
// other: an Envoy takes long to start.
func TestMTLS(t *testing.T) {
	t.Parallel()
	c, err := channel.Prepare(root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	c.More = renewUpstreams
	if err := c.Start(shipped); err != nil {
		t.Fatal(err)
	}
	m := &mtls{Channel: c, client: newPair(t, c.Clients, certs.Leaf{Name: "client", URI: channel.ClientID})}
	m.token = m.mint(t, corpus.Token{Claims: map[string]any{}})
	t.Run("Calls", m.calls)
	t.Run("Python", m.python)
	t.Run("Refused", m.refused)
	t.Run("Around", m.around)
	t.Run("Rotation", m.rotation)
	t.Run("Revoked", m.revoked)
	t.Run("Authority", m.authority)
	t.Run("Upstream", m.upstream)
}

// TestCorpusMTLS runs the example's cases over mutual TLS, each with its client certificate.
// The servers behind it say what they got, and so are plaintext.
func TestCorpusMTLS(t *testing.T) {
	t.Parallel()
	c, err := channel.Prepare(root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	envoy := run(t, c.Scenario, harness.Options{Concurrency: 2, Edit: func(bootstrap map[string]any) {
		c.Edit(bootstrap)
		for _, cluster := range bootstrap["static_resources"].(map[string]any)["clusters"].([]any) {
			delete(cluster.(map[string]any), "transport_socket")
		}
	}})
	by := map[bool]*certs.Authority{false: c.Clients, true: authority(t, "unknown")}
	for _, one := range c.Scenario.Cases {
		pair := newPair(t, by[one.Peer.Untrusted], certs.Leaf{URI: one.Peer.URI})
		checkIn(t, c.Scenario, one, envoy, c.Client(pair), corpus.EnvoyHTTP1)
	}
	checkVisible(t, c.Scenario, envoy)
}

func newPair(t *testing.T, a *certs.Authority, l certs.Leaf) certs.Pair {
	t.Helper()
	pair, err := a.New(l)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// mint makes an ID token of the client's service account, with other claims or a fault.
func (m *mtls) mint(t *testing.T, token corpus.Token) string {
	t.Helper()
	claims := map[string]any{"email": "client@project.iam.gserviceaccount.com", "email_verified": true}
	for name, value := range token.Claims {
		claims[name] = value
	}
	token.Issuer, token.Claims = "google", claims
	text, err := m.Scenario.Mint(token, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// predict calls over gRPC, on a connection of its own.
func (m *mtls) predict(ctx context.Context, addr string, config *tls.Config, token, model string) ([]float32, error) {
	client, err := tfserving.Dial(addr, config, channel.Host)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Predict(ctx, token, model, 1, 2, 5)
}

// post calls over HTTP, on a connection of its own.
func (m *mtls) post(ctx context.Context, addr string, config *tls.Config, token string) (code int, body string, err error) {
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	return post(ctx, &client, addr, config != nil, token)
}

func post(ctx context.Context, client *http.Client, addr string, secure bool, token string) (code int, body string, err error) {
	scheme := map[bool]string{true: "https", false: "http"}[secure]
	url := scheme + "://" + addr + "/v1/models/" + tfserving.Model + ":predict"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"instances": [1, 2, 5]}`))
	if err != nil {
		return 0, "", err
	}
	request.Host = channel.Host
	request.Header.Set("authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// calls are those of a real client, with TensorFlow Serving's messages: what is granted
// arrives, without the token and with the verified address, and nothing else does.
func (m *mtls) calls(t *testing.T) {
	config, addr := m.Client(m.client), m.Gate.Addr()
	expired := map[string]any{"iat": "now-2h", "exp": "now-1h"}
	for _, c := range []struct {
		name, token, model string
		want               codes.Code
		why                string
	}{
		{"granted", m.token, tfserving.Model, codes.OK, ""},
		{"another model", m.token, "half_plus_three", codes.PermissionDenied, "grant_missing"},
		{"another service account", m.mint(t, corpus.Token{Claims: map[string]any{"email": "x@project.iam.gserviceaccount.com"}}),
			tfserving.Model, codes.PermissionDenied, "grant_missing"},
		{"expired", m.mint(t, corpus.Token{Claims: expired}), tfserving.Model, codes.Unauthenticated, "token_expired"},
		{"forged", m.mint(t, corpus.Token{Fault: "other-key"}), tfserving.Model, codes.Unauthenticated, "signature_invalid"},
		{"no token", "", tfserving.Model, codes.Unauthenticated, "credential_missing"},
	} {
		y, err := m.predict(t.Context(), addr, config, c.token, c.model)
		if got := status.Convert(err); got.Code() != c.want || got.Message() != c.why {
			t.Errorf("%s: %v %q, want %v %q", c.name, got.Code(), got.Message(), c.want, c.why)
		}
		if c.want == codes.OK && (len(y) != 3 || y[0] != 2.5 || y[1] != 3 || y[2] != 4.5) {
			t.Errorf("%s: half plus two of 1, 2 and 5 is %v", c.name, y)
		}
	}
	if code, body, err := m.post(t.Context(), addr, config, m.token); code != 200 || !strings.Contains(body, "[2.5,3,4.5]") {
		t.Errorf("REST: %d %s %v", code, body, err)
	}
	batch := m.Client(newPair(t, m.Clients, certs.Leaf{URI: channel.BatchID}))
	if _, err := m.predict(t.Context(), addr, batch, "", tfserving.Model); err != nil {
		t.Errorf("by a certificate alone: %v", err)
	}
	calls := m.Server.Calls()
	if len(calls) != 3 {
		t.Fatalf("the server got %d calls, want the three allowed ones: %v", len(calls), calls)
	}
	for i, caller := range []string{"client@project.iam.gserviceaccount.com", "client@project.iam.gserviceaccount.com", ""} {
		if got := strings.Join(calls[i].Metadata.Get("x-caller"), ","); got != caller || calls[i].Metadata.Get("authorization") != nil {
			t.Errorf("%s arrived with %v, want x-caller %q and no token", calls[i].Method, calls[i].Metadata, caller)
		}
	}
	if calls[0].Peer != "gate-to-model" || calls[2].Peer != "gate-to-model" {
		t.Errorf("the server sees the certificates %q and %q, want the gate's", calls[0].Peer, calls[2].Peer)
	}
}

// python calls with the real stubs of tensorflow-serving-api.
func (m *mtls) python(t *testing.T) {
	python, err := exec.Command(filepath.Join(root, "build", "tools", "tfserving-client")).Output()
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		path := filepath.Join(m.Dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	client := []string{"--root", file("root.crt", m.Servers.PEM()),
		"--cert", file("client.crt", m.client.Cert), "--key", file("client.key", m.client.Key)}
	token := func(name string, of corpus.Token) []string {
		return append([]string{"--token-file", file(name+".jwt", []byte(m.mint(t, of)))}, client...)
	}
	good := token("good", corpus.Token{})
	var all sync.WaitGroup
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{good, "y = [2.5, 3.0, 4.5]"},
		{append([]string{"--call", "metadata"}, good...), "serving_default: ['x'] -> ['y']"},
		{append([]string{"--call", "status"}, good...), "version 123: AVAILABLE"},
		{append([]string{"--model", "half_plus_three"}, good...), "PERMISSION_DENIED grant_missing"},
		{token("expired", corpus.Token{Claims: map[string]any{"iat": "now-2h", "exp": "now-1h"}}), "UNAUTHENTICATED token_expired"},
		{token("forged", corpus.Token{Fault: "other-key"}), "UNAUTHENTICATED signature_invalid"},
		{client, "UNAUTHENTICATED credential_missing"},
		{good[:4], "UNAVAILABLE"}, // without a certificate
	} {
		all.Go(func() {
			script := filepath.Join(m.Scenario.Dir, "client.py")
			command := exec.CommandContext(t.Context(), string(bytes.TrimSpace(python)), append([]string{script, m.Gate.Addr()}, c.arguments...)...)
			output, err := command.Output()
			if err != nil || !strings.HasPrefix(string(output), c.want) {
				t.Errorf("%q: %v %s, want %s", c.arguments, err, output, c.want)
			}
		})
	}
	all.Wait()
}
