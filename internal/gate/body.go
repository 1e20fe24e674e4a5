package gate

import (
	"math"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// body is what is known of a request's body so far. A server acts on a complete
// message, not on the end of the stream: what completes one is let go only when
// the message has been read to its end and granted.
type body struct {
	match  inference.Match
	json   *scan.JSON // or
	frames *scan.Frames
	proto  *scan.Proto

	seen    int   // values of the message in hand that have been weighed
	granted bool  // the message in hand may go on, as far as is known
	read    int64 // bytes scanned
	free    int64 // bytes that may flow, from the first on
	flowed  int64 // bytes that have been let go

	trial reason.Reason // what would have refused the request, were it not in shadow
	edit  *Edit         // of the head that waits, until it goes
}

// maxMessage is the longest message that any implementation of gRPC takes, in
// bytes.
const maxMessage = math.MaxInt32

// hold begins with a request whose body says what it is for. why is what would
// have refused it by its head, were it not in shadow.
func (x *Exchange) hold(m inference.Match, why reason.Reason) Step {
	if refusal := x.readable(m.Body); refusal != reason.Allowed {
		return x.refuse(x.blank(refusal))
	}
	if x.whole.End { // a stream of no messages
		return x.pass(why, x.edit(m, why))
	}
	b := &body{match: m, trial: why}
	if m.Body.Keys != nil {
		b.json = scan.NewJSON(m.Body.Keys, scan.Limits{})
	} else {
		b.frames = scan.NewFrames(!m.Body.Stream, maxMessage)
	}
	x.body, b.edit = b, x.edit(m, why)
	step := Step{Act: Hold, Reason: reason.Allowed}
	if !x.gate.holds {
		step.Head, step.Edit, b.edit = true, b.edit, nil
	}
	return step
}

// readable looks at the headers that say how the body is written.
func (x *Exchange) readable(spec *inference.Body) reason.Reason {
	typed := x.head.GRPC
	for i := range x.whole.Pairs {
		name, value := x.whole.Pairs[i][0], x.whole.Pairs[i][1]
		switch name {
		case "content-encoding", "grpc-encoding":
			if value != "" && value != "identity" {
				return reason.BodyEncoded
			}
		case "content-type":
			typed = typed || isJSON(value)
		}
	}
	switch {
	case x.whole.End && !spec.Stream:
		return reason.BodyInvalid
	case !typed && spec.Keys != nil: // a server may read it as a form
		return reason.BodyType
	}
	return reason.Allowed
}

// isJSON reports whether a media type is JSON in UTF-8.
func isJSON(mediaType string) bool {
	kind, parameter, more := strings.Cut(strings.ToLower(mediaType), ";")
	parameter = strings.ReplaceAll(strings.TrimSpace(parameter), `"`, "")
	return strings.TrimSpace(kind) == "application/json" && (!more || parameter == "charset=utf-8")
}

// blank is the reason that a caller may know: whoever has no credential and may
// not is told nothing else.
func (x *Exchange) blank(why reason.Reason) reason.Reason {
	if x.Principal.Anonymous() && (why == reason.GrantMissing || why == reason.Denied) {
		return reason.CredentialMissing
	}
	return why
}

// requestBody scans the next bytes of a request.
func (x *Exchange) requestBody(env Env, chunk []byte, end bool) Step {
	b := x.body
	var why reason.Reason
	if b.json != nil {
		why = x.scanJSON(env, chunk)
	} else {
		why = x.scanFrames(env, chunk)
	}
	if why == reason.Allowed && end {
		why = b.ended()
	}
	switch {
	case why != reason.Allowed:
		return x.stop(x.blank(why))
	case end:
		step := x.pass(b.trial, b.edit)
		step.Release, b.flowed, x.body = int(b.read-b.flowed), b.read, nil
		return step
	}
	step := Step{Act: Hold, Reason: reason.Allowed, Release: int(b.free - b.flowed)}
	if step.Release > 0 {
		step.Edit, b.edit, b.flowed = b.edit, nil, b.free
	}
	return step
}

// ended asks whether the body is whole.
func (b *body) ended() reason.Reason {
	err := (*scan.Error)(nil)
	if b.json != nil {
		err = b.json.End()
	} else {
		err = b.frames.End()
	}
	if err == nil && !b.granted && (b.json != nil || b.read > 0) {
		return reason.Internal // nothing is whole that has not been granted
	}
	return scanned(err)
}

func (x *Exchange) scanJSON(env Env, chunk []byte) reason.Reason {
	b := x.body
	if err := b.json.Scan(chunk); err != nil {
		return scanned(err)
	}
	b.read += int64(len(chunk))
	if values := b.json.Values(); len(values) > b.seen {
		b.seen = len(values)
		if why := x.weigh(env, values, true); why != reason.Allowed {
			return why
		}
	}
	if b.granted && b.json.Complete() < 0 {
		b.free = b.read
	}
	return reason.Allowed
}

func (x *Exchange) scanFrames(env Env, chunk []byte) reason.Reason {
	b := x.body
	for rest := chunk; len(rest) > 0; {
		part, err := b.frames.Next(rest)
		if err != nil {
			return scanned(err)
		}
		rest = rest[part.Size:]
		b.read += int64(part.Size)
		if part.Begin {
			if why := x.message(env, part.Length); why != reason.Allowed {
				return why
			}
		}
		if b.proto == nil { // of the frame's header some is still to come
			continue
		}
		if why := x.scanMessage(env, part); why != reason.Allowed {
			return why
		}
	}
	return reason.Allowed
}

// message begins with one. The caller's token may have expired since the last.
func (x *Exchange) message(env Env, length int) reason.Reason {
	b := x.body
	if until := x.Principal.Expires; !until.IsZero() && !env.Now.Before(until) && b.trial == reason.Allowed {
		return reason.TokenExpired
	}
	b.proto, b.seen, b.granted = scan.NewProto(b.match.Body.Fields, length, scan.Limits{}), 0, false
	return reason.Allowed
}

func (x *Exchange) scanMessage(env Env, part scan.Part) reason.Reason {
	b := x.body
	if err := b.proto.Scan(part.Data); err != nil {
		return scanned(err)
	}
	values := b.proto.Values()
	if part.End || len(values) > b.seen {
		b.seen = len(values)
		if why := x.weigh(env, values, part.End); why != reason.Allowed {
			return why
		}
	}
	if part.End {
		b.proto = nil
	}
	if b.granted && (!part.End || b.match.Body.Stream) {
		b.free = b.read
	}
	return reason.Allowed
}

// scanned is what a scanner's refusal means to the client.
func scanned(err *scan.Error) reason.Reason {
	if err == nil {
		return reason.Allowed
	}
	switch err.Kind {
	case scan.Compressed:
		return reason.BodyEncoded
	case scan.TooLarge:
		return reason.BodyTooLarge
	}
	return reason.BodyInvalid
}
