package echo

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestCall(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := Serve(listener, "tokyo")
	defer server.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	const hello = "Hello ana from tokyo"
	for _, c := range []struct {
		stream bool
		method string
		want   []string
	}{
		{false, "/echo.EchoServer/SayHelloUnary", []string{hello}},
		{true, "/echo.EchoServer/SayHelloServerStream", []string{hello, hello, hello}},
	} {
		headers := [][2]string{{"authorization", "Bearer a"}, {"x-two", "1"}, {"x-two", "2"}}
		got, err := Call(ctx, listener.Addr().String(), "echo.example", headers, "ana", c.stream)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s answers %q, %v; want %q", c.method, got, err, c.want)
		}
		calls := server.Calls()
		last := calls[len(calls)-1]
		if last.Method != c.method || !slices.Equal(last.Metadata.Get("x-two"), []string{"1", "2"}) ||
			!slices.Equal(last.Metadata.Get(":authority"), []string{"echo.example"}) {
			t.Errorf("received %+v by %s", last, c.method)
		}
	}
}

func TestCallFails(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	for _, stream := range []bool{false, true} {
		if _, err := Call(t.Context(), listener.Addr().String(), "a", nil, "ana", stream); status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, want %v", err, codes.Unavailable)
		}
	}
}
