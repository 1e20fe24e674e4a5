package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// The request whose body names its model, as clients of OpenAI's API send it.
const (
	chatPath  = "/v1/chat/completions"
	chatModel = "llama-3.1-8b"
	chatBytes = 4096 // of the body
)

var chat = question{chatPath, chatBody(chatModel)}

// chatBody returns a body of chatBytes that names a model and asks it something in several
// messages, with the line ends and the quotes that text has.
func chatBody(model string) []byte {
	const text = "The customer wrote:\n\"My card was refused twice in Lisbon, and I have no other. What can I do?\"\n" +
		"Answer in the customer's language, and name the branch that is open now.\n"
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	request := struct {
		Model       string    `json:"model"`
		Messages    []message `json:"messages"`
		Temperature float64   `json:"temperature"`
		MaxTokens   int       `json:"max_tokens"`
		Stream      bool      `json:"stream"`
	}{Model: model, Temperature: 0.2, MaxTokens: 512}
	for i := range 16 {
		request.Messages = append(request.Messages, message{[]string{"user", "assistant"}[i%2], text})
	}
	body, _ := json.Marshal(request) // strings and numbers only
	last := &request.Messages[len(request.Messages)-1]
	last.Content += strings.Repeat("x", chatBytes-len(body))
	body, _ = json.Marshal(request)
	return body
}

// chatConfig returns a configuration of gateConfig for chat alone: the model in the body
// selects the service. The gate holds the head until it has read the body, as
// ai_protocol_manager does.
func chatConfig(config string) string {
	type object = map[string]any
	var doc object
	_ = json.Unmarshal([]byte(config), &doc) // gateConfig has marshalled it
	models := object{chatModel: "prod/llm"}
	grants := doc["grants"].([]any)
	for i, rule := range grants {
		name := chatModel
		if i > 0 {
			name = fmt.Sprint("model-", i-1)
			models[name] = "prod/llm"
		}
		maps.Copy(rule.(object), object{"verbs": []string{"generate"}, "models": []string{"prod/llm/" + name}})
	}
	doc["host"] = object{"holdHeaders": true}
	doc["routes"] = []object{{"protocol": "openai", "prefix": "/", "names": "kfserving", "models": models}}
	text, _ := json.Marshal(doc) // strings and numbers only
	return string(text)
}

// chatGrants returns the rows of the policy for a chain that finds the model in a body.
func chatGrants() []grant {
	list := []grant{{Name: "caller", Email: caller, Path: chatPath, Model: chatModel}}
	for i := range otherGrants {
		list = append(list, grant{Name: fmt.Sprint("other-", i), Email: fmt.Sprintf("user-%d@example.com", i), Path: chatPath,
			Model: fmt.Sprint("model-", i)})
	}
	return list
}

// chatProbes are what the corpus has besides for those whose requests name the model in the
// body.
func chatProbes(token string) []probe {
	probes := []probe{
		{"another model", question{chatPath, chatBody("model-1")}, token, []int{403}},
		{"no grant for the model", question{chatPath, chatBody("unheard-of")}, token, []int{403}},
	}
	// A body that names no model is refused as such by model gate, and by RBAC, for want of one.
	for _, text := range []string{`{}`, `{"model":null}`, `{"model":7}`, `{"model":""}`, `{"Model":"llama-3.1-8b"}`, `[]`, `{"messages":[]}`,
		`{"model":"llama-3.1-8b","model":"llama-3.1-8b"}`, `{"model":"llama-3.1-8b"`, `model=llama-3.1-8b`, `{"model":"llama-3.1-8b"}{}`} {
		probes = append(probes, probe{text, question{chatPath, []byte(text)}, token, []int{400, 403}})
	}
	return probes
}

// chatSuffix ends the names of the rows that chat. They have a bare Envoy of their own to
// compare with, as those of another protocol have.
const chatSuffix = ", OpenAI body"
