package scan

// Key is a member that a JSON scan watches: a string, which is a leaf, a leaf of any
// type, or an object in which it watches further keys. Scans only read Keys and may
// share them.
//
// A table of keys has at most 64 keys in an object, at most 8 objects within each
// other, and names of at most 32 bytes; see internal/testing/watch.
type Key struct {
	Name string // exact and unescaped
	ID   int    // of a leaf, for Value.ID
	Any  bool   // of a leaf: its value may have any type, and only its presence is reported
	Keys []Key  // of an object; nil makes it a leaf
	Each bool   // of an object: the value is an array of such objects, each of which is watched
}

// JSON scans one document, whose top level must be an object, for the strings
// that keys watch. The zero value is not usable; see NewJSON.
//
// The whole document must follow RFC 8259 and, as in package strictjson, more: no
// byte order mark, valid UTF-8, no lone surrogate, bounded depth, and no data after
// the document. The top level and the objects that Keys lead to are watched. In
// each of them no name may be there twice after unescaping. No name may equal a
// watched one under strings.EqualFold, or after unescaping, unless it has the same
// bytes. No name may have U+0000, where a reader in C would stop. A watched leaf
// must be a string, unless the Key says Any, and a watched object an object: null is
// neither. Where the Key says Each, it must be an array of at most Limits.Items objects. In
// other objects names may repeat. No name of a watched object may be one that
// Limits.Refuses, unless its value is null.
type JSON struct {
	keys   []Key
	limits Limits
	values []Value
	at     int64 // bytes read
	end    int64 // Complete
	err    *Error

	elements int // the most that an array of watched objects has

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

// level is an open watched object, or an open array of watched objects.
type level struct {
	keys    []Key
	found   uint64 // bit i: keys[i] has occurred
	names   nameSet
	element *Key // of an array: what each of its elements is; nil for an object
	n       int  // of an array: elements so far
}

// NewJSON starts a document.
func NewJSON(keys []Key, limits Limits) *JSON {
	return &JSON{keys: keys, limits: limits.orDefaults(), elements: orDefault(limits.Items, maxElements), end: -1, state: wantValue}
}

// Scan reads the next bytes of the body. It allocates for the values that it
// reports and for the names of watched objects, never for a chunk.
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

// End is called at the end of the body. The body is accepted only if End returns
// nil.
func (j *JSON) End() *Error {
	if j.err == nil && j.state != wantEnd {
		j.fail(Truncated, "the document ends too early", 0)
	}
	return j.err
}

// Complete returns the number of bytes up to and including the brace that completes
// the document, or -1 before that brace. A server may act on the document once it
// has that byte. So a caller that forwards bytes must hold back that byte and all
// later ones until End has accepted the body.
func (j *JSON) Complete() int64 { return j.end }

// Values returns the leaves that are known so far, in the order in which they
// became known: a present one when its string ends, or its name where it is of any
// type, and an absent one when the object that would have it ends. At the end there is one for each leaf of the keys. A
// later fault still refuses the document. Scan only appends to the slice.
func (j *JSON) Values() []Value { return j.values }

// fail refuses the document because of the byte that is ahead bytes after j.at. It is called
// in many places, and the module is smaller if it is not inlined.
//
//go:noinline
func (j *JSON) fail(kind Kind, rule string, ahead int) {
	j.err = &Error{Kind: kind, Rule: rule, Offset: j.at + int64(ahead), Where: j.where()}
}

// where returns the pointer of the member of a watched object that is being read.
func (j *JSON) where() string {
	var b []byte
	for i := 1; i < len(j.levels); i++ {
		for _, k := range j.levels[i-1].keys { // the key that led from one level to the next
			if len(k.Keys) > 0 && len(j.levels[i].keys) > 0 && &k.Keys[0] == &j.levels[i].keys[0] {
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
