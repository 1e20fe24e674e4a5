package authz

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
)

// node is a node of a trie of patterns. Each level is one segment of a pattern:
// the namespace, the service, then the parts of the model's name.
type node struct {
	exact    map[string]*node
	prefixes map[string]*node  // the segments that end in '*', by what precedes it
	lengths  []int             // of the keys of prefixes, each once
	versions map[string]uint32 // the patterns that end here, by their version
	id       uint32            // the pattern without a version that ends here; 0 for none
}

// patternID returns the number of a pattern in the table, from 1. It adds a
// pattern that is new.
func (t *table) patternID(p inference.Pattern) uint32 {
	n := &t.root
	for _, segment := range p.Segments {
		n = n.child(segment)
	}
	if p.Version == "" {
		if n.id == 0 {
			t.patterns++
			n.id = t.patterns
		}
		return n.id
	}
	if n.versions == nil {
		n.versions = map[string]uint32{}
	}
	if n.versions[p.Version] == 0 {
		t.patterns++
		n.versions[p.Version] = t.patterns
	}
	return n.versions[p.Version]
}

// child returns the node below n for a segment. It adds one that is missing.
func (n *node) child(segment string) *node {
	key, isPrefix := strings.CutSuffix(segment, "*")
	children := &n.exact
	if isPrefix {
		children = &n.prefixes
		if !slices.Contains(n.lengths, len(key)) {
			n.lengths = append(n.lengths, len(key))
		}
	}
	if *children == nil {
		*children = map[string]*node{}
	}
	c := (*children)[key]
	if c == nil {
		c = &node{}
		(*children)[key] = c
	}
	return c
}

// match adds the patterns below the root n that select m.
func (n *node) match(m inference.Model, found *idList) { n.descend(m.Namespace, 1, m, found) }

// descend visits the children of n that fit a segment of m. The children are
// depth levels below the root.
func (n *node) descend(segment string, depth int, m inference.Model, found *idList) {
	if c := n.exact[segment]; c != nil {
		c.collectAt(depth, m, found)
	}
	for _, length := range n.lengths {
		if length <= len(segment) {
			if c := n.prefixes[segment[:length]]; c != nil {
				c.collectAt(depth, m, found)
			}
		}
	}
}

// collectAt adds the patterns that end at n and select m, and descends to the
// longer ones. A pattern of two segments covers every model inside the service.
func (n *node) collectAt(depth int, m inference.Model, found *idList) {
	rest := m.Name
	for i := 2; i < depth && rest != ""; i++ { // skip the parts that led to n
		_, rest, _ = strings.Cut(rest, "/")
	}
	if found.partial && m.Name == "" && depth == 2 {
		n.collectSubtree(found)
		return
	}
	if depth >= 2 && (depth == 2 || rest == "") {
		if n.id != 0 {
			found.add(n.id)
		}
		if id := n.versions[m.Version]; id != 0 {
			found.add(id)
		}
		if found.partial && m.Version == "" {
			n.collectVersions(found)
		}
	}
	if depth == 1 {
		n.descend(m.Service, 2, m, found)
	} else if next, _, _ := strings.Cut(rest, "/"); next != "" {
		n.descend(next, depth+1, m, found)
	}
}

// collectSubtree adds every pattern that ends at n or below it.
func (n *node) collectSubtree(found *idList) {
	if n.id != 0 {
		found.add(n.id)
	}
	n.collectVersions(found)
	for _, c := range n.exact {
		c.collectSubtree(found)
	}
	for _, c := range n.prefixes {
		c.collectSubtree(found)
	}
}

// collectVersions adds the patterns that end at n and name a version.
func (n *node) collectVersions(found *idList) {
	for _, id := range n.versions {
		found.add(id)
	}
}
