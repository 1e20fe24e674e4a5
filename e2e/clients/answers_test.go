//go:build clients

package clients

import "strings"

// answer is the reply of an endpoint, with MODEL for the model that was asked.
type answer struct {
	whole   string
	stream  string // the same in parts; "" if it comes in no parts
	kind    string // of stream
	streams bool   // in parts unless the request says otherwise
}

const (
	events = "text/event-stream"
	lines  = "application/x-ndjson"
)

// answers are those of the APIs' documentation, as short as their clients accept them.
var answers = map[string]answer{
	"POST /v1/chat/completions": {kind: events,
		whole: `{"id":"c1","object":"chat.completion","created":1,"model":"MODEL","choices":[{"index":0,"finish_reason":"stop",` +
			`"message":{"role":"assistant","content":"I am MODEL."}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`,
		stream: sse(`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"MODEL","choices":[{"index":0,`+
			`"delta":{"role":"assistant",`+
			`"content":"I am MODEL."},"finish_reason":null}]}`,
			`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"MODEL","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
			`[DONE]`)},
	"POST /v1/completions": {whole: `{"id":"c1","object":"text_completion","created":1,"model":"MODEL",` +
		`"choices":[{"index":0,"text":"I am MODEL.","finish_reason":"stop","logprobs":null}]}`},
	"POST /v1/responses": {whole: `{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"MODEL","output":[` +
		`{"type":"message","id":"m1","status":"completed","role":"assistant","content":[{"type":"output_text",` +
		`"text":"I am MODEL.","annotations":[]}]}],` +
		`"parallel_tool_calls":true,"tool_choice":"auto","tools":[]}`},
	"POST /v1/embeddings": {whole: `{"object":"list","model":"MODEL","data":[{"object":"embedding","index":0,"embedding":[0.5]}],` +
		`"usage":{"prompt_tokens":1,"total_tokens":1}}`},
	"POST /v1/moderations": {whole: `{"id":"m1","model":"MODEL","results":[{"flagged":false,` +
		`"categories":{},"category_scores":{}}]}`},
	"POST /v1/audio/speech":         {whole: `sound of MODEL`},
	"POST /v1/audio/transcriptions": {whole: `{"text":"I am MODEL."}`},
	"POST /v1/audio/translations":   {whole: `{"text":"I am MODEL."}`},
	"POST /v1/images/generations":   {whole: `{"created":1,"data":[{"url":"https://images.example.com/MODEL"}]}`},
	"POST /v1/images/edits":         {whole: `{"created":1,"data":[{"url":"https://images.example.com/MODEL"}]}`},
	"GET /v1/models": {whole: `{"object":"list","data":[{"id":"llama3:8b","object":"model",` +
		`"created":1,"owned_by":"me"},{"id":"secret","object":"model","created":1,"owned_by":"me"}]}`},
	"GET /v1/models/llama3:8b": {whole: `{"id":"llama3:8b","object":"model","type":"model",` +
		`"display_name":"llama3:8b","created":1,"created_at":"2026-01-01T00:00:00Z","owned_by":"me"}`},

	"POST /v1/messages": {kind: events,
		whole: `{"id":"msg_1","type":"message","role":"assistant","model":"MODEL","content":[{"type":"text","text":"I am MODEL."}],` +
			`"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}`,
		stream: messageEvents(`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",`+
			`"model":"MODEL","content":[],`+
			`"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}`,
			`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"I am MODEL."}}`,
			`{"type":"content_block_stop","index":0}`,
			`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}}`,
			`{"type":"message_stop"}`)},
	"POST /v1/messages/count_tokens": {whole: `{"input_tokens":3}`},

	"POST /api/chat": {kind: lines, streams: true,
		whole: `{"model":"MODEL","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"I am MODEL."},"done":true}`,
		stream: `{"model":"MODEL","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant",` +
			`"content":"I am MODEL."},"done":true}` + "\n"},
	"POST /api/generate": {kind: lines, streams: true,
		whole:  `{"model":"MODEL","created_at":"2026-01-01T00:00:00Z","response":"I am MODEL.","done":true}`,
		stream: `{"model":"MODEL","created_at":"2026-01-01T00:00:00Z","response":"I am MODEL.","done":true}` + "\n"},
	"POST /api/embed": {whole: `{"model":"MODEL","embeddings":[[0.5]]}`},
	"POST /api/show":  {whole: `{"details":{"family":"MODEL"},"model_info":{}}`},
	"GET /api/tags": {whole: `{"models":[{"name":"llama3:8b","model":"llama3:8b",` +
		`"modified_at":"2026-01-01T00:00:00Z","size":1,"digest":"00"},` +
		`{"name":"secret","model":"secret","modified_at":"2026-01-01T00:00:00Z","size":1,"digest":"00"}]}`},
	"GET /api/ps":      {whole: `{"models":[{"name":"llama3:8b","model":"llama3:8b","size":1,"digest":"00"}]}`},
	"GET /api/version": {whole: `{"version":"0.17.4"}`},

	"POST /v2/chat": {whole: `{"id":"c1","finish_reason":"COMPLETE","message":{"role":"assistant",` +
		`"content":[{"type":"text","text":"I am MODEL."}]}}`},
	"POST /v2/embed":  {whole: `{"id":"e1","embeddings":{"float":[[0.5]]},"texts":["x"]}`},
	"POST /v2/rerank": {whole: `{"id":"r1","results":[{"index":0,"relevance_score":0.5}]}`},

	"Gemini generateContent": {whole: `{"candidates":[{"content":{"role":"model",` +
		`"parts":[{"text":"I am MODEL."}]},"finishReason":"STOP"}],"modelVersion":"MODEL"}`},
	"Gemini streamGenerateContent": {kind: events, streams: true,
		stream: sse(`{"candidates":[{"content":{"role":"model","parts":[{"text":"I am MODEL."}]},"finishReason":"STOP"}]}`)},
	"Gemini countTokens":        {whole: `{"totalTokens":3}`},
	"Gemini batchEmbedContents": {whole: `{"embeddings":[{"values":[0.5]}]}`},
}

// sse writes server-sent events.
func sse(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		b.WriteString("data: " + d + "\n\n")
	}
	return b.String()
}

// messageEvents writes events with their types, as Anthropic's API has them.
func messageEvents(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		kind, _, _ := strings.Cut(strings.TrimPrefix(d, `{"type":"`), `"`)
		b.WriteString("event: " + kind + "\ndata: " + d + "\n\n")
	}
	return b.String()
}
