package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// waiting is a configuration whose keys are fetched and whose requests name
// their models in bodies.
func waiting(holds bool) string {
	config := strings.Replace(published, `"routes": [`, `"routes": [{"protocol": "openai", "service": "prod/llm"}, {"protocol": "triton", "service": "prod/gpu"}, `, 1)
	config = strings.Replace(config, `"models": ["prod/*"]`, `"models": ["prod/llm/a", "prod/gpu/a", "prod/fraud"]`, 1)
	if holds {
		config = strings.Replace(config, `"version": 1,`, `"version": 1, "host": {"holdHeaders": true},`, 1)
	}
	return config
}

// TestBodiesThatWait: bodies and trailers that come while the keys are fetched
// are read when they are there, and nothing goes before.
func TestBodiesThatWait(t *testing.T) {
	frame := func(texts ...string) (all string) {
		for _, text := range texts {
			f, err := corpus.Frame(text)
			if err != nil {
				t.Fatal(err)
			}
			all += f
		}
		return all
	}
	const chat, infer, v1 = "/v1/chat/completions", "/inference.GRPCInferenceService/ModelStreamInfer", "/kfserving/prod/fraud:predict"
	for i, c := range []struct{ path, mediaType, body, want string }{
		{chat, "application/json", `{"model": "a"}`, "allowed"}, {chat, "application/json", `{"model": "b"}`, "403 grant_missing"}, {chat, "application/json", `{"model": "a"`, "400 body_invalid"},
		{infer, "application/grpc", frame("1:a", "1:a"), "allowed"}, {infer, "application/grpc", frame("1:a", "1:b"), "grpc 7 grant_missing"},
		{v1, "application/json", `{}`, "allowed"}, {"/kfserving/prod/other:predict", "application/json", `{}`, "403 grant_missing"},
	} {
		for _, holds := range []bool{true, false} {
			trailers := (i%2 == 1) == holds // a VM each is slow
			c0 := &clock{time.Now()}
			vm := start(t, shipped, wasmhost.Options{Now: c0.Now, Clusters: []string{"keys"}, StopIteration: holds})
			configure(t, vm, waiting(holds))
			key := newKeyPair(t, "k1")
			r := key.call(t, c0.now)
			r.Path, r.Body = c.path, c.body
			r.Headers = append(r.Headers, [2]string{"content-type", c.mediaType})
			s := vm.Stream(nil)
			if action, err := s.RequestHeaders(r.Pairs(), false); action != wasmhost.Pause || err != nil {
				t.Fatalf("headers: %v, %v", action, err)
			}
			half := len(c.body) / 2
			s.RequestBody([]byte(c.body[:half]), false)
			s.RequestBody([]byte(c.body[half:]), !trailers)
			if trailers {
				s.RequestTrailers([][2]string{{"x-sum", "1"}})
			}
			if got := s.Request().Body; len(got) != 0 {
				t.Errorf("%s: %q goes before the keys are there", c.path, got)
			}
			tick(t, vm)
			respond(t, found, document(key), vm)
			tick(t, vm)
			got := "allowed"
			if local := s.Local(); local != nil {
				got = corpus.RefusedReply(int(local.Status), local.Body)
				if c.mediaType == "application/grpc" {
					got = "grpc 7 " + local.Body
				}
			} else if body := string(s.Request().Body); body != c.body {
				got = "the body " + body
			}
			if got != c.want {
				t.Errorf("%s %q, holds %v, trailers %v: %s, want %s\n%v", c.path, c.body, holds, trailers, got, c.want, vm.Logs())
			}
			s.Close()
		}
	}
}
