package e2e

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/modelgate/modelgate/e2e/internal/echo"
	"github.com/modelgate/modelgate/e2e/internal/echo/echopb"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestGRPCWebAndJSON has Envoy's filters that make gRPC of gRPC-Web and of JSON, and a real
// gRPC server. Before the gate they work, and the gate sees gRPC; behind it, the gate refuses
// what it does not read.
func TestGRPCWebAndJSON(t *testing.T) {
	t.Parallel()
	s := load(t, "grpc-cloud-run")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := echo.Serve(listener, "model")
	t.Cleanup(server.Stop)
	robot := corpus.Token{Issuer: "google", Claims: map[string]any{
		"email": "client@project.iam.gserviceaccount.com", "email_verified": true}}
	token, err := s.Mint(robot, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const web, unary = "application/grpc-web+proto", "/echo.EchoServer/SayHelloUnary"
	message, err := proto.Marshal(&echopb.EchoRequest{Name: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	framed := string(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...))
	for _, c := range []struct {
		name  string
		place int // of the filters, in the list
		cases []webCase
	}{
		{"before the gate", 0, []webCase{
			{unary, web, framed, token, "200 " + web, "ana"},
			{unary, "application/grpc-web-text", base64.StdEncoding.EncodeToString([]byte(framed)), token, "200 application/grpc-web", "ana"},
			{unary, "application/json", `{"name": "ana"}`, token, "200 application/json", "ana"},
			{unary, web, framed, "", "401 " + web, "credential_missing"},
			{unary, "application/json", `{"name": "ana"}`, "", "401 ", ""},
			{"/echo.Other/Call", web, framed, token, "404 " + web, "path_unknown"},
		}},
		{"behind the gate", 1, []webCase{
			{unary, web, framed, token, "415 application/json", "grpc_web"},
			{unary, "application/json", `{"name": "ana"}`, token, "404 application/json", "path_unknown"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			envoy, err := harness.StartEnvoy(harness.Options{
				Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: shipped,
				Upstreams: map[string]string{"echo": listener.Addr().String()},
				Edit:      func(tree map[string]any) { addFilters(t, tree, c.place) },
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(envoy.Stop)
			for _, one := range c.cases {
				one.check(t, envoy)
			}
		})
	}
	for _, call := range server.Calls() {
		if call.Metadata.Get("authorization") != nil || call.Metadata.Get("x-caller")[0] != robot.Claims["email"] {
			t.Errorf("%s arrived with %v", call.Method, call.Metadata)
		}
	}
}

// webCase is a request that is not gRPC yet: its body, and the status, the media type and a
// part of what comes back.
type webCase struct{ path, mediaType, body, token, want, has string }

func (c *webCase) check(t *testing.T, envoy *harness.Envoy) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+envoy.Addr()+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "echo-1234.run.app"
	r.Header.Set("content-type", c.mediaType)
	if c.token != "" {
		r.Header.Set("authorization", "Bearer "+c.token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	got := strings.Fields(answer.Status)[0] + " " + answer.Header.Get("content-type")
	if seen := string(body) + answer.Header.Get("grpc-message"); !strings.HasPrefix(got, c.want) || !strings.Contains(seen, c.has) {
		t.Errorf("%s %s: %s %q, want %s and %q", c.path, c.mediaType, got, seen, c.want, c.has)
	}
}

// addFilters adds grpc_web and grpc_json_transcoder at a place in the list of HTTP filters.
func addFilters(t *testing.T, tree map[string]any, place int) {
	t.Helper()
	set, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{
		protodesc.ToFileDescriptorProto(echopb.File_echo_proto)}})
	if err != nil {
		t.Fatal(err)
	}
	const filters = "type.googleapis.com/envoy.extensions.filters.http."
	added := []any{
		map[string]any{"name": "grpc_web", "typed_config": map[string]any{"@type": filters + "grpc_web.v3.GrpcWeb"}},
		map[string]any{"name": "transcoder", "typed_config": map[string]any{
			"@type":                filters + "grpc_json_transcoder.v3.GrpcJsonTranscoder",
			"proto_descriptor_bin": base64.StdEncoding.EncodeToString(set), "services": []any{"echo.EchoServer"}, "auto_mapping": true,
		}},
	}
	listener := tree["static_resources"].(map[string]any)["listeners"].([]any)[0].(map[string]any)
	chain := listener["filter_chains"].([]any)[0].(map[string]any)["filters"].([]any)[0].(map[string]any)
	manager := chain["typed_config"].(map[string]any)
	manager["http_filters"] = slices.Insert(manager["http_filters"].([]any), place, added...)
}
