//go:build kserve

package kserve

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/modelgate/modelgate/e2e/kserve/inferencepb"
)

const tritonHost = "triton-predictor.prod.svc.cluster.local"

// large is a request's size at most, in bytes, for server and client.
const large = 128 << 20

// streamServer serves Open Inference's calls and writes down every message.
type streamServer struct {
	inferencepb.UnimplementedGRPCInferenceServiceServer
	addr string

	mu  sync.Mutex
	got []string // model and id
}

func startStreamServer(t *testing.T) *streamServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &streamServer{addr: listener.Addr().String()}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(large))
	inferencepb.RegisterGRPCInferenceServiceServer(server, s)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return s
}

func (s *streamServer) record(r *inferencepb.ModelInferRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, r.GetModelName()+" "+r.GetId())
}

// arrived takes what has been written down.
func (s *streamServer) arrived() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := slices.Clone(s.got)
	s.got = nil
	return got
}

// about returns the messages whose line has a text in it. Those of a stream
// that was reset may still be on their way.
func (s *streamServer) about(text string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.got), func(line string) bool { return !strings.Contains(line, text) })
}

func (s *streamServer) ModelInfer(_ context.Context, r *inferencepb.ModelInferRequest) (*inferencepb.ModelInferResponse, error) {
	s.record(r)
	return &inferencepb.ModelInferResponse{ModelName: r.GetModelName(), Id: r.GetId()}, nil
}

// ModelStreamInfer answers each message, but not those of version "quiet".
func (s *streamServer) ModelStreamInfer(stream grpc.BidiStreamingServer[inferencepb.ModelInferRequest,
	inferencepb.ModelStreamInferResponse]) error {
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.record(r)
		if r.GetModelVersion() != "quiet" {
			answer := &inferencepb.ModelInferResponse{ModelName: r.GetModelName(), Id: r.GetId()}
			if err := stream.Send(&inferencepb.ModelStreamInferResponse{InferResponse: answer}); err != nil {
				return err
			}
		}
	}
}

// dialInference connects a client to the gate.
func dialInference(t *testing.T, addr, token string) (inferencepb.GRPCInferenceServiceClient, context.Context) {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithAuthority(tritonHost),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(large)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return inferencepb.NewGRPCInferenceServiceClient(conn), metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}
