package inference_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
)

// TestTrimForms: a path that several protocols have is trimmed by the form of its reply.
// The caller may see a and meta/llama.
func TestTrimForms(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"OpenAI", `{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"}]}`, `{"object":"list","data":[{"id":"a","object":"model"}]}`},
		{"Anthropic", `{"data":[{"type":"model","id":"x"},{"type":"model","id":"a"},{"type":"model","id":"meta/llama"},{"id":"y"}],` +
			`"has_more":true,"first_id":"x","last_id":"y"}`, `{"object":"list","data":[{"type":"model","id":"a"},{"type":"model","id":"meta/llama"}],` +
			`"has_more":true,"first_id":"a","last_id":"meta/llama"}`},
		{"Anthropic, no more", `{"has_more":false,"first_id":"a","last_id":"b","data":[{"id":"a"},{"id":"b"}]}`,
			`{"object":"list","data":[{"id":"a"}],"has_more":false,"first_id":"a","last_id":"a"}`},
		{"Anthropic, a page with nothing to show", `{"data":[{"id":"b"}],"has_more":true,"first_id":"b","last_id":"b"}`,
			`{"object":"list","data":[],"has_more":false,"first_id":null,"last_id":null}`},
		{"has_more that is no boolean", `{"data":[{"id":"a"}],"has_more":"b"}`, `{"object":"list","data":[{"id":"a"}]}`},
		{"KServe", `{"models":["b","a"]}`, `{"models":["a"]}`},
		{"Ollama's tags", `{"models":[{"name":"a","model":"a","digest":"d","details":{"parent_model":"","family":"llama"}},{"name":"b","model":"b"}]}`,
			`{"models":[{"name":"a","model":"a","digest":"d","details":{"parent_model":"","family":"llama"}}]}`},
		{"one that names another model as its own", `{"models":[{"name":"a","model":"b"},{"name":"b","model":"a"}]}`, `{"models":[{"name":"a"}]}`},
		{"a parent", `{"models":[{"name":"a","details":{"parent_model":"c"},"size":1}]}`, `{"models":[{"name":"a","size":1}]}`},
		{"Cohere", `{"models":[{"name":"a","endpoints":["chat"],"finetuned":false},{"name":"b"}],"next_page_token":"b"}`, `{"models":[{"name":"a","finetuned":false}]}`},
		{"Gemini", `{"models":[{"name":"models/a","displayName":"A"},{"name":"models/b"}],"nextPageToken":"Yg"}`,
			`{"models":[{"name":"models/a","displayName":"A"}]}`},
		{"names and objects", `{"models":["a",{"name":"meta/llama"},"b"]}`, `{"models":["a",{"name":"meta/llama"}]}`},
		{"two forms at once, as of llama.cpp", `{"models":[{"name":"b"}],"object":"list","data":[{"id":"a"}]}`, `{"object":"list","data":[{"id":"a"}]}`},
		{"data that is no array", `{"models":["a"],"data":{"id":"b"}}`, `{"models":["a"]}`},
		{"neither", `{"list":["a"]}`, withheld},
		{"a version, which this form does not have", `{"data":[{"id":"a","version":9}]}`, `{"object":"list","data":[{"id":"a","version":9}]}`},
		{"names of another form", `{"data":["a"]}`, withheld},
		{"an item without a name", `{"models":[{"model":"a"}]}`, withheld},
		{"two names", `{"models":[{"name":"b","name":"a"}]}`, withheld},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, at := range []struct{ routes, line string }{{openai, v1List}, {kserve, v1List}, {v2, v2List}} {
				host := public
				if at.routes == kserve {
					host = "iris-predictor.prod"
				}
				if got := trim(t, at.routes, host, at.line, c.body); got != c.want {
					t.Errorf("Trim by %s = %s, want %s", at.line, got, c.want)
				}
			}
		})
	}
}

// TestTrimHidesNames: what a hidden model is called is told by no text of another, whichever
// characters are beside its name.
func TestTrimHidesNames(t *testing.T) {
	const item = `{"object":"list","data":[{"id":"a"}]}`
	for _, c := range []struct{ hidden, note, want string }{
		{"llama3:8b", "falls back to llama3:8b.", item},
		{"llama3:8b", "/models/llama3:8b/x", item},
		{"llama3:8b", "model=llama3:8b", item},
		{"llama3:8b", "llama3:8b+q4", item},
		{"llama3", "llama3:8b", item},
		{"claude@2025", "see claude@2025, please", item},
		{"claude@2025", "claude@20250101", ""},
		{"/mnt/models", "/mnt/models", item},
		{"/mnt/models", "in /mnt/models/b", item},
		{"/mnt/models", "file:///mnt/models", item},
		{"/mnt/models", "mnt/models", ""},
		{"ft:gpt-4o:org::id", "ft:gpt-4o:org::id", item},
		{"ft:gpt-4o:org::id", "ft:gpt-4o:org::idx", ""},
		{"~x", "at ~x", item},
		{"x", "y~x", item},
		{"x", "yx", ""},
		{"x", strings.Repeat("a:", 8), ""},
		{"x", strings.Repeat("a:", 400), item}, // too many parts to look at
		{"x", strings.Repeat("a ", 40_000), item},
	} {
		t.Run(fmt.Sprintf("%s in %.40s", c.hidden, c.note), func(t *testing.T) {
			want := c.want
			if want == "" {
				want = `{"object":"list","data":[{"id":"a","note":"` + c.note + `"}]}`
			}
			if got := trim(t, openai, public, v1List, `{"data":[{"id":"a","note":"`+c.note+`"},{"id":"`+c.hidden+`"}]}`); got != want {
				t.Errorf("Trim = %s, want %s", got, want)
			}
		})
	}
}

func TestTrimGemini(t *testing.T) {
	for body, want := range map[string]string{
		`{"models":[{"name":"models/a","version":"001","baseModelId":"a"},{"name":"models/b"}],"nextPageToken":"Yg"}`://
		`{"models":[{"name":"models/a","version":"001","baseModelId":"a"}]}`,
		`{"models":[{"name":"models/a","baseModelId":"b"}]}`: `{"models":[{"name":"models/a"}]}`,
		`{"models":[{"name":"a"}]}`: `{"models":[{"name":"a"}]}`,
		`{"models":["models/a"]}`:   `{"models":[]}`,
		`{"data":[{"id":"a"}]}`:     withheld,
	} {
		t.Run(body, func(t *testing.T) {
			got, ok := inference.TrimGemini([]byte(body), func(name, _ string) bool { return slices.Contains([]string{"a"}, name) })
			if !ok {
				got = []byte(withheld)
			}
			if string(got) != want {
				t.Errorf("Trim = %s, want %s", got, want)
			}
		})
	}
}
