package wasmhost

import (
	"slices"
	"strings"
)

// headerMap is a header map as Envoy has it: an ordered list of pairs with names in
// lower case, pseudo-headers first.
type headerMap struct {
	pairs    [][2]string
	received bool
	open     bool // the guest may read and edit it
	aliased  bool // the name host means :authority, as in request headers
}

func newHeaderMap(pairs [][2]string, aliased bool) headerMap {
	m := headerMap{received: true, open: true, aliased: aliased}
	m.assign(pairs)
	return m
}

// key returns the name under which a header is stored.
func (m *headerMap) key(name string) string {
	name = strings.ToLower(name)
	if m.aliased && name == "host" {
		return ":authority"
	}
	return name
}

// get returns the first value only, as Envoy does.
func (m *headerMap) get(name string) (string, bool) {
	key := m.key(name)
	for _, p := range m.pairs {
		if p[0] == key {
			return p[1], true
		}
	}
	return "", false
}

func (m *headerMap) add(name, value string) {
	pair := [2]string{m.key(name), value}
	at := len(m.pairs)
	if strings.HasPrefix(pair[0], ":") {
		regular := func(p [2]string) bool { return !strings.HasPrefix(p[0], ":") }
		if i := slices.IndexFunc(m.pairs, regular); i >= 0 {
			at = i
		}
	}
	m.pairs = slices.Insert(m.pairs, at, pair)
}

func (m *headerMap) remove(name string) {
	key := m.key(name)
	m.pairs = slices.DeleteFunc(m.pairs, func(p [2]string) bool { return p[0] == key })
}

func (m *headerMap) replace(name, value string) {
	m.remove(name)
	m.add(name, value)
}

// assign replaces the whole map.
func (m *headerMap) assign(pairs [][2]string) {
	m.pairs = nil
	for _, p := range pairs {
		m.add(p[0], p[1])
	}
}

func (m *headerMap) copy() [][2]string { return slices.Clone(m.pairs) }

// readableMap returns a header map that the guest may read now. While a stream is
// logged, every map that the stream has is readable, except the request's trailers.
func (s *Stream) readableMap(kind uint32) (*headerMap, Status) {
	if !s.logging || kind == callHeaders || kind == callTrailers {
		return s.writableMap(kind)
	}
	if kind >= streamMaps || kind == requestTrailers || !s.maps[kind].received {
		return nil, NotFound
	}
	return &s.maps[kind], OK
}

// writableMap returns a header map that the guest may edit now: from the callback
// that delivers it until the guest forwards it.
func (s *Stream) writableMap(kind uint32) (*headerMap, Status) {
	if kind == callHeaders || kind == callTrailers {
		return s.root().plugin.reply.lookup(kind)
	}
	if kind >= streamMaps || !s.maps[kind].open {
		return nil, BadArgument
	}
	return &s.maps[kind], OK
}
