package gate

import (
	"math"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/signature"
)

// body is a request's body while it is read. A server acts as soon as a message is
// complete, and does not wait for the end of the stream. So the bytes that complete a
// message are released only when all of it has been read and granted.
//
// A body that is read only because its digest is signed has neither document nor frames.
type body struct {
	match    inference.Match
	digest   *signature.Digest // that the whole body must have; nil for any
	document document          // of a body in JSON or as a form; nil otherwise
	frames   *scan.Frames      // of a body in gRPC's framing; nil otherwise
	proto    *scan.Proto       // of the present message in frames; nil between two

	fields  int  // of the present message: how many were there at the last authorizeMessage
	leftOut bool // of the document: the last authorizeMessage has not seen those that name nothing
	granted bool // the present message may be forwarded, as far as it is known

	// Counts of bytes from the beginning of the body.
	scanned    int64
	releasable int64
	released   int64

	holdsHead bool // the head waits until the body is read

	// The messages before a refused one are released first, and the next call of Body refuses.
	refuses bool
	refusal reason.Reason

	why     reason.Reason // what would have refused the request, were it not in shadow; else Allowed
	byRoute bool          // see verdict.byRoute
	edit    *Edit         // of the head, until it is forwarded; nil after that

	told inference.Call // what the identity headers say, of a gate that tells the call
}

// maxMessage is the longest message that any implementation of gRPC accepts, in bytes.
const maxMessage = math.MaxInt32

// holdBody begins to read a body that says what the request is for, or whose digest is
// signed. In shadow, d.why is what would have refused the request by its head.
func (x *Exchange) holdBody(env Env, d *decision) Step {
	if headonly.Enabled {
		return x.refuse(reason.Internal)
	}
	m, b := &d.match, &body{why: d.why, byRoute: d.byRoute, digest: d.digest, holdsHead: x.gate.holdsHeaders}
	boundary := ""
	if m.Body != nil {
		refusal := reason.Allowed
		if boundary, refusal = x.checkBodyHeaders(m.Body); refusal != reason.Allowed {
			return x.refuse(publicReason(x.Principal, refusal))
		}
		if b.match = *m; x.request.End {
			return x.endWithoutBody(env, b)
		}
		if !x.gate.holdsHeaders && x.gate.tellsCall { // the headers go before the call is known
			return x.refuse(reason.CallUntold)
		}
	}
	step := Step{Act: Hold, Reason: reason.Allowed, Take: b.digest != nil}
	b.holdsHead = b.holdsHead && !(x.clientWaits() && !x.gate.tellsCall && (m.Body == nil || m.HeadSaysWhere()))
	if !b.holdsHead {
		step.Head, step.Edit = true, x.editHead(m, d.byRoute)
	}
	b.match = x.keepMatch(m, b.holdsHead)
	x.unread = &b.match
	if b.holdsHead {
		b.edit = x.editHead(&b.match, d.byRoute)
		x.keptBytes += b.edit.bytes()
	}
	switch {
	case m.Body == nil && x.untold:
		x.listing = nil
		return x.refuse(reason.CallUntold)
	case m.Body == nil:
		b.granted, x.unread = true, nil
	case m.Body.Keys != nil:
		b.document = newDocument(m.Body, boundary)
	default:
		b.frames = scan.NewFrames(!m.Body.Stream, maxMessage)
	}
	if x.body = b; x.listing != nil {
		x.listing.match = b.match
	}
	return step
}

// clientWaits reports whether the client sends its body only once a server has asked for it (RFC
// 9110 section 10.1.1). Envoy asks for it itself and removes the header, unless its
// proxy_100_continue is set: then a server must have the head first.
func (x *Exchange) clientWaits() bool {
	if !x.gate.holdsHeaders {
		return false
	}
	return slices.ContainsFunc(x.request.Pairs, func(h [2]string) bool { return h[0] == "expect" && strings.EqualFold(h[1], "100-continue") })
}

// endWithoutBody decides a request that has no body: a stream without messages, or a
// call of which the path says all.
func (x *Exchange) endWithoutBody(env Env, b *body) Step {
	x.body, b.edit = b, x.editHead(&b.match, b.byRoute)
	why := reason.Allowed
	if b.match.Body.MayBeEmpty {
		why = x.authorizeMessage(env, nil, true)
	}
	if x.body = nil; why != reason.Allowed {
		return x.refuse(publicReason(x.Principal, why))
	}
	x.keepForRoute(&b.match)
	return x.forward(b.why, b.edit)
}

// checkBodyHeaders refuses a body that the gate cannot read as the server does. It returns
// the boundary of a form.
func (x *Exchange) checkBodyHeaders(spec *inference.Body) (boundary string, why reason.Reason) {
	typed, hasType := x.head.GRPC, false
	for i := range x.request.Pairs {
		name, value := x.request.Pairs[i][0], x.request.Pairs[i][1]
		switch name {
		case "content-encoding", "grpc-encoding":
			if value != "" && value != "identity" {
				return "", reason.BodyEncoded
			}
		case "content-type":
			typed, hasType = typed || isJSON(value), true
			if spec.Form && !typed {
				boundary, typed = scan.Boundary(value)
			}
		}
	}
	switch {
	case spec.MayBeEmpty && (x.request.End || !hasType):
	case x.request.End && !spec.Stream:
		return "", reason.BodyInvalid
	case !typed && spec.Keys != nil: // a server may read it as something else
		return "", reason.BodyType
	}
	return boundary, reason.Allowed
}

// requestBody scans the next bytes of a request's body.
func (x *Exchange) requestBody(env Env, chunk []byte, end bool) Step {
	b := x.body
	why := reason.Allowed
	switch {
	case b.refuses:
		return x.refuseOrReset(b.refusal)
	case b.document != nil:
		why = x.scanDocument(env, chunk)
	case b.frames != nil:
		why = x.scanFrames(env, chunk)
	default:
		b.scanned += int64(len(chunk))
		b.releasable = b.scanned
	}
	switch {
	case why == reason.Allowed && end && b.scanned == 0 && b.match.Body != nil && b.match.Body.MayBeEmpty:
		why = x.authorizeMessage(env, nil, true)
	case why == reason.Allowed && end:
		why = x.checkEnd()
	}
	if b.digest != nil && why == reason.Allowed {
		why = x.checkContent(chunk, end)
	}
	switch {
	case why != reason.Allowed && !end && b.digest == nil && b.releasable > b.released && b.match.Body.Stream:
		b.refuses, b.refusal = true, publicReason(x.Principal, why)
	case why != reason.Allowed:
		return x.refuseOrReset(publicReason(x.Principal, why))
	case end:
		step := x.forward(b.why, b.edit)
		step.Release, b.released, x.body = int(b.scanned-b.released), b.scanned, nil
		return step
	}
	step := Step{Act: Hold, Reason: reason.Allowed, Release: int(b.releasable - b.released), Again: b.refuses}
	if step.Release > 0 {
		step.Edit, b.edit, b.released = b.edit, nil, b.releasable
	}
	return step
}

// checkEnd refuses a body that ends inside a message, or without a grant.
func (x *Exchange) checkEnd() reason.Reason {
	b, err := x.body, (*scan.Error)(nil)
	switch {
	case b.document != nil:
		err = b.document.End()
	case b.frames != nil:
		err = b.frames.End()
	}
	if err == nil && !b.granted && (b.document != nil || b.scanned > 0) {
		return reason.Internal // a complete message is granted, or it has been refused
	}
	x.scanFault = err
	return scanReason(err)
}

// scanReason is the Reason for a scanner's error; Allowed for nil.
func scanReason(err *scan.Error) reason.Reason {
	if err == nil {
		return reason.Allowed
	}
	switch err.Kind {
	case scan.Compressed:
		return reason.BodyEncoded
	case scan.TooLarge:
		return reason.BodyTooLarge
	case scan.Refused:
		return reason.BodyKeyRefused
	}
	return reason.BodyInvalid
}
