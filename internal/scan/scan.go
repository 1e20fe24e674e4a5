// Package scan finds the model that a request body names, while the body flows
// by: a JSON document (JSON), the messages of a gRPC stream (Frames) and a
// protobuf message without its descriptor (Proto).
//
// A body comes in chunks that are cut anywhere; the answer does not depend on
// the cuts. What is kept of a body is what it names, within Limits: memory does
// not grow with the body. A chunk is neither kept nor changed.
//
// Parsers disagree about documents that say a thing twice, or in a second
// spelling, or that break a rule which one parser enforces and another does
// not. Such documents are refused, so that what is accepted has one reading.
//
// It knows nothing of protocols, of models and of what a refusal answers.
package scan

// Kind says which rule a body breaks. The set is closed: a caller maps each
// kind to its answer. The zero value is no kind of its own.
type Kind uint8

// The kinds. The comment names those who report each.
const (
	_          Kind = iota
	Syntax          // JSON, Frames, Proto: not of the grammar
	Encoding        // JSON, Proto: a byte order mark, another encoding than UTF-8, invalid UTF-8, a lone surrogate
	Truncated       // JSON, Frames, Proto: the body, or the message around a field, ends before it does
	Trailing        // JSON, Proto: data after the document, or after as many bytes as the frame said
	Duplicate       // JSON, Proto: a name or field that may occur once occurs again
	Twin            // JSON: a watched name in another spelling: case, escapes, a NUL
	Conflict        // Proto: two members of one oneof
	Type            // JSON, Proto: a watched value of another type
	TooDeep         // JSON: nesting
	TooMany         // JSON, Proto: members of a watched object, repeated messages
	TooLong         // JSON, Proto: a member name or a watched value
	TooLarge        // Frames: a message
	Compressed      // Frames: a compressed message
	Several         // Frames: a second message in a unary call
	NonMinimal      // Proto: a varint longer than it needs to be
	Group           // Proto: a group (wire types 3 and 4)

	kinds // their number, for tables
)

var kindNames = [kinds]string{
	Syntax: "syntax", Encoding: "encoding", Truncated: "truncated", Trailing: "trailing", Duplicate: "duplicate", Twin: "twin",
	Conflict: "conflict", Type: "type", TooDeep: "too_deep", TooMany: "too_many", TooLong: "too_long", TooLarge: "too_large",
	Compressed: "compressed", Several: "several", NonMinimal: "non_minimal", Group: "group",
}

func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return ""
}

// Error is the first thing wrong with a body. It is final: a scanner that has
// refused a body refuses whatever else it is given, with the same Error.
//
// Scanners return *Error and not error: nil is acceptance, and the kind is at
// hand without a type assertion that could fail.
type Error struct {
	Kind   Kind
	Rule   string // what was expected or broken: a constant, without anything of the body
	Offset int64  // of the byte at fault: from the start of the body, for Proto of the message
	Where  string // JSON: the RFC 6901 pointer of the member of a watched object (untrusted text); Proto: field numbers, as 1.2; or ""
}

// Value is what a body says of one watched leaf.
type Value struct {
	ID      int    // of the Key or Field
	Present bool   // false: the body does not have it, and will not have it any more
	Text    string // of a JSON string or a protobuf string: valid UTF-8, any character, perhaps empty
	Int     int64  // of an Int64Value
	Item    int    // Proto: which occurrence of the repeated message around it, from 0; 0 if there is none
}

// Limits bound what a scanner keeps. A zero field means the default.
type Limits struct {
	Depth   int // JSON: of arrays and objects, the document itself included; 64, which is also the most
	Members int // JSON: of each watched object; 1024
	Key     int // JSON: bytes of a member name of a watched object, unescaped; 256
	Text    int // JSON, Proto: bytes of a watched string, unescaped; 1024
	Items   int // Proto: repeated watched messages in all; 64
}

// The defaults of Limits.
const (
	MaxDepth   = 64
	MaxMembers = 1024
	MaxKey     = 256
	MaxText    = 1024
	MaxItems   = 64
)

func (l Limits) orDefaults() Limits {
	l.Depth = min(orDefault(l.Depth, MaxDepth), MaxDepth)
	l.Members = orDefault(l.Members, MaxMembers)
	l.Key = orDefault(l.Key, MaxKey)
	l.Text = orDefault(l.Text, MaxText)
	l.Items = orDefault(l.Items, MaxItems)
	return l
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}
