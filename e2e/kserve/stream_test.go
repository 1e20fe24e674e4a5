//go:build kserve

package kserve

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/kserve/inferencepb"
)

// TestStream sends messages about a model that may be used and then one about
// another: it must not arrive, whatever came before it.
func TestStream(t *testing.T) {
	server := startStreamServer(t)
	number := 0
	for _, holds := range []bool{false, true} {
		envoy, token := startGate(t, holds, map[string]string{"triton": server.addr})
		client, ctx := dialInference(t, envoy.Addr(), token)
		for _, c := range []struct {
			name   string
			models []string
			quiet  bool // the server answers nothing
			code   codes.Code
			text   string // of the status; "" where the host has to reset the stream
		}{
			{"seven that may", repeat("allowed", 7), false, codes.OK, ""},
			{"seven that may, unanswered", repeat("allowed", 7), true, codes.OK, ""},
			{"the first may not", []string{"secret"}, false, codes.PermissionDenied, "grant_missing"},
			{"the first names none", []string{""}, false, codes.InvalidArgument, "model_missing"},
			{"the seventh may not", append(repeat("allowed", 6), "secret"), false, codes.Internal, ""},
			{"the seventh may not, unanswered", append(repeat("allowed", 6), "secret"), true, codes.PermissionDenied, "grant_missing"},
			{"the seventh may not, and an eighth", append(repeat("allowed", 6), "secret", "allowed"), false, codes.Internal, ""},
		} {
			t.Run(fmt.Sprintf("%s, headers held %v", c.name, holds), func(t *testing.T) {
				number++
				id := func(i int) string { return fmt.Sprintf("%d.%d", number, i) }
				stream, err := client.ModelStreamInfer(ctx)
				if err != nil {
					t.Fatal(err)
				}
				may := len(c.models)
				if i := slices.IndexFunc(c.models, func(m string) bool { return m != "allowed" }); i >= 0 {
					may = i
				}
				version := map[bool]string{true: "quiet"}[c.quiet]
				for i, model := range c.models {
					if err := stream.Send(&inferencepb.ModelInferRequest{ModelName: model, ModelVersion: version, Id: id(i)}); err != nil {
						break // what ended the stream is for Recv to say
					}
					if !c.quiet && i < may { // one after the other
						if answer, err := stream.Recv(); err != nil || answer.GetInferResponse().GetId() != id(i) {
							t.Fatalf("message %d: %v, %v", i, answer, err)
						}
					}
				}
				stream.CloseSend()
				_, err = stream.Recv()
				if errors.Is(err, io.EOF) {
					err = nil
				}
				if got := status.Convert(err); got.Code() != c.code || c.text != "" && got.Message() != c.text {
					t.Errorf("the stream ends with %v, want %v %s", err, c.code, c.text)
				}
				var want []string
				for i := range may {
					want = append(want, "allowed "+id(i))
				}
				if got := server.about(fmt.Sprintf(" %d.", number)); c.code == codes.OK && !slices.Equal(got, want) || len(got) > len(want) ||
					!slices.Equal(got, want[:len(got)]) {
					t.Errorf("the server got %q, want %q", got, want)
				}
			})
		}
	}
	if got := server.about("secret"); len(got) > 0 {
		t.Errorf("the server got %q", got)
	}
}

func repeat(s string, n int) []string { return slices.Repeat([]string{s}, n) }

// TestStreamExpiry has a token expire between two messages.
func TestStreamExpiry(t *testing.T) {
	server := startStreamServer(t)
	envoy, token := startGateFor(t, false, map[string]string{"triton": server.addr}, "now+1s", nil)
	client, ctx := dialInference(t, envoy.Addr(), token)
	for _, version := range []string{"quiet", ""} {
		stream, err := client.ModelStreamInfer(ctx)
		if err != nil {
			t.Fatal(err)
		}
		send := func(id string) error {
			return stream.Send(&inferencepb.ModelInferRequest{ModelName: "allowed", ModelVersion: version, Id: id})
		}
		if err := send("0"); err != nil {
			t.Fatal(err)
		}
		if version != "quiet" { // begun: and so is its reply
			if _, err := stream.Recv(); status.Code(err) != codes.Unauthenticated {
				t.Errorf("a stream that begins with the old token: %v", err)
			}
			continue
		}
		for deadline := time.Now().Add(patience); len(server.about("allowed 0")) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the first message does not arrive")
			}
		}
		time.Sleep(40 * time.Second) // longer than the token lives, with the skew of 30 s
		send("1")
		stream.CloseSend()
		if _, err = stream.Recv(); status.Code(err) != codes.Unauthenticated || status.Convert(err).Message() != "token_expired" {
			t.Errorf("the stream ends with %v, want %v token_expired", err, codes.Unauthenticated)
		}
		if got := server.arrived(); !slices.Equal(got, []string{"allowed 0"}) {
			t.Errorf("the server got %q, want the first message", got)
		}
	}
}
