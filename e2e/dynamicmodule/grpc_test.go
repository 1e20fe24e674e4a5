package dynamicmodule_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestGRPCRefusals: a refusal of a gRPC request is one block of headers that ends the stream
// ("Trailers-Only" in the document "gRPC over HTTP2"), with the status and the Reason. The access
// log has the same status, and the Reason as details.
func TestGRPCRefusals(t *testing.T) {
	t.Parallel()
	s := load(t, "grpc-cloud-run")
	g := start(t, s, []string{"echo"}, nil, func(bootstrap object) {
		source := at(manager(bootstrap), "access_log", 0, "typed_config", "log_format", "text_format_source").(object)
		source["inline_string"] = "ended %RESPONSE_CODE% grpc %GRPC_STATUS_NUMBER% %RESPONSE_CODE_DETAILS% %BYTES_SENT%\n"
	})
	token := func(claims map[string]any) *corpus.Token { return &corpus.Token{Issuer: "google", Claims: claims} }
	ana := token(map[string]any{"email": "ana@example.com", "email_verified": true, "azp": "104"})
	for _, c := range []struct {
		token        *corpus.Token
		path         string
		status, name string
	}{
		{nil, "/echo.EchoServer/SayHelloUnary", "16", "credential_missing"},
		{ana, "/echo.EchoServer/SayHelloUnary", "7", "grant_missing"},
		{ana, "/echo.Other/SayHelloUnary", "12", "path_unknown"},
		{ana, "/echo.EchoServer/SayHelloUnary/", "3", "path_invalid"},
	} {
		r := g.send(t, corpus.Case{Token: c.token, Request: "POST " + c.path, Host: "echo-1234.run.app", GRPC: true})
		h := r.Headers
		if r.Status != 200 || h.Get("grpc-status") != c.status || h.Get("grpc-message") != c.name ||
			h.Get("content-type") != "application/grpc" || h.Get("content-length") != "" || len(r.Body) != 0 || r.Trailers != nil || r.Reset {
			t.Errorf("%s: %+v, want grpc-status %s and grpc-message %s in headers that end the stream", c.path, r, c.status, c.name)
		}
		g.awaitLog(t, "ended 200 grpc "+c.status+" modelgate_"+c.name+" 0")
	}
}
