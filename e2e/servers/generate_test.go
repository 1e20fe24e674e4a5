//go:build servers || vllm

package servers

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes one request.
type generator struct {
	*rand.Rand
	family *family
	ask
}

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// generate returns the request of a number: a valid one, with up to three changes.
func generate(f *family, seed uint64, id int) ask {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(id))), family: f}
	if f.message != nil {
		g.ask = ask{method: "POST", path: "/" + pick(g, f.methods...), grpc: true}
		parts := f.message(g)
		for range g.IntN(4) {
			parts = g.changeMessage(parts)
		}
		g.body = parts.wire()
		if g.IntN(8) == 0 {
			g.mangleMessage()
		}
		return g.ask
	}
	request := strings.NewReplacer("{m}", g.model(), "{v}", g.version()).Replace(pick(g, f.templates...))
	g.method, g.path, _ = strings.Cut(request, " ")
	if g.method != "GET" {
		g.body = pick(g, f.bodies...)
		g.headers = [][2]string{{"content-type", pick(g, "application/json", "application/json", "text/plain")}}
	}
	for range g.IntN(4) {
		changes[g.IntN(len(changes))](g)
	}
	return g.ask
}

func (g *generator) model() string {
	return pick(g, "alpha", "alpha", "alpha", "alpha", "alpha", "alpha", "beta", "beta", "beta", "beta", "beta", "Alpha", "ALPHA",
		"gamma", "stats", "predict", "all", "al-pha", "alpha.", "alpha:1")
}

// version is one of the server's, or a text that some reader takes for one.
func (g *generator) version() string {
	v := pick(g, g.family.versions...)
	if g.IntN(2) == 0 {
		return v
	}
	return pick(g, v+"x", "0"+v, "+"+v, "-"+v, v+".", v+".5", v+"_000", v+"e5", v+"-canary", "0x"+v, " "+v, v+" ", "\t"+v, v+"\n2",
		v+";2", v+",2",
		v+"\x00", v+"0", v+".0", "v"+v, "\u0661", "18446744073709551617", "4294967297", "9223372036854775808", "0", "-1", "all", "latest")
}

var changes = []func(*generator){
	(*generator).segment, (*generator).segment, (*generator).escape, (*generator).escape, (*generator).escape, (*generator).tail,
	(*generator).tail,
	(*generator).mangle, (*generator).query, (*generator).query, (*generator).header, (*generator).header, (*generator).verb,
	(*generator).content,
	(*generator).content, (*generator).form,
}

// segment puts something between two segments that a reader may take away.
func (g *generator) segment() {
	at := strings.LastIndexByte(g.path[:1+g.IntN(len(g.path))], '/')
	g.path = g.path[:max(at, 0)] + pick(g, "/", "/.", "/..", "/x/..", "/%2e", "/%2e%2e", "/beta/..", "/;a=b", "/%2f", "%2f", "%5c",
		"\\", "//", "/beta",
		"/versions/1", "/1.0", "/models", "/invoke") + g.path[max(at, 0):]
}

// escape writes some byte in another way, or another byte.
func (g *generator) escape() {
	at := g.IntN(len(g.path))
	c := g.path[at]
	g.path = g.path[:at] + pick(g, fmt.Sprintf("%%%02x", c), fmt.Sprintf("%%%02X", c), fmt.Sprintf("%%25%02x", c),
		string(rune(c^0x20))) + g.path[at+1:]
}

func (g *generator) tail() {
	g.path += pick(g, "/", "//", "/.", "/..", "/../beta", ";v=1", "%00", "%2f", "/x", "/1.0", "/2.0", "/versions/1", "/infer",
		"/ready", ":predict", ":",
		"%20", "+", ".", "~", "/invoke", "/predict", "/docs", "x")
}

func (g *generator) mangle() {
	at, c := g.IntN(len(g.path)), byte(0x21+g.IntN(0x5e))
	g.path = pick(g, g.path[:at]+g.path[at+1:], g.path[:at]+string([]byte{c})+g.path[at:], g.path[:at]+string([]byte{c})+g.path[at+1:])
	if !strings.HasPrefix(g.path, "/") {
		g.path = "/" + g.path
	}
}

func (g *generator) query() {
	mark := "?"
	if strings.Contains(g.path, "?") {
		mark = pick(g, "&", ";", "?", "&&", "#")
	}
	g.path += mark + pick(g, "", "a=1", "model=beta", "model_name=beta", "model%5fname=beta", "MODEL_NAME=beta",
		"model_name=alpha", "model_name=",
		"model_name", "model_name[]=beta", "model_version=1", "version=1.0", "customized=true", "limit=1", "url=x", "x;model_name=beta")
}

// header adds one by which somebody may choose a model, a path or a part of the handler.
func (g *generator) header() {
	name := pick(g, "mm-model-id", "seldon-model", "x-gateway-model-name", "x-vertex-ai-triton-redirect",
		"x-amzn-sagemaker-target-model", "explain",
		"describe", "url_path", "x-original-url", "x-rewrite-url", "x-http-method-override", "inference-header-content-length", "ce-type",
		"content-type", "accept", "x-request-id", "triton-request-priority", "ts_request_sequence_id")
	g.headers = append(g.headers, [2]string{name, pick(g, "beta", "alpha", "True", "/v2/models/beta/infer", "v2/models/beta/infer",
		"GET", "12", "0",
		"application/x-www-form-urlencoded", "multipart/form-data; boundary=b")})
}

func (g *generator) verb() {
	g.method = pick(g, "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "post")
}

// content says another model in the body, or around it.
func (g *generator) content() {
	if !strings.HasPrefix(g.body, "{") {
		return
	}
	member := pick(g, `"model_name":"beta"`, `"model_version":"1"`, `"name":"beta"`, `"id":"beta"`, `"parameters":{"model_name":"beta"}`,
		`"model":"beta"`, `"model_n\u0061me":"beta"`, `"outputs":[{"name":"RAN"}]`, `"parameters":{"headers":{"model":"beta"}}`)
	g.body = pick(g, "{"+member+","+g.body[1:], strings.TrimSuffix(g.body, "}")+","+member+"}", " "+g.body, g.body+"\n",
		g.body+g.body, "\ufeff"+g.body)
}

// form is a body of fields, of which one names a model.
func (g *generator) form() {
	if g.method == "GET" {
		return
	}
	if g.IntN(2) == 0 {
		g.headers, g.body = [][2]string{{"content-type", "application/x-www-form-urlencoded"}}, "model_name=beta&data=1"
		return
	}
	g.headers = [][2]string{{"content-type", "multipart/form-data; boundary=b"}}
	g.body = "--b\r\ncontent-disposition: form-data; name=\"model_name\"\r\n\r\nbeta\r\n--b--\r\n"
}

// fields are those of a message, in order.
type fields []field

// The wire types (protobuf.dev/programming-guides/encoding). That of bytes is the zero value.
const (
	kindBytes = iota
	kindVarint
	kindGroup
	kindFixed32
)

var wireTypes = [...]uint64{kindBytes: 2, kindVarint: 0, kindGroup: 3, kindFixed32: 5}

// field is one field.
type field struct {
	number int
	value  string
	kind   int
	long   bool // the tag and the length have more bytes than they need
}

func (list fields) wire() string {
	var b []byte
	for _, f := range list {
		b = number(b, uint64(f.number)<<3|wireTypes[f.kind], f.long)
		switch f.kind {
		case kindBytes:
			b = append(number(b, uint64(len(f.value)), f.long), f.value...)
		case kindGroup:
			b = append(append(append(b, 0x0a, byte(len(f.value))), f.value...), number(nil, uint64(f.number)<<3|4, false)...)
		case kindFixed32:
			b = append(b, "beta"...)
		case kindVarint:
			b = append(b, 7)
		}
	}
	return string(b)
}

// number appends a varint, in more bytes than it needs where it is long.
func number(b []byte, n uint64, long bool) []byte {
	b = binary.AppendUvarint(b, n)
	if long {
		b[len(b)-1] |= 0x80
		b = append(b, 0x80, 0)
	}
	return b
}

// v2Message is a ModelInferRequest.
func v2Message(g *generator) fields {
	input := fields{{number: 1, value: "IN"}, {number: 2, value: "FP32"}, {number: 3, value: "\x01"}}.wire()
	list := fields{{number: 1, value: g.model()}, {number: 5, value: input}, {number: 7, value: "\x00\x00\x80\x3f"}}
	if g.IntN(3) > 0 {
		list = append(list, field{number: 2, value: g.version()})
	}
	return list
}

// torchMessage is a PredictionsRequest.
func torchMessage(g *generator) fields {
	list := fields{{number: 1, value: g.model()}, {number: 3, value: fields{{number: 1, value: "data"}, {number: 2, value: "x"}}.wire()}}
	if g.IntN(3) > 0 {
		list = append(list, field{number: 2, value: g.version()})
	}
	return list
}

func (g *generator) changeMessage(list fields) fields {
	at := g.IntN(len(list) + 1)
	extra := pick(g, field{number: 1, value: g.model()}, field{number: 2, value: g.version()}, field{number: 1}, field{number: 2},
		field{number: 1, value: "beta", long: true}, field{number: 1, value: "beta", kind: kindGroup},
		field{number: 1, kind: kindFixed32}, field{number: 1, kind: kindVarint},
		field{number: 99, value: "beta"},
		field{number: 4, value: fields{{number: 1, value: "model_name"}, {number: 2, value: "\x1a\x04beta"}}.wire()},
		field{number: 1<<29 - 1, value: "beta"}, field{number: 3, value: "id"})
	switch g.IntN(5) {
	case 0:
		g.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return list
	case 1:
		list[g.IntN(len(list))].long = true
		return list
	}
	return append(list[:at:at], append(fields{extra}, list[at:]...)...)
}

func (g *generator) mangleMessage() {
	if g.body == "" {
		return
	}
	at := g.IntN(len(g.body))
	g.body = pick(g, g.body[:at]+g.body[at+1:], g.body[:at]+string([]byte{byte(g.IntN(256))})+g.body[at:], g.body[:at],
		g.body[:at]+string([]byte{byte(g.IntN(256))})+g.body[at+1:])
}
