package rawhttp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// serve starts a server of both protocols and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// patience is the end of a wait for what has to come.
func patience(t *testing.T) context.Context { return within(t, 2*time.Minute) }

func within(t *testing.T, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

func each(t *testing.T, test func(t *testing.T, proto Proto)) {
	for _, proto := range []Proto{H1, H2} {
		t.Run(proto.String(), func(t *testing.T) { test(t, proto) })
	}
}

func TestArrivesAsWritten(t *testing.T) {
	each(t, func(t *testing.T, proto Proto) {
		var got *http.Request
		var body []byte
		addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = r
			body, _ = io.ReadAll(r.Body)
			w.Header().Add("X-Answer", "one")
			w.Header().Add("X-Answer", "two")
			w.Header().Set(http.TrailerPrefix+"X-After", "late")
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, "short and stout")
		})
		response, err := Do(patience(t), addr, nil, Request{
			Proto: proto, Method: "POST", Authority: "models.example", Path: "/v1//models/%2e%2e/x;y?q=%00",
			Headers:  Headers{{"x-a", "1"}, {"x-b", "\xff"}, {"x-a", "2"}, {"trailer", "x-trailer"}},
			Body:     []byte("hello"),
			Trailers: Headers{{"x-trailer", "end"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.RequestURI != "/v1//models/%2e%2e/x;y?q=%00" || got.Host != "models.example" || string(body) != "hello" {
			t.Errorf("the server saw %q %q %q", got.Host, got.RequestURI, body)
		}
		if a := got.Header.Values("X-A"); !slices.Equal(a, []string{"1", "2"}) || got.Header.Get("X-B") != "\xff" {
			t.Errorf("the server saw headers %q", got.Header)
		}
		if got.Trailer.Get("X-Trailer") != "end" {
			t.Errorf("the server saw trailers %q", got.Trailer)
		}
		if response.Status != 418 || string(response.Body) != "short and stout" || response.Reset {
			t.Errorf("the client saw %+v", response)
		}
		if !slices.Equal(response.Headers.Values("X-Answer"), []string{"one", "two"}) || response.Trailers.Get("x-after") != "late" {
			t.Errorf("the client saw headers %q, trailers %q", response.Headers, response.Trailers)
		}
	})
}

func TestManyRequestsOverOneConnection(t *testing.T) {
	each(t, func(t *testing.T, proto Proto) {
		peers := map[string]bool{}
		addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
			peers[r.RemoteAddr] = true
			io.Copy(w, r.Body)
		})
		conn, err := Dial(t.Context(), addr, nil, proto)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for i := range 300 {
			body := fmt.Appendf(nil, "request %d", i)
			response, err := conn.Do(patience(t), Request{Method: "POST", Authority: "a", Path: "/", Body: body,
				Headers: Headers{{"x-count", fmt.Sprint(i)}}})
			if err != nil || !bytes.Equal(response.Body, body) {
				t.Fatalf("request %d: %q, %v", i, response.Body, err)
			}
		}
		if len(peers) != 1 {
			t.Errorf("the server saw %d connections, want 1", len(peers))
		}
	})
}

func TestBodyLargerThanAnyWindow(t *testing.T) {
	each(t, func(t *testing.T, proto Proto) {
		addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Write(body)
		})
		body := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
		response, err := Do(patience(t), addr, nil, Request{Proto: proto, Method: "PUT", Authority: "a", Path: "/", Body: body})
		if err != nil || !bytes.Equal(response.Body, body) {
			t.Errorf("%d bytes came back, want %d: %v", len(response.Body), len(body), err)
		}
	})
}

func TestAnswerBeforeTheBody(t *testing.T) {
	each(t, func(t *testing.T, proto Proto) {
		addr := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) })
		body := make([]byte, 8<<20)
		response, err := Do(patience(t), addr, nil, Request{Proto: proto, Method: "POST", Authority: "a", Path: "/", Body: body})
		if err != nil || response.Status != 403 {
			t.Errorf("got %d, %v; want 403", response.Status, err)
		}
	})
}

func TestLongHeader(t *testing.T) {
	each(t, func(t *testing.T, proto Proto) {
		long := string(bytes.Repeat([]byte{'v'}, 100_000))
		addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Long") != long {
				w.WriteHeader(http.StatusBadRequest)
			}
		})
		response, err := Do(patience(t), addr, nil, Request{Proto: proto, Method: "GET", Authority: "a", Path: "/",
			Headers: Headers{{"x-long", long}}})
		if err != nil || response.Status != 200 {
			t.Errorf("got %d, %v; want 200", response.Status, err)
		}
	})
}

func TestTLS(t *testing.T) {
	each(t, func(t *testing.T, proto Proto) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
		server.EnableHTTP2 = true
		server.StartTLS()
		defer server.Close()
		response, err := Do(patience(t), server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true},
			Request{Proto: proto, Method: "GET", Authority: "a", Path: "/"})
		want := map[Proto]string{H1: "HTTP/1.1", H2: "HTTP/2.0"}[proto]
		if err != nil || string(response.Body) != want {
			t.Errorf("got %q, %v; want %q", response.Body, err, want)
		}
	})
}

func TestDeadline(t *testing.T) {
	each(t, func(t *testing.T, proto Proto) {
		addr := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		_, err := Do(within(t, 50*time.Millisecond), addr, nil, Request{Proto: proto, Method: "GET", Authority: "a", Path: "/"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
