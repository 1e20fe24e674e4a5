package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// TestCause: what is said to be at fault, and that Cause and Match have one Reason, but where
// Match answers as for a model that does not exist.
func TestCause(t *testing.T) {
	rs := compile(t, `[
		{"protocol": "kserve-v1", "prefix": "/kf", "names": "kfserving"},
		{"protocol": "grpc", "service": "echo.Echo", "model": "prod/echo", "hosts": ["echo.example.com"]},
		{"protocol": "openai", "names": "kserve", "models": {"a": "prod/a", "b": "prod/b"}},
		{"protocol": "http", "service": "prod/pages", "hosts": ["pages.example.com"],
			"resources": [{"path": "/pages/{model}", "methods": ["GET"], "verb": "predict", "query": ["page"]}]}
	]`)
	const (
		front = "models.example.com"
		llm   = "llm.example.com"
	)
	for _, c := range []struct {
		line, host string
		why        reason.Reason
		place, got string
	}{
		{"POST /kf/prod/m:predict", front, reason.Allowed, "", ""},
		{"POST /kf/prod//m:predict", front, reason.PathInvalid, "path byte 9", "/m:"},
		{"POST /kf/prod/../m:predict", front, reason.PathInvalid, "path byte 9", "../"},
		{"POST /kf/prod/m:predict/", front, reason.PathInvalid, "path byte 19", ""},
		{"POST /kf/prod/m;a:predict", front, reason.PathInvalid, "path byte 10", ";a:"},
		{"POST /kf/prod/m:predict?a#b", front, reason.PathInvalid, "path byte 20", "#b"},
		{"POST kf", front, reason.PathInvalid, "path byte 0", "kf"},
		{"POST /" + strings.Repeat("a", 3000), front, reason.PathInvalid, "path byte 2048", "aaa"},
		{"POST /kf/Prod/m:predict", front, reason.ModelInvalid, "path", "Prod/m"},
		{"GET /kf/prod/m:predict", front, reason.PathUnknown, "method", "GET"},
		{"POST /nothing?key=secret", front, reason.PathUnknown, "path", "/nothing"},
		{"POST /echo.Echo/Call", "echo.example.com", reason.PathUnknown, "header content-type", ""},
		{"POST /kf/prod/m:predict", "a@b", reason.HostInvalid, "host", "b"},
		{"POST /kf/prod/m:predict", "ana:secret@b", reason.HostInvalid, "host", "b"},
		{"POST /kf/prod/m:predict", strings.Repeat("a", 300), reason.HostInvalid, "host", strings.Repeat("a", 96) + "…"},
		{"gRPC /echo.Echo/Call", front, reason.HostInvalid, "host", front},
		{"POST /kf/prod/m:predict", "other-predictor-default.prod.svc.cluster.local", reason.IdentityConflict, "host",
			"other-predictor-default.prod.svc.cluster.local"},
		{"POST /kf/prod/m:predict x-gateway-model-name: other", front, reason.IdentityConflict, "header x-gateway-model-name", "other"},
		{"GET /v1/models/c", llm, reason.GrantMissing, "model", "c"},
		{"POST /v1/chat/completions?model=secret", llm, reason.QueryRefused, "query", "model"},
		{"POST /v1/chat/completions?key=secret", llm, reason.QueryToken, "query", "key"},
		{"POST /v1/chat/completions?secret", llm, reason.QueryRefused, "query", "a parameter without ="},
		{"GET /pages/a?secret", "pages.example.com", reason.QueryRefused, "query", "a parameter without ="},
		{"GET /pages/a?page=1&key=secret", "pages.example.com", reason.QueryRefused, "query", "key"},
	} {
		t.Run(c.line+" on "+c.host, func(t *testing.T) {
			r := request(c.line, c.host)
			for i := range r.Routing {
				r.Routing[i].Name = "x-gateway-model-name"
			}
			cause, why := rs.Cause(r)
			if _, answered := rs.Match(r); why != c.why || answered != why && answered != reason.GrantMissing {
				t.Errorf("Cause = %s, Match answers %s, want %s", why, answered, c.why)
			}
			if cause.Place != c.place || strings.Join(cause.Got, " ") != c.got || (cause.Why == "") != (c.why == reason.Allowed) {
				t.Errorf("Cause = %+v, want %q at %s", cause, c.got, c.place)
			}
			if strings.Contains(cause.Text(), "secret") {
				t.Errorf("Cause has the value of a parameter: %s", cause.Text())
			}
		})
	}
}
