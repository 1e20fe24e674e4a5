package inference

import "github.com/modelgate/modelgate/internal/reason"

// methods are the calls of gRPC services by their path, /<package.Service>/
// <Method>. Field numbers are all that is known of their messages.
type methods map[string]ask

// table makes methods the only thing that a protocol has.
func (m methods) table(r *parsed, path string) (ask, reason.Reason) {
	if a, ok := m[path]; ok && r.GRPC && r.Method == "POST" && r.query == "" {
		return a, reason.Allowed
	}
	return ask{}, reason.PathUnknown
}

// or adds methods to a protocol over HTTP.
func (m methods) or(http table) table {
	return func(r *parsed, path string) (ask, reason.Reason) {
		if r.GRPC {
			if a, why := m.table(r, path); why == reason.Allowed {
				return a, why
			}
		}
		return http(r, path)
	}
}
