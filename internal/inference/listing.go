package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Listing says how a reply lists models. A member of a reply that it does not know
// is removed, and a reply of another form is refused. An item keeps what does not
// name another model, unless the caller may see that one too.
type Listing struct {
	forms  []jsonForm // that the reply may have, the first that fits; nil for the message of gRPC
	answer *jsonForm  // of a list that the gate itself answers with; nil for none
}

// showModel reports whether a caller may see a model in a listing.
type showModel func(name, version string) bool

var (
	// modelsListing is the reply of a path that several protocols have, such as /v1/models. It
	// has the form that the server behind it has.
	modelsListing = &Listing{[]jsonForm{dataForm, modelsForm}, &dataForm}
	// ollamaListing is that of Ollama's /api/tags, and runningListing that of /api/ps: which
	// models run, only the server knows.
	ollamaListing  = &Listing{[]jsonForm{ollamaForm}, &ollamaForm}
	runningListing = &Listing{forms: []jsonForm{ollamaForm}}
	// geminiListing is that of Gemini's /v1beta/models. Its nextPageToken may have the name of
	// a model in it, and is removed.
	geminiListing = &Listing{[]jsonForm{modelsForm}, &modelsForm}
	// indexListing: [{"name": "a", "version": "1"}], extension_model_repository.md of
	// triton-inference-server/server.
	indexListing = &Listing{forms: []jsonForm{{key: "name", versions: true}}}
	// torchListing: {"nextPageToken": "1", "models": [{"modelName": "a"}]},
	// ListModelsResponse.java of pytorch/serve. The token, which counts the models, is left
	// out, and so is an item's modelUrl: no grant is on the name of a file.
	torchListing = &Listing{forms: []jsonForm{{member: "models", key: "modelName"}}}
	grpcListing  = &Listing{}

	// dataForm is OpenAI's: {"object": "list", "data": [{"id": "a"}]}. Anthropic's has
	// has_more, first_id and last_id too.
	dataForm = jsonForm{member: "data", key: "id"}
	// modelsForm is {"models": ["a", "b"]}, KServe's (v1_endpoints.py and v2_endpoints.py of
	// kserve/kserve), {"models": [{"name": "a"}]}, Cohere's, or {"models": [{"name": "models/a"}]},
	// Gemini's.
	modelsForm = jsonForm{member: "models", key: "name", strings: true, within: "models/"}
	// ollamaForm is {"models": [{"name": "a"}]}: api/types.go of ollama/ollama, ListResponse and
	// ProcessResponse.
	ollamaForm = jsonForm{member: "models", key: "name"}
)

// Trim returns a reply with only those models whose Call, a List of one model, is
// granted. ok is false for a reply that cannot be trimmed, which must be withheld.
func (m *Match) Trim(body []byte, granted func(*Call) bool) (trimmed []byte, ok bool) {
	listed := m.server.modelNames
	listed.free = true // the server behind the path may be of another protocol
	return m.Listing.trim(body, func(name, version string) bool {
		namespace, name, ok := listed.resolve(name)
		if !ok || version != "" && !m.server.isVersion(version) {
			return false
		}
		call := Call{Verb: List, Protocol: m.Call.Protocol}
		for _, service := range m.Call.Models {
			if namespace != "" && namespace != service.Namespace {
				return false
			}
			service.Name, service.Version = name, version
			call.Models = append(call.Models, service)
		}
		for _, service := range m.Call.Possible {
			service.Name, service.Version = name, version
			call.Possible = append(call.Possible, service)
		}
		return granted(&call)
	})
}

// jsonForm is a JSON document with an array of models.
type jsonForm struct {
	member   string // of the document that is the array; "" where the document is the array
	key      string // of an element that is the model's name
	strings  bool   // an element may be the name itself
	versions bool   // an element may have the model's version
	within   string // what precedes the model's name in an element, if anything does
}

func (l *Listing) trim(body []byte, shown showModel) (trimmed []byte, ok bool) {
	if l.forms == nil {
		return trimRepositoryIndex(body, shown)
	}
	text := string(body)
	if strictjson.Check(text) != nil {
		return nil, false
	}
	doc := strictjson.Read(text)
	for i := range l.forms {
		list := doc
		if l.forms[i].member != "" {
			if !doc.IsObject() {
				return nil, false
			}
			list = doc.Get(l.forms[i].member)
		}
		if list.IsArray() {
			return l.forms[i].trim(doc, list, shown)
		}
	}
	return nil, false
}

func (f *jsonForm) trim(doc, list strictjson.Result, shown showModel) (trimmed []byte, ok bool) {
	var items []listedModel
	ok = true
	list.ForEach(func(_, item strictjson.Result) bool {
		m := listedModel{item: item}
		if m.name, m.version, ok = f.model(item); ok {
			m.shown = shown(m.name, m.version)
			items = append(items, m)
		}
		return ok
	})
	if !ok {
		return nil, false
	}
	hidden := hiddenNames(items)
	shownItems := items[:0]
	for i := range items {
		if items[i].shown {
			shownItems = append(shownItems, items[i])
		}
	}
	items = shownItems
	trimmed = f.begin()
	for i := range items {
		if i > 0 {
			trimmed = append(trimmed, ',')
		}
		trimmed = items[i].append(trimmed, f.key, hidden, shown)
	}
	trimmed = append(trimmed, ']')
	if f.member == "data" {
		trimmed = appendPage(trimmed, doc, items)
	}
	if f.member != "" {
		trimmed = append(trimmed, '}')
	}
	return trimmed, true
}

// begin returns what a document has before its first model.
func (f *jsonForm) begin() []byte {
	switch f.member {
	case "data":
		return []byte(`{"object":"list","data":[`)
	case "":
		return []byte("[")
	}
	return []byte(`{"` + f.member + `":[`)
}

// appendPage appends what Anthropic's list says of its page: its first and its last model
// are those that are shown. A page that shows none is the last, because none of its models
// can say where the next begins.
func appendPage(to []byte, doc strictjson.Result, items []listedModel) []byte {
	more := doc.Get("has_more")
	switch {
	case !more.IsBool():
		return to
	case len(items) == 0:
		return append(to, `,"has_more":false,"first_id":null,"last_id":null`...)
	}
	to = append(append(to, `,"has_more":`...), more.Raw...)
	to = append(append(to, `,"first_id":`...), items[0].item.Get(dataForm.key).Raw...)
	return append(append(to, `,"last_id":`...), items[len(items)-1].item.Get(dataForm.key).Raw...)
}

// model returns the name and the version in an element of the array.
func (f *jsonForm) model(item strictjson.Result) (name, version string, ok bool) {
	if item.Type == strictjson.String {
		return item.Str, "", f.strings
	}
	if !item.IsObject() {
		return "", "", false
	}
	n := item.Get(f.key)
	if v := item.Get("version"); f.versions && v.Exists() {
		if version = v.Str; v.Type != strictjson.String {
			return "", "", false
		}
	}
	return strings.TrimPrefix(n.Str, f.within), version, n.Type == strictjson.String
}
