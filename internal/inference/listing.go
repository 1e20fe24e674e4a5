package inference

import (
	"encoding/binary"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Listing says how a reply lists models. What it does not know of a reply is
// left out, and a reply of another form is none.
type Listing struct {
	trim func(body []byte, shown func(name, version string) bool) (trimmed []byte, ok bool)
}

var (
	// {"models": ["a", "b"]}: KServe's v1_endpoints.py and v2_endpoints.py.
	namesListing = &Listing{func(body []byte, shown func(string, string) bool) ([]byte, bool) {
		return trimJSON(body, "models", `{"models":[`, `]}`, "", shown)
	}}
	// {"object": "list", "data": [{"id": "a"}]}: OpenAI's.
	openAIListing = &Listing{func(body []byte, shown func(string, string) bool) ([]byte, bool) {
		return trimJSON(body, "data", `{"object":"list","data":[`, `]}`, "id", shown)
	}}
	// [{"name": "a", "version": "1"}]: extension_model_repository.md of
	// triton-inference-server/server.
	indexListing = &Listing{func(body []byte, shown func(string, string) bool) ([]byte, bool) {
		return trimJSON(body, "", `[`, `]`, "name", shown)
	}}
	grpcListing = &Listing{trimIndex}
)

// Trim leaves of a reply the models that may be shown. ok is false for a reply
// that cannot be trimmed: it must not go on.
func (m *Match) Trim(body []byte, granted func(*Call) bool) (trimmed []byte, ok bool) {
	return m.Listing.trim(body, func(name, version string) bool {
		namespace, name, why := m.server.canonical(name)
		if why != reason.Allowed || version != "" && !versionForm(version) {
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
		return granted(&call)
	})
}

// trimJSON reads the array that is the document, or its member of that name. An
// element is the name, or an object that has it as its member key.
func trimJSON(body []byte, member, before, after, key string, shown func(name, version string) bool) ([]byte, bool) {
	doc := string(body)
	if strictjson.Check(doc) != nil {
		return nil, false
	}
	list := strictjson.Read(doc)
	if member != "" {
		if !list.IsObject() {
			return nil, false
		}
		list = list.Get(member)
	}
	if !list.IsArray() {
		return nil, false
	}
	trimmed, ok := []byte(before), true
	list.ForEach(func(_, item strictjson.Result) bool {
		name, version := item, strictjson.Result{}
		if key != "" {
			name, version = item.Get(key), item.Get("version")
		}
		if ok = name.Type == strictjson.String && (key == "" || item.IsObject()) && (!version.Exists() || version.Type == strictjson.String); !ok {
			return false
		}
		if !shown(name.Str, version.Str) {
			return true
		}
		if len(trimmed) > len(before) {
			trimmed = append(trimmed, ',')
		}
		trimmed = append(trimmed, item.Raw...)
		return true
	})
	return append(trimmed, after...), ok
}

// indexFields are those of a RepositoryIndexResponse (grpc_service.proto of
// triton-inference-server/common): models, each with a name and a version.
var indexFields = []scan.Field{{Number: 1, ID: idName}, {Number: 2, ID: idVersion}}

// trimIndex reads the one message of a reply to RepositoryIndex.
func trimIndex(body []byte, shown func(name, version string) bool) ([]byte, bool) {
	const header = 5 // a flag and the length
	if len(body) < header || body[0] != 0 || uint64(binary.BigEndian.Uint32(body[1:])) != uint64(len(body)-header) {
		return nil, false
	}
	trimmed := make([]byte, header, len(body))
	for rest := body[header:]; len(rest) > 0; {
		const models = 1<<3 | 2 // the only field, length-delimited
		length, n := binary.Uvarint(rest[1:])
		if rest[0] != models || n <= 0 || length > uint64(len(rest)-1-n) {
			return nil, false
		}
		item, size := rest[1+n:][:length], 1+n+int(length)
		p := scan.NewProto(indexFields, len(item), scan.Limits{})
		if p.Scan(item) != nil || !p.Complete() {
			return nil, false
		}
		named, ok := readNamed(p.Values(), 0)
		if !ok || len(named.names) != 1 {
			return nil, false
		}
		if shown(named.names[0], named.version) {
			trimmed = append(trimmed, rest[:size]...)
		}
		rest = rest[size:]
	}
	binary.BigEndian.PutUint32(trimmed[1:], uint32(len(trimmed)-header))
	return trimmed, true
}
