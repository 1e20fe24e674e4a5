package upstream

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
)

func start(t *testing.T) *Server {
	t.Helper()
	server, err := Start("iris")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func send(t *testing.T, server *Server, request rawhttp.Request) rawhttp.Response {
	t.Helper()
	response, err := rawhttp.Do(t.Context(), server.Addr, nil, request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestSaysWhatItSaw(t *testing.T) {
	for _, proto := range []rawhttp.Proto{rawhttp.H1, rawhttp.H2} {
		t.Run(proto.String(), func(t *testing.T) {
			server := start(t)
			response := send(t, server, rawhttp.Request{Proto: proto, Method: "POST", Authority: "a.example", Path: "//v1/%2e;x?y",
				Headers: rawhttp.Headers{{"trailer", "x-end"}, {"x-b", "2"}, {"x-a", "1"}, {"x-b", "1"}}, Body: []byte("hello"),
				Trailers: rawhttp.Headers{{"x-end", "t"}}})
			want := Request{Upstream: "iris", Method: "POST", Authority: "a.example", Path: "//v1/%2e;x?y",
				Headers: [][2]string{{"x-a", "1"}, {"x-b", "2"}, {"x-b", "1"}}, BodyBytes: 5, Trailers: [][2]string{{"x-end", "t"}}}
			var said Request
			if err := json.Unmarshal(response.Body, &said); err != nil || !reflect.DeepEqual(said, want) {
				t.Errorf("said %+v (%v), want %+v", said, err, want)
			}
			if got := server.Requests(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
				t.Errorf("recorded %+v, want %+v", got, want)
			}
			for name, want := range map[string]string{"x-upstream": "iris", "x-upstream-authority": "a.example", "x-upstream-path": "//v1/%2e;x?y"} {
				if got := response.Headers.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestGRPC(t *testing.T) {
	response := send(t, start(t), rawhttp.Request{Proto: rawhttp.H2, Method: "POST", Authority: "a", Path: "/echo.EchoServer/SayHelloUnary",
		Headers: rawhttp.Headers{{"content-type", "application/grpc+proto"}, {"te", "trailers"}}, Body: make([]byte, 5)})
	if response.Headers.Get("content-type") != "application/grpc" || string(response.Body) != "\x00\x00\x00\x00\x00" ||
		response.Trailers.Get("grpc-status") != "0" {
		t.Errorf("got %+v", response)
	}
	headers, err := base64.StdEncoding.DecodeString(response.Headers.Get("x-upstream-headers"))
	if want := `[["content-type","application/grpc+proto"],["te","trailers"]]`; err != nil || string(headers) != want {
		t.Errorf("headers %s (%v), want %s", headers, err, want)
	}
}

func TestResetAndRecord(t *testing.T) {
	server := start(t)
	request := rawhttp.Request{Method: "GET", Path: "/", Authority: "a"}
	send(t, server, request)
	server.Reset()
	server.Record(false)
	send(t, server, request)
	if got := server.Requests(); len(got) != 0 {
		t.Errorf("recorded %v, want none", got)
	}
	server.Record(true)
	send(t, server, request)
	if got := server.Requests(); len(got) != 1 {
		t.Errorf("recorded %v, want one", got)
	}
}
