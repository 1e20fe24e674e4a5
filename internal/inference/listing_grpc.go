package inference

import (
	"bytes"
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/modelgate/modelgate/internal/scan"
)

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
	var items []listedModel
	var messages [][]byte // of items
	for rest := body[frame:]; len(rest) > 0; {
		field, ok := bytes.CutPrefix(rest, modelTag)
		message, n := protowire.ConsumeBytes(field)
		if !ok || n < 0 {
			return nil, false
		}
		m := listedModel{}
		if m.name, m.version, ok = indexedModel(message); !ok {
			return nil, false
		}
		m.shown = shown(m.name, m.version)
		items, messages = append(items, m), append(messages, message)
		rest = rest[len(modelTag)+n:]
	}
	hidden := hiddenNames(items)
	trimmed := make([]byte, frame, len(body))
	for i := range items {
		if items[i].shown {
			trimmed = protowire.AppendBytes(append(trimmed, modelTag...), withoutHiddenReason(messages[i], hidden))
		}
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

// withoutHiddenReason returns a ModelIndex with its name, version and state, and with
// its reason if that names no model which is not shown.
func withoutHiddenReason(message []byte, hidden nameSet) (kept []byte) {
	const state, why = 3, 4
	for rest := message; len(rest) > 0; {
		number, wire, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return kept // which no message does that has been read before
		}
		size := n + protowire.ConsumeFieldValue(number, wire, rest[n:])
		if size < n {
			return kept
		}
		text, _ := protowire.ConsumeBytes(rest[n:])
		if number <= state || number == why && wire == protowire.BytesType && !hidden.isNamedIn(string(text)) {
			kept = append(kept, rest[:size]...)
		}
		rest = rest[size:]
	}
	return kept
}
