// Package rawgrpc is a real gRPC server for every method of every service, and a
// client for it: messages are bytes, and no descriptors are needed. The
// server remembers each message that it got whole.
package rawgrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// most bounds a message, in bytes.
const most = 256 << 20

// codec leaves messages as they are.
type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Marshal(v any) ([]byte, error) {
	if m, ok := v.(*[]byte); ok {
		return *m, nil
	}
	return nil, fmt.Errorf("rawgrpc: cannot write a %T", v)
}

func (codec) Unmarshal(data []byte, v any) error {
	m, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("rawgrpc: cannot read into a %T", v)
	}
	*m = slices.Clone(data)
	return nil
}

// Message is one message as it arrived.
type Message struct {
	Method string
	Begin  string // its first bytes, at most 64
	Length int
}

// Server answers each message of a call with an empty one: at once, or where it
// is quiet all together when the call has ended.
type Server struct {
	quiet  atomic.Bool
	server *grpc.Server
	mu     sync.Mutex
	got    []Message
}

// Serve serves on a listener in the background, until Stop.
func Serve(listener net.Listener) *Server {
	s := &Server{}
	s.server = grpc.NewServer(grpc.ForceServerCodec(codec{}), grpc.UnknownServiceHandler(s.handle),
		grpc.MaxRecvMsgSize(most), grpc.MaxSendMsgSize(most))
	go s.server.Serve(listener)
	return s
}

// Quiet sets whether calls are answered only at their end, from now on.
func (s *Server) Quiet(quiet bool) { s.quiet.Store(quiet) }

// Stop ends the server and every call in progress.
func (s *Server) Stop() { s.server.Stop() }

// Got returns the messages so far.
func (s *Server) Got() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *Server) handle(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	owed := 0
	for {
		var m, empty []byte
		err := stream.RecvMsg(&m)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for ; owed > 0 && (err != nil || !s.quiet.Load()); owed-- {
			if err := stream.SendMsg(&empty); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		s.mu.Lock()
		s.got = append(s.got, Message{method, string(m[:min(len(m), 64)]), len(m)})
		s.mu.Unlock()
		if owed++; !s.quiet.Load() {
			if err := stream.SendMsg(&empty); err != nil {
				return err
			}
			owed--
		}
	}
}

// Dial connects a client; authority is what it calls the server.
func Dial(addr, authority string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority(authority),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(codec{}), grpc.MaxCallRecvMsgSize(most), grpc.MaxCallSendMsgSize(most)))
}

// Call sends one message with metadata and returns the answer.
func Call(ctx context.Context, conn *grpc.ClientConn, method string, pairs []string, message []byte) (reply []byte, err error) {
	err = conn.Invoke(metadata.AppendToOutgoingContext(ctx, pairs...), method, &message, &reply)
	return reply, err
}

// Open begins a call in which each side may send any number of messages.
func Open(ctx context.Context, conn *grpc.ClientConn, method string, pairs []string) (grpc.ClientStream, error) {
	both := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	return conn.NewStream(metadata.AppendToOutgoingContext(ctx, pairs...), both, method)
}
