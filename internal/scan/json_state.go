package scan

// state is what the next byte of a document continues.
type state uint8

const (
	wantValue  state = iota
	wantItem         // a value, or the end of the array
	wantMember       // a name, or the end of the object
	wantName
	wantColon
	wantNext // a comma, or the end of what is open
	wantEnd  // the document is complete

	inString
	inRune   // in a UTF-8 sequence that a chunk's end has cut
	inEscape // after a backslash
	inHex    // in the digits of \u
	inPair   // after a high surrogate: a backslash
	inPairU  // after a high surrogate: the u
	inWord   // in true, false or null
	inNumber // the first of the states of a number (RFC 8259 section 6)
)

// step reads a part of b where fast reads nothing. It returns how many bytes: at
// least one, unless a number has ended before b.
func (j *JSON) step(b []byte) int {
	switch j.state {
	case inString:
		return j.str(b)
	case inRune:
		return j.rune(b[0])
	case inEscape, inHex, inPair, inPairU:
		return j.escape(b[0])
	case inWord:
		return j.literal(b[0])
	case wantValue, wantItem, wantMember, wantName, wantColon, wantNext:
		j.token(b[0])
	case wantEnd:
		if c := b[0]; !space(c) {
			j.fail(Trailing, "data after the document", 0)
		}
	default:
		return j.number(b)
	}
	return 1
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// token reads a byte between the tokens that fast has not taken.
func (j *JSON) token(c byte) {
	switch j.state {
	case wantValue:
		j.value(c)
	case wantItem:
		if !j.closes(c) {
			j.value(c)
		}
	case wantName, wantMember:
		switch {
		case c == '"':
			j.beginName()
		case j.state == wantName || !j.closes(c):
			j.wrong(c, "a name in quotes expected", 0)
		}
	case wantColon:
		j.wrong(c, "a colon expected", 0)
	default:
		if !j.closes(c) {
			j.wrong(c, "a comma or the closing bracket expected", 0)
		}
	}
}

// wrong refuses a byte, ahead bytes after j.at, that is not the expected one. UTF-16
// and UTF-32 have NUL between ASCII characters, and every byte order mark has bytes
// beyond ASCII: then the fault is the encoding.
func (j *JSON) wrong(c byte, expected string, ahead int) {
	if c == 0 || c >= 0x80 {
		j.fail(Encoding, "not ASCII outside of strings: another encoding or a byte order mark", ahead)
		return
	}
	j.fail(Syntax, expected, ahead)
}

// value begins a value with its first byte, and refuses it if it has another type
// than the watched one.
func (j *JSON) value(c byte) {
	want, rule, kind := c, "", Type
	switch {
	case j.leaf == mustBeNull:
		want, rule, kind = 'n', "a name that is refused", Refused
	case j.leaf != nil && j.leaf.Each:
		want, rule = '[', "an array expected"
	case j.depth == 0 || j.leaf != nil && j.leaf.Keys != nil:
		want, rule = '{', "an object expected"
	case j.leaf != nil:
		want, rule = '"', "a string expected"
	}
	if j.begin(c); c != want && j.err == nil {
		j.fail(kind, rule, 0)
	}
}

func (j *JSON) begin(c byte) {
	switch {
	case c == '"':
		j.beginText()
	case c == '{' || c == '[':
		j.open(c)
	case firstOfNumber(c) != 0:
		j.state = firstOfNumber(c)
	case c == 't':
		j.state, j.word = inWord, "rue"
	case c == 'f':
		j.state, j.word = inWord, "alse"
	case c == 'n':
		j.state, j.word = inWord, "ull"
	default:
		j.wrong(c, "a JSON value expected", 0)
	}
}

func (j *JSON) literal(c byte) int {
	if c != j.word[0] {
		j.fail(Syntax, "true, false or null expected", 0)
		return 1
	}
	if j.word = j.word[1:]; j.word == "" {
		j.ended()
	}
	return 1
}

// open begins an array or an object.
func (j *JSON) open(c byte) {
	if j.depth == j.limits.Depth {
		j.fail(TooDeep, "nested too deeply", 0)
		return
	}
	j.depth++
	j.objects <<= 1
	if c == '[' {
		if j.state = wantItem; j.leaf != nil && j.leaf.Each {
			j.watchEach(j.leaf.Keys)
		}
		return
	}
	j.objects |= 1
	j.state = wantMember
	if j.depth == 1 {
		j.watch(j.keys)
	} else if j.leaf != nil && j.leaf.Keys != nil {
		j.countElement()
		j.watch(j.leaf.Keys)
	}
}

// closes ends the innermost array or object if c is its closing bracket.
func (j *JSON) closes(c byte) bool {
	if object := j.objects&1 == 1; object && c != '}' || !object && c != ']' {
		return false
	}
	if j.depth == len(j.levels) {
		j.unwatch()
	}
	j.depth--
	j.objects >>= 1
	j.ended()
	if j.depth == 0 {
		j.state, j.end = wantEnd, j.at+1
	}
	return true
}

// ended is called after the last byte of a value.
func (j *JSON) ended() {
	j.state = wantNext
	if j.depth == len(j.levels) {
		j.leaf, j.member = nil, false
		if n := len(j.levels); n > 0 {
			j.leaf = j.levels[n-1].element
		}
	}
}
