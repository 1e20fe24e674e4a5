package scan

// Frames takes the body of a gRPC call apart into its messages, by the
// length-prefixed framing of the protocol (grpc/grpc, doc/PROTOCOL-HTTP2.md):
// a flag byte, four bytes of length, the message. The zero value is a stream
// whose messages must be empty; see NewFrames.
type Frames struct {
	unary   bool
	limit   uint32
	header  [5]byte
	have    int    // bytes of header, 5 while a message is open
	left    uint32 // bytes that the open message still lacks
	message int    // messages begun
	offset  int64
	err     *Error
}

// Part is a run of bytes that belong to one message.
type Part struct {
	Size    int    // bytes of the chunk that it takes, those of the frame's header included; 0 only for an empty chunk
	Data    []byte // of the message, without the header; part of the chunk
	Message int    // which message, from 0; header bytes belong to the message they announce
	Begin   bool   // the header is complete: Length is known, Data is the first of the message
	End     bool   // the message is complete: its last byte is the last of the part (of the header, if Length is 0)
	Length  int    // of the message, once Begin has been reported
}

// NewFrames starts a body. Messages longer than limit octets are refused when
// their header is read. In a unary call (and where the server alone streams)
// the body must have exactly one message.
func NewFrames(unary bool, limit uint32) *Frames { return &Frames{unary: unary, limit: limit} }

// Next reads the first part of chunk. The caller goes on with the rest,
// chunk[part.Size:], until nothing is left: no part has bytes of two messages,
// so those of the next message can be held apart. It allocates nothing.
//
// Refused are the flag of a compressed message and every unknown flag (at that
// byte), a length over the limit (at its last byte), and the first byte of a
// second message in a unary call.
func (f *Frames) Next(chunk []byte) (Part, *Error) {
	return Part{}, &Error{Kind: Syntax, Rule: "nothing is read yet"}
}

// End tells that the body has ended: an error if a message, or its header, is
// incomplete, or a unary call had no message.
func (f *Frames) End() *Error { return &Error{Kind: Syntax, Rule: "nothing is read yet"} }
