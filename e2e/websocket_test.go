package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// webSockets speaks WebSocket to a notebook of the example kubeflow, whose Envoy it uses.
func webSockets(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy, notebook *upstream.Server) {
	r := kernelRequest(t, s)
	t.Run("HTTP1", func(t *testing.T) {
		notebook.Reset()
		conn, answer := handshake(t, envoy, r, "13")
		if answer.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("the answer is %s", answer.Status)
		}
		checkEcho(t, conn)
		checkCaller(t, notebook)
	})
	t.Run("HTTP2", func(t *testing.T) {
		notebook.Reset()
		conn := extendedConnect(t, envoy, r)
		checkEcho(t, conn)
		checkCaller(t, notebook)
	})
	// A server that declines goes on with HTTP on its connection. What the client has sent
	// behind its handshake must not be a request there: nobody has decided about it.
	t.Run("Declined", func(t *testing.T) {
		notebook.Reset()
		conn, answer := handshake(t, envoy, r, "12")
		if answer.StatusCode != http.StatusOK {
			t.Errorf("the answer is %s", answer.Status)
		}
		fmt.Fprintf(conn, "GET /notebook/bob/nb/ HTTP/1.1\r\nHost: %s\r\n\r\n", r.Authority)
		rest, _ := io.ReadAll(conn)
		if got := notebook.Requests(); len(got) != 1 {
			t.Errorf("the notebook got %+v, and the client %q", got, rest)
		}
	})
	t.Run("ServerGoesOn", func(t *testing.T) { // else Declined shows nothing
		notebook.Reset()
		conn, err := net.Dial("tcp", notebook.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(harness.Patience))
		const declined = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\n\r\n"
		io.WriteString(conn, declined+"GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		io.ReadAll(conn)
		if got := notebook.Requests(); len(got) != 2 {
			t.Errorf("the notebook got %+v, want two requests", got)
		}
	})
}

// kernelRequest is the request of the example for a kernel's WebSocket.
func kernelRequest(t *testing.T, s *corpus.Scenario) corpus.Request {
	t.Helper()
	for _, c := range s.Cases {
		if c.Name == "a notebook: its kernel" {
			r, err := s.Request(c, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	t.Fatal("the example has no kernel")
	return corpus.Request{}
}

// handshake asks for WebSocket over HTTP/1.1, and sends a request in the same packet if the
// version is one that the server does not speak.
func handshake(t *testing.T, envoy *harness.Envoy, r corpus.Request, version string) (io.ReadWriter, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", envoy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(harness.Patience))
	var head bytes.Buffer
	fmt.Fprintf(&head, "GET %s HTTP/1.1\r\nHost: %s\r\n", r.Path, r.Authority)
	for _, h := range r.Headers {
		if h[0] == "sec-websocket-version" {
			h[1] = version
		}
		fmt.Fprintf(&head, "%s: %s\r\n", h[0], h[1])
	}
	head.WriteString("\r\n")
	if version != "13" {
		fmt.Fprintf(&head, "GET /notebook/bob/nb/ HTTP/1.1\r\nHost: %s\r\n\r\n", r.Authority)
	}
	if _, err := conn.Write(head.Bytes()); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return struct {
		io.Reader
		io.Writer
	}{in, conn}, answer
}

// extendedConnect asks for WebSocket over HTTP/2 (RFC 8441).
func extendedConnect(t *testing.T, envoy *harness.Envoy, r corpus.Request) io.ReadWriter {
	t.Helper()
	conn, err := net.Dial("tcp", envoy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(harness.Patience))
	io.WriteString(conn, http2.ClientPreface)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	framer.WriteSettings()
	var block bytes.Buffer
	coder := hpack.NewEncoder(&block)
	pseudo := [][2]string{
		{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":authority", r.Authority}, {":path", r.Path},
	}
	for _, h := range slices.Concat(pseudo, r.Headers) {
		if h[0] != "connection" && h[0] != "upgrade" {
			coder.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
		}
	}
	framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true})
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if answer, ok := frame.(*http2.MetaHeadersFrame); ok {
			if status := answer.PseudoValue("status"); status != "200" {
				t.Fatalf("the answer is %v", answer.Fields)
			}
			return &tunnel{framer: framer}
		}
	}
}

// tunnel is the first stream of a connection.
type tunnel struct {
	framer *http2.Framer
	rest   []byte // of what has been read
}

func (c *tunnel) Write(p []byte) (int, error) { return len(p), c.framer.WriteData(1, false, p) }

func (c *tunnel) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return 0, err
		}
		if data, ok := frame.(*http2.DataFrame); ok {
			c.rest = slices.Clone(data.Data())
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// checkEcho sends a text as one masked frame (RFC 6455 section 5.2), and reads it back.
func checkEcho(t *testing.T, conn io.ReadWriter) {
	t.Helper()
	const text = "print(1)"
	frame := []byte{0x81, 0x80 | byte(len(text)), 1, 2, 3, 4}
	for i := range len(text) {
		frame = append(frame, text[i]^frame[2+i%4])
	}
	if _, err := conn.Write(frame); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 2+len(text))
	if _, err := io.ReadFull(conn, got); err != nil || !strings.HasSuffix(string(got), text) {
		t.Errorf("the echo is %q (%v)", got, err)
	}
}

// checkCaller: the notebook was told by the gate who calls.
func checkCaller(t *testing.T, notebook *upstream.Server) {
	t.Helper()
	requests := notebook.Requests()
	if len(requests) != 1 {
		t.Fatalf("the notebook got %+v", requests)
	}
	user := ""
	for _, h := range requests[0].Headers {
		if h[0] == "kubeflow-userid" {
			user = h[1]
		}
	}
	if user != "ana@example.com" {
		t.Errorf("the notebook got %+v", requests[0])
	}
}
