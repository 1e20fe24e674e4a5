package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	kind "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/grpc/codes"
)

// before turns a session into a token, as oauth2-proxy does with its option
// --set-authorization-header. It says nothing about who may what: the gate verifies the
// token as if the client had sent it.
type before struct {
	auth.UnimplementedAuthorizationServer
	tokens map[string]string // by session
}

func newBefore(file string) (*before, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b := &before{}
	if err := json.Unmarshal(text, &b.tokens); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return b, nil
}

// Check answers a browser with its session's token. A client that has a token of its own
// and no session goes on with it; all others must log in.
func (b *before) Check(_ context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	headers := request.GetAttributes().GetRequest().GetHttp().GetHeaders()
	sessions := sessionsOf(headers["cookie"])
	fmt.Printf("asked with %d sessions\n", len(sessions))
	switch {
	case len(sessions) == 0 && headers["authorization"] != "":
		return allow(&auth.OkHttpResponse{}), nil
	case len(sessions) == 1 && b.tokens[sessions[0]] != "":
		// OVERWRITE: a client's own header must not stay beside the session's.
		return allow(&auth.OkHttpResponse{HeadersToRemove: []string{"cookie"}, Headers: []*core.HeaderValueOption{{
			Header:       &core.HeaderValue{Key: "authorization", Value: "Bearer " + b.tokens[sessions[0]]},
			AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		}}}), nil
	}
	return denied(kind.StatusCode_Unauthorized, codes.Unauthenticated), nil
}

// sessionsOf returns the values of all cookies "session".
func sessionsOf(header string) (values []string) {
	for _, line := range strings.Split(header, ",") { // Envoy may have joined two headers
		cookies, _ := http.ParseCookie(line)
		for _, c := range cookies {
			if c.Name == "session" {
				values = append(values, c.Value)
			}
		}
	}
	return values
}
