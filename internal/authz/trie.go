package authz

import (
	"bytes"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
)

// node is a node of a trie of patterns. Each level is one segment of a pattern:
// the namespace, the service, then the parts of the model's name.
type node struct {
	exact    map[string]*node
	prefixes children // the segments that end in '*', by what precedes it
	rests    children // those that end a pattern: the '*' takes the rest of the name

	id       uint32            // the pattern without a version that ends here; 0 for none
	versions map[string]uint32 // the patterns that end here, by their version

	// Three groups of patterns that are looked up as one, so that a question about many
	// models costs no more than one about a single model; 0 for none.
	inside     uint32 // of a service: those that name a model inside it
	anyVersion uint32 // all of versions
	labels     uint32 // those of versions that are no number, and may be a label
}

// children are nodes by prefixes of segments.
type children struct {
	byPrefix map[string]*node
	lengths  []int // of the keys of byPrefix, each once
}

// get returns the child for a prefix. It adds one that is missing.
func (c *children) get(prefix string) *node {
	if !slices.Contains(c.lengths, len(prefix)) {
		c.lengths = append(c.lengths, len(prefix))
	}
	return child(&c.byPrefix, prefix)
}

// at returns the child whose prefix has the i-th length and begins text, or nil.
func (c *children) at(i int, text []byte) *node {
	if length := c.lengths[i]; length <= len(text) {
		return c.byPrefix[string(text[:length])]
	}
	return nil
}

func child(nodes *map[string]*node, key string) *node {
	if *nodes == nil {
		*nodes = map[string]*node{}
	}
	n := (*nodes)[key]
	if n == nil {
		n = &node{}
		(*nodes)[key] = n
	}
	return n
}

// patternIDs returns the numbers under which a rule on a pattern is filed: the
// pattern's own, and those of the groups that it is in. Numbers begin at 1.
func (t *table) patternIDs(p inference.Pattern, oneSegment bool) (ids []uint32) {
	file := func(id *uint32) {
		if *id == 0 {
			t.patterns++
			*id = t.patterns
		}
		ids = append(ids, *id)
	}
	n, service := &t.root, (*node)(nil)
	for i, segment := range p.Segments {
		prefix, star := strings.CutSuffix(segment, "*")
		switch {
		case !star:
			n = child(&n.exact, segment)
		case i >= 2 && i == len(p.Segments)-1 && !oneSegment:
			n = n.rests.get(prefix)
		default:
			n = n.prefixes.get(prefix)
		}
		if i == 1 {
			service = n
		}
	}
	if p.Version == "" {
		file(&n.id)
	} else {
		if n.versions == nil {
			n.versions = map[string]uint32{}
		}
		id := n.versions[p.Version]
		file(&id)
		n.versions[p.Version] = id
		if file(&n.anyVersion); !isNumber(p.Version) {
			file(&n.labels)
		}
	}
	if n != service {
		file(&service.inside)
	}
	return ids
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// match adds the patterns that select the query's model.
func (t *table) match(q *query, found *idList) {
	var buffer [320]byte
	text := append(buffer[:0], q.model.Namespace...)
	text = append(text, q.model.Service...)
	text = append(text, q.model.Name...)
	namespace, rest := text[:len(q.model.Namespace)], text[len(q.model.Namespace):]
	service, name := rest[:len(q.model.Service)], rest[len(q.model.Service):]
	if t.doubts {
		name = foldName(name)
	}
	root := &t.root
	root.exact[string(namespace)].matchService(t, q, service, name, found)
	for i := range root.prefixes.lengths {
		root.prefixes.at(i, namespace).matchService(t, q, service, name, found)
	}
}

func (n *node) matchService(t *table, q *query, service, name []byte, found *idList) {
	if n == nil {
		return
	}
	n.exact[string(service)].matchModel(t, q, name, found)
	for i := range n.prefixes.lengths {
		n.prefixes.at(i, service).matchModel(t, q, name, found)
	}
}

// matchModel adds the patterns of a service that select a model inside. A pattern of
// two segments selects every model.
func (n *node) matchModel(t *table, q *query, name []byte, found *idList) {
	if n == nil {
		return
	}
	n.end(t, q, found)
	if len(name) == 0 {
		if q.open && n.inside != 0 {
			found.add(n.inside)
		}
		return
	}
	n.matchName(t, q, name, found)
	if t.doubts && n.inside != 0 {
		if short := shortName(name); !bytes.Equal(short, name) {
			n.matchName(t, q, short, found)
		}
		if _, adapter, ok := bytes.Cut(name, []byte(":")); ok {
			n.matchName(t, q, adapter, found)
		}
	}
}

// matchName descends from n with the rest of a model's name.
func (n *node) matchName(t *table, q *query, rest []byte, found *idList) {
	for i := range n.rests.lengths {
		n.rests.at(i, rest).end(t, q, found)
	}
	segment, after, more := bytes.Cut(rest, []byte("/"))
	n.exact[string(segment)].matchAfter(t, q, after, more, found)
	for i := range n.prefixes.lengths {
		n.prefixes.at(i, segment).matchAfter(t, q, after, more, found)
	}
}

// matchAfter continues behind a segment that fits n. more reports whether there is
// another one.
func (n *node) matchAfter(t *table, q *query, after []byte, more bool, found *idList) {
	switch {
	case n == nil:
	case more:
		n.matchName(t, q, after, found)
	default:
		n.end(t, q, found)
	}
}

// end adds the patterns that end at n and select the model's version. A deny cannot
// tell which version has a label.
func (n *node) end(t *table, q *query, found *idList) {
	if n == nil {
		return
	}
	if n.id != 0 {
		found.add(n.id)
	}
	version := q.model.Version
	switch hasLabels := t.doubts && q.labels; {
	case version == "" && !q.open || n.versions == nil:
	case version == "", hasLabels && !isNumber(version):
		found.add(n.anyVersion)
	default:
		if id := n.versions[version]; id != 0 {
			found.add(id)
		}
		if hasLabels && n.labels != 0 {
			found.add(n.labels)
		}
	}
}
