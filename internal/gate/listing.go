package gate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// listing is a reply that lists models. The caller gets those that are granted.
type listing struct {
	match inference.Match
	reply []byte
}

// maxListing is the longest reply that the gate trims, in bytes.
const maxListing = 4 << 20

// partialReplyHeaders are those by which a client may get another reply than the whole
// list in plain text: compressed, a range of it (RFC 9110 section 14), or nothing because
// the client has it already (section 13).
var partialReplyHeaders = []string{
	"accept-encoding", "grpc-accept-encoding",
	"range", "if-range",
	"if-match", "if-none-match", "if-modified-since", "if-unmodified-since",
}

func (e *Edit) removePartialReplyHeaders(pairs [][2]string) {
	for i := range pairs {
		if name := pairs[i][0]; slices.Contains(partialReplyHeaders, headers.Fold(name)) && !slices.Contains(e.Remove, name) {
			e.Remove = append(e.Remove, name)
		}
	}
}

// Respond reads the head of a response. From then on a request whose body is not complete
// can only be refused by a reset of the stream.
func (x *Exchange) Respond(env Env, pairs [][2]string, end bool) Step {
	return x.editReply(x.respond(env, pairs, end), pairs)
}

func (x *Exchange) respond(env Env, pairs [][2]string, end bool) Step {
	forward := Step{Act: Forward, Reason: reason.Allowed}
	switch {
	case x.listing == nil && x.reply == nil:
		x.responded = true
		return forward
	case x.listing == nil:
		return x.settle(x.respondSigned(env, pairs, end))
	}
	if x.isErrorReply(pairs, end) {
		return x.end(x.withholdError(pairs))
	}
	contentType := joinedHeader(pairs, "content-type")
	trimmable := isJSON(contentType)
	if x.head.GRPC {
		trimmable = isGRPC(contentType)
	}
	if joinedHeader(pairs, ":status") != "200" || end || !trimmable || isEncoded(pairs) {
		return x.end(x.withholdList())
	}
	x.responded = !x.gate.holdsHeaders
	e := &Edit{Set: [][2]string{{"cache-control", "no-store"}}}
	for i := range pairs {
		if slices.Contains(wholeReplyHeaders, pairs[i][0]) {
			e.Remove = append(e.Remove, pairs[i][0])
		}
	}
	if x.reply != nil {
		x.beginReply(pairs)
	}
	return Step{Act: Hold, Reason: reason.Allowed, Head: !x.gate.holdsHeaders, Edit: e}
}

// withholdError answers with the status of an error reply. Its text may name models that
// the caller may not see.
func (x *Exchange) withholdError(pairs [][2]string) Step {
	step := x.withholdList()
	name, code := ":status", &step.Reply.Status
	if x.head.GRPC {
		name, code = "grpc-status", &step.Reply.GRPC
	}
	if n, err := strconv.Atoi(joinedHeader(pairs, name)); err == nil && n >= 0 && n < 600 {
		*code = n
	}
	return step
}

// isErrorReply reports whether a response is an error, which lists no models: over HTTP
// a status from 400 on, in gRPC a response of trailers only.
func (x *Exchange) isErrorReply(pairs [][2]string, end bool) bool {
	if grpcStatus := joinedHeader(pairs, "grpc-status"); end && grpcStatus != "" && grpcStatus != "0" {
		return true
	}
	status := joinedHeader(pairs, ":status")
	return !x.head.GRPC && len(status) == 3 && status[0] >= '4'
}

// wholeReplyHeaders describe a whole reply, and are no longer true of a trimmed one.
var wholeReplyHeaders = []string{
	"content-length", "etag", "last-modified", "accept-ranges", "content-digest", "repr-digest", "digest", "content-md5",
}

// joinedHeader returns the value of a header, its repeats joined by commas (RFC 9110
// section 5.3); "" if there is none.
func joinedHeader(pairs [][2]string, name string) (value string) {
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

func isEncoded(pairs [][2]string) bool {
	for _, name := range []string{"content-encoding", "grpc-encoding"} {
		if value := strings.ToLower(joinedHeader(pairs, name)); value != "" && value != "identity" {
			return true
		}
	}
	return false
}

// replyBody collects a reply, and releases what the caller may know of it.
func (x *Exchange) replyBody(env Env, chunk []byte, end bool) Step {
	l := x.listing
	if l.reply = append(l.reply, chunk...); len(l.reply) > maxListing {
		return x.withholdList()
	}
	if !end {
		return Step{Act: Hold, Reason: reason.Allowed}
	}
	trimmed, ok := l.match.Trim(l.reply, func(call *inference.Call) bool {
		return authorizePartialCall(x.gate.policy, env.Now, x.Principal, call).why == reason.Allowed &&
			(x.narrowing == nil || authorizePartialCall(x.narrowing.policy, env.Now, x.Principal, call).why == reason.Allowed)
	})
	if !ok {
		return x.withholdList()
	}
	step := Step{Act: Forward, Reason: reason.Allowed}
	if x.reply != nil {
		x.reply.sum.Write(trimmed)
		step = x.sealReply(env)
	}
	step.Body, step.Release, x.listing = trimmed, len(l.reply), nil
	return step
}

// answerList answers a call with a list of models.
func (x *Exchange) answerList(list string) Step {
	step := Step{Act: Answer, Reason: reason.ListAnswered, Reply: documentReply(reason.ListAnswered, list, "no-store")}
	if x.gate.auditAllowed {
		step.Audit = x.auditLine(step.Reason, false)
	}
	return step
}

func (x *Exchange) withholdList() Step {
	x.listing, x.reply = nil, nil
	return x.refuseOrReset(reason.ListWithheld)
}
