package authz

import (
	"math"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// outcome is the result of a condition. It is unknown if the claim is missing, or
// has a type that the operator cannot compare.
type outcome uint8

const (
	unknown outcome = iota
	no
	yes
)

// evaluate evaluates the condition on verified claims.
func (c *condition) evaluate(claims strictjson.Result) outcome {
	if c.op == scope {
		return c.evaluateScope(claims)
	}
	v := c.pointer.In(claims)
	want := c.want[0]
	switch {
	case c.op == exists:
		return outcomeOf(v.Exists() == want.Bool())
	case c.op == contains && v.IsArray():
		return c.hasItem(v)
	case c.op == word && v.Type == strictjson.String:
		return c.hasWord(v.Str)
	case c.op == prefix && v.Type == strictjson.String:
		return outcomeOf(strings.HasPrefix(v.Str, want.Str))
	case c.op == suffix && v.Type == strictjson.String:
		return outcomeOf(strings.HasSuffix(v.Str, want.Str))
	case (c.op == equals || c.op == anyOf) && scalar(v):
		return outcomeOf(c.wantsValue(v))
	}
	return unknown
}

// wantsValue reports whether v equals one of the values that are compared with.
func (c *condition) wantsValue(v strictjson.Result) bool {
	for i := range c.want {
		if equalScalars(v, c.want[i]) {
			return true
		}
	}
	return false
}

// hasItem evaluates the condition on the items of an array.
func (c *condition) hasItem(array strictjson.Result) outcome {
	found := false
	array.ForEach(func(_, item strictjson.Result) bool {
		found = c.wantsValue(item)
		return !found
	})
	return outcomeOf(found)
}

// hasWord evaluates the condition on the words of a string. If it has other white space
// than spaces, nothing tells where its words end.
func (c *condition) hasWord(text string) outcome {
	for w := range strings.SplitSeq(text, " ") {
		for i := range c.want {
			if w == c.want[i].Str {
				return yes
			}
		}
	}
	if strings.ContainsAny(text, "\t\n\v\f\r") {
		return unknown
	}
	return no
}

// evaluateScope evaluates the condition on the scopes of a token: the words of a string
// (RFC 8693 section 4.2, RFC 9068 section 2.2.3) or the items of an array, in scope, or in
// scp, as Entra ID and Okta call it. If a token has both, both must agree.
func (c *condition) evaluateScope(claims strictjson.Result) (o outcome) {
	found := false
	claims.ForEach(func(name, v strictjson.Result) bool {
		if name.Str != "scope" && name.Str != "scp" {
			return true
		}
		of := unknown
		switch {
		case v.Type == strictjson.String:
			of = c.hasWord(v.Str)
		case v.IsArray():
			of = c.hasItem(v)
		}
		if found && of != o {
			of = unknown
		}
		o, found = of, true
		return true
	})
	return o
}

func outcomeOf(b bool) outcome {
	if b {
		return yes
	}
	return no
}

// maxExact is the largest integer below which float64 tells all integers apart.
const maxExact = 1 << 53

// equalScalars compares two scalars; two of different types are not equal.
// Numbers too large for float64 to tell apart are equal only if they are written
// alike.
func equalScalars(a, b strictjson.Result) bool {
	switch {
	case a.Type != b.Type:
		return false
	case a.Type == strictjson.String:
		return a.Str == b.Str
	case a.Type == strictjson.Number && math.Abs(a.Num) < maxExact:
		return a.Num == b.Num
	}
	return a.Raw == b.Raw
}

// allHold reports whether all conditions are known to hold, as a grant needs it. The
// value of an address for which the issuer does not vouch is not known.
func allHold(list []condition, who *authn.Principal) bool {
	for i := range list {
		c := &list[i]
		if c.op != exists && !who.Vouches(c.pointer) || c.evaluate(who.Claims) != yes {
			return false
		}
	}
	return true
}

// noneFails reports whether no condition is known not to hold. A deny needs only
// this: one whose condition cannot be evaluated applies, as in Google's deny
// policies (cloud.google.com/iam/docs/deny-overview).
func noneFails(list []condition, who *authn.Principal) bool {
	for i := range list {
		if list[i].evaluate(who.Claims) == no {
			return false
		}
	}
	return true
}
