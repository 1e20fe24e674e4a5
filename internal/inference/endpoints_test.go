package inference_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

var updateEndpoints = flag.Bool("update-endpoints", false, "write docs/endpoints.md")

// endpointRoutes are routes to one server, by the file of its endpoints in testdata/endpoints.
var endpointRoutes = map[string]string{
	"kserve": `[{"protocol": "kserve-v1", "names": "kserve"}, {"protocol": "kserve-v2", "names": "kserve", "backend": "kserve"},
		{"protocol": "openai", "names": "kserve"}]`,
	"envoy-ai-gateway": `[{"protocol": "openai", "service": "prod/s"}, {"protocol": "openai", "service": "prod/s", "base": "/anthropic/v1"},
		{"protocol": "openai", "service": "prod/s", "base": "/cohere/v1"}]`,
	"litellm":       `[{"protocol": "openai", "service": "prod/s", "base": "/v1"}]`,
	"llama-cpp":     `[{"protocol": "openai", "service": "prod/s"}]`,
	"ollama":        `[{"protocol": "openai", "service": "prod/s"}]`,
	"ray-llm":       `[{"protocol": "openai", "service": "prod/s"}]`,
	"sglang":        `[{"protocol": "openai", "service": "prod/s"}]`,
	"tgi":           `[{"protocol": "openai", "service": "prod/s"}]`,
	"triton-openai": `[{"protocol": "openai", "service": "prod/s"}]`,
	"vllm":          `[{"protocol": "openai", "service": "prod/s"}]`,
	"mlserver":      `[{"protocol": "kserve-v2", "service": "prod/s"}]`,
	"tfserving":     `[{"protocol": "tfserving", "service": "prod/s"}]`,
	"torchserve":    `[{"protocol": "torchserve", "service": "prod/s"}]`,
	"triton":        `[{"protocol": "triton", "service": "prod/s"}]`,
}

// endpoint is a line of such a file: what a server takes, and what the gate makes of it, a
// verb or a Reason.
type endpoint struct{ method, path, want, note string }

// readEndpoints returns the title of a file, and its lines.
func readEndpoints(t *testing.T, file string) (title string, list []endpoint) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line, note, _ := strings.Cut(line, "#")
		note = strings.TrimSpace(note)
		if fields := strings.Fields(line); len(fields) == 3 {
			list = append(list, endpoint{fields[0], fields[1], fields[2], note})
		} else if len(fields) != 0 {
			t.Fatalf("%s: %q is not a method, a path and a verb or a Reason", file, line)
		} else if title == "" {
			title = note
		}
	}
	return title, list
}

// TestEndpoints: each endpoint of each server is classified, and docs/endpoints.md says so.
func TestEndpoints(t *testing.T) {
	const document = "../../docs/endpoints.md"
	values := strings.NewReplacer("{version}", "1", "{", "", "}", "")
	files, err := filepath.Glob("testdata/endpoints/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	var table, lists strings.Builder
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		title, list := readEndpoints(t, file)
		routes, host := compile(t, endpointRoutes[name]), public
		if name == "kserve" {
			host = "s-predictor.prod"
		}
		fmt.Fprintf(&lists, "\n## %s\n\n| | |\n|---|---|\n", title)
		counts := map[string]int{}
		for _, e := range list {
			t.Run(name+" "+e.method+" "+e.path, func(t *testing.T) {
				m, why := routes.Match(request(e.method+" "+values.Replace(e.path), host))
				got := why.String()
				if why == reason.Allowed {
					got = m.Call.Verb.String()
				}
				if got != e.want {
					t.Errorf("Match = %s, want %s", got, e.want)
				}
				counts[kindOf(why)]++
			})
			fmt.Fprintf(&lists, "| `%s %s` | %s |\n", e.method, e.path, strings.TrimSuffix("`"+e.want+"` "+e.note, " "))
		}
		fmt.Fprintf(&table, "| %s | %d | %d | %d |\n", title, counts["covered"], counts["refused"], counts["unknown"])
	}
	want := endpointsHead + table.String() + lists.String()
	if *updateEndpoints {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(document); err != nil || string(got) != want {
		t.Errorf("%s is not what testdata/endpoints says: run go test ./internal/inference -run TestEndpoints -update-endpoints", document)
	}
}

func kindOf(why reason.Reason) string {
	switch why {
	case reason.Allowed:
		return "covered"
	case reason.PathUnknown:
		return "unknown"
	}
	return "refused"
}

const endpointsHead = `# Endpoints of the servers

Each server's own list of endpoints, and what the gate makes of them: the verb that a caller
must be granted, or the Reason of the refusal. A path that is ` + "`path_unknown`" + ` to a server's
protocol can be declared by a route of its own.

A test compares this page with the gate. Other tests compare the lists with running servers, so
that a new endpoint of a new release is found.

| Server | covered | refused with a Reason of its own | path_unknown |
|---|---|---|---|
`
