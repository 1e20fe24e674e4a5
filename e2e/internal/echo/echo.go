// Package echo is the gRPC service of Cloud Run's samples, and a client for it:
// a real server to put behind a gate, with one unary and one streaming method.
package echo

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/modelgate/modelgate/e2e/internal/echo/echopb"
)

// replies is how many messages the streaming method sends.
const replies = 3

// Received is one call as it arrived.
type Received struct {
	Method   string      // "/echo.EchoServer/SayHelloUnary"
	Metadata metadata.MD // with names in lower case, and :authority
}

// Server answers "Hello NAME from SERVER", once or as a stream of three.
type Server struct {
	echopb.UnimplementedEchoServerServer

	name   string
	server *grpc.Server

	mu    sync.Mutex
	calls []Received
}

// Serve serves on a listener in the background until Stop, which also closes the
// listener. The name is part of every answer.
func Serve(listener net.Listener, name string) *Server {
	s := &Server{name: name}
	s.server = grpc.NewServer(grpc.UnaryInterceptor(s.unary), grpc.StreamInterceptor(s.stream))
	echopb.RegisterEchoServerServer(s.server, s)
	go s.server.Serve(listener)
	return s
}

// Stop ends the server and every call in progress.
func (s *Server) Stop() { s.server.Stop() }

// Calls returns the calls so far.
func (s *Server) Calls() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// SayHelloUnary answers once.
func (s *Server) SayHelloUnary(_ context.Context, request *echopb.EchoRequest) (*echopb.EchoReply, error) {
	return s.reply(request), nil
}

// SayHelloServerStream answers three times.
func (s *Server) SayHelloServerStream(request *echopb.EchoRequest, stream grpc.ServerStreamingServer[echopb.EchoReply]) error {
	for range replies {
		if err := stream.Send(s.reply(request)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) reply(request *echopb.EchoRequest) *echopb.EchoReply {
	return &echopb.EchoReply{Message: strings.Join([]string{"Hello", request.GetName(), "from", s.name}, " ")}
}

func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	s.record(ctx, info.FullMethod)
	return next(ctx, request)
}

func (s *Server) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	s.record(stream.Context(), info.FullMethod)
	return next(server, stream)
}

func (s *Server) record(ctx context.Context, method string) {
	received, _ := metadata.FromIncomingContext(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Received{Method: method, Metadata: received})
}
