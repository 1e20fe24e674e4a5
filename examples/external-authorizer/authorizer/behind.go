package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	kind "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
)

//go:embed policy.rego
var policy string

// behind decides behind the gate. The gate has decided who calls, what for, and whether a
// grant covers it; nothing of that is decided again.
type behind struct {
	auth.UnimplementedAuthorizationServer
	query rego.PreparedEvalQuery
}

func newBehind(file string) (*behind, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var data map[string]any
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	query, err := rego.New(rego.Query("allow := data.models.allow"), rego.Module("policy.rego", policy),
		rego.Store(inmem.NewFromObject(data))).PrepareForEval(context.Background())
	return &behind{query: query}, err
}

// told are the headers of the gate. "x-gate-subject" is missing for a caller without a
// token; the others are there for every call.
var told = map[string]string{"subject": "x-gate-subject", "verb": "x-gate-verb", "models": "x-gate-models"}

// Check decides on one request. It denies what it cannot evaluate.
func (b *behind) Check(ctx context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	headers := request.GetAttributes().GetRequest().GetHttp().GetHeaders()
	input := map[string]any{}
	for name, header := range told {
		if value := headers[header]; value != "" {
			input[name] = value
		}
	}
	if models := headers[told["models"]]; models != "" {
		input["models"] = strings.Split(models, ",")
	}
	results, err := b.query.Eval(ctx, rego.EvalInput(input))
	allowed := err == nil && len(results) == 1 && results[0].Bindings["allow"] == true
	fmt.Printf("asked %v: allow %v\n", input, allowed)
	if !allowed {
		return denied(kind.StatusCode_Forbidden, codes.PermissionDenied), nil
	}
	return allow(&auth.OkHttpResponse{}), nil
}

// allow lets a request pass. A status of code 0 is what allows it.
func allow(ok *auth.OkHttpResponse) *auth.CheckResponse {
	return &auth.CheckResponse{Status: &status.Status{}, HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: ok}}
}

// denied answers a request. Envoy makes the code of gRPC from that of HTTP.
func denied(code kind.StatusCode, grpc codes.Code) *auth.CheckResponse {
	return &auth.CheckResponse{Status: &status.Status{Code: int32(grpc)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: &auth.DeniedHttpResponse{Status: &kind.HttpStatus{Code: code}}}}
}
