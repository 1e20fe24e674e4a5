package strictjson

// few is how many names of an object are compared one by one: claims and
// configuration objects are small.
const few = 16

// names are those of all open objects. The first ones need no memory of their own.
type names struct {
	n    int
	room [few]string
	more []string
}

func (l *names) at(i int) string {
	if i < len(l.room) {
		return l.room[i]
	}
	return l.more[i-len(l.room)]
}

// add is false where the innermost open object has the name already.
func (l *names) add(o *open, name string) bool {
	if o.seen == nil {
		for i := o.base; i < l.n; i++ {
			if l.at(i) == name {
				return false
			}
		}
		if l.n-o.base < few {
			l.push(name)
			return true
		}
		o.seen = make(map[string]bool, 2*few)
		for i := o.base; i < l.n; i++ {
			o.seen[l.at(i)] = true
		}
	}
	twice := o.seen[name]
	o.seen[name] = true
	return !twice
}

func (l *names) push(name string) {
	if l.n < len(l.room) {
		l.room[l.n] = name
	} else {
		l.more = append(l.more[:l.n-len(l.room)], name)
	}
	l.n++
}
