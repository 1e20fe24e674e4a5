package echo

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/modelgate/modelgate/e2e/internal/echo/echopb"
)

// Call says hello over a plaintext connection of its own and returns the
// messages that came back. The headers, pairs of name and value, go along as
// metadata; their names must be in lower case. A refusal is an error with a
// gRPC status (status.Code), beside the messages that came before it.
func Call(ctx context.Context, addr, authority string, headers [][2]string, name string, stream bool) ([]string, error) {
	conn, err := grpc.NewClient("passthrough:///"+addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority(authority))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	for _, pair := range headers {
		ctx = metadata.AppendToOutgoingContext(ctx, pair[0], pair[1])
	}
	client, request := echopb.NewEchoServerClient(conn), &echopb.EchoRequest{Name: name}
	if stream {
		return callStream(ctx, client, request)
	}
	reply, err := client.SayHelloUnary(ctx, request)
	if err != nil {
		return nil, err
	}
	return []string{reply.GetMessage()}, nil
}

func callStream(ctx context.Context, client echopb.EchoServerClient, request *echopb.EchoRequest) ([]string, error) {
	stream, err := client.SayHelloServerStream(ctx, request)
	if err != nil {
		return nil, err
	}
	var messages []string
	for {
		reply, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return messages, nil
		}
		if err != nil {
			return messages, err
		}
		messages = append(messages, reply.GetMessage())
	}
}
