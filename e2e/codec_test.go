package e2e

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestCodec sends what no case can say, byte by byte, with an assertion that
// may: Envoy's codec refuses it or the gate does, but for what the codec mends
// without changing who asks for what. want is the status, and the gate's Reason where it was the gate.
func TestCodec(t *testing.T) {
	s := load(t, "hostile")
	envoy, servers := runWith(t, s, harness.Options{})
	token, err := s.Mint(corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const target = "/kfserving/kubeflow/sklearn-iap:predict"
	assertion := "x-goog-iap-jwt-assertion: " + token + "\r\n"
	for _, c := range []struct{ name, head, want string }{
		{"HTTP/1.0 without a host", "POST " + target + " HTTP/1.0\r\n" + assertion, "426"},
		{"HTTP/1.1 without a host", "POST " + target + " HTTP/1.1\r\n" + assertion, "400"},
		{"two hosts", "POST " + target + " HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + assertion, "400 header_repeated"},
		{"CONNECT", "CONNECT models.example.com:80 HTTP/1.1\r\nHost: models.example.com:80\r\n" + assertion, "400 upgrade_refused"},
		{"absolute form of another model's host", "POST http://fraud-predictor-default.prod.svc.cluster.local" + target + " HTTP/1.1\r\nHost: models.example.com\r\n" + assertion, "400 identity_conflict"},
		{"both ways of framing", "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n" + assertion, "400"},
		{"a folded header", "POST " + target + " HTTP/1.1\r\nHost: a\r\nx-a: b\r\n c\r\n" + assertion, "200"},
		{"a space before the colon", "POST " + target + " HTTP/1.1\r\nHost: a\r\nx-goog-iap-jwt-assertion : x\r\n" + assertion, "400"},
		{"a NUL in a header", "POST " + target + " HTTP/1.1\r\nHost: a\r\nkubeflow-userid: a\x00b\r\n" + assertion, "400"},
		{"a bare CR in a header", "POST " + target + " HTTP/1.1\r\nHost: a\r\nx-a: b\rkubeflow-userid: root\r\n" + assertion, "200"},
		{"a header of 64 KiB", "POST " + target + " HTTP/1.1\r\nHost: a\r\nx-a: " + strings.Repeat("a", 64<<10) + "\r\n" + assertion, "431"},
		{"a byte of 0xff in the path", "POST /kfserving/kube\xffflow/sklearn-iap:predict HTTP/1.1\r\nHost: a\r\n" + assertion, "400"},
		{"a byte of 0xff in the host", "POST " + target + " HTTP/1.1\r\nHost: a\xff\r\n" + assertion, "400"},
		{"a byte of 0xff in the assertion", "POST " + target + " HTTP/1.1\r\nHost: a\r\nx-goog-iap-jwt-assertion: \xff\r\n", "401 token_malformed"},
		{"a tab in the path", "POST /kfserving/kubeflow/\tsklearn-iap:predict HTTP/1.1\r\nHost: a\r\n" + assertion, "400"},
	} {
		if got := raw(t, envoy.Addr(), c.head+"\r\n"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for _, c := range []rawhttp.Request{
		{Method: "CONNECT", Authority: "models.example.com:80"},
		{Method: "CONNECT", Authority: "models.example.com", Path: target, Headers: rawhttp.Headers{{":protocol", "websocket"}}},
		{Method: "POST", Path: target},
		{Method: "POST", Authority: "models.example.com", Path: target, Headers: rawhttp.Headers{{"host", "other.example.com"}, {"transfer-encoding", "chunked"}}},
	} {
		c.Proto, c.Headers = rawhttp.H2, append(c.Headers, [2]string{"x-goog-iap-jwt-assertion", token})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if response, err := rawhttp.Do(ctx, envoy.Addr(), nil, c); err == nil && !response.Reset && response.Status < 400 {
			t.Errorf("HTTP/2 %s %s: %d", c.Method, c.Path, response.Status)
		}
		cancel()
	}
	// Envoy unfolds a header and takes a bare CR out of one; the model gets the
	// two requests, with the identity that was verified.
	got := servers["kubeflow"].Requests()
	for _, r := range got {
		if value(r.Headers, "kubeflow-userid") != "accounts.google.com:ana@example.com" || value(r.Headers, "x-goog-iap-jwt-assertion") != "" {
			t.Errorf("the model got %v", r.Headers)
		}
	}
	if len(got) != 2 {
		t.Errorf("the model got %d requests, want 2: %v", len(got), got)
	}
}

// raw sends bytes and reads one answer.
func raw(t *testing.T, addr, head string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, head); err != nil {
		return "closed"
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "closed"
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return corpus.RefusedReply(response.StatusCode, string(body))
}
