//go:build kserve

package kserve

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// ask is a request.
type ask struct {
	method, authority, path string
	headers                 [][2]string
	body                    string
}

func (a ask) String() string {
	return fmt.Sprintf("%s %s on %s, headers %q, body %q", a.method, a.path, a.authority, a.headers, a.body)
}

// generator makes requests: the same for the same seed and number.
type generator struct {
	*rand.Rand
	ask
}

// generate makes a request of a family. It begins as one that may pass, and then
// is changed, or not.
func generate(f *family, seed uint64, id int) ask {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(id)))}
	g.honest(f)
	for range []int{0, 0, 1, 1, 1, 2, 3}[g.IntN(7)] {
		changes[g.IntN(len(changes))](g)
	}
	return g.ask
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func (g *generator) honest(f *family) {
	template := pick(g, f.templates...)
	g.method, g.path, _ = strings.Cut(template, " ")
	namespace, service := pick(g, "prod", "prod", "staging", "v1", "models"),
		pick(g, "iris", "iris", "risk-eu", "iris-predictor", "v2", "models")
	g.path = strings.NewReplacer("{m}", g.name(), "{v}", g.version(), "{ns}", namespace, "{s}", service).Replace(g.path)
	g.authority = "models.example.com"
	if !strings.Contains(template, "{ns}") && !f.fixed {
		component := pick(g, "-predictor", "-predictor", "-explainer", "-transformer", "")
		g.authority = service + component + "." + namespace + pick(g, "", ".svc", ".svc.cluster.local", ".svc.cluster.local") + pick(g, "", "",
			":80", ":8080")
	}
	if g.method == "POST" {
		g.headers, g.body = [][2]string{{"content-type", "application/json"}}, f.body(g)
	}
}

// name is a model's: one that servers serve, or one that has a meaning to a
// router.
func (g *generator) name() string {
	return pick(g, "iris", "iris", "iris", "secret", "secret", "sklearn-iap", "Iris", "IRIS", "a", "a.b", "a_b", "0", "iris-predictor",
		"stats", "versions", "labels", "metadata",
		"models", "infer", "ready", "predict", "load", "index", "v1", "v2", "-", "_", "a..b", "iris.", "iris:secret", "iris,secret", "iris@1",
		"iris+secret", "iris*", "~iris", "(iris)",
		strings.Repeat("m", 1+g.IntN(300)))
}

func (g *generator) version() string {
	return pick(g, "1", "2", "3", "10", "0", "01", "9223372036854775807", "9223372036854775808", "canary", "v1", "1.0", "-1", "+1", "1e3",
		"versions", "infer", "metadata")
}

// changes are ways to depart from a request that may pass. What a server makes
// of the outcome is for the server to say.
var changes = []func(*generator){
	(*generator).changeSegment, (*generator).changeSegment, (*generator).escape, (*generator).escape, (*generator).tail, (*generator).tail,
	(*generator).mangle,
	(*generator).query, (*generator).query, (*generator).changeMethod, (*generator).host, (*generator).host, (*generator).route,
	(*generator).splice, (*generator).changeBody, (*generator).changeBody, (*generator).changeBody,
}

// changeSegment puts something between two segments that a reader may take away.
func (g *generator) changeSegment() {
	at := g.slash()
	g.path = g.path[:at] + pick(g, "/", "/.", "/..", "/x/..", "/%2e", "/%2e%2e", "/secret/..", "/..;", "/;a=b", "/%2f", "%2f", "%5c", "\\",
		"//", "/secret", "/versions/3", "/labels/a", "/models") + g.path[at:]
}

func (g *generator) slash() int {
	at := g.IntN(len(g.path) + 1)
	if i := strings.IndexByte(g.path[at:], '/'); i >= 0 {
		return at + i
	}
	return max(0, strings.LastIndexByte(g.path, '/'))
}

// escape writes some byte in another way, or another byte.
func (g *generator) escape() {
	at := g.IntN(len(g.path))
	c := g.path[at]
	g.path = g.path[:at] + pick(g, fmt.Sprintf("%%%02x", c), fmt.Sprintf("%%%02X", c), fmt.Sprintf("%%25%02x", c),
		fmt.Sprintf("%%u00%02x", c), string(rune(c^0x20)), string(rune(c|0x80))) + g.path[at+1:]
}

func (g *generator) tail() {
	g.path += pick(g, "/", "//", "/.", "/..", "/../secret", "/../secret:predict", ":predict", ":explain", ":classify", ":", "::predict",
		";v=1", "%00", "%", "#f", ".json", "/versions/1", "/labels/x", "/infer", "/ready",
		"/metadata", "/config", "/stats", "/generate", "/trace/setting", "/load", "\x00", "\x7f", " ", "\t", "%20", "%0a", "é", "&", "~",
		"/infer/infer", "/versions/1/versions/2")
}

func (g *generator) mangle() {
	at, c := g.IntN(len(g.path)), byte(g.IntN(256))
	if c == '\n' || c == '\r' || c == ' ' {
		c = 'x' // the end of a line, or of the target, is for the wire's own tests
	}
	g.path = pick(g, g.path[:at]+g.path[at+1:], g.path[:at]+string([]byte{c})+g.path[at:], g.path[:at]+string([]byte{c})+g.path[at+1:])
	if g.path == "" {
		g.path = "/"
	}
}

func (g *generator) query() {
	mark := "?"
	if strings.Contains(g.path, "?") {
		mark = "&"
	}
	g.path += mark + pick(g, "", "a=1", "model=secret", "model_name=secret", "m%6fdel=secret", "model_version=3", "model%5fversion=3",
		"version=3", "name=secret", "/v1/models/secret:predict", "model=secret&model=iris", "model[]=secret", "path=/../secret", "MODEL=secret",
		"model", "x;model=secret", "x?model=secret")
}

func (g *generator) changeMethod() {
	g.method = pick(g, "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "post", "Get", "TRACE")
}

func (g *generator) host() {
	host, port, _ := strings.Cut(g.authority, ":")
	g.authority = pick(g, "iris-predictor.prod", "secret-predictor.prod.svc.cluster.local", "iris.prod", "models.example.com",
		"IRIS-predictor.prod", "iris-Predictor.prod.svc", host+".", "x."+host, host+":443", host+":99999", host+":",
		"iris-predictor-default.prod", "iris-predictor.prod.evil.example", "iris-predictor.prod.svc.cluster.local.", "iris_predictor.prod",
		"user@"+host, host+",secret-predictor.prod", strings.ToUpper(host), host+"%00", "[::1]", "127.0.0.1:"+port,
		strings.Replace(host, "-", "--", 1), strings.Replace(host, ".", "..", 1), "-predictor.prod", "predictor.prod")
}

// route adds a header by which somebody may choose a model, or another path.
func (g *generator) route() {
	name := pick(g, "x-gateway-model-name", "x-higress-llm-model", "mm-model-id", "mm-vmodel-id", "kserve-isvc-name", "x-original-url",
		"x-rewrite-url", "x-forwarded-prefix", "x-forwarded-host", "x-http-method-override", "x-litellm-model", "x-vertex-ai-triton-redirect",
		"ce-type", "inference-header-content-length")
	value := pick(g, "secret", "iris", "prod/secret", "publishers/prod/models/secret", "/v1/models/secret:predict", "v2/models/secret/infer",
		"12")
	g.headers = append(g.headers, [2]string{name, value})
}

// splice takes the beginning of another path, or its end.
func (g *generator) splice() {
	at := g.slash()
	g.path = pick(g, "/v1/models/secret", "/v2/models/secret", "/v1/models", "/V1/models/secret", "/v1", "/openai/v1/models/secret",
		"/serving/prod/secret", "/v2/repository", "/v2/models/stats", "", "/api/v1/models/secret") + g.path[at:]
	if g.path == "" {
		g.path = "/"
	}
}
