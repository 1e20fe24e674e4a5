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
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// codec sends what no case can say, byte by byte, with an assertion that may pass:
// Envoy's codec refuses it or the gate does, but for what the codec mends without
// changing who asks for what. want is the status, and the gate's Reason where the
// gate refused.
func codec(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy, model *upstream.Server) {
	model.Reset()
	token, err := s.Mint(corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const target = "/kfserving/kubeflow/sklearn-iap:predict"
	assertion := "x-goog-iap-jwt-assertion: " + token + "\r\n"
	const http11, host = " HTTP/1.1\r\n", "Host: a\r\n"
	post := "POST " + target + http11
	for _, c := range []struct{ name, head, want string }{
		{"HTTP/1.0 without a host", "POST " + target + " HTTP/1.0\r\n" + assertion, "426"},
		{"HTTP/1.1 without a host", post + assertion, "400"},
		{"two hosts", post + host + "Host: b\r\n" + assertion, "400 header_repeated"},
		{"CONNECT", "CONNECT models.example.com:80" + http11 + "Host: models.example.com:80\r\n" + assertion, "400 upgrade_refused"},
		{"absolute form of another model's host",
			"POST http://fraud-predictor-default.prod.svc.cluster.local" + target + http11 + "Host: models.example.com\r\n" + assertion,
			"400 identity_conflict"},
		{"both ways of framing", post + host + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n" + assertion, "400"},
		{"a folded header", post + host + "x-a: b\r\n c\r\n" + assertion, "200"},
		{"a space before the colon", post + host + "x-goog-iap-jwt-assertion : x\r\n" + assertion, "400"},
		{"a NUL in a header", post + host + "kubeflow-userid: a\x00b\r\n" + assertion, "400"},
		{"a bare CR in a header", post + host + "x-a: b\rkubeflow-userid: root\r\n" + assertion, "200"},
		{"a header of 64 KiB", post + host + "x-a: " + strings.Repeat("a", 64<<10) + "\r\n" + assertion, "431"},
		{"a byte of 0xff in the path", "POST /kfserving/kube\xffflow/sklearn-iap:predict" + http11 + host + assertion, "400"},
		{"a byte of 0xff in the host", post + "Host: a\xff\r\n" + assertion, "400"},
		{"a byte of 0xff in the assertion", post + host + "x-goog-iap-jwt-assertion: \xff\r\n", "401 token_malformed"},
		{"a tab in the path", "POST /kfserving/kubeflow/\tsklearn-iap:predict" + http11 + host + assertion, "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := raw(t, envoy.Addr(), c.head+"\r\n"); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	for _, c := range []rawhttp.Request{
		{Method: "CONNECT", Authority: "models.example.com:80"},
		{Method: "CONNECT", Authority: "models.example.com", Path: target, Headers: rawhttp.Headers{{":protocol", "websocket"}}},
		{Method: "POST", Path: target},
		{Method: "POST", Authority: "models.example.com", Path: target,
			Headers: rawhttp.Headers{{"host", "other.example.com"}, {"transfer-encoding", "chunked"}}},
	} {
		c.Proto, c.Headers = rawhttp.H2, append(c.Headers, [2]string{"x-goog-iap-jwt-assertion", token})
		ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
		if response, err := rawhttp.Do(ctx, envoy.Addr(), nil, c); err == nil && !response.Reset && response.Status < 400 {
			t.Errorf("HTTP/2 %s %s: %d", c.Method, c.Path, response.Status)
		}
		cancel()
	}
	// Envoy unfolds a header and takes a bare CR out of one; the model gets the
	// two requests, with the identity that was verified.
	got := model.Requests()
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
	conn.SetDeadline(time.Now().Add(harness.Patience))
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
