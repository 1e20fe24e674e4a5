package inference

import "github.com/modelgate/modelgate/internal/strictjson"

// Listing says how a reply lists models. A member of a reply that it does not know
// is removed, and a reply of another form is refused. An item keeps what does not
// name another model, unless the caller may see that one too.
type Listing struct {
	trim func(body []byte, shown showModel) (trimmed []byte, ok bool)
}

// showModel reports whether a caller may see a model in a listing.
type showModel func(name, version string) bool

var (
	// {"models": ["a", "b"]}: v1_endpoints.py and v2_endpoints.py of kserve/kserve.
	namesListing = &Listing{jsonListing{member: "models", before: `{"models":[`, after: `]}`}.trim}
	// {"object": "list", "data": [{"id": "a"}]}: OpenAI's.
	openAIListing = &Listing{jsonListing{member: "data", key: "id", before: `{"object":"list","data":[`, after: `]}`}.trim}
	// [{"name": "a", "version": "1"}]: extension_model_repository.md of
	// triton-inference-server/server.
	indexListing = &Listing{jsonListing{key: "name", before: `[`, after: `]`}.trim}
	grpcListing  = &Listing{trimRepositoryIndex}
)

// Trim returns a reply with only those models whose Call, a List of one model, is
// granted. ok is false for a reply that cannot be trimmed, which must be withheld.
func (m *Match) Trim(body []byte, granted func(*Call) bool) (trimmed []byte, ok bool) {
	return m.Listing.trim(body, func(name, version string) bool {
		namespace, name, ok := m.server.resolve(name)
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

// jsonListing is a JSON document with an array of models.
type jsonListing struct {
	member        string // of the document that is the array; "" where the document is the array
	key           string // of an element that is the model's name; "" where the element is the name
	before, after string // what a trimmed document has around the elements
}

func (l jsonListing) trim(body []byte, shown showModel) (trimmed []byte, ok bool) {
	list, ok := l.array(string(body))
	if !ok {
		return nil, false
	}
	var items []listedModel
	list.ForEach(func(_, item strictjson.Result) bool {
		m := listedModel{item: item}
		if m.name, m.version, ok = l.model(item); ok {
			m.shown = shown(m.name, m.version)
			items = append(items, m)
		}
		return ok
	})
	hidden := hiddenNames(items)
	trimmed = []byte(l.before)
	for i := range items {
		if !items[i].shown {
			continue
		}
		if len(trimmed) > len(l.before) {
			trimmed = append(trimmed, ',')
		}
		trimmed = items[i].append(trimmed, l.key, hidden, shown)
	}
	return append(trimmed, l.after...), ok
}

// array returns the array of models in a document.
func (l jsonListing) array(doc string) (list strictjson.Result, ok bool) {
	if strictjson.Check(doc) != nil {
		return list, false
	}
	list = strictjson.Read(doc)
	if l.member != "" {
		if !list.IsObject() {
			return list, false
		}
		list = list.Get(l.member)
	}
	return list, list.IsArray()
}

// model returns the name and the version in an element of the array.
func (l jsonListing) model(item strictjson.Result) (name, version string, ok bool) {
	if l.key == "" {
		return item.Str, "", item.Type == strictjson.String
	}
	if !item.IsObject() {
		return "", "", false
	}
	n, v := item.Get(l.key), item.Get("version")
	return n.Str, v.Str, n.Type == strictjson.String && (!v.Exists() || v.Type == strictjson.String)
}
