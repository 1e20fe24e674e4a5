package authz

import (
	"math"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// condition is one condition on one claim.
type condition struct {
	pointer strictjson.Pointer
	op      operator
	want    []strictjson.Result // anyOf has several, the others one
}

type operator uint8

const (
	equals   operator = iota // a string, number or boolean equals the one given
	anyOf                    // it equals one of those given
	contains                 // an array has an element that equals the one given
	prefix                   // a string begins with the one given
	suffix                   // a string ends with the one given
	exists                   // the claim exists (true) or does not (false)
)

var operators = []string{"equals", "anyOf", "contains", "prefix", "suffix", "exists"}

// outcome is the result of a condition. It is unknown if the claim is missing, or
// has a type that the operator cannot compare.
type outcome uint8

const (
	unknown outcome = iota
	no
	yes
)

// compileConditions reads "claims": all of the conditions must hold.
func compileConditions(v strictjson.Value) (list []condition) {
	for _, item := range v.Items() {
		o := item.Object(append([]string{"pointer"}, operators...)...)
		var c condition
		if p := o.Need("pointer"); p.Exists() {
			var err error
			if c.pointer, err = strictjson.ParsePointer(p.Text()); err != nil {
				failWithHint(p, err.Error(), likelyPointer(p.JSON().Str))
			}
		}
		n := 0
		for op, name := range operators {
			if arg := o.Get(name); arg.Exists() {
				n++
				c.op = operator(op)
				c.argument(arg)
			}
		}
		if n != 1 {
			item.Fail("must have exactly one of %s; has %d", strictjson.Or(operators), n)
		}
		list = append(list, c)
	}
	return list
}

// argument reads what the operator compares with.
func (c *condition) argument(v strictjson.Value) {
	switch c.op {
	case anyOf:
		for _, item := range v.Items() {
			if !scalar(item.JSON()) {
				item.MustBe("a string, a number or a boolean")
			}
			c.want = append(c.want, item.JSON())
		}
		return
	case prefix, suffix:
		v.Text()
	case exists:
		v.Bool()
	default:
		if !scalar(v.JSON()) {
			v.MustBe("a string, a number or a boolean")
		}
	}
	c.want = []strictjson.Result{v.JSON()}
}

func scalar(v strictjson.Result) bool {
	return v.Type == strictjson.String || v.Type == strictjson.Number || v.IsBool()
}

// evaluate evaluates the condition on verified claims.
func (c *condition) evaluate(claims strictjson.Result) outcome {
	v := c.pointer.In(claims)
	want := c.want[0]
	switch {
	case c.op == exists:
		return outcomeOf(v.Exists() == want.Bool())
	case c.op == contains && v.IsArray():
		found := false
		v.ForEach(func(_, item strictjson.Result) bool {
			found = equalScalars(item, want)
			return !found
		})
		return outcomeOf(found)
	case c.op == prefix && v.Type == strictjson.String:
		return outcomeOf(strings.HasPrefix(v.Str, want.Str))
	case c.op == suffix && v.Type == strictjson.String:
		return outcomeOf(strings.HasSuffix(v.Str, want.Str))
	case (c.op == equals || c.op == anyOf) && scalar(v):
		for _, w := range c.want {
			if equalScalars(v, w) {
				return yes
			}
		}
		return no
	}
	return unknown
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

// ofAddress reports whether the condition is on the claim that has the address.
func (c *condition) ofAddress() bool { return len(c.pointer) == 1 && c.pointer[0] == "email" }

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
