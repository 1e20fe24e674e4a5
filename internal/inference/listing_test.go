package inference_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// frame puts a message into a gRPC frame.
func frame(message string) string {
	return string([]byte{0, 0, 0, byte(len(message) >> 8), byte(len(message))}) + message
}

const (
	v1List    = "GET /v1/models"
	v2List    = "GET /v2/models"
	index     = "POST /v2/repository/index"
	grpcIndex = "gRPC /inference.GRPCInferenceService/RepositoryIndex"
)

// withheld is what trim returns for a reply that cannot be trimmed.
const withheld = "withheld"

// trim trims a reply for a caller who may see the models a and meta/llama, and
// version 2 of b.
func trim(t testing.TB, routes, host, line, body string) string {
	t.Helper()
	m, why := compile(t, routes).Match(request(line, host))
	if why != reason.Allowed || m.Listing == nil {
		t.Fatalf("Match(%s on %s) = %s, want one with a Listing", line, host, why)
	}
	out, ok := m.Trim([]byte(body), func(c *inference.Call) bool {
		return !slices.ContainsFunc(c.Models, func(x inference.Model) bool {
			name := x.Name
			if x.Version != "" {
				name += "@" + x.Version
			}
			return c.Verb != inference.List || !slices.Contains([]string{"a", "a@1", "meta/llama", "b@2"}, name)
		})
	})
	if !ok {
		return withheld
	}
	return string(out)
}

func TestTrim(t *testing.T) {
	type trimCase struct{ body, want string }
	for _, g := range []struct {
		name, routes, host, line string
		cases                    []trimCase
	}{
		{"KServe V1", kserve, "iris-predictor.prod", v1List, []trimCase{
			{`{"models":["a","b"]}`, `{"models":["a"]}`},
			{` { "models" : [ "b" , "c" ] } `, `{"models":[]}`},
			{`{"models":[]}`, `{"models":[]}`},
			{`{"models":["\u0061","meta\/llama"]}`, `{"models":["\u0061","meta\/llama"]}`},
			{`{"models":["a"],"hint":"b"}`, `{"models":["a"]}`},
			{`{"models":["a","","../x","a b"]}`, `{"models":["a"]}`},
			{``, withheld},
			{`["a"]`, withheld},
			{`{}`, withheld},
			{`{"Models":["a"]}`, withheld},
			{`{"models":"a"}`, withheld},
			{`{"models":["a",{"b":1}]}`, withheld},
			{`{"models":[null]}`, withheld},
			{`{"models":["a"],"models":["b"]}`, withheld},
			{`{"models":["a"]} x`, withheld},
			{"\ufeff" + `{"models":["a"]}`, withheld},
			{`{"models":["a"`, withheld},
			{"\x1f\x8b\x08", withheld},
			{`{"models":["a\ud800"]}`, withheld},
		}},
		{"Open Inference", v2, public, v2List, []trimCase{
			{`{"models":["b","a"]}`, `{"models":["a"]}`},
		}},
		{"OpenAI", openai, public, v1List, []trimCase{
			{`{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"},{"id":"gpt-4"}]}`,
				`{"object":"list","data":[{"id":"a","object":"model"},{"id":"gpt-4"}]}`},
			{`{"data":[{"id":"b"}],"first_id":"b"}`, `{"object":"list","data":[]}`},
			// vLLM's: an adapter names its base, and a base its files.
			{`{"data":[{"id":"a","root":"a","parent":null},{"id":"b"}]}`, `{"object":"list","data":[{"id":"a","root":"a","parent":null}]}`},
			{`{"data":[{"id":"a","root":"b","parent":"b"}]}`, `{"object":"list","data":[{"id":"a"}]}`},
			{`{"data":[{"id":"a","root":"meta/llama","parent":"gpt-4"}]}`,
				`{"object":"list","data":[{"id":"a","root":"meta/llama","parent":"gpt-4"}]}`},
			{`{"data":[{"root":"/mnt/models/b","id":"a","max_model_len":128}]}`, `{"object":"list","data":[{"id":"a","max_model_len":128}]}`},
			{`{"data":[{"id":"a","Parent":"b","created":1}]}`, `{"object":"list","data":[{"id":"a","created":1}]}`},
			{`{"data":[{"id":"a","base_model":"b","adapters":["a","b"]}]}`, `{"object":"list","data":[{"id":"a"}]}`},
			{`{"data":[{"id":"a","adapters":["a","meta/llama"]}]}`, `{"object":"list","data":[{"id":"a","adapters":["a","meta/llama"]}]}`},
			{`{"data":[{"id":"a","model_info":{"x":{"y":["b"]}}}]}`, `{"object":"list","data":[{"id":"a"}]}`},
			// What another item is called is told by no field.
			{`{"data":[{"id":"a","note":"fails over to b."},{"id":"b"}]}`, `{"object":"list","data":[{"id":"a"}]}`},
			{`{"data":[{"id":"a","note":"/mnt/models/b"},{"id":"b"}]}`, `{"object":"list","data":[{"id":"a"}]}`},
			{`{"data":[{"id":"a","x":{"b":1}},{"id":"b"}]}`, `{"object":"list","data":[{"id":"a"}]}`},
			{`{"data":[{"id":"a","x":[["org/b"]]},{"id":"org/b"}]}`, `{"object":"list","data":[{"id":"a"}]}`},
			{`{"data":[{"id":"a","note":"abba"},{"id":"b"}]}`, `{"object":"list","data":[{"id":"a","note":"abba"}]}`},
			{`{"data":[{"id":"a","permission":[{"id":"modelperm-1","object":"model_permission","is_blocking":false}]},{"id":"b"}]}`,
				`{"object":"list","data":[{"id":"a","permission":[{"id":"modelperm-1","object":"model_permission","is_blocking":false}]}]}`},
			{`{"data":["a"]}`, withheld},
			{`{"data":[{"name":"a"}]}`, withheld},
			{`{"data":[{"id":"b","id":"a"}]}`, withheld},
			{`{"data":[{"id":1}]}`, withheld},
			{`{"error":"x"}`, withheld},
			{`{"data":[{"id":"publishers/prod/models/a"},{"id":"publishers/lab/models/a"}]}`,
				`{"object":"list","data":[{"id":"publishers/prod/models/a"}]}`},
		}},
		{"TorchServe", torch, public, "GET /models?limit=2", []trimCase{
			{`{"nextPageToken":"2","models":[{"modelName":"b","modelUrl":"b.mar"},{"modelName":"a","modelUrl":"a.mar"}]}`,
				`{"models":[{"modelName":"a"}]}`},
			{`{"models":[{"modelName":"b"}]}`, `{"models":[]}`},
			{`{"models":[]}`, `{"models":[]}`},
			{`{"models":["a"]}`, withheld},
			{`{"models":[{"name":"a"}]}`, withheld},
			{`[{"modelName":"a"}]`, withheld},
		}},
		{"Triton", tritons, public, index, []trimCase{
			{`[{"name":"a","version":"1","state":"READY"},{"name":"b","version":"1"},{"name":"b","version":"2","state":"READY"},` +
				`{"name":"a"},{"name":"a","version":"01"}]`,
				`[{"name":"a","version":"1","state":"READY"},{"name":"b","version":"2","state":"READY"},{"name":"a"}]`},
			{`[{"name":"a","state":"UNAVAILABLE","reason":"needs 'x', which is not ready"},{"name":"x"}]`, `[{"name":"a","state":"UNAVAILABLE"}]`},
			{`[{"name":"b","version":"2","reason":"b@1 is older"},{"name":"b","version":"1"}]`,
				`[{"name":"b","version":"2","reason":"b@1 is older"}]`},
			{`[]`, `[]`},
			{`{"models":[]}`, withheld},
			{`[{"name":"a","version":1}]`, withheld},
			{`[["a"]]`, withheld},
		}},
		{"gRPC: one message, of models and nothing else", v2, public, grpcIndex, []trimCase{
			{frame(message(t, "1:(1:a 2:1 3:READY) 1:(1:b 2:1) 1:(2:2 1:b 4:r)")), frame(message(t, "1:(1:a 2:1 3:READY) 1:(2:2 1:b 4:r)"))},
			{frame(message(t, "1:(1:a 4:after-x) 1:(1:x)")), frame(message(t, "1:(1:a 4:after-x)"))},
			{frame(message(t, "1:(1:a 3:READY 4:models/x 5:x) 1:(1:x)")), frame(message(t, "1:(1:a 3:READY)"))},
			{frame(""), frame("")},
			{frame(message(t, "1:(1:b)")), frame("")},
			{"", withheld},
			{frame("")[:4], withheld},
			{frame("") + frame(""), withheld},
			{frame(message(t, "1:(1:a)")) + "x", withheld},
			{"\x01" + frame("")[1:], withheld},
			{frame(message(t, "1:(1:a) 2:x")), withheld},
			{frame(message(t, "1:(1:a 1:b)")), withheld},
			{frame(message(t, "1:#5")), withheld},
			{frame("\x0a"), withheld},
			{frame("\x0a\x05a"), withheld},
			{frame("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), withheld},
			{frame(message(t, "1:(1:a 2:01)")), withheld},
		}},
	} {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.cases {
				t.Run(c.body, func(t *testing.T) {
					if got := trim(t, g.routes, g.host, g.line, c.body); got != c.want {
						t.Errorf("Trim = %q, want %q", got, c.want)
					}
				})
			}
		})
	}
}

// FuzzTrim checks that a trimmed reply has no model that the caller may not see, and
// that trimming it again changes nothing.
func FuzzTrim(f *testing.F) {
	f.Fuzz(func(t *testing.T, body string, which byte) {
		lines := []string{v1List, v2List, index, grpcIndex}
		routes := []string{openai, v2, tritons, v2}
		i := int(which) % len(lines)
		got := trim(t, routes[i], public, lines[i], body)
		if got == withheld {
			return
		}
		if again := trim(t, routes[i], public, lines[i], got); again != got {
			t.Errorf("Trim(%q of %s) = %q, and a second time %q", body, lines[i], got, again)
		}
		if len(got) > len(body)+64 || strings.Contains(got, `"secret"`) && strings.Contains(got, `"id":"secret"`) {
			t.Errorf("Trim(%q of %s) = %q", body, lines[i], got)
		}
	})
}
