package scan

// Shape is the type of a watched field.
type Shape uint8

// The shapes.
const (
	String     Shape = iota // a string: a leaf
	Int64Value              // a google.protobuf.Int64Value: a leaf, present and 0 when the message is empty
	Message                 // a message in which further fields are watched
	integer                 // the int64 within an Int64Value
)

// Field is a field that a Proto scan watches. Scans only read Fields and may share
// them.
//
// A table of fields has at most 64 fields in a message and at most 8 messages
// within each other; see internal/testing/watch.
type Field struct {
	Number   int32
	Shape    Shape
	ID       int     // of a leaf, for Value.ID
	OneOf    int     // if not 0: of the fields of one message with this number at most one may occur
	Repeated bool    // of a Message: it may occur any number of times, within Limits.Items
	Fields   []Field // of a Message
}

// int64Value are the fields of google.protobuf.Int64Value
// (google/protobuf/wrappers.proto).
var int64Value = []Field{{Number: 1, Shape: integer}}

// inner are the fields within a message.
func (f *Field) inner() []Field {
	if f.Shape == Int64Value {
		return int64Value
	}
	return f.Fields
}

const (
	maxNumber   = 1<<29 - 1 // of a field
	maxMessages = 8         // one within the other, the whole message included, an Int64Value not
)
