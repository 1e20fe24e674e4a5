package strictjson

// maxLinear is how many names of an object are compared one by one, since claims
// and configuration objects are small. With more names the object gets a map.
const maxLinear = 16

// nameStack has the names of all open objects. The first ones are in an array, so
// that a small document needs no allocation.
type nameStack struct {
	n     int
	array [maxLinear]string
	more  []string
}

func (l *nameStack) at(i int) string {
	if i < len(l.array) {
		return l.array[i]
	}
	return l.more[i-len(l.array)]
}

// add returns false if the innermost open object, o, already has the name.
func (l *nameStack) add(o *openObject, name string) bool {
	if o.seen == nil {
		for i := o.base; i < l.n; i++ {
			if l.at(i) == name {
				return false
			}
		}
		if l.n-o.base < maxLinear {
			l.push(name)
			return true
		}
		o.seen = make(map[string]bool, 2*maxLinear)
		for i := o.base; i < l.n; i++ {
			o.seen[l.at(i)] = true
		}
	}
	twice := o.seen[name]
	o.seen[name] = true
	return !twice
}

func (l *nameStack) push(name string) {
	if l.n < len(l.array) {
		l.array[l.n] = name
	} else {
		l.more = append(l.more[:l.n-len(l.array)], name)
	}
	l.n++
}
