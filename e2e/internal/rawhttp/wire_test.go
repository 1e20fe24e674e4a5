package rawhttp

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// answer accepts one connection, takes as many bytes as want has, answers, and
// closes. It reports what it took.
func answer(t *testing.T, want, reply string) (addr string, got <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	seen := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(2 * time.Minute))
		bytes := make([]byte, len(want))
		n, _ := io.ReadFull(bufio.NewReader(conn), bytes)
		io.WriteString(conn, reply)
		seen <- string(bytes[:n])
	}()
	return listener.Addr().String(), seen
}

func TestH1Wire(t *testing.T) {
	for _, c := range []struct {
		name    string
		request Request
		want    string
	}{
		{"nothing added", Request{Method: "GET", Path: "http://other/ x", NoHost: true}, "GET http://other/ x HTTP/1.1\r\n\r\n"},
		{"case and repeats", Request{Method: "get", Path: "/#f", Authority: "A/b?", Headers: Headers{{"HOST", "b"}, {"X_y", ""}, {"x_Y", " 1"}}},
			"get /#f HTTP/1.1\r\nHost: A/b?\r\nHOST: b\r\nX_y: \r\nx_Y:  1\r\n\r\n"},
		{"a length for a body", Request{Method: "POST", Path: "/", NoHost: true, Body: []byte{}}, "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"},
		{"framing of one's own", Request{Method: "POST", Path: "/", NoHost: true,
			Headers: Headers{{"transfer-encoding", "chunked"}, {"content-length", "3"}}, Body: []byte("0\r\n\r\n")},
			"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n"},
		{"trailers", Request{Method: "POST", Path: "/", NoHost: true, Body: []byte("hello"), Trailers: Headers{{"a", "b"}}},
			"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\na: b\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, got := answer(t, c.want, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nX-B: 2\r\nx-a: 1\r\n\r\n")
			response, err := Do(patience(t), addr, nil, c.request)
			if err != nil || response.Status != 204 || response.Headers[0] != [2]string{"x-a", "1"} {
				t.Errorf("got %+v, %v", response, err)
			}
			if sent := <-got; sent != c.want {
				t.Errorf("sent %q, want %q", sent, c.want)
			}
		})
	}
}

func TestClosedWithoutAnswer(t *testing.T) {
	each(t, func(t *testing.T, proto Proto) {
		addr, _ := answer(t, "PRI", "")
		_, err := Do(patience(t), addr, nil, Request{Proto: proto, Method: "GET", Path: "/", Authority: "a"})
		if !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want %v", err, ErrClosed)
		}
	})
}

func TestClosedInTheBody(t *testing.T) {
	addr, _ := answer(t, "GET", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
	response, err := Do(patience(t), addr, nil, Request{Method: "GET", Path: "/", Authority: "a"})
	if !errors.Is(err, ErrClosed) || response.Status != 200 || string(response.Body) != "half" {
		t.Errorf("got %+v, %v", response, err)
	}
}

func TestConnectionOver(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Connection", "close") })
	conn, err := Dial(t.Context(), addr, nil, H1)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := Request{Method: "GET", Path: "/", Authority: "a"}
	if _, err := conn.Do(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Do(t.Context(), request); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

func TestH2Reset(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			io.WriteString(w, "begun")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	conn, err := Dial(t.Context(), addr, nil, H2)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const internal, protocol = 2, 1
	response, err := conn.Do(patience(t), Request{Method: "GET", Path: "/", Authority: "a"})
	if err != nil || !response.Reset || response.ResetCode != internal || response.Status != 200 || string(response.Body) != "begun" {
		t.Errorf("got %+v, %v", response, err)
	}
	response, err = conn.Do(patience(t), Request{Method: "GET", Path: "/next", Authority: "a", Headers: Headers{{"Upper", "case"}}})
	if err != nil || !response.Reset || response.ResetCode != protocol {
		t.Errorf("a malformed request: %+v, %v", response, err)
	}
	response, err = conn.Do(patience(t), Request{Method: "GET", Path: "/next", Authority: "a"})
	if err != nil || response.Status != 200 || response.Reset {
		t.Errorf("the connection after a reset: %+v, %v", response, err)
	}
}
