package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	kind "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

//go:embed policy.rego
var policy string

// startOPA starts this program again, as the ext_authz server. It is a process of its
// own, so that its processor time is not mixed with the load's.
func startOPA(f *fixture, dir string) (port string, id int, stop func(), err error) {
	granted := map[string][]string{}
	for _, g := range grants() {
		model := strings.TrimSuffix(strings.TrimPrefix(g.Path, "/kfserving/"), ":predict")
		granted[g.Email] = append(granted[g.Email], model)
	}
	es := f.issuers["ES256"]
	data, _ := json.Marshal(map[string]any{"grants": granted, "jwks": es.jwks(), "issuer": es.url(), "audience": audience}) // JSON values
	file := filepath.Join(dir, "data.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return "", 0, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", 0, nil, err
	}
	command := exec.Command(self, "opa", file)
	command.Stderr, command.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := command.StdoutPipe()
	if err != nil {
		return "", 0, nil, err
	}
	if err := command.Start(); err != nil {
		return "", 0, nil, err
	}
	stop = func() { command.Process.Kill(); command.Wait() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", 0, nil, fmt.Errorf("the server of ext_authz did not start: %w", err)
	}
	return strings.TrimSpace(line), command.Process.Pid, stop, nil
}

// serveOPA prints its port, and then answers Envoy by the policy.
func serveOPA(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var data map[string]any
	if err := json.Unmarshal(text, &data); err != nil {
		return err
	}
	query, err := rego.New(rego.Query("decision := data.gate.decision"), rego.Module("policy.rego", policy),
		rego.Store(inmem.NewFromObject(data))).PrepareForEval(context.Background())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer()
	auth.RegisterAuthorizationServer(server, &authorizer{query: query})
	return server.Serve(listener)
}

type authorizer struct {
	auth.UnimplementedAuthorizationServer
	query rego.PreparedEvalQuery
}

// Check decides on one request. It refuses what it cannot evaluate.
func (a *authorizer) Check(ctx context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	http := request.GetAttributes().GetRequest().GetHttp()
	results, err := a.query.Eval(ctx, rego.EvalInput(map[string]any{
		"method": http.GetMethod(), "path": http.GetPath(), "authorization": http.GetHeaders()["authorization"]}))
	if err != nil || len(results) != 1 {
		return denied(kind.StatusCode_InternalServerError), err
	}
	decision, _ := results[0].Bindings["decision"].(map[string]any)
	field := func(name string) string { text, _ := decision[name].(string); return text }
	switch fmt.Sprint(decision["status"]) {
	case "200":
	case "401":
		return denied(kind.StatusCode_Unauthorized), nil
	default:
		return denied(kind.StatusCode_Forbidden), nil
	}
	set := func(name, value string) *core.HeaderValueOption {
		return &core.HeaderValueOption{
			Header:       &core.HeaderValue{Key: name, Value: value},
			AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		}
	}
	edits := []*core.HeaderValueOption{set(":path", field("path")), set(":authority", field("authority")), set("x-user", field("user"))}
	ok := &auth.OkHttpResponse{Headers: edits, HeadersToRemove: []string{"authorization"}}
	return &auth.CheckResponse{Status: &status.Status{}, HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: ok}}, nil
}

func denied(code kind.StatusCode) *auth.CheckResponse {
	return &auth.CheckResponse{Status: &status.Status{Code: int32(codes.PermissionDenied)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: &auth.DeniedHttpResponse{Status: &kind.HttpStatus{Code: code}}}}
}
