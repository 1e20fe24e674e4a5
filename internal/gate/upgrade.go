package gate

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// checkOrigin refuses an upgrade to WebSocket that a page of another site asks for, unless
// "cors" lists its origin. A browser sends no preflight for one, lets any page read what comes
// back, and adds its user's cookies and certificates: RFC 6455 section 10.2 leaves the origin
// to servers, and those behind a proxy that authenticates take any. What is no browser sends
// no Origin.
func (x *Exchange) checkOrigin() reason.Reason {
	for i := range x.request.Pairs {
		if x.request.Pairs[i][0] == "origin" && x.origin.allowed == "" && !isOwnOrigin(x.request.Pairs[i][1], x.head.Authority) {
			return reason.OriginRefused
		}
	}
	return reason.Allowed
}

// isOwnOrigin reports whether a page of an origin came from the authority of a request, of which
// only one has the port that its scheme implies.
func isOwnOrigin(origin, authority string) bool {
	scheme, own, _ := strings.Cut(origin, "://")
	switch rest, ok := strings.CutPrefix(authority, own); {
	case !ok || own == "":
		return false
	case scheme == "https":
		return rest == "" || rest == ":443"
	case scheme == "http":
		return rest == "" || rest == ":80"
	}
	return false
}
