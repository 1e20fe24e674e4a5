package inference

import "github.com/modelgate/modelgate/internal/reason"

// grpcMethods are the operations of gRPC services by path: /<package.Service>/
// <Method>. Of their messages only the numbers of some fields are known.
type grpcMethods map[string]operation

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
