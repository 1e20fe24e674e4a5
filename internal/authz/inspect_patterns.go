package authz

import (
	"slices"

	"github.com/modelgate/modelgate/internal/inference"
)

// Patterns calls yield with each pattern of the policy as the index has it: those of denies
// in lower case, with what servers make of names. oneSegment is set if the '*' at its end
// takes no slash.
func (p *Policy) Patterns(yield func(pattern inference.Pattern, deny, oneSegment bool)) {
	for i, t := range []*table{p.denies, p.shadowDenies, p.grants, p.shadowGrants} {
		t.root.patterns(nil, func(segments []string, version string, oneSegment bool) {
			yield(inference.Pattern{Segments: slices.Clone(segments), Version: version}, i < 2, oneSegment)
		})
	}
}

func (n *node) patterns(above []string, yield func(segments []string, version string, oneSegment bool)) {
	if n.id != 0 {
		yield(above, "", false)
	}
	for version := range n.versions {
		yield(above, version, false)
	}
	above = above[:len(above):len(above)]
	for segment, next := range n.exact {
		next.patterns(append(above, segment), yield)
	}
	for prefix, next := range n.prefixes.byPrefix {
		next.patterns(append(above, prefix+"*"), func(segments []string, version string, _ bool) {
			yield(segments, version, len(segments) == len(above)+1 && len(segments) > 2)
		})
	}
	for prefix, next := range n.rests.byPrefix {
		next.patterns(append(above, prefix+"*"), yield)
	}
}
