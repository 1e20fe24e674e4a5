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

// trimmed asks as somebody who may know of the models a and meta/llama, and of
// version 2 of b.
func trimmed(t testing.TB, routes, host, line, body string) string {
	t.Helper()
	m, why := compile(t, routes).Match(request(line, host))
	if why != reason.Allowed || m.Listing == nil {
		t.Fatalf("Match(%s on %s) = %s", line, host, why)
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
		return "withheld"
	}
	return string(out)
}

func TestTrim(t *testing.T) {
	const host = "iris-predictor.prod"
	for _, c := range []struct{ routes, host, line, body, want string }{
		{kserve, host, v1List, `{"models":["a","b"]}`, `{"models":["a"]}`}, {kserve, host, v1List, ` { "models" : [ "b" , "c" ] } `, `{"models":[]}`}, {kserve, host, v1List, `{"models":[]}`, `{"models":[]}`}, {kserve, host, v1List, `{"models":["\u0061","meta\/llama"]}`, `{"models":["\u0061","meta\/llama"]}`},
		{kserve, host, v1List, `{"models":["a"],"hint":"b"}`, `{"models":["a"]}`}, {kserve, host, v1List, `{"models":["a","","../x","a b"]}`, `{"models":["a"]}`},
		{kserve, host, v1List, ``, `withheld`}, {kserve, host, v1List, `["a"]`, `withheld`}, {kserve, host, v1List, `{}`, `withheld`}, {kserve, host, v1List, `{"Models":["a"]}`, `withheld`}, {kserve, host, v1List, `{"models":"a"}`, `withheld`}, {kserve, host, v1List, `{"models":["a",{"b":1}]}`, `withheld`}, {kserve, host, v1List, `{"models":[null]}`, `withheld`},
		{kserve, host, v1List, `{"models":["a"],"models":["b"]}`, `withheld`}, {kserve, host, v1List, `{"models":["a"]} x`, `withheld`}, {kserve, host, v1List, "\ufeff" + `{"models":["a"]}`, `withheld`}, {kserve, host, v1List, `{"models":["a"`, `withheld`}, {kserve, host, v1List, "\x1f\x8b\x08", `withheld`}, {kserve, host, v1List, `{"models":["a\ud800"]}`, `withheld`},
		{v2, public, v2List, `{"models":["b","a"]}`, `{"models":["a"]}`},
		{openai, public, v1List, `{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"},{"id":"gpt-4"}]}`, `{"object":"list","data":[{"id":"a","object":"model"},{"id":"gpt-4"}]}`}, {openai, public, v1List, `{"data":[{"id":"b"}],"first_id":"b"}`, `{"object":"list","data":[]}`},
		{openai, public, v1List, `{"data":["a"]}`, `withheld`}, {openai, public, v1List, `{"data":[{"name":"a"}]}`, `withheld`}, {openai, public, v1List, `{"data":[{"id":"b","id":"a"}]}`, `withheld`}, {openai, public, v1List, `{"data":[{"id":1}]}`, `withheld`}, {openai, public, v1List, `{"error":"x"}`, `withheld`},
		{openai, public, v1List, `{"data":[{"id":"publishers/prod/models/a"},{"id":"publishers/lab/models/a"}]}`, `{"object":"list","data":[]}`},
		{tritons, public, index, `[{"name":"a","version":"1","state":"READY"},{"name":"b","version":"1"},{"name":"b","version":"2","state":"READY"},{"name":"a"},{"name":"a","version":"01"}]`, `[{"name":"a","version":"1","state":"READY"},{"name":"b","version":"2","state":"READY"},{"name":"a"}]`},
		{tritons, public, index, `[]`, `[]`}, {tritons, public, index, `{"models":[]}`, `withheld`}, {tritons, public, index, `[{"name":"a","version":1}]`, `withheld`}, {tritons, public, index, `[["a"]]`, `withheld`},
		// gRPC: one message, of models and nothing else.
		{v2, public, grpcIndex, frame(message(t, "1:(1:a 2:1 3:READY) 1:(1:b 2:1) 1:(2:2 1:b 4:r)")), frame(message(t, "1:(1:a 2:1 3:READY) 1:(2:2 1:b 4:r)"))}, {v2, public, grpcIndex, frame(""), frame("")}, {v2, public, grpcIndex, frame(message(t, "1:(1:b)")), frame("")},
		{v2, public, grpcIndex, "", "withheld"}, {v2, public, grpcIndex, frame("")[:4], "withheld"}, {v2, public, grpcIndex, frame("") + frame(""), "withheld"}, {v2, public, grpcIndex, frame(message(t, "1:(1:a)")) + "x", "withheld"}, {v2, public, grpcIndex, "\x01" + frame("")[1:], "withheld"},
		{v2, public, grpcIndex, frame(message(t, "1:(1:a) 2:x")), "withheld"}, {v2, public, grpcIndex, frame(message(t, "1:(1:a 1:b)")), "withheld"}, {v2, public, grpcIndex, frame(message(t, "1:#5")), "withheld"}, {v2, public, grpcIndex, frame("\x0a"), "withheld"}, {v2, public, grpcIndex, frame("\x0a\x05a"), "withheld"}, {v2, public, grpcIndex, frame("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "withheld"},
		{v2, public, grpcIndex, frame(message(t, "1:(1:a 2:01)")), "withheld"},
	} {
		if got := trimmed(t, c.routes, c.host, c.line, c.body); got != c.want {
			t.Errorf("Trim(%q of %s) = %q, want %q", c.body, c.line, got, c.want)
		}
	}
}

// FuzzTrim: no model that may not be shown stands in what is left of a reply,
// and what is left is trimmed to itself.
func FuzzTrim(f *testing.F) {
	f.Fuzz(func(t *testing.T, body string, which byte) {
		lines := []string{v1List, v2List, index, grpcIndex}
		routes := []string{openai, v2, tritons, v2}
		i := int(which) % len(lines)
		got := trimmed(t, routes[i], public, lines[i], body)
		if got == "withheld" {
			return
		}
		if again := trimmed(t, routes[i], public, lines[i], got); again != got {
			t.Errorf("Trim(%q of %s) = %q, and of that %q", body, lines[i], got, again)
		}
		if len(got) > len(body)+64 || strings.Contains(got, `"secret"`) && strings.Contains(got, `"id":"secret"`) {
			t.Errorf("Trim(%q of %s) = %q", body, lines[i], got)
		}
	})
}
