package inference

import (
	"bytes"
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Listing says how a reply lists models. A member of a reply that it does not know
// is removed, and a reply of another form is refused.
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
	trimmed = []byte(l.before)
	list.ForEach(func(_, item strictjson.Result) bool {
		var name, version string
		if name, version, ok = l.model(item); !ok {
			return false
		}
		if !shown(name, version) {
			return true
		}
		if len(trimmed) > len(l.before) {
			trimmed = append(trimmed, ',')
		}
		trimmed = append(trimmed, item.Raw...)
		return true
	})
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

// modelTag is the tag of the only field of a RepositoryIndexResponse: the models
// (grpc_service.proto of triton-inference-server/common).
var modelTag = protowire.AppendTag(nil, 1, protowire.BytesType)

// trimRepositoryIndex trims the one message of a reply to RepositoryIndex, with its
// five bytes of a gRPC frame: a flag and the length.
func trimRepositoryIndex(body []byte, shown showModel) ([]byte, bool) {
	const frame = 5
	if len(body) < frame || body[0] != 0 || uint64(binary.BigEndian.Uint32(body[1:])) != uint64(len(body)-frame) {
		return nil, false
	}
	trimmed := make([]byte, frame, len(body))
	for rest := body[frame:]; len(rest) > 0; {
		field, ok := bytes.CutPrefix(rest, modelTag)
		item, n := protowire.ConsumeBytes(field)
		if !ok || n < 0 {
			return nil, false
		}
		name, version, ok := indexedModel(item)
		if !ok {
			return nil, false
		}
		size := len(modelTag) + n
		if shown(name, version) {
			trimmed = append(trimmed, rest[:size]...)
		}
		rest = rest[size:]
	}
	binary.BigEndian.PutUint32(trimmed[1:], uint32(len(trimmed)-frame))
	return trimmed, true
}

// indexedModel reads a ModelIndex of a RepositoryIndexResponse.
func indexedModel(message []byte) (name, version string, ok bool) {
	p := scan.NewProto(nameAndVersion, len(message), scan.Limits{})
	if p.Scan(message) != nil || !p.Complete() {
		return "", "", false
	}
	n, ok := readNamedModels(p.Values(), 0)
	if !ok || len(n.names) != 1 || n.version != "" && !isSharedVersion(n.version) {
		return "", "", false
	}
	return n.names[0], n.version, true
}
