// Package scan finds the model that a request body names while the body streams
// through: in a JSON document (JSON), in the messages of a gRPC body (Frames), and
// in a protobuf message without its descriptor (Proto).
//
// A body arrives in chunks. The result does not depend on where the chunks are
// cut. A scan keeps only what the body names, within Limits, so that its memory
// does not grow with the body. It neither keeps nor changes a chunk.
//
// Parsers disagree about a document that has a name twice or in two spellings, or
// that breaks a rule which only some of them enforce. A scan refuses such a
// document: what it accepts has one reading.
//
// There are two JSON scanners. Package strictjson has a whole document in memory
// and reads any value out of it. This one sees each byte once, keeps next to
// nothing, and answers as soon as the model is known. They have the same rules,
// which TestAgreesWithStrictJSON checks, and no code in common: a reader of a whole
// document can look ahead and a reader of a stream cannot.
//
// The package knows nothing of protocols, of models, or of the answer to a refusal.
package scan

// Kind is the rule that a body breaks. The set is closed: a caller maps each kind
// to its answer. The zero value is not a kind.
type Kind uint8

// The kinds. Each comment begins with the scanners that report it.
const (
	_          Kind = iota
	Syntax          // JSON, Frames, Proto: the grammar
	Encoding        // JSON, Proto: a byte order mark, another encoding than UTF-8, invalid UTF-8, a lone surrogate
	Truncated       // JSON, Frames, Proto: the body, or the message around a field, ends too early
	Trailing        // JSON, Proto: data after the document, or after as many bytes as the frame said
	Duplicate       // JSON, Proto: a name or field that may occur once occurs again
	Twin            // JSON: a watched name in another spelling: case, escapes, a NUL
	Conflict        // Proto: two members of one oneof
	Type            // JSON, Proto: a watched value of another type
	TooDeep         // JSON: nesting
	TooMany         // JSON, Proto: members of a watched object, elements of a watched array, repeated messages
	TooLong         // JSON, Proto: a member name or a watched value
	TooLarge        // Frames: a message
	Compressed      // Frames: a compressed message
	Several         // Frames: a second message in a unary call
	NonMinimal      // Proto: a varint longer than it needs to be
	Group           // Proto: a group (wire types 3 and 4)
	Refused         // JSON: a name that Limits.Refuses

	kinds // their number, for tables
)

var kindNames = [kinds]string{
	Syntax: "syntax", Encoding: "encoding", Truncated: "truncated", Trailing: "trailing", Duplicate: "duplicate", Twin: "twin",
	Conflict: "conflict", Type: "type", TooDeep: "too_deep", TooMany: "too_many", TooLong: "too_long", TooLarge: "too_large",
	Compressed: "compressed", Several: "several", NonMinimal: "non_minimal", Group: "group", Refused: "refused",
}

func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return ""
}

// Error is the first fault of a body. It is final: from then on the scanner returns
// the same Error for every chunk.
//
// Scanners return *Error and not error: the caller needs the kind, and reads it
// without a type assertion that could fail.
type Error struct {
	Kind   Kind
	Rule   string // what was expected, or which rule is broken: a constant, with nothing from the body
	Offset int64  // of the byte at fault, from the start of the body; for Proto, of the message
	// Where is "" or, for JSON, the RFC 6901 pointer of a member of a watched object,
	// which is untrusted text; for Proto the field numbers, such as 1.2.
	Where string
}

// Value is what a body has for one watched leaf.
type Value struct {
	ID      int    // of the Key or Field
	Present bool   // false: the body does not have it, and no later byte can add it
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
	Items   int // Proto: repeated watched messages in all; 64. JSON: watched objects in one array; 128
	// Refuses reports whether a watched object must not have a member of this name, which
	// is unescaped and no watched one. A member that is null names nothing and passes.
	// It must neither keep nor change the name. Nil refuses none.
	Refuses func(name []byte) bool
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
