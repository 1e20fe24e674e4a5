package e2e

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/modelgate/modelgate/e2e/internal/echo"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestGRPCClient calls a real gRPC server through the gate with a real client,
// unary and server streaming, and holds refusals to the codes the client sees.
func TestGRPCClient(t *testing.T) {
	t.Parallel()
	s := load(t, "grpc-cloud-run")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := echo.Serve(listener, "model")
	t.Cleanup(server.Stop)
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: shipped,
		Upstreams: map[string]string{"echo": listener.Addr().String()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(envoy.Stop)
	robot := map[string]any{"email": "client@project.iam.gserviceaccount.com", "email_verified": true}
	for _, c := range []struct {
		name   string
		claims map[string]any
		want   codes.Code
		why    string
	}{
		{"the service account", robot, codes.OK, ""},
		{"another one", map[string]any{"email": "x@project.iam.gserviceaccount.com", "email_verified": true},
			codes.PermissionDenied, "grant_missing"},
		{"another audience", map[string]any{"email": robot["email"], "email_verified": true, "aud": "x"},
			codes.Unauthenticated, "audience_wrong"},
	} {
		token, err := s.Mint(corpus.Token{Issuer: "google", Claims: c.claims}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, stream := range []bool{false, true} {
			metadata := [][2]string{{"authorization", "Bearer " + token}}
			replies, err := echo.Call(t.Context(), envoy.Addr(), "echo-1234.run.app", metadata, "ana", stream)
			got := status.Convert(err)
			if got.Code() != c.want || got.Message() != c.why {
				t.Errorf("%s, stream %v: %v %q, want %v %q", c.name, stream, got.Code(), got.Message(), c.want, c.why)
			}
			if n := map[bool]int{false: 1, true: 3}[stream]; c.want == codes.OK && len(replies) != n {
				t.Errorf("%s, stream %v: %d replies, want %d", c.name, stream, len(replies), n)
			}
		}
	}
	calls := server.Calls()
	if len(calls) != 2 {
		t.Errorf("the server got %d calls, want the two allowed ones", len(calls))
	}
	for _, call := range calls {
		if call.Metadata.Get("authorization") != nil || call.Metadata.Get("x-caller")[0] != robot["email"] {
			t.Errorf("%s arrived with %v", call.Method, call.Metadata)
		}
	}
}
