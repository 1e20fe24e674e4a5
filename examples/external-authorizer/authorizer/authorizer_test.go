package main

import (
	"os"
	"path/filepath"
	"testing"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
)

func asking(headers map[string]string) *auth.CheckRequest {
	return &auth.CheckRequest{Attributes: &auth.AttributeContext{Request: &auth.AttributeContext_Request{
		Http: &auth.AttributeContext_HttpRequest{Headers: headers}}}}
}

func TestBehind(t *testing.T) {
	server, err := newServer("data.json", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                  string
		subject, verb, models string
		want                  bool
	}{
		{"a model", "sub-ana", "predict", "prod/fraud", true},
		{"nobody", "", "predict", "prod/fraud", true},
		{"a suspended caller", "sub-bob", "predict", "prod/fraud", false},
		{"a frozen model", "sub-ana", "predict", "prod/churn", false},
		{"a frozen model is looked at", "sub-ana", "ready", "prod/churn", true},
		{"two models", "sub-ana", "predict", "prod/fraud,prod/llm", true},
		{"one of two models is frozen", "sub-ana", "predict", "prod/fraud,prod/churn", false},
		{"no model", "sub-ana", "predict", "", false},
		{"no verb", "sub-ana", "", "prod/fraud", false},
		{"nothing", "", "", "", false},
	} {
		headers := map[string]string{"x-gate-subject": c.subject, "x-gate-verb": c.verb, "x-gate-models": c.models}
		answer, err := server.Check(t.Context(), asking(headers))
		if got := err == nil && answer.GetStatus().GetCode() == 0 && answer.GetOkResponse() != nil; got != c.want {
			t.Errorf("%s: allowed = %v, want %v (%v)", c.name, got, c.want, err)
		}
	}
}

func TestBefore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessions.json")
	if err := os.WriteFile(file, []byte(`{"s1": "a.b.c", "s2": ""}`), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := newServer("", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, cookie, authorization, want string }{
		{"a session", "session=s1", "", "Bearer a.b.c"},
		{"a session beside other cookies", "a=b; session=s1", "", "Bearer a.b.c"},
		{"a session and a token", "session=s1", "Bearer own", "Bearer a.b.c"},
		{"a token", "", "Bearer own", "unchanged"},
		{"a token and another cookie", "a=b", "Bearer own", "unchanged"},
		{"an unknown session", "session=x", "", "denied"},
		{"an unknown session and a token", "session=x", "Bearer own", "denied"},
		{"a session without a token", "session=s2", "", "denied"},
		{"an empty session", "session=", "", "denied"},
		{"two sessions", "session=s1; session=s1", "", "denied"},
		{"two sessions in two headers", "session=s1,session=s1", "", "denied"},
		{"nothing", "", "", "denied"},
	} {
		answer, err := server.Check(t.Context(), asking(map[string]string{"cookie": c.cookie, "authorization": c.authorization}))
		got := "denied"
		if ok := answer.GetOkResponse(); err == nil && answer.GetStatus().GetCode() == 0 && ok != nil {
			got = "unchanged"
			for _, h := range ok.GetHeaders() {
				got = h.GetHeader().GetValue()
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
