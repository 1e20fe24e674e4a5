package authn

import (
	"math"
	"slices"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// requiredClaim is a claim that every token must have.
type requiredClaim struct {
	pointer strictjson.Pointer
	anyOf   []strictjson.Result // scalars of which it must be one; nil for any value
}

// compileRequired reads "requiredClaims": JSON Pointers to claims that every token must
// have, or objects with a pointer and the values in "anyOf".
func compileRequired(v strictjson.Value) (list []requiredClaim) {
	for _, item := range v.Items() {
		if item.JSON().IsObject() {
			list = append(list, compileClaimValues(item))
		} else {
			list = append(list, requiredClaim{pointer: compilePointer(item)})
		}
	}
	return list
}

// compileClaimValues reads {"pointer": "/token_use", "anyOf": ["access"]}.
func compileClaimValues(v strictjson.Value) (r requiredClaim) {
	o := v.Object("pointer", "anyOf")
	r.pointer = compilePointer(o.Need("pointer"))
	for _, item := range o.Need("anyOf").Items() {
		switch value := item.JSON(); {
		case value.Type == strictjson.String && value.Str != "", value.Type == strictjson.Number, value.IsBool():
			r.anyOf = append(r.anyOf, value)
		default:
			item.MustBe("a string that is not empty, a number or a boolean")
		}
	}
	return r
}

// holds reports whether the token has the claim, with one of the values: as a scalar, or as
// an item of an array.
func (r *requiredClaim) holds(c claims) bool {
	if r.anyOf == nil {
		return c.has(r.pointer)
	}
	v := c.at(r.pointer)
	found := r.accepts(v)
	v.ForEach(func(_, item strictjson.Result) bool {
		found = found || v.IsArray() && r.accepts(item)
		return !found
	})
	return found
}

// accepts reports whether v is one of the values. A number is no string. Numbers that float64
// does not tell apart are one only if they are written alike.
func (r *requiredClaim) accepts(v strictjson.Result) bool {
	for i := range r.anyOf {
		a := &r.anyOf[i]
		if a.Type == v.Type && a.Str == v.Str && a.Num == v.Num && (math.Abs(a.Num) < 1<<53 || a.Raw == v.Raw) {
			return true
		}
	}
	return false
}

// requires reports whether a token without the claim is refused.
func (is *Issuer) requires(claim strictjson.Pointer) bool {
	for i := range is.required {
		if slices.Equal(is.required[i].pointer, claim) {
			return true
		}
	}
	return false
}
