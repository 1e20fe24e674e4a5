package importer

import (
	"encoding/json"
	"slices"
	"strings"
)

// verdict is who may do what a cell's requests are.
type verdict struct {
	grants, denies []rule // with the names of the source's rules, without models and verbs
	class          string // the same for the same verdict; "" where nobody may
}

// classify sets the class.
func (v *verdict) classify() {
	v.grants, v.denies = each(v.grants), each(v.denies)
	v.class = identifierOf(v.grants) + identifierOf(v.denies)
}

// each returns the rules without repeats.
func each(rules []rule) (list []rule) {
	for _, r := range rules {
		if !slices.ContainsFunc(list, func(other rule) bool { return identifierOf([]rule{other}) == identifierOf([]rule{r}) }) {
			list = append(list, r)
		}
	}
	return list
}

// identifierOf writes rules as a text that is the same for the same rules.
func identifierOf(rules []rule) string {
	lines := make([]string, len(rules))
	for i, r := range rules {
		text, _ := json.Marshal(r) // only texts
		lines[i] = string(text)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}
