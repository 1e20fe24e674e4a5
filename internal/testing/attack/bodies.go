package attack

import (
	"encoding/binary"
	"fmt"
	"strings"
)

const prose = `{"role":"user","content":"Who may call which model? Say why, and in two sentences at most."},`

// chat is an allowed request to a model whose name comes last in the body.
func (w *World) chat(content string) Request {
	return Request{Method: "POST", Authority: publicURL, Path: "/v1/chat/completions", Headers: with(usual, assertion, w.seen),
		Body: []byte(`{"x":` + content + `,"model":"llm"}`)}
}

// infer is an allowed call over gRPC whose message has these bytes beside its name.
func (w *World) infer(fields string) Request {
	message := "\x0a\x05large" + fields
	r := Request{Method: "POST", Authority: "large.example.com", Path: "/inference.GRPCInferenceService/ModelInfer"}
	r.Headers = with(with(usual[:2], "content-type", "application/grpc"), assertion, w.seen)
	r.Body = append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	return r
}

// Bodies are attacks by bodies. The gate reads a body of a caller who may use some
// model; in shadow, of any caller.
func (w *World) Bodies() (list []Case) {
	honest := always(w.chat("[" + fill(prose, bodySize) + "0]"))
	for _, text := range []string{`\u0041`, `\n`, `\ud83d\ude00`, `"`, "é", "谁", "\x7f"} {
		item := fill(text, bodySize)
		if text == `"` {
			item = fill(`","`, bodySize)
		}
		list = append(list, Case{Name: "body of strings of " + text, Attack: always(w.chat(`["` + item + `"]`)), Honest: honest, Known: true})
	}
	for _, text := range []string{
		"true,", "null,", "1,", "-1,", "1.5e+3,", "[],", "{},", `"",`, `{"":0},`, " ", "\n", "0 ,",
		strings.Repeat("[", 50) + strings.Repeat("]", 50) + ",",
		strings.Repeat(`{"a":`, 50) + "0" + strings.Repeat("}", 50) + ",", `{"\u0041":0},`, `{"model":true},`,
	} {
		list = append(list, Case{Name: fmt.Sprintf("body of %.20s", strings.TrimSuffix(text, ",")), Honest: honest, Known: true,
			Attack: always(w.chat("[" + fill(text, bodySize) + "0]"))})
	}
	list = append(list, Case{Name: "body of members", Attack: always(w.chat("0," + numbered(`"%d":0,`, 8000))), Known: true,
		Honest: always(w.chat("[" + fill(prose, 8000) + "0]"))})
	long := numbered(`"`+strings.Repeat("mlarefdp", 25)+`%d":0,`, 180_000)
	list = append(list, Case{Name: "body of long members", Attack: always(w.chat("0," + long)), Known: true,
		Honest: always(w.chat("[" + fill(prose, 180_000) + "0]"))})
	tensor := "\x3a" + string(binary.AppendUvarint(nil, bodySize)) + strings.Repeat("x", bodySize)
	for _, f := range [][2]string{
		{"varints", "\x78\x01"}, {"empty", "\x7a\x00"}, {"one byte", "\x7a\x01x"},
		{"long varints", "\x78\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
	} {
		list = append(list, Case{Name: "protobuf of fields: " + f[0], Known: true,
			Attack: always(w.infer(fill(f[1], bodySize))), Honest: always(w.infer(tensor))})
	}
	drip := w.chat("[" + fill(prose, 16<<10) + "0]")
	drip.Frame = 1
	whole := w.chat("[" + fill(prose, 160<<10) + "0]") // as many bytes with the headers of the frames
	whole.Frame = 16 << 10
	return append(list, Case{Name: "body in frames of one byte", Attack: always(drip), Honest: always(whole), Known: true})
}
