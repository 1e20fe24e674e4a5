package scan

import (
	"bytes"
	"hash/maphash"
)

// add appends b, which is ahead bytes after j.at, to the string being kept.
func (j *JSON) add(b []byte, ahead int) bool {
	limit, rule := j.limits.Text, "a watched value is too long"
	if j.isName {
		limit, rule = j.limits.Key, "a name in a watched object is too long"
	}
	if room := limit - len(*j.keep); len(b) > room {
		if len(b) > 1 && b[0] >= 0x80 {
			room = 0 // a rune is refused as a whole
		}
		j.fail(TooLong, rule, ahead+room)
		return false
	}
	*j.keep = append(*j.keep, b...)
	return true
}

// endString is called after the closing quote.
func (j *JSON) endString(ahead int) {
	switch {
	case !j.isName:
		if j.keep != nil {
			j.values = append(j.values, Value{ID: j.leaf.ID, Present: true, Text: string(j.text)})
		}
		j.ended()
	case j.keep == nil:
		j.state = wantColon
	default:
		j.state = wantColon
		j.enter(ahead)
	}
}

// enter checks a name in a watched object.
func (j *JSON) enter(ahead int) {
	l := &j.levels[len(j.levels)-1]
	if bytes.IndexByte(j.name, 0) >= 0 {
		j.fail(Twin, "U+0000 in a name", ahead)
		return
	}
	found := false
	for i := range l.keys {
		k := &l.keys[i]
		switch {
		case string(j.name) == k.Name && !j.escaped:
			l.found |= 1 << i
			if j.leaf = k; k.Any {
				j.leaf = nil
				j.values = append(j.values, Value{ID: k.ID, Present: true})
			}
			found = true
		case fold(j.name, k.Name):
			j.member = true // whose place the error has
			j.fail(Twin, "another spelling of a watched name", ahead)
			return
		}
	}
	if !found && j.limits.Refuses != nil && j.limits.Refuses(j.name) {
		j.leaf = mustBeNull
	}
	switch fresh := l.names.add(j.name); {
	case !fresh:
		j.member = true // whose place the error has
		j.fail(Duplicate, "a name occurs twice", ahead)
	case l.names.n > j.limits.Members:
		j.fail(TooMany, "too many members in a watched object", ahead)
	default:
		j.member = true
	}
}

// fold is strings.EqualFold without a copy of what may be long. Most names differ in their
// first letter: two bytes of ASCII are equal under folding only if they differ in no
// other bit than that of the case.
func fold(name []byte, key string) bool {
	if len(name) > 0 && len(key) > 0 && name[0] < 0x80 && key[0] < 0x80 && (name[0]^key[0])&^0x20 != 0 {
		return false
	}
	return bytes.EqualFold(name, []byte(key))
}

// mustBeNull is the leaf of a name that Limits.Refuses.
var mustBeNull = &Key{}

// watch opens a watched object.
func (j *JSON) watch(keys []Key) {
	j.levels = append(j.levels, level{keys: keys})
	j.leaf, j.member = nil, false
}

// watchEach opens an array of watched objects.
func (j *JSON) watchEach(keys []Key) {
	element := &Key{Keys: keys}
	j.levels = append(j.levels, level{element: element})
	j.leaf, j.member = element, false
}

// maxElements is the default of Limits.Items for an array of watched objects: Gemini takes
// 100 requests at once.
const maxElements = 128

// countElement is called where a watched object begins. It counts those of an array.
func (j *JSON) countElement() {
	l := &j.levels[len(j.levels)-1]
	if l.element == nil {
		return
	}
	if l.n++; l.n > j.elements {
		j.fail(TooMany, "too many elements in a watched array", 0)
	}
}

// unwatch closes the innermost watched object, or array of them.
func (j *JSON) unwatch() {
	last := len(j.levels) - 1
	for i, k := range j.levels[last].keys {
		if j.levels[last].found&(1<<i) == 0 {
			j.values = appendAbsent(j.values, k)
		}
	}
	j.levels = j.levels[:last]
}

// appendAbsent appends every leaf of a key that has not occurred.
func appendAbsent(values []Value, k Key) []Value {
	if k.Keys == nil {
		values = append(values, Value{ID: k.ID})
	}
	for _, inner := range k.Keys {
		values = appendAbsent(values, inner)
	}
	return values
}

// nameSet has the hashes of an object's names. It is an open-addressing table and
// no map[uint64]struct{}: the map took 1.6 times as long and 2.3 times the memory
// for 1,024 names, and one more allocation for a few (BenchmarkNames).
type nameSet struct {
	seed  maphash.Seed
	n     int
	slots []uint64 // 0 is empty
}

// add reports whether the name is new. Two names with one hash count as the same
// name; the seed keeps callers from finding such names.
func (s *nameSet) add(name []byte) bool {
	if 2*s.n >= len(s.slots) {
		s.grow()
	}
	fresh := s.insert(max(maphash.Bytes(s.seed, name), 1))
	if fresh {
		s.n++
	}
	return fresh
}

// insert reports whether the hash is new. At least half of the slots are empty.
func (s *nameSet) insert(hash uint64) bool {
	mask := uint64(len(s.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case 0:
			s.slots[i] = hash
			return true
		case hash:
			return false
		}
	}
}

// grow makes the table, and then doubles it.
func (s *nameSet) grow() {
	old := s.slots
	if old == nil {
		s.seed = maphash.MakeSeed()
	}
	s.slots = make([]uint64, max(16, 2*len(old)))
	for _, hash := range old {
		if hash != 0 {
			s.insert(hash)
		}
	}
}
