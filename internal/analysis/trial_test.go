package analysis

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

// -args -policies 1000 -seed 2. One that fails is asked again by its number:
// -run 'TestRandomPolicies/all/734$' -args -policies 1000 -seed 2.
var (
	policies = flag.Int("policies", 50, "number of random configurations")
	seed     = flag.Uint64("seed", 1, "what the random configurations and callers are drawn by")
)

// callersOfTrial is the number of callers that are drawn for each side of a trial.
const callersOfTrial = 130

// trial is a random configuration and one that differs from it in a few places, with all that
// brute force says of them: for each caller, model and verb what the policy decides.
type trial struct {
	t       *testing.T
	dice    dice
	config  object
	changed object
	side    *Side
	next    *Side // of changed
	models  []inference.Model
	callers []*Caller // whom the side knows
	whos    []*authn.Principal
	table   [][]cell // by caller and model
	counts  map[string]int
}

const allVerbs = inference.Verbs(1<<(inference.Admin+1) - 1)

// cell is what brute force says of a caller and a model.
type cell struct {
	may   inference.Verbs
	rules [inference.Admin + 1]authz.Decision
}

// TestRandomPolicies compares who-can, matrix, diff and lint with brute force: with what the policy
// that decides in the proxy says of each caller, each verb and each model. TestRequests compares that
// with what a whole gate does with requests.
func TestRandomPolicies(t *testing.T) {
	var lock sync.Mutex
	counts, asked := map[string]int{}, 0
	t.Run("all", func(t *testing.T) {
		for n := range *policies {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				x := newTrial(t, n)
				x.whoCan()
				x.matrix()
				x.diff()
				x.lint()
				lock.Lock()
				defer lock.Unlock()
				asked++
				for name, more := range x.counts {
					counts[name] += more
				}
			})
		}
	})
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Log(name, counts[name])
	}
	if asked < 50 || t.Failed() {
		return
	}
	for _, name := range append(rareParts, "may", "may not", "access none", "access some", "access all", "cell all may",
		"cell some may", "cell some may not", "cell none may not", "widens", "narrows", "differs", "same", "redundant-grant",
		"member-never-matches") {
		if counts[name] == 0 {
			t.Errorf("nothing was compared of %q", name)
		}
	}
}

// rareParts are parts that few configurations have: each must be in some.
var rareParts = []string{`"iam":`, `"forwardedBy":`, `"remote":`, staffPool, testPool, `"relay":`, `"certificates":["*"]`}

func newTrial(t *testing.T, n int) *trial {
	x := &trial{t: t, dice: throw(1, uint64(n)), counts: map[string]int{}}
	x.config, x.side = x.dice.randomSide(t)
	for _, part := range rareParts {
		x.counts[part] += strings.Count(written(x.config), part)
	}
	for x.next == nil {
		x.changed = x.dice.changed(x.config)
		x.next, _ = side(x.changed) // nil if it is not valid
	}
	for _, name := range testModels {
		x.models = append(x.models, model(t, name))
	}
	for _, service := range []string{"b", "c"} { // as a whole
		x.models = append(x.models, inference.Model{Namespace: "a", Service: service})
	}
	for range callersOfTrial {
		c := x.dice.caller(x.side)
		if who := x.side.Principal(c); who != nil {
			x.callers, x.whos = append(x.callers, c), append(x.whos, who)
		}
	}
	x.table = brute(x.side, x.whos, x.models, "")
	return x
}

// brute asks the policy about each caller, verb and model. A caller that is nil may do nothing.
func brute(s *Side, whos []*authn.Principal, models []inference.Model, protocol string) [][]cell {
	table := make([][]cell, len(whos))
	for i := range table {
		table[i] = make([]cell, len(models))
	}
	for j, m := range models {
		if !s.reaches(m) {
			continue
		}
		call := &inference.Call{Models: []inference.Model{m}, Protocol: protocol}
		for i, who := range whos {
			for v := inference.Predict; who != nil && v <= inference.Admin; v++ {
				call.Verb = v
				d := s.policy.Decide(s.now, who, call)
				if table[i][j].rules[v] = d; d.Effect == authz.Allow {
					table[i][j].may |= inference.NewVerbs(v)
				}
			}
		}
	}
	return table
}

// classTable is brute for the models of classes.
func classTable(s *Side, whos []*authn.Principal, list []Class) [][]cell {
	table := make([][]cell, len(whos))
	for _, class := range list {
		for i, row := range brute(s, whos, []inference.Model{class.Model}, class.Protocol) {
			table[i] = append(table[i], row[0])
		}
	}
	return table
}

// differs fails the trial with what answers otherwise, and all that there is to see it again.
func (x *trial) differs(format string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("%s\nunder %s\nchanged to %s", fmt.Sprintf(format, args...), written(x.config), written(x.changed))
}
