package parsers

import "strings"

// chatAPIs are the APIs that Envoy's ai_protocol_manager reads, with the members of their bodies
// beside the model.
var chatAPIs = []struct{ path, members string }{
	{"/v1/chat/completions", `"messages":[{"role":"user","content":[{"type":"text","text":"\"model\":\"secret\""}]}],"stream":true`},
	{"/v1/responses", `"input":"model","tools":[{"type":"function","name":"model","parameters":{"type":"object"}}]`},
	{"/v1/messages", `"max_tokens":64,"system":"model","messages":[{"role":"user","content":"{\"model\":\"secret\"}"}]`},
	{"", `"contents":[{"role":"user","parts":[{"text":"model"}]}],"generationConfig":{"maxOutputTokens":64}`},
}

// modelNames are names that clients have, and what might be taken for one.
var modelNames = []string{"gpt-4o-mini", "claude-sonnet-4-5", "meta-llama/Llama-3.1-8B", "llama3:8b", "base:adapter", "claude@2025",
	"/mnt/models", "models/gemini", "publishers/prod/models/m", "models/", "a/models/b", "a//b", "a,b", "a b", "*", "%61", "llm", "LLM",
	strings.Repeat("x", 253), strings.Repeat("x", 256), strings.Repeat("x", 257)}

// asked is a request whose path or body names a model.
type asked struct{ path, body string }

// asked makes a request of one of the APIs, more often honest than not.
func (w writer) asked() asked {
	api := pick(w, chatAPIs...)
	named := api.path != "" || w.IntN(8) == 0
	if api.path == "" {
		api.path = w.geminiPath()
	}
	if w.IntN(3) == 0 {
		return asked{api.path, string(w.document())}
	}
	body := api.members
	if named {
		model := `"model":` + w.quote(pick(w, modelNames...), 20)
		body = pick(w, model+","+body, body+","+model)
	}
	doc := []byte("{" + body + "}")
	for range pick(w, 0, 0, 0, 0, 1, 1, 2) {
		doc = w.spoil(doc)
	}
	return asked{api.path, string(doc)}
}

// geminiPath makes a path in which Gemini's clients name the model.
func (w writer) geminiPath() string {
	base := pick(w, "/v1beta/models/", "/v1beta/models/", "/v1/models/", "/models/", "/v1beta/tunedModels/", "/v1beta//models/",
		"/openai/v1/models/")
	name := pick(w, modelNames...)
	if w.IntN(4) == 0 {
		name = pick(w, "gemini", "x/models/y", "..", "a/../b", "a%2fb", "", "a;b", "models", "模型", "x/models", "models/models/x")
	}
	verb := pick(w, "generateContent", "generateContent", "generateContent", "streamGenerateContent", "countTokens", "embedContent",
		"generatecontent", "generateContent/", "generateContent:generateContent", "generateContent;x", "generateContent/models/y:generateContent")
	return base + name + ":" + verb + pick(w, "", "", "", "?alt=sse", "?", "?x=/models/y:generateContent")
}
