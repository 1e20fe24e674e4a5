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
type JSON struct {
	keys   []Key
	limits Limits
	values []Value
	at     int64 // bytes read
	end    int64 // Complete
	err    *Error

	state   state
	depth   int
	objects uint64  // the open arrays (0) and objects (1), innermost in the lowest bit
	levels  []level // the open watched objects: the one at depth 1, then at 2, ...
	leaf    *Key    // the watched key whose value is being read
	member  bool    // name is that of a member whose value has not ended

	keep    *[]byte // where the string being read goes: name, text, or nil
	name    []byte  // of the member of the innermost watched object
	text    []byte
	isName  bool   // the string being read is a member name
	escaped bool   // it has an escape
	unit    uint32 // hexadecimal digits read
	digits  int    // their number
	high    uint32 // a high surrogate that waits for its low one
	part    [4]byte
	partial int    // bytes of part: a UTF-8 sequence cut by a chunk's end
	word    string // the rest of true, false or null
}

// level is an open watched object.
type level struct {
	keys  []Key
	found uint64 // bit i: keys[i] has occurred
	names nameSet
}

// NewJSON starts a document.
func NewJSON(keys []Key, limits Limits) *JSON {
	return &JSON{keys: keys, limits: limits.orDefaults(), end: -1, state: wantValue}
}

// Scan reads the next bytes of the body. It allocates only for a name it
// reports and for the names of a large watched object, never for a chunk.
func (j *JSON) Scan(chunk []byte) *Error {
	for len(chunk) > 0 && j.err == nil {
		n := j.fast(chunk)
		if n == 0 {
			n = j.step(chunk)
		}
		chunk = chunk[n:]
		j.at += int64(n)
	}
	return j.err
}

// End tells that the body has ended. Only when it returns nil has the body been
// accepted.
func (j *JSON) End() *Error {
	if j.err == nil && j.state != wantEnd {
		j.fail(Truncated, "the document ends too early", 0)
	}
	return j.err
}

// Complete is the number of bytes up to and with the brace that completes the
// document, or -1 as long as that has not been seen. A server may act on the
// document once it has that byte: whoever lets bytes flow holds it, and all
// after it, until End has accepted the body.
func (j *JSON) Complete() int64 { return j.end }

// Values are the leaves known so far, in the order in which they became known:
// those present when their string ends, the absent ones when the object that
// would have them ends. At the end there is one for each leaf of the keys. A
// value known early is still refused with its document. The slice is only ever
// appended to.
func (j *JSON) Values() []Value { return j.values }

// fail refuses the document for the byte that lies ahead bytes on.
func (j *JSON) fail(kind Kind, rule string, ahead int) {
	j.err = &Error{Kind: kind, Rule: rule, Offset: j.at + int64(ahead), Where: j.where()}
}

// where is the pointer of the member of a watched object that is being read.
func (j *JSON) where() string {
	var b []byte
	for i := 1; i < len(j.levels); i++ {
		for _, k := range j.levels[i-1].keys { // the key that led from one level to the next
			if len(k.Keys) > 0 && &k.Keys[0] == &j.levels[i].keys[0] {
				b = appendToken(b, []byte(k.Name))
			}
		}
	}
	if j.member {
		b = appendToken(b, j.name)
	}
	return string(b)
}

// appendToken appends a reference token of RFC 6901 section 3.
func appendToken(b, token []byte) []byte {
	b = append(b, '/')
	for _, c := range token {
		switch c {
		case '~':
			b = append(b, "~0"...)
		case '/':
			b = append(b, "~1"...)
		default:
			b = append(b, c)
		}
	}
	return b
}
