package analysis

import (
	"encoding/json"
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
)

// changed returns a configuration that differs from c in a few places.
func (d dice) changed(c object) object {
	doc, _ := json.Marshal(c) // it was compiled as JSON
	var n object
	_ = json.Unmarshal(doc, &n) // what Marshal wrote
	for range 1 + d.IntN(2) {
		other := d.config()
		switch field := d.pick("grants", "grants", "denies", "issuers", "groups", "iam", "peer"); {
		case field == "grants" && d.maybe(0.5) && len(n["grants"].([]any)) > 1:
			n["grants"] = n["grants"].([]any)[1:]
		case field == "grants":
			r := d.rule("new", false, issuersIn(c))
			n["grants"] = append([]any{r}, n["grants"].([]any)...)
			return n
		case other[field] != nil:
			n[field] = other[field]
		default:
			delete(n, field)
		}
	}
	return n
}

func issuersIn(c object) (names []string) {
	for _, is := range c["issuers"].([]object) {
		names = append(names, is["name"].(string))
	}
	return names
}

// diff compares the difference of two configurations with brute force: where there is no change no
// caller may in one of them only, and the example of each change may in one of them only.
func (x *trial) diff() {
	changes, err := Diff(x.side, x.next)
	if err != nil {
		x.differs("%v", err)
	}
	for i := range changes {
		x.example(&changes[i])
	}
	callers := slices.Clone(x.callers)
	for range callersOfTrial { // whom the other configuration knows better
		callers = append(callers, x.dice.caller(x.next))
	}
	sides := []*Side{x.side, x.next}
	list := classes(sides)
	var tables, ofClasses [2][][]cell
	for i, s := range sides {
		whos := make([]*authn.Principal, len(callers))
		for j, c := range callers {
			whos[j] = s.Principal(c)
		}
		tables[i], ofClasses[i] = brute(s, whos, x.models, ""), classTable(s, whos, list)
	}
	x.classes(list, tables, ofClasses)
	for i, c := range callers {
		for j, m := range x.models {
			before, after := tables[0][i][j].may, tables[1][i][j].may
			x.count("same", allVerbs&^(before^after))
			for v := inference.Predict; v <= inference.Admin; v++ {
				if before.Has(v) == after.Has(v) {
					continue
				}
				x.counts["differs"]++
				told := slices.ContainsFunc(changes, func(of Change) bool {
					k := slices.Index(list, of.Class)
					return of.Issuer == c.Issuer && of.Widens == after.Has(v) && of.Verbs.Has(v) &&
						ofClasses[0][i][k].may.Has(v) == before.Has(v) && ofClasses[1][i][k].may.Has(v) == after.Has(v)
				})
				if !told {
					x.differs("%s may %s %s: %v before and %v after, and Diff does not tell", c, v, m, before.Has(v), after.Has(v))
				}
			}
		}
	}
}

// example checks the example of a change, for each of its verbs.
func (x *trial) example(of *Change) {
	before, after := x.side.Principal(of.Example), x.next.Principal(of.Example)
	q := of.Class.question(of.Verbs.First())
	if was, is := x.side.allows(before, q), x.next.allows(after, q); is != of.Widens || was == of.Widens {
		x.differs("%s may %s %s: %v before and %v after, and Diff says otherwise", of.Example, q.Verb, q.Model, was, is)
	}
	x.counts[map[bool]string{true: "widens", false: "narrows"}[of.Widens]]++
}

// classes looks for the class of each model: one with whose model every caller may the same, by the
// same rule, on both sides.
func (x *trial) classes(list []Class, tables, ofClasses [2][][]cell) {
	for j, m := range x.models {
		reaches := func(s *Side, class Class) bool { return s.reaches(class.Model) == s.reaches(m) }
		found := slices.IndexFunc(list, func(class Class) bool {
			if class.Protocol != "" || !reaches(x.side, class) || !reaches(x.next, class) {
				return false
			}
			k := slices.Index(list, class)
			for i := range tables[0] {
				if tables[0][i][j] != ofClasses[0][i][k] || tables[1][i][j] != ofClasses[1][i][k] {
					return false
				}
			}
			return true
		})
		if found < 0 {
			x.differs("no class has %s", m)
		}
	}
}
