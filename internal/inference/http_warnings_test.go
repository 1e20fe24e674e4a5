package inference_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestResourceWarnings has a wide resource beside a model server.
func TestResourceWarnings(t *testing.T) {
	const (
		dashboard = `{"protocol": "http", "hosts": ["a.example.com", "b.example.com"], "resources": [
			{"path": "/x/*", "methods": ["GET"], "verb": "predict", "service": "prod/x"},
			{"path": "PATH", "methods": ["GET"], "verb": "predict", "service": "prod/dashboard"}]}`
		want = `/0/resources/1 takes what route 1 does not know on the same hosts: if one router behind the gate serves both, ` +
			`a caller who may use the one reaches the server of the other, prod/llm`
	)
	for _, c := range []struct{ name, path, other, want string }{
		{"on one host", "/*", `{"protocol": "openai", "service": "prod/llm", "hosts": ["b.example.com"]}`, want},
		{"a place", "/{model}/*", `{"protocol": "openai", "service": "prod/llm", "hosts": ["b.example.com"]}`, want},
		{"another host", "/*", `{"protocol": "openai", "service": "prod/llm", "hosts": ["c.example.com"]}`, ""},
		{"the same service", "/*", `{"protocol": "openai", "service": "prod/dashboard", "hosts": ["a.example.com"]}`, ""},
		{"sent elsewhere", "/*", `{"protocol": "openai", "service": "prod/llm", "hosts": ["b.example.com"], "names": "kserve"}`, ""},
		{"gRPC, whose paths are its own", "/*", `{"protocol": "grpc", "service": "s.S", "model": "prod/llm", "hosts": ["a.example.com"]}`, ""},
		{"a narrow resource", "/pages/*", `{"protocol": "openai", "service": "prod/llm", "hosts": ["b.example.com"]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkWarnings(t, "["+edit.Set(t, dashboard, "/resources/1/path", `"`+c.path+`"`)+","+c.other+"]", c.want)
		})
	}
}
