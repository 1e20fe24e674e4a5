package inference

import (
	"slices"

	"github.com/modelgate/modelgate/internal/reason"
)

// grpcMethods are the operations of gRPC services by path: /<package.Service>/
// <Method>. Of their messages only the numbers of some fields are known.
type grpcMethods map[string]operation

// grpcMethod is a row of a protocol's table of methods. The tables are lists, which the
// compiler lays out as data: as maps they would be code that builds them.
type grpcMethod struct {
	path    string
	verb    Verb
	body    *Body    // how its messages name the models, nil where they name none
	listing *Listing // how its reply lists models, nil where it lists none
}

// newGRPCMethods returns the methods of all tables.
func newGRPCMethods(tables ...[]grpcMethod) grpcMethods {
	methods := grpcMethods{}
	for _, m := range slices.Concat(tables...) {
		methods[m.path] = operation{verb: m.verb, body: m.body, listing: m.listing}
	}
	return methods
}

// parsePath is the pathParser of a protocol that has gRPC methods only.
func (m grpcMethods) parsePath(r *parsedRequest, path string) (operation, reason.Reason) {
	if op, ok := m[path]; ok && r.GRPC && r.Method == "POST" && r.query == "" {
		return op, reason.Allowed
	}
	return unknownPath()
}

// and returns the pathParser of a protocol that also has paths over HTTP.
func (m grpcMethods) and(http pathParser) pathParser {
	return func(r *parsedRequest, path string) (operation, reason.Reason) {
		if op, why := m.parsePath(r, path); why == reason.Allowed {
			return op, why
		}
		return http(r, path)
	}
}
