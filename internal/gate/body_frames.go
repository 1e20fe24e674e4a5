package gate

import (
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

func (x *Exchange) scanFrames(env Env, chunk []byte) reason.Reason {
	b := x.body
	for rest := chunk; len(rest) > 0; {
		part, err := b.frames.Next(rest)
		if err != nil {
			x.scanFault = err
			return scanReason(err)
		}
		rest = rest[part.Size:]
		b.scanned += int64(part.Size)
		if part.Begin {
			if why := x.beginMessage(env, part.Length); why != reason.Allowed {
				return why
			}
		}
		if b.proto == nil { // the frame's header is not complete
			continue
		}
		if why := x.scanMessage(env, part); why != reason.Allowed {
			return why
		}
	}
	return reason.Allowed
}

// beginMessage begins a message of length bytes. The caller's token may have expired
// since the last one.
func (x *Exchange) beginMessage(env Env, length int) reason.Reason {
	b := x.body
	if expires := x.Principal.Expires; !expires.IsZero() && !env.Now.Before(expires) && b.why == reason.Allowed {
		x.now = env.Now
		return reason.TokenExpired
	}
	b.proto, b.fields, b.granted = scan.NewProto(b.match.Body.Fields, length, scan.Limits{}), 0, false
	return reason.Allowed
}

func (x *Exchange) scanMessage(env Env, part scan.Part) reason.Reason {
	b := x.body
	if err := b.proto.Scan(part.Data); err != nil {
		x.scanFault = err
		return scanReason(err)
	}
	fields := b.proto.Values()
	if part.End || len(fields) > b.fields {
		b.fields = len(fields)
		if why := x.authorizeMessage(env, fields, part.End); why != reason.Allowed {
			return why
		}
	}
	if part.End {
		b.proto = nil
	}
	if b.granted && (!part.End && !x.gate.tellsCall || part.End && b.match.Body.Stream) {
		b.releasable = b.scanned
	}
	return reason.Allowed
}
