package inference

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// runsModelUnread are the endpoints that take what a model has said, and run none.
var runsModelUnread = map[string]bool{"/parse_function_call": true, "/separate_reasoning": true}

// fuzzedOpenAI returns a route with one base.
func fuzzedOpenAI(base string) *openAI {
	a := &openAI{bases: []string{base}, places: placesOf([]string{base})}
	a.server = &server{service: Model{Namespace: "prod", Service: "llm"}, modelNames: modelNames{publishers: true, free: true}}
	a.setBodies(&bodyKeys{refused: &fragments{}})
	return a
}

// FuzzOpenAIPath: a path that is taken has one reading. It runs no model unless it or the body
// names one. It means the same below another base.
func FuzzOpenAIPath(f *testing.F) {
	for line := range atBase {
		f.Add(line.method, "/v1/"+line.path)
	}
	for line := range atRoot {
		f.Add(line.method, "/"+line.path)
	}
	for _, path := range []string{
		"/v1/models/meta/llama", "/v1/models/llama3:8b", "/v1/models/m/load", "/v1/models/m:generateContent", "/v1beta/models/m:embedContent",
		"/openai/deployments/d/chat/completions", "/v1/engines/e/completions", "/v1/responses/r", "/v1/files", "/api/blobs/sha256:0",
		"/v1/models/m/versions/1", "/models/models/models", "/v1/models/openai/deployments/a/completions", "/engines/engines/completions",
	} {
		f.Add("GET", path)
		f.Add("POST", path)
	}
	plain, below := fuzzedOpenAI("/v1"), fuzzedOpenAI("/x/y/v1")
	f.Fuzz(func(t *testing.T, method, path string) {
		if !IsCanonicalPath(path) {
			return
		}
		r := &parsedRequest{Request: Request{Method: method}}
		op, why := plain.parsePath(r, path)
		if other, whyBelow := below.parsePath(r, "/x/y"+path); whyBelow != why || other.verb != op.verb || other.name != op.name {
			t.Fatalf("%s /x/y%s is %s %s %q, and without /x/y %s %s %q", method, path, whyBelow, other.verb, other.name, why, op.verb, op.name)
		}
		if why != reason.Allowed {
			return
		}
		if op.name != "" && (!plain.isOwnName(op.name) || !strings.Contains(path, "/"+op.name)) {
			t.Errorf("%s %s names %q", method, path, op.name)
		}
		runs := op.verb == Generate || op.verb == Predict || op.verb == Explain
		if runs && op.body == nil && !runsModelUnread[path] {
			t.Errorf("%s %s runs a model that nothing names", method, path)
		}
		if op.body != nil && op.name != "" && !op.body.pathNames && !op.body.MayBeEmpty {
			t.Errorf("%s %s names %q, and the body may name another", method, path, op.name)
		}
		if runs && method != "POST" && method != "PUT" {
			t.Errorf("%s %s runs a model", method, path)
		}
	})
}
