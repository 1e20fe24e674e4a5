package main_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// bodyConfig is remoteConfig with protocols that name the model in the body.
// holdHeaders says whether the host can hold a head until its body comes.
func bodyConfig(t *testing.T, holdHeaders bool) string {
	config := edit.Set(t, remoteConfig, "/routes", `[
		{"protocol": "openai", "service": "prod/llm"},
		{"protocol": "triton", "service": "prod/gpu"},
		{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"}]`)
	config = edit.Set(t, config, "/grants/0/models", `["prod/llm/a", "prod/gpu/a", "prod/fraud"]`)
	if holdHeaders {
		config = edit.Set(t, config, "/host", `{"holdHeaders": true}`)
	}
	return config
}

// frames returns gRPC messages that name these models.
func frames(t *testing.T, texts ...string) (all string) {
	t.Helper()
	for _, text := range texts {
		f, err := corpus.Frame(text)
		if err != nil {
			t.Fatal(err)
		}
		all += f
	}
	return all
}

// TestBodiesThatWait: a body and trailers that arrive while a request waits for a
// key are read when the key is there. Nothing of the body is forwarded before.
func TestBodiesThatWait(t *testing.T) {
	const (
		chat    = "/v1/chat/completions"
		infer   = "/inference.GRPCInferenceService/ModelStreamInfer"
		predict = "/kfserving/prod/fraud:predict"
		json    = "application/json"
		grpc    = "application/grpc"
	)
	for i, c := range []struct{ name, path, mediaType, body, want string }{
		{"a granted model", chat, json, `{"model": "a"}`, "forwarded"},
		{"another model", chat, json, `{"model": "b"}`, "403 grant_missing"},
		{"half a body", chat, json, `{"model": "a"`, "400 body_invalid"},
		{"granted messages", infer, grpc, frames(t, "1:a", "1:a"), "forwarded"},
		{"a message for another model", infer, grpc, frames(t, "1:a", "1:b"), "grpc 7 grant_missing"},
		{"a model in the path", predict, json, `{}`, "forwarded"},
		{"another model in the path", "/kfserving/prod/other:predict", json, `{}`, "403 grant_missing"},
	} {
		for _, holdHeaders := range []bool{true, false} {
			trailers := (i%2 == 1) == holdHeaders // each combination in turn: a VM for every one is slow
			t.Run(fmt.Sprintf("%s, holdHeaders %v, trailers %v", c.name, holdHeaders, trailers), func(t *testing.T) {
				clock, key := &clock{time.Now()}, newKeyPair(t, "k1")
				vm := start(t, shipped, wasmhost.Options{Now: clock.Now, Clusters: []string{"keys"}, StopIteration: holdHeaders})
				configure(t, vm, bodyConfig(t, holdHeaders))
				r := key.request(t, clock.now)
				r.Path, r.Body = c.path, c.body
				r.Headers = append(r.Headers, [2]string{"content-type", c.mediaType})
				s := vm.NewStream(nil)
				defer s.Close()
				if action, err := s.RequestHeaders(r.Pairs(), false); action != wasmhost.Pause || err != nil {
					t.Fatalf("RequestHeaders() = %v, %v, want pause", action, err)
				}
				half := len(c.body) / 2
				s.RequestBody([]byte(c.body[:half]), false)
				s.RequestBody([]byte(c.body[half:]), !trailers)
				if trailers {
					s.RequestTrailers([][2]string{{"x-sum", "1"}})
				}
				if got := s.Request().Body; len(got) != 0 {
					t.Errorf("%q is forwarded before the key is there", got)
				}
				tick(t, vm)
				respond(t, status200, keySet(key), vm)
				tick(t, vm)
				if got := bodyOutcome(s, r, c.mediaType == grpc); got != c.want {
					t.Errorf("outcome = %s, want %s\nlog: %v", got, c.want, vm.Logs())
				}
			})
		}
	}
}

// bodyOutcome returns what became of a request with a body.
func bodyOutcome(s *wasmhost.Stream, r corpus.Request, grpc bool) string {
	body := string(s.Request().Body)
	switch local := s.LocalReply(); {
	case local != nil && grpc:
		return fmt.Sprintf("grpc %d %s", local.GRPC, local.Body)
	case local != nil:
		return corpus.RefusedReply(int(local.Status), local.Body)
	case body != r.Body:
		return "forwarded with the body " + body
	}
	return "forwarded"
}
