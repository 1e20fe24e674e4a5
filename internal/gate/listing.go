package gate

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// listing is a reply that lists models, of which the caller gets those that are
// granted.
type listing struct {
	match inference.Match
	reply []byte
}

// maxListing is the longest reply that is trimmed, in bytes.
const maxListing = 4 << 20

// partial are headers by which a client may get a reply that is not the whole
// list as it stands: compressed, a range of it (RFC 9110 section 14), or none
// because it has one (section 13).
var partial = []string{"accept-encoding", "grpc-accept-encoding", "range", "if-range",
	"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}

// plainReply has the upstream answer in full.
func (e *Edit) plainReply(pairs [][2]string) {
	for i := range pairs {
		if name := pairs[i][0]; slices.Contains(partial, fold(name)) && !slices.Contains(e.Remove, name) {
			e.Remove = append(e.Remove, name)
		}
	}
}

// NeedsResponse reports whether the host has to hand in the response too.
func (x *Exchange) NeedsResponse() bool { return x.body != nil || x.listing != nil }

// Respond looks at the head of a response. Once it has begun, a request whose
// body is still coming can only be refused by ending the stream.
func (x *Exchange) Respond(env Env, pairs [][2]string, end bool) Step {
	forward := Step{Act: Forward, Reason: reason.Allowed}
	if x.listing == nil {
		x.responded = true
		return forward
	}
	status, failed := header(pairs, ":status"), header(pairs, "grpc-status")
	if failed != "" && failed != "0" && end || !x.head.GRPC && len(status) == 3 && status[0] >= '4' {
		x.listing, x.responded = nil, true // an error lists nothing
		return forward
	}
	mediaType := header(pairs, "content-type")
	right := isJSON(mediaType)
	if x.head.GRPC {
		right = isGRPC(mediaType)
	}
	if status != "200" || end || !right || encoded(pairs) {
		return x.withhold()
	}
	x.responded = !x.gate.holds
	e := &Edit{Set: [][2]string{{"cache-control", "no-store"}}}
	for i := range pairs {
		if slices.Contains(wholeReply, pairs[i][0]) {
			e.Remove = append(e.Remove, pairs[i][0])
		}
	}
	return Step{Act: Hold, Reason: reason.Allowed, Head: !x.gate.holds, Edit: e}
}

// wholeReply are headers that say something of a reply which is no longer true
// of what is left of it.
var wholeReply = []string{"content-length", "etag", "last-modified", "accept-ranges", "content-digest", "repr-digest", "digest", "content-md5"}

func header(pairs [][2]string, name string) (value string) {
	for i := range pairs {
		if pairs[i][0] == name {
			if value != "" {
				return value + "," + pairs[i][1]
			}
			value = pairs[i][1]
		}
	}
	return value
}

func encoded(pairs [][2]string) bool {
	for _, name := range []string{"content-encoding", "grpc-encoding"} {
		if value := strings.ToLower(header(pairs, name)); value != "" && value != "identity" {
			return true
		}
	}
	return false
}

// replyBody collects a reply and lets go what is left of it.
func (x *Exchange) replyBody(env Env, chunk []byte, end bool) Step {
	l := x.listing
	if l.reply = append(l.reply, chunk...); len(l.reply) > maxListing {
		return x.withhold()
	}
	if !end {
		return Step{Act: Hold, Reason: reason.Allowed}
	}
	trimmed, ok := l.match.Trim(l.reply, func(call *inference.Call) bool {
		return x.possible(env, *call) == reason.Allowed
	})
	if !ok {
		return x.withhold()
	}
	x.listing = nil
	return Step{Act: Forward, Reason: reason.Allowed, Body: trimmed, Release: len(l.reply)}
}

// withhold keeps a reply from the caller.
func (x *Exchange) withhold() Step {
	x.listing = nil
	return x.stop(reason.ListWithheld)
}
