package authz

import (
	"math"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// condition is one test of one claim.
type condition struct {
	pointer strictjson.Pointer
	op      operator
	want    []strictjson.Result // anyOf has several, the others one
}

type operator uint8

const (
	equals   operator = iota // a string, number or boolean is the one given
	anyOf                    // it is one of those given
	contains                 // an array has the one given as an element
	prefix                   // a string begins so
	suffix                   // a string ends so
	exists                   // the claim is there (true) or not (false)
)

var operators = []string{"equals", "anyOf", "contains", "prefix", "suffix", "exists"}

// outcome of a condition: unknown where the claim is missing, or of a type
// that the operator cannot compare.
type outcome uint8

const (
	unknown outcome = iota
	no
	yes
)

func compileConditions(v strictjson.Value) (list []condition) {
	for _, item := range v.Items() {
		o := item.Object(append([]string{"pointer"}, operators...)...)
		var c condition
		if p := o.Need("pointer"); p.Exists() {
			var err error
			if c.pointer, err = strictjson.ParsePointer(p.Text()); err != nil {
				p.Fail("%s", err)
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
			item.Fail("has one of %s", strings.Join(operators, ", "))
		}
		list = append(list, c)
	}
	return list
}

func (c *condition) argument(v strictjson.Value) {
	switch c.op {
	case anyOf:
		for _, item := range v.Items() {
			if !scalar(item.JSON()) {
				item.Fail("is a string, a number or a boolean")
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
			v.Fail("is a string, a number or a boolean")
		}
	}
	c.want = []strictjson.Result{v.JSON()}
}

func scalar(v strictjson.Result) bool {
	return v.Type == strictjson.String || v.Type == strictjson.Number || v.IsBool()
}

// test evaluates the condition on verified claims.
func (c *condition) test(claims strictjson.Result) outcome {
	v := c.pointer.In(claims)
	want := c.want[0]
	switch {
	case c.op == exists:
		return is(v.Exists() == want.Bool())
	case c.op == contains && v.IsArray():
		found := false
		v.ForEach(func(_, item strictjson.Result) bool {
			found = same(item, want)
			return !found
		})
		return is(found)
	case c.op == prefix && v.Type == strictjson.String:
		return is(strings.HasPrefix(v.Str, want.Str))
	case c.op == suffix && v.Type == strictjson.String:
		return is(strings.HasSuffix(v.Str, want.Str))
	case (c.op == equals || c.op == anyOf) && scalar(v):
		for _, w := range c.want {
			if same(v, w) {
				return yes
			}
		}
		return no
	}
	return unknown
}

func is(b bool) outcome {
	if b {
		return yes
	}
	return no
}

// maxExact is the largest integer below which float64 tells all integers apart.
const maxExact = 1 << 53

// same compares two scalars of one type. Numbers too large for float64 to tell
// apart are the same only if they are written alike.
func same(a, b strictjson.Result) bool {
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

// grants reports whether all conditions hold; a claim that is missing, or
// cannot be compared, does not.
func grants(list []condition, claims strictjson.Result) bool {
	for i := range list {
		if list[i].test(claims) != yes {
			return false
		}
	}
	return true
}

// denies reports whether no condition is known not to hold: a deny whose
// condition cannot be evaluated applies, as in Google's deny policies.
func denies(list []condition, claims strictjson.Result) bool {
	for i := range list {
		if list[i].test(claims) == no {
			return false
		}
	}
	return true
}
