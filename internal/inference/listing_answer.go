package inference

// AnswersList reports whether the gate itself answers a call with a list: the call is for no
// single one of the services, and "models" says which models they have.
func (m *Match) AnswersList() bool { return m.listed }

// AnswerList returns the list of those models of the route whose Call, a List of one model, is
// granted, by their own names and in alphabetical order. It is "" if there is none.
func (m *Match) AnswerList(granted func(*Call) bool) string {
	f := m.Listing.answer
	list, first, last := f.begin(), "", ""
	for _, name := range m.server.ownNames {
		model := m.server.services[name]
		model.Name = name
		call := Call{Verb: List, Models: []Model{model}, Protocol: m.Call.Protocol}
		if !m.routes.isServed(call.Models) || !granted(&call) {
			continue
		}
		if last = name; first == "" {
			first = name
		} else {
			list = append(list, ',')
		}
		list = f.appendModel(list, name)
	}
	switch {
	case first == "":
		return ""
	case f.member == dataForm.member:
		return string(list) + `],"has_more":false,"first_id":"` + first + `","last_id":"` + last + `"}`
	}
	return string(list) + "]}"
}

// appendModel appends a model with the members without which clients do not read it. A name
// has no character that JSON escapes. In OpenAI's form it has Anthropic's members too, so that
// the clients of both read one list (openai-python, types/model.py; anthropic-sdk-python,
// types/model_info.py).
func (f *jsonForm) appendModel(to []byte, name string) []byte {
	to = append(to, `{"`+f.key+`":"`+f.within+name+`"`...)
	switch {
	case f.member == dataForm.member:
		to = append(to, `,"object":"model","created":0,"owned_by":"modelgate","type":"model","display_name":"`+name+
			`","created_at":"1970-01-01T00:00:00Z"`...)
	case f.within == "": // of Ollama (api/types.go, ListModelResponse)
		to = append(to, `,"model":"`+name+`"`...)
	}
	return append(to, '}')
}
