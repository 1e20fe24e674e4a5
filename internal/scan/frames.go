package scan

// Frames splits the body of a gRPC call into its messages. Each message has a flag
// byte and four bytes of length before it (grpc/grpc, doc/PROTOCOL-HTTP2.md). The
// zero value accepts only empty messages; see NewFrames.
type Frames struct {
	unary    bool
	limit    uint32
	have     int    // bytes of the header, 5 while a message is open
	length   uint32 // of the message; of the part of it that has been read, within the header
	left     uint32 // bytes that the open message still lacks
	messages int    // begun, by a byte of their header at least
	at       int64
	err      *Error
}

// Part is a run of bytes that belong to one message.
type Part struct {
	Size    int    // bytes of the chunk that it takes, those of the frame's header included; 0 only for an empty chunk
	Data    []byte // of the message, without the header; part of the chunk
	Message int    // which message, from 0; header bytes belong to the message they announce
	Begin   bool   // the header is complete: Length is known, Data is the first of the message
	End     bool   // the message is complete: its last byte is the last of the part (of the header, if Length is 0)
	Length  int    // of the message, once Begin has been reported; 0 before
}

// NewFrames starts a body. Messages longer than limit bytes are refused when
// their header is read. In a unary call (and where the server alone streams)
// the body must have exactly one message.
func NewFrames(unary bool, limit uint32) *Frames { return &Frames{unary: unary, limit: limit} }

const frameHeader = 5

// Next reads the first part of chunk. The caller continues with the rest,
// chunk[part.Size:], until nothing is left. No part has bytes of two messages, so
// that the caller can hold back the next message. Next allocates only its Error.
//
// It refuses the flag of a compressed message and every unknown flag (at that
// byte), a length over the limit (at its last byte), and the first byte of a second
// message in a unary call.
func (f *Frames) Next(chunk []byte) (Part, *Error) {
	var p Part
	for p.Size < len(chunk) && f.have < frameHeader && f.err == nil {
		f.header(chunk[p.Size])
		p.Size++
		f.at++
		p.Begin = f.have == frameHeader
	}
	p.Message = f.messages - 1
	if f.err != nil || f.have < frameHeader {
		return p, f.err
	}
	n := int(min(uint64(f.left), uint64(len(chunk)-p.Size)))
	p.Data = chunk[p.Size : p.Size+n]
	p.Size += n
	p.Length = int(f.length)
	f.at += int64(n)
	if f.left -= uint32(n); f.left == 0 {
		p.End = true
		f.have = 0
	}
	return p, nil
}

// header reads a byte of a frame's header.
func (f *Frames) header(c byte) {
	switch {
	case f.have > 0:
		f.length = f.length<<8 | uint32(c)
	case f.unary && f.messages == 1:
		f.fail(Several, "a second message in a unary call")
		return
	case c == 1:
		f.fail(Compressed, "a compressed message")
		return
	case c != 0:
		f.fail(Syntax, "an unknown flag in a frame's header")
		return
	default:
		f.messages++
		f.length = 0
	}
	if f.have++; f.have < frameHeader {
		return
	}
	if f.left = f.length; f.length > f.limit {
		f.fail(TooLarge, "a message is too large")
	}
}

func (f *Frames) fail(kind Kind, rule string) {
	f.err = &Error{Kind: kind, Rule: rule, Offset: f.at}
}

// End is called at the end of the body. It returns an Error if a message or its
// header is incomplete, or if a unary call has no message.
func (f *Frames) End() *Error {
	switch {
	case f.err != nil:
	case f.have > 0:
		f.fail(Truncated, "the body ends within a message")
	case f.unary && f.messages == 0:
		f.fail(Truncated, "a unary call without a message")
	}
	return f.err
}
