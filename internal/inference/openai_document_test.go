package inference

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/watch"
)

var updateOpenAI = flag.Bool("update-openai", false, "write docs/openai.md")

const openAIHead = `<!-- Written by: go test ./internal/inference -run TestOpenAIDocument -update-openai.
Edit internal/inference/openai_endpoints.go. -->
# Endpoints of ` + "`openai`" + ` routes

A route with ` + "`\"protocol\": \"openai\"`" + ` takes what servers of this family answer: vLLM, SGLang, TGI,
llama.cpp, Ollama, LiteLLM, Ray Serve LLM, Triton's OpenAI frontend, Envoy AI Gateway, and what
the clients of OpenAI, Azure, Anthropic, Cohere and Gemini ask for. A path that is not on this
page is 404 ` + "`path_unknown`" + `, whatever it may mean to a server. [Endpoints of the servers](endpoints.md)
goes through each server's own list.

- ` + "`BASE` is `base`" + ` of the route: ` + "`/v1` and `/openai/v1`" + ` by default. ` + "`ROOT`" + ` is what is
  before ` + "`/v1`" + ` at its end: nothing and ` + "`/openai`" + ` by default. A base that ends otherwise has no root: then only
  the paths below it are taken.
- What another route declares on the same hosts for another service is not the route's: a narrower ` + "`base`" + `, or
  one that this route has by default, and below ` + "`ROOT`" + ` the resources of protocol ` + "`http`" + ` (` + "`/generate`" + `, not ` + "`/*`" + `).
- All of them are below a ` + "`prefix`" + ` too, ` + "`PREFIX/NAMESPACE/SERVICE/…`" + `, and, of a route with ` + "`models`" + `,
  below ` + "`/publishers/NAMESPACE/models/MODEL/…`" + `. With the prefix ` + "`\"/\"`" + ` no namespace can be
  called ` + "`v1`, `v1beta`, `v2`, `openai`, `publishers` or `engines`" + `.
- A model's name in a path may have slashes in it below ` + "`BASE/models/`" + `, and nowhere else. What
  TensorFlow Serving has there (` + "`/versions/`, `/labels/`, `/metadata`" + `) is not of this protocol.
- The caller must be granted the verb on the model that the request names. Where the request names none, the
  verb is asked on the service as a whole: a grant with a pattern of two segments, such as
  ` + "`prod/llm`" + `. With ` + "`models`" + `, a request that names no model is for no service: 400 ` + "`model_missing`" + `;
  lists are answered by the gate. For health checks use ` + "`exempt`" + `, or the path of a publisher.
- Before LiteLLM say ` + "`\"base\": \"/v1\"`" + `: it passes what is below ` + "`/openai`" + ` on to OpenAI, with a key of its own,
  whatever model it has under that name itself.
- Ollama unloads a model by ` + "`keep_alive`" + ` in a body of ` + "`/api/generate`" + `: whoever may generate may do that.
- A server of one model (SGLang, TGI, llama.cpp) may run it whatever the request names. There a grant
  on one name is a grant on that model: give it on the service.
- Every query may have ` + "`api-version` and `beta`" + `, and the parameters in the table. Another one is
  ` + "`query_refused`" + `, unless the request asks for ` + "`admin`" + ` on the service as a whole.
  ` + "`?key=`" + ` of Gemini's clients is a credential in a query, which every proxy would log: ` + "`query_token`" + `.
  They also send it as ` + "`x-goog-api-key`" + `.
- A body must not have the keys of [Bodies](bodies.md) at its top level, nor inside
  ` + "`parameters`, `generationConfig`, `generateContentRequest` and each of `requests`" + `.

How the model is named:

| | |
|---|---|
`

// bodyTexts say how a request names its model.
var bodyTexts = [bodyForms]struct{ name, text string }{
	noBody:       {"", "It is for the service as a whole. The body is not read."},
	modelBody:    {"`model`", "The key `model` of a JSON document. Without it, the route's `default`; without that, `model_missing`."},
	responseBody: {"`model`, responses", "The same. `prompt` is the name of a stored one, and needs `storedObjects`."},
	formBody:     {"`model`, form", "The same, or the part `model` of a `multipart/form-data`."},
	ollamaBody:   {"`model` or `name`", "Either of the two keys. If both are there, they must agree."},
	sageMakerBody: {
		"`model`, adapter",
		"The key `model`, or `parameters.adapter_id`, by which TGI and LoRAX choose. If both are there, they must agree.",
	},
	serverBody: {
		"`default`",
		"The server runs its one model, and reads no name. The route must have a `default`. A `model` or `parameters.adapter_id` " +
			"must be that one.",
	},
	geminiBody: {
		"path, Gemini",
		"The path. `model`, `generateContentRequest.model` and each `model` in `requests`, with or without `models/` before the " +
			"name, must agree.",
	},
}

const openAITail = `
## With a name or an identifier in the path

| request | verb | the model |
|---|---|---|
| ` + "`GET BASE/models/MODEL`, `GET ROOT/models/MODEL`, `GET ROOT/v1beta/models/MODEL`" + ` | metadata | path |
| ` + "`DELETE BASE/models/MODEL`, `DELETE ROOT/models/MODEL`" + ` | admin | path |
| ` + "`POST BASE/models/MODEL/load`" + ` | load | path |
| ` + "`POST BASE/models/MODEL/unload`" + ` | unload | path |
| ` + "`POST ROOT/openai/deployments/MODEL/…`, `POST BASE/engines/MODEL/…`, `POST ROOT/engines/MODEL/…`" + `, ` +
	"and a path of the table below BASE | as there | path; `model` in the body must agree" + ` |
`

const openAIUnreadable = `
## Not read

These name their model where the gate does not look, so it cannot say whether the caller may
use it. They are 404 ` + "`model_unreadable`" + `, below BASE, below ROOT and below ` + "`ROOT/v1beta`" + `, with everything below
them that is not in the tables. A route of protocol ` + "`http`" + ` can declare them.

| path | which model, says |
|---|---|
`

const openAIStored = `
With ` + "`storedObjects: true`" + `, whoever has ` + "`generate`" + ` on the service as a whole may ask for one response or one
chat by its identifier: ` + "`GET` and `DELETE` of `responses/ID` and `chat/completions/ID`, `GET responses/ID/input_items`" + `,
` + "`POST responses/ID/cancel` and `GET chat/completions/ID/messages`" + `. Whose it is, and of which model, only the server knows.
`

func renderOpenAI() string {
	b := &strings.Builder{}
	b.WriteString(openAIHead)
	for _, form := range bodyTexts {
		fmt.Fprintf(b, "| %s | %s |\n", cmp.Or(form.name, "-"), form.text)
	}
	b.WriteString("\n## The table\n\n| request | verb | the model | query |\n|---|---|---|---|\n")
	for _, e := range endpoints {
		var paths []string
		for path := range strings.FieldsSeq(e.paths) {
			switch rest := strings.TrimLeft(path, "/+"); path[0] {
			case '/':
				paths = append(paths, "`ROOT/"+rest+"`")
			case '+':
				paths = append(paths, "`BASE/"+rest+"`", "`ROOT/"+rest+"`")
			default:
				paths = append(paths, "`BASE/"+rest+"`")
			}
		}
		query := strings.Join(e.query, "`, `")
		if query != "" {
			query = "`" + query + "`"
		}
		methods := strings.ReplaceAll(e.methods, " ", ", ")
		fmt.Fprintf(b, "| %s %s | %s | %s | %s |\n", methods, strings.Join(paths, " "), e.verb, cmp.Or(bodyTexts[e.body].name, "-"), query)
	}
	b.WriteString(openAITail)
	for _, action := range slices.Sorted(maps.Keys(geminiActions)) {
		known := geminiActions[action]
		row := fmt.Sprintf("%s | %s", known.verb, bodyTexts[known.body].name)
		if known.body == noBody {
			row = "404 `model_unreadable` | in a list of requests"
		}
		fmt.Fprintf(b, "| `POST ROOT/v1beta/models/MODEL:%s`, or below `BASE/models/`, `ROOT/models/` | %s |\n", action, row)
	}
	for _, path := range administered {
		fmt.Fprintf(b, "| any method of `ROOT/%sID` | admin | - |\n", path)
	}
	b.WriteString(openAIUnreadable)
	for _, u := range unreadable {
		fmt.Fprintf(b, "| `%s` | %s |\n", u.path, u.where)
	}
	b.WriteString(openAIStored)
	return b.String()
}

// TestOpenAIDocument compares docs/openai.md with the tables.
func TestOpenAIDocument(t *testing.T) {
	const document = "../../docs/openai.md"
	want := renderOpenAI()
	if *updateOpenAI {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(document); err != nil || string(got) != want {
		t.Errorf("%s is not what the tables say: run go test ./internal/inference -run TestOpenAIDocument -update-openai", document)
	}
}

// TestEndpointTable: no request is in two rows, and each has what its body needs.
func TestEndpointTable(t *testing.T) {
	n := 0
	for _, e := range endpoints {
		for path := range strings.FieldsSeq(e.paths) {
			places := 1
			if path[0] == '+' {
				places = 2
			}
			n += places * len(strings.Fields(e.methods))
			if path != "/" && !IsCanonicalPath("/"+strings.TrimLeft(path, "/+")) {
				t.Errorf("%s is no path", path)
			}
		}
		if (e.list != nil) != (e.verb == List) {
			t.Errorf("%s: a list without a form, or a form without a list", e.paths)
		}
	}
	if got := len(atBase) + len(atRoot); got != n {
		t.Errorf("%d requests in the maps, want %d: one is in two rows", got, n)
	}
	for form, body := range openAIBodies(&bodyKeys{refused: &fragments{}}) {
		if (body == nil) != (bodyForm(form) == noBody) {
			t.Errorf("body %d is missing", form)
		} else if body != nil {
			if err := watch.CheckKeys(body.Keys); err != nil {
				t.Errorf("body %d: %v", form, err)
			}
		}
	}
}
