package analysis

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

// policies is the number of random configurations of each test: -args -policies 1000.
var policies = flag.Int("policies", 15, "number of random configurations")

// TestWhoCanAgreesWithPolicy compares WhoCan with what the policy says of each caller.
func TestWhoCanAgreesWithPolicy(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(1, 2))}
	counts := map[string]int{}
	for range *policies {
		c, s := d.randomSide(t)
		a, err := New(s)
		if err != nil {
			t.Fatalf("%v under %s", err, written(c))
		}
		callers, whos := d.callers(s)
		for _, name := range testModels {
			for v := inference.Predict; v <= inference.Admin; v++ {
				compareWhoCan(t, a, Question{Verb: v, Model: model(t, name)}, callers, whos, c, counts)
			}
		}
	}
	t.Log(counts)
}

// compareWhoCan compares one answer with the policy's to each caller.
func compareWhoCan(t *testing.T, a *Analysis, q Question, callers []*Caller, whos []*authn.Principal, c object, counts map[string]int) {
	list, err := a.WhoCan(q)
	if err != nil {
		t.Fatalf("%v under %s", err, written(c))
	}
	for i, who := range whos {
		may, covered := a.side.allows(who, q), false
		for j := range list {
			x := &list[j]
			covered = covered || x.Covers(a.side, who)
			if x.term.AppliesTo(a.side.policy, who) && (may && x.Of == None || !may && x.Of == All) {
				t.Fatalf("%s may %s %s: %v, and of %s's %s %s may under %s", callers[i], q.Verb, q.Model, may, x.Grant, x.Member, x.Of, written(c))
			}
		}
		if may != covered {
			t.Fatalf("%s may %s %s: %v, and WhoCan says %v under %s", callers[i], q.Verb, q.Model, may, covered, written(c))
		}
		counts[map[bool]string{true: "may", false: "may not"}[may]]++
	}
	for i := range list {
		counts["access "+list[i].Of.String()]++
		if ex := list[i].Example; (ex != nil) != (list[i].Of != None) || ex != nil && !a.side.allows(a.side.Principal(ex), q) {
			t.Fatalf("%s is an example of who may %s %s under %s", ex, q.Verb, q.Model, written(c))
		}
	}
}

// callers returns random callers whose credentials the side accepts.
func (d dice) callers(s *Side) (list []*Caller, whos []*authn.Principal) {
	for range 150 {
		c := d.caller()
		if who := s.Principal(c); who != nil {
			list, whos = append(list, c), append(whos, who)
		}
	}
	return list, whos
}

func written(c object) string {
	doc, _ := json.Marshal(c)
	return string(doc)
}

// TestMatrixAgreesWithPolicy compares the matrix with what the policy says of each caller.
func TestMatrixAgreesWithPolicy(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(3, 4))}
	counts := map[string]int{}
	for range *policies / 4 {
		c, s := d.randomSide(t)
		m, err := NewMatrix(s)
		if err != nil {
			t.Fatalf("%v under %s", err, written(c))
		}
		callers, whos := d.callers(s)
		for i, row := range m.Rows {
			for j, who := range whos {
				if !rowHas(t, s, row, who) {
					continue
				}
				for _, class := range m.Classes {
					r := Reach{Class: class}
					for _, cell := range m.Cells[i] {
						if cell.Class == class {
							r = cell
						}
					}
					for v := inference.Predict; v <= inference.Admin; v++ {
						may := s.allows(who, class.question(v))
						if may && !(r.All|r.Some).Has(v) || !may && r.All.Has(v) {
							t.Fatalf("%s is %s and may %s %s: %v; the matrix has all %v, some %v under %s",
								callers[j], row, v, class.Model, may, r.All.List(), r.Some.List(), written(c))
						}
						counts[fmt.Sprint(may, " all ", r.All.Has(v), " some ", r.Some.Has(v))]++
					}
				}
			}
		}
	}
	t.Log(counts)
}

// rowHas reports whether a caller is in a row.
func rowHas(t *testing.T, s *Side, row Row, who *authn.Principal) bool {
	if row.Issuer != "" && row.Issuer != who.Issuer {
		return false
	}
	members, err := s.membersOf(row.Member, row.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	if row.Member == "allUsers" {
		return who.Anonymous()
	}
	return slices.ContainsFunc(members, func(m authz.Member) bool { return s.policy.IsMember(who, m) })
}
