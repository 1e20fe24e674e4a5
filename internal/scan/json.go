package scan

// Key is a member that a JSON scan watches: a string (a leaf), or an object in
// which further keys are watched. Keys are read only and may be shared.
type Key struct {
	Name string // exact and unescaped
	ID   int    // of a leaf, for Value.ID
	Keys []Key  // of an object; nil makes it a leaf
}

// JSON scans one document, whose top level must be an object, for the strings
// that keys watch. The zero value is not usable; see NewJSON.
//
// The whole document is held to RFC 8259 and beyond it, as package strictjson
// does: no byte order mark, valid UTF-8, no lone surrogate, bounded depth, no
// data after the document. In every watched object (the top level, and those
// that Keys lead to): no name twice after unescaping, no name that equals a
// watched one under strings.EqualFold, or by escapes, without being spelt as it,
// and no U+0000 in a name, where a reader in C would stop. A watched leaf must
// be a string and a watched object an object: null is neither. In other objects
// names may repeat.
type JSON struct{ err *Error }

// NewJSON starts a document.
func NewJSON(keys []Key, limits Limits) *JSON { return &JSON{} }

// Scan reads the next bytes of the body. It allocates only for a name it
// reports and for the names of a large watched object, never for a chunk.
func (j *JSON) Scan(chunk []byte) *Error { return j.fail(Syntax, "nothing is read yet") }

// End tells that the body has ended. Only when it returns nil has the body been
// accepted.
func (j *JSON) End() *Error { return j.fail(Syntax, "nothing is read yet") }

// Complete is the number of bytes up to and with the brace that completes the
// document, or -1 as long as that has not been seen. A server may act on the
// document once it has that byte: whoever lets bytes flow holds it, and all
// after it, until End has accepted the body.
func (j *JSON) Complete() int64 { return -1 }

// Values are the leaves known so far, in the order in which they became known:
// those present when their string ends, the absent ones when the object that
// would have them ends. At the end there is one for each leaf of the keys. A
// value known early is still refused with its document. The slice is only ever
// appended to.
func (j *JSON) Values() []Value { return nil }

func (j *JSON) fail(kind Kind, rule string) *Error {
	if j.err == nil {
		j.err = &Error{Kind: kind, Rule: rule}
	}
	return j.err
}
