package gate

import (
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// weigh asks whether a message may go on by what it says so far. Unless it is
// whole, more may be said of the version, or of further models: then nothing is
// final but a no that holds whatever is said.
func (x *Exchange) weigh(env Env, values []scan.Value, whole bool) reason.Reason {
	b := x.body
	m, why := b.match.Complete(values)
	if why != reason.Allowed {
		if whole || why != reason.ModelMissing {
			return why
		}
		return reason.Allowed
	}
	x.Call = m.Call
	why, trial := x.may(env)
	if !whole && why == reason.GrantMissing && !trial {
		if why = x.could(env, &m); why == reason.Allowed {
			b.granted = false
			return why
		}
	}
	if why = x.blank(why); why != reason.Allowed {
		if !trial && env.Now.Unix() >= m.Route.Shadow {
			return why
		}
		if b.trial == reason.Allowed {
			b.trial = why
		}
	}
	if b.granted = true; x.gate.holds && b.flowed == 0 {
		b.edit = x.edit(m, b.trial)
	}
	return reason.Allowed
}

// could asks whether a call of which not everything is known may be granted.
func (x *Exchange) could(env Env, m *inference.Match) reason.Reason {
	if !m.Deferred() {
		return x.possible(env, m.Call)
	}
	why := reason.GrantMissing
	for i := range m.Call.Models { // it is for one of these services
		one := m.Call
		one.Models = m.Call.Models[i : i+1]
		if why = x.possible(env, one); why == reason.Allowed {
			break
		}
	}
	return why
}

func (x *Exchange) possible(env Env, call inference.Call) reason.Reason {
	d := x.gate.policy.DecidePartial(env.Now, x.Principal, &call)
	x.Rule = d.Rule
	switch {
	case d.Effect == authz.Allow:
		return reason.Allowed
	case d.Rule != "":
		return reason.Denied
	}
	return reason.GrantMissing
}

// stop refuses what the body says: by an answer, or where that has begun
// already by the end of the stream.
func (x *Exchange) stop(why reason.Reason) Step {
	step := x.refuse(why)
	if x.responded {
		step.Act = Reset
	}
	return step
}
