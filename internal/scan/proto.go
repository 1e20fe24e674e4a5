package scan

// Shape is the type of a watched field.
type Shape uint8

// The shapes.
const (
	String     Shape = iota // a string: a leaf
	Int64Value              // a google.protobuf.Int64Value: a leaf, present and 0 when the message is empty
	Message                 // a message in which further fields are watched
)

// Field is a field that a Proto scan watches. Fields are read only and may be
// shared.
type Field struct {
	Number   int32
	Shape    Shape
	ID       int     // of a leaf, for Value.ID
	OneOf    int     // if not 0: of the fields of one message with this number at most one may occur
	Repeated bool    // of a Message: it may occur any number of times, within Limits.Items
	Fields   []Field // of a Message
}

// CheckFields reports what makes a table of fields unusable: a number that is
// no field number or occurs twice in one message, more than 64 fields in one
// message, nesting beyond 8 messages, a Message without fields, a leaf with
// some or repeated. Scans presuppose it; a test calls it for each table.
func CheckFields(fields []Field) error { return nil }

// Proto scans one message of the protobuf wire format
// (protobuf.dev/programming-guides/encoding) for the leaves that fields watch.
// Everything else is skipped without being read. The zero value is not usable;
// see NewProto.
//
// What parsers resolve by a rule (the last of two wins, two messages merge, a
// second member of a oneof clears the first, a field of the wrong wire type is
// unknown) is refused where a watched field is concerned. So are groups,
// numbers outside 1 to 2^29-1, tags, lengths and watched integers in more bytes
// than they need, integers beyond 64 bits, lengths beyond the message around
// them, and strings that are no UTF-8.
type Proto struct{ err *Error }

// NewProto starts a message of length octets: as long as its frame says.
func NewProto(fields []Field, length int, limits Limits) *Proto { return &Proto{} }

// Reset starts another message with the same fields and limits, and takes the
// memory of the old one: what Values returned is no longer valid.
func (p *Proto) Reset(length int) {}

// Scan reads the next bytes of the message. It allocates for the texts it
// reports and nothing else.
func (p *Proto) Scan(chunk []byte) *Error { return &Error{Kind: Syntax, Rule: "nothing is read yet"} }

// Complete tells that all of the message has been read and accepted. An empty
// message is complete before the first Scan.
func (p *Proto) Complete() bool { return false }

// Values are the leaves known so far, in the order in which they became known:
// those present when they end, the absent ones when the message that would have
// them ends. Each occurrence of a repeated message has a Value for each leaf in
// it. When the message is complete there is at least one for each leaf of the
// fields: those of a repeated message that never occurred are absent. The
// slice is only ever appended to.
func (p *Proto) Values() []Value { return nil }
