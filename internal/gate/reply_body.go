package gate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// errorForm is how the API that a client speaks tells an error, so that the client's own
// library shows the Reason. It depends on the path that was asked for, and on nothing else:
// a caller who may know nothing learns nothing from it.
type errorForm uint8

const (
	// errorText is "error": "text": the Open Inference Protocol ("Inference Response JSON Error
	// Object"), KServe's V1, TensorFlow Serving, Triton, TGI, Ollama. It is that of all other paths.
	errorText errorForm = iota
	// errorOpenAI is "error": {"message", "type", "param", "code"} (OpenAI's API reference, Error).
	errorOpenAI
	// errorAnthropic is "type": "error", "error": {"type", "message"} (Anthropic's API reference, Errors).
	errorAnthropic
	// errorGoogle is "error": {"code", "message", "status"} (google/rpc/status.proto in JSON, AIP-193), which
	// Gemini's API uses.
	errorGoogle
)

// openAICalls are the last segments of the paths of OpenAI's API, and of what servers add to it.
var openAICalls = strings.Fields(`batches classify completions detokenize edits embeddings files generations
	input_tokens models moderations pooling realtime rerank responses score speech tokenize
	transcriptions translations variations`)

// maxErrorPath is the length of the longest path that is looked into: no API has longer ones.
const maxErrorPath = 2 << 10

// errorFormOf returns the form of the API to which a path belongs by its shape.
func errorFormOf(target string) errorForm {
	if len(target) > maxErrorPath {
		return errorText
	}
	path, _, _ := strings.Cut(target, "?")
	slash := strings.LastIndexByte(path, '/') + 1
	rest, last := path[:slash], path[slash:]
	within := func(part string) bool { return strings.Contains(path, part) }
	switch {
	case within("/openai/v1/"), within("/openai/deployments/"), within("/v1/responses/"):
		return errorOpenAI
	case last == "messages", within("/messages/batches"), last == "count_tokens" && strings.HasSuffix(rest, "/messages/"):
		return errorAnthropic
	case within("/v1beta/") && !within("/openai/"), isGeminiCall(last):
		return errorGoogle
	case strings.HasSuffix(rest, "/v1/models/") && !strings.Contains(last, ":"): // KServe's clients look at the status only
		return errorOpenAI
	case slices.Contains(openAICalls, last) && !strings.HasSuffix(rest, "/api/"): // those are Ollama's
		return errorOpenAI
	}
	return errorText
}

// isGeminiCall reports whether the last segment of a path is a model and an action of Gemini's
// API, which is below /v1 too (ai.google.dev/api).
func isGeminiCall(last string) bool {
	for _, action := range []string{":generateContent", ":streamGenerateContent", ":countTokens", ":embedContent", ":batchEmbedContents"} {
		if strings.HasSuffix(last, action) {
			return true
		}
	}
	return false
}

// errorNames returns what Anthropic's API and OpenAI's call a status, and what Google's does.
func errorNames(status int) (kind, google string) {
	switch status {
	case 401:
		return "authentication_error", "UNAUTHENTICATED"
	case 403:
		return "permission_error", "PERMISSION_DENIED"
	case 404:
		return "not_found_error", "NOT_FOUND"
	case 413:
		return "request_too_large", "INVALID_ARGUMENT"
	case 503:
		return "api_error", "UNAVAILABLE"
	}
	if status >= 500 {
		return "api_error", "INTERNAL"
	}
	return "invalid_request_error", "INVALID_ARGUMENT"
}

// replyBody returns the body of a reply over HTTP. All of it but the request's id is
// constant, or follows from the Reason.
func replyBody(why reason.Reason, h *head) string {
	name := why.String()
	kind, google := errorNames(why.HTTP())
	form := h.errors
	if h.Path != "" {
		form = errorFormOf(h.Path)
	}
	parts := [...]string{`,"error":"model gate: `, name, `"`, "", ""}
	switch form {
	case errorOpenAI:
		parts = [...]string{`,"error":{"message":"model gate: `, name, `","type":"` + kind, `","param":null,"code":"` + name, `"}`}
	case errorAnthropic:
		parts = [...]string{`,"type":"error","error":{"type":"`, kind, `","message":"model gate: `, name, `"}`}
	case errorGoogle:
		parts = [...]string{`,"error":{"code":` + strconv.Itoa(why.HTTP()), `,"message":"model gate: `, name, `","status":"` + google, `"}`}
	}
	if !why.Refuses() {
		parts = [5]string{}
	}
	var id [3]string
	if h.id.size > 0 {
		id = [...]string{`,"request_id":"`, h.id.String(), `"`}
	}
	return `{"reason":"` + name + `"` + parts[0] + parts[1] + parts[2] + parts[3] + parts[4] + id[0] + id[1] + id[2] + "}\n"
}
