package authz

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
)

// node is a place in the tree of patterns, one segment a level.
type node struct {
	exact    map[string]*node
	starred  map[string]*node // by what stands before the '*'
	lengths  []int            // of starred's keys, each once
	versions map[string]uint32
	id       uint32 // of the pattern without version that ends here, plus one
}

// pattern returns the number of a pattern in the table, adding it if it is new.
func (t *table) pattern(p inference.Pattern) uint32 {
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

func (n *node) child(segment string) *node {
	before, star := strings.CutSuffix(segment, "*")
	children := &n.exact
	if star {
		children = &n.starred
		if !slices.Contains(n.lengths, len(before)) {
			n.lengths = append(n.lengths, len(before))
		}
	}
	if *children == nil {
		*children = map[string]*node{}
	}
	c := (*children)[before]
	if c == nil {
		c = &node{}
		(*children)[before] = c
	}
	return c
}

// match adds the patterns that select m.
func (n *node) match(m inference.Model, found *ids) { n.walk(m.Namespace, 1, m, found) }

// walk descends by segment, the depth-th from 1: namespace, service, then the
// parts of the model's name.
func (n *node) walk(segment string, depth int, m inference.Model, found *ids) {
	if c := n.exact[segment]; c != nil {
		c.arrive(depth, m, found)
	}
	for _, length := range n.lengths {
		if length <= len(segment) {
			if c := n.starred[segment[:length]]; c != nil {
				c.arrive(depth, m, found)
			}
		}
	}
}

// arrive takes the patterns that end at n and goes on to those that do not. A
// pattern of two segments covers every model inside the service.
func (n *node) arrive(depth int, m inference.Model, found *ids) {
	rest := m.Name
	for i := 2; i < depth && rest != ""; i++ { // the parts already walked
		_, rest, _ = strings.Cut(rest, "/")
	}
	if found.possible && m.Name == "" && depth == 2 {
		n.all(found)
		return
	}
	if depth >= 2 && (depth == 2 || rest == "") {
		if n.id != 0 {
			found.add(n.id)
		}
		if id := n.versions[m.Version]; id != 0 {
			found.add(id)
		}
		if found.possible && m.Version == "" {
			n.everyVersion(found)
		}
	}
	if depth == 1 {
		n.walk(m.Service, 2, m, found)
	} else if next, _, _ := strings.Cut(rest, "/"); next != "" {
		n.walk(next, depth+1, m, found)
	}
}

// all takes every pattern that ends at n or below.
func (n *node) all(found *ids) {
	if n.id != 0 {
		found.add(n.id)
	}
	n.everyVersion(found)
	for _, c := range n.exact {
		c.all(found)
	}
	for _, c := range n.starred {
		c.all(found)
	}
}

func (n *node) everyVersion(found *ids) {
	for _, id := range n.versions {
		found.add(id)
	}
}
