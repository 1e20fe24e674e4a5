package inference

import (
	"slices"

	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// BeyondHead says of each route for whose requests more than their heads must be read why that
// is so.
func (rs *Routes) BeyondHead() strictjson.Problems { return rs.beyondHead }

func (rs *Routes) noteBeyondHead(r *Route, row strictjson.Value) {
	why := ""
	switch protocol := row.JSON().Get("protocol").Str; protocol {
	case "grpc", "http": // bodies are not read, whatever they are
	case "kserve-v1":
		if !r.server.withoutLists {
			why = `needs modelgate.wasm, which cuts lists of models down; with "lists": false, modelgate-head.wasm is enough`
		}
	default:
		why = phrase.Sprintf("needs modelgate.wasm, which reads bodies and replies of the protocol %s", protocol)
	}
	if why != "" {
		rs.beyondHead = append(rs.beyondHead, strictjson.Problem{Pointer: row.Pointer(), Message: why})
	}
}

// compileUnread returns what compiles a row of a protocol that this build does not read; nil
// for what is no protocol. The configuration is rejected for the row, see BeyondHead.
func compileUnread(protocol string) compiler {
	if !slices.Contains(protocols, protocol) {
		return nil
	}
	return func(*Route, strictjson.Value, routeContext) {}
}
