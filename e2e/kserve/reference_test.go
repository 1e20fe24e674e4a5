package kserve

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// selection is what a server makes of a request.
type selection struct {
	models  []string // names; none: it refuses, or acts on no model
	version string
	call    string // what is done, in the server's own word; "": it refuses
}

// The patterns of tensorflow/serving, tensorflow_serving/model_servers/
// http_rest_api_util.cc. RE2::FullMatch takes the leftmost-first match of the
// whole, as Go does between ^ and $.
var (
	tfDispatch = regexp.MustCompile(`^(?:(?i)/v1/.*)$`)
	tfPredict  = regexp.MustCompile(`^(?:(?i)/v1/models/([^/:]+)(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?:(classify|regress|predict))$`)
	tfStatus   = regexp.MustCompile(`^(?:(?i)/v1/models(?:/([^/:]+))?(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?(?:\/(metadata))?)$`)
)

// tfServing is ParseModelInfo of that file and ProcessRequest of
// http_rest_api_handler.cc.
func tfServing(method, target string) selection {
	path, _, _ := strings.Cut(target, "?")
	if !tfDispatch.MatchString(path) {
		return selection{}
	}
	var m []string
	switch method {
	case "POST":
		m = tfPredict.FindStringSubmatch(path)
	case "GET":
		m = tfStatus.FindStringSubmatch(path)
	}
	if m == nil || m[1] == "" {
		return selection{}
	}
	s := selection{models: []string{curlUnescape(m[1])}, call: m[4]}
	switch {
	case method == "GET" && m[4] == "":
		s.call = "status"
	case method == "POST" && s.call != strings.ToLower(s.call): // compared in lower case
		return selection{}
	}
	if m[2] != "" {
		version, err := strconv.ParseInt(m[2], 10, 64)
		if err != nil {
			return selection{}
		}
		s.version = strconv.FormatInt(version, 10)
	}
	if m[3] != "" {
		s.version = "label " + curlUnescape(m[3])
	}
	return s
}

// curlUnescape is curl_easy_unescape: %XX becomes a byte, anything else stays.
func curlUnescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// The patterns of triton-inference-server/server, src/http_server.cc. The path
// is matched as it came, and in HTTPAPIServer::Handle's order.
var (
	tritonModel = regexp.MustCompile(`^/v2/models/([^/]+)(?:/versions/([0-9]+))?` +
		`(?:/(infer|generate|generate_stream|ready|config|stats|trace/setting))?$`)
	tritonControl = regexp.MustCompile(`^/v2/repository(?:/([^/]+))?/(index|models/([^/]+)/(load|unload))$`)
	tritonServer  = regexp.MustCompile(`^/v2(?:/health/(live|ready))?$`)
	tritonShared  = regexp.MustCompile(`^/v2/(?:system|cuda)sharedmemory(?:/region/([^/]+))?/(status|register|unregister)$`)
)

// tritonMethods are the methods that the handlers take; anything else is 405.
var tritonMethods = map[string]string{
	"infer": "POST", "generate": "POST", "generate_stream": "POST", "ready": "GET", "config": "GET", "stats": "GET", "metadata": "GET",
	"trace/setting": "GET POST", "load": "POST", "unload": "POST",
}

func triton(method, target string) selection {
	path, _, _ := strings.Cut(target, "?")
	if path == "/v2/models/stats" || path == "/v2/logging" {
		return selection{call: path}
	}
	if m := tritonModel.FindStringSubmatch(path); m != nil {
		s := selection{models: []string{m[1]}, version: m[2], call: m[3]}
		if s.call == "" {
			s.call = "metadata"
		}
		if !strings.Contains(tritonMethods[s.call], method) {
			return selection{}
		}
		return s
	}
	switch {
	case tritonShared.MatchString(path):
		return selection{call: "shared memory"}
	case tritonServer.MatchString(path), path == "/v2/trace/setting":
		return selection{call: path}
	}
	if m := tritonControl.FindStringSubmatch(path); m != nil {
		switch {
		case method != "POST":
			return selection{}
		case m[2] == "index":
			return selection{call: "index"}
		}
		return selection{models: []string{m[3]}, call: m[4]}
	}
	return selection{}
}

func TestTFServingReference(t *testing.T) {
	for _, c := range []struct{ method, path, want string }{
		{"POST", "/v1/models/foo:predict", "predict foo"},
		{"POST", "/V1/MODELS/%66oo:predict", "predict foo"},
		{"POST", "/v1/models/foo:PREDICT", ""},
		{"POST", "/v1/models/foo/versions/007:regress", "regress foo@7"},
		{"POST", "/v1/models/foo/LABELS/a%62:classify", "classify foo@label ab"},
		{"POST", "/v1/models/foo/versions/1/labels/a:classify", ""},
		{"POST", "/v1/models/foo/versions/9223372036854775808:predict", ""},
		{"POST", "/v1/models/a%2fb:predict", "predict a/b"},
		{"POST", "/v1/models/a%zz%:predict", "predict a%zz%"},
		{"POST", "/v1/models/a:b:predict", ""},
		{"GET", "/v1/models/foo", "status foo"},
		{"GET", "/v1/models/foo/versions/2/metadata?x", "metadata foo@2"},
		{"GET", "/v1/models/labels/metadata", "metadata labels"},
		{"GET", "/v1/models/versions/3", ""},
		{"GET", "/v1/models", ""},
		{"PUT", "/v1/models/foo", ""},
		{"GET", "/v2/models/foo", ""},
	} {
		if got := tfServing(c.method, c.path).String(); got != c.want {
			t.Errorf("%s %s selects %q, want %q", c.method, c.path, got, c.want)
		}
	}
}

func TestTritonReference(t *testing.T) {
	for _, c := range []struct{ method, path, want string }{
		{"POST", "/v2/models/foo/infer", "infer foo"},
		{"POST", "/v2/models/%66oo/versions/03/infer?a", "infer %66oo@03"},
		{"GET", "/v2/models/foo/infer", ""},
		{"GET", "/v2/models/foo/versions/1", "metadata foo@1"},
		{"GET", "/v2/models/foo/versions/a", ""},
		{"GET", "/v2/models/stats", "/v2/models/stats"},
		{"GET", "/v2/models/stats/stats", "stats stats"},
		{"POST", "/v2/models/foo/trace/setting", "trace/setting foo"},
		{"POST", "/v2/repository/models/foo/load", "load foo"},
		{"POST", "/v2/repository/r/models/foo/unload", "unload foo"},
		{"POST", "/v2/repository/index", "index"},
		{"POST", "/v2/systemsharedmemory/region/foo/register", "shared memory"},
		{"GET", "/v2", "/v2"},
		{"GET", "/V2", ""},
		{"GET", "/v2/models", ""},
	} {
		if got := triton(c.method, c.path).String(); got != c.want {
			t.Errorf("%s %s selects %q, want %q", c.method, c.path, got, c.want)
		}
	}
}

func (s selection) String() string {
	text := strings.Join(append([]string{s.call}, s.models...), " ")
	if s.version != "" {
		text += "@" + s.version
	}
	return text
}
