package scan

import "bytes"

// add appends b to the string being kept; b lies ahead bytes on.
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

// endString follows the closing quote.
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

// enter judges a name in a watched object.
func (j *JSON) enter(ahead int) {
	l := &j.levels[len(j.levels)-1]
	if bytes.IndexByte(j.name, 0) >= 0 {
		j.fail(Twin, "U+0000 in a name", ahead)
		return
	}
	for i := range l.keys {
		k := &l.keys[i]
		switch {
		case string(j.name) == k.Name && !j.escaped:
			j.leaf = k
			l.found |= 1 << i
		case fold(j.name, k.Name):
			j.fail(Twin, "another spelling of a watched name", ahead)
			return
		}
	}
	switch fresh := l.names.add(j.name); {
	case !fresh:
		j.fail(Duplicate, "a name occurs twice", ahead)
	case l.names.n > j.limits.Members:
		j.fail(TooMany, "too many members in a watched object", ahead)
	default:
		j.member = true
	}
}

// fold is strings.EqualFold without a copy of what may be long.
func fold(name []byte, key string) bool { return bytes.EqualFold(name, []byte(key)) }

// watch opens a watched object.
func (j *JSON) watch(keys []Key) {
	j.levels = append(j.levels, level{keys: keys})
	j.leaf, j.member = nil, false
}

// unwatch closes the innermost watched object.
func (j *JSON) unwatch() {
	last := len(j.levels) - 1
	for i, k := range j.levels[last].keys {
		if j.levels[last].found&(1<<i) == 0 {
			j.absent(k)
		}
	}
	j.levels = j.levels[:last]
}

// absent reports every leaf of a key that has not occurred.
func (j *JSON) absent(k Key) {
	if k.Keys == nil {
		j.values = append(j.values, Value{ID: k.ID})
	}
	for _, inner := range k.Keys {
		j.absent(inner)
	}
}

// nameSet has the hashes of an object's names. Two names of one hash count as
// one name that occurs twice: whoever makes such a pair (FNV-1a is no secret)
// has his own request refused.
type nameSet struct {
	n     int
	slots []uint64 // open addressing; 0 is empty
}

// add reports whether the name is new.
func (s *nameSet) add(name []byte) bool {
	if 2*s.n >= len(s.slots) {
		s.grow()
	}
	h := uint64(14695981039346656037)
	for _, c := range name {
		h = (h ^ uint64(c)) * 1099511628211
	}
	fresh := s.insert(max(h, 1))
	if fresh {
		s.n++
	}
	return fresh
}

func (s *nameSet) insert(h uint64) bool {
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case 0:
			s.slots[i] = h
			return true
		case h:
			return false
		}
	}
}

func (s *nameSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(16, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			s.insert(h)
		}
	}
}
