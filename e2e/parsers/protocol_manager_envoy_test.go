package parsers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
)

// protocolManager is the address of an Envoy that answers each request with the model that its
// ai_protocol_manager finds in it.
type protocolManager string

func startProtocolManager(t *testing.T) protocolManager {
	t.Helper()
	envoy, err := harness.StartEnvoy(harness.Options{Bootstrap: "testdata/protocol_manager.yaml", LogLevel: "error"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(envoy.Stop)
	return protocolManager(envoy.Addr())
}

// read returns what it finds in each request.
func (p protocolManager) read(t *testing.T, requests []asked) []found {
	t.Helper()
	answers := make([]found, len(requests))
	var workers sync.WaitGroup
	const connections = 4
	for first := range connections {
		workers.Go(func() {
			var conn *rawhttp.Conn
			for i := first; i < len(requests) && !t.Failed(); i += connections {
				var err error
				conn, answers[i], err = p.ask(conn, requests[i])
				if errors.Is(err, rawhttp.ErrClosed) { // Envoy has closed it after an earlier answer
					conn, answers[i], err = p.ask(nil, requests[i])
				}
				if err != nil {
					t.Errorf("%q: %v", requests[i], err)
				}
			}
			if conn != nil {
				conn.Close()
			}
		})
	}
	if workers.Wait(); t.Failed() {
		t.FailNow()
	}
	return answers
}

// ask sends a request over a connection, or over a new one if there is none. It returns the
// connection if that can be used again.
func (p protocolManager) ask(conn *rawhttp.Conn, a asked) (*rawhttp.Conn, found, error) {
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	defer cancel()
	if conn == nil {
		var err error
		if conn, err = rawhttp.Dial(ctx, string(p), nil, rawhttp.H1); err != nil {
			return nil, "", err
		}
	}
	r, err := conn.Do(ctx, rawhttp.Request{
		Method: "POST", Path: a.path, Authority: "models.example.com", Headers: rawhttp.Headers{{"content-type", "application/json"}},
		Body: []byte(a.body),
	})
	if err != nil || strings.EqualFold(r.Headers.Get("connection"), "close") {
		conn.Close()
		conn = nil
	}
	switch {
	case err != nil:
		return nil, "", err
	case r.Status == 200:
		return conn, string(r.Body), nil
	case r.Status == 400:
		return conn, refused[0], nil
	}
	return conn, "", fmt.Errorf("status %d", r.Status)
}
