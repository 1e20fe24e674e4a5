package authz

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// condition is one condition on one claim, or on the scopes of a token.
type condition struct {
	pointer strictjson.Pointer // nil for scope
	op      operator
	want    []strictjson.Result // one of them is enough
}

type operator uint8

const (
	equals   operator = iota // a string, number or boolean equals the one given
	anyOf                    // it equals one of those given
	contains                 // an array has an item that equals one of those given
	word                     // a string of words, each after a space, has one of those given
	prefix                   // a string begins with the one given
	suffix                   // a string ends with the one given
	exists                   // the claim exists (true) or does not (false)
	scope                    // the token has one of the scopes given, see evaluateScope
)

var operators = []string{"equals", "anyOf", "contains", "word", "prefix", "suffix", "exists", "scope"}

// compileConditions reads "claims": all of the conditions must hold.
func compileConditions(v strictjson.Value) (list []condition) {
	for _, item := range v.Items() {
		o := item.Object(append([]string{"pointer"}, operators...)...)
		var c condition
		p := o.Get("pointer")
		switch ofScopes := o.Get(operators[scope]).Exists(); {
		case ofScopes && p.Exists():
			p.Fail(`must not be beside "scope", which reads /scope and /scp`)
		case !ofScopes:
			c.pointer = compilePointer(o.Need("pointer"))
		}
		n := 0
		for op, name := range operators {
			if arg := o.Get(name); arg.Exists() {
				n++
				c.op = operator(op)
				c.argument(arg)
				c.checkType(arg)
			}
		}
		if n != 1 {
			item.Fail("must have exactly one of %s; has %d", strictjson.Or(operators), n)
		}
		list = append(list, c)
	}
	return list
}

// compilePointer reads "pointer"; nil if it is missing.
func compilePointer(v strictjson.Value) strictjson.Pointer {
	if !v.Exists() {
		return nil
	}
	p, err := strictjson.ParsePointer(v.Text())
	if err != nil {
		failWithHint(v, err.Error(), likelyPointer(v.JSON().Str))
	}
	return p
}

// argument reads what the operator compares with. Where one of several is enough, a list
// of one may be written without brackets.
func (c *condition) argument(v strictjson.Value) {
	items := []strictjson.Value{v}
	if c.op == anyOf || (c.op == contains || c.op == word || c.op == scope) && v.JSON().IsArray() {
		items = v.Items()
	}
	for _, item := range items {
		switch c.op {
		case word:
			if text := item.Text(); text != "" && !isWord(text) {
				item.MustBe("a word without spaces")
			}
		case scope:
			if text := item.Text(); text != "" && !IsScope(text) {
				item.MustBe("a scope (RFC 6749 section 3.3) without spaces")
			}
		case prefix, suffix:
			item.Text()
		case exists:
			item.Bool()
		default:
			if !scalar(item.JSON()) {
				item.MustBe("a string, a number or a boolean")
			}
		}
		c.want = append(c.want, item.JSON())
	}
}

// isWord reports whether s can be a word of a string of words.
func isWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0
}

// IsScope reports whether s is a scope-token of RFC 6749 section 3.3, which a challenge
// can name.
func IsScope(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }) < 0
}

// checkType adds a problem if the condition can never hold, because every token has the
// claim in another form: authn refuses other tokens.
func (c *condition) checkType(v strictjson.Value) {
	if len(c.pointer) != 1 || c.op == exists {
		return
	}
	form, possible := "a string", c.op != contains
	is := func(v strictjson.Result) bool { return v.Type == strictjson.String }
	switch c.pointer[0] {
	case "iss", "sub":
	case "exp", "nbf", "iat":
		form, possible = "a number", c.op == equals || c.op == anyOf
		is = func(v strictjson.Result) bool { return v.Type == strictjson.Number }
	default:
		return
	}
	if !possible || !slices.ContainsFunc(c.want, is) {
		v.Fail("must not be on %s, which is %s: the condition would never hold", c.pointer.String(), form)
	}
}

func scalar(v strictjson.Result) bool {
	return v.Type == strictjson.String || v.Type == strictjson.Number || v.IsBool()
}
