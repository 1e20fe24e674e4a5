package gate

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// Cache is what a VM remembers for one configuration: who tokens are, what is
// meant by a question, and for callers that come again what they were allowed. It is
// not safe for more than one goroutine.
//
// A refusal is never remembered, nor what depended on more than the question: on
// the connection's certificate, on headers that name a model, on a body or a
// reply, on the time. (A rule in shadow that would have had a say makes a trial of
// a call; what is allowed without one is so at any time.) A caller is one verified token under one set of keys. It is verified
// that the token has not expired, and that keys have not changed, before anything
// is recalled.
type Cache struct {
	tokens   *authn.Cache
	meanings map[question]*meaning
	latest   *meaning // of those that were asked for
	decided  map[*authn.Principal][]*decided
	n        int // of all of them
}

func newCache() *Cache {
	c := &Cache{tokens: authn.NewCache(), meanings: map[question]*meaning{}, decided: map[*authn.Principal][]*decided{}}
	c.tokens.OnEvict = c.forget
	return c
}

// The most that are remembered, of all callers and of one, and how long in bytes
// a path and a host may be. When there are more, all is forgotten: what is asked
// often is soon back.
const (
	maxDecided  = 8192
	maxMeanings = 1024
	maxOfCaller = 16
	maxQuestion = 512
)

// question is, beside the caller, all that a remembered decision depends on.
type question struct {
	method, path, authority string
	grpc                    bool
}

// meaning is what a question asks for, whoever asks.
type meaning struct {
	question
	match inference.Match
}

// decided is a call that was allowed.
type decided struct {
	*meaning
	rule string
	set  [][2]string
}

// Remembered is how many decisions are.
func (c *Cache) Remembered() int { return c.n }

func (h *head) question() question { return question{h.Method, h.Path, h.Authority, h.GRPC} }

// recall finds what was decided before.
func (x *Exchange) recall(env Env) *decided {
	if env.Cache == nil || !x.cacheHit || x.head.routed {
		return nil
	}
	q := x.head.question()
	for _, d := range env.Cache.decided[x.Principal] {
		if d.question == q {
			return d
		}
	}
	return nil
}

// again lets a request go on as one did before.
func (x *Exchange) again(d *decided) Step {
	x.Call, x.Rule = d.match.Call, d.rule
	x.strip(d.match.Route.Forward)
	x.edited.Set = append(x.edited.Set[:0], d.set...)
	return x.pass(reason.Allowed, &x.edited)
}

// match finds the call in a request, by what the same question meant before.
func (x *Exchange) match(env Env) (inference.Match, reason.Reason) {
	if env.Cache != nil && !x.head.routed {
		q, latest := x.head.question(), env.Cache.latest
		if latest == nil || latest.question != q {
			latest = env.Cache.meanings[q]
		}
		if latest != nil {
			x.meaning, env.Cache.latest = latest, latest
			return latest.match, reason.Allowed
		}
	}
	return x.gate.routes.Match(x.head.Request)
}

// remember keeps what an allowed request meant, and once its token comes a second
// time what was decided. No string is the request's, with which it would end: they
// are copies, or the caller's.
func (x *Exchange) remember(env Env, m *inference.Match) {
	if env.Cache == nil || x.head.routed || x.listing != nil || len(x.head.Path)+len(x.head.Authority) > maxQuestion {
		return
	}
	again := x.cacheHit && x.Principal.Peer == ""
	if x.meaning == nil {
		one := strings.IndexByte(x.head.Path, '?') >= 0 // of many, mostly
		if one && !again {
			return
		}
		x.meaning = newMeaning(x.head.question(), m)
		if !one {
			env.Cache.learn(x.meaning)
		}
	}
	if !again {
		return
	}
	set := make([][2]string, 0, len(x.edited.Set))
	env.Cache.keep(x.Principal, &decided{x.meaning, x.Rule, x.gate.sets(x, x.meaning.match, set)})
}

func newMeaning(q question, m *inference.Match) *meaning {
	q.method, q.path, q.authority = strings.Clone(q.method), strings.Clone(q.path), strings.Clone(q.authority)
	return &meaning{q, m.Clone()}
}

func (c *Cache) learn(m *meaning) {
	if len(c.meanings) >= maxMeanings {
		clear(c.meanings)
	}
	c.meanings[m.question] = m
}

// forget is what to do about a caller whose token is no longer remembered.
func (c *Cache) forget(who *authn.Principal) {
	c.n -= len(c.decided[who])
	delete(c.decided, who)
}

func (c *Cache) keep(who *authn.Principal, d *decided) {
	if len(c.decided[who]) >= maxOfCaller {
		c.forget(who)
	}
	if c.n >= maxDecided {
		clear(c.decided)
		c.n = 0
	}
	c.decided[who] = append(c.decided[who], d)
	c.n++
}
