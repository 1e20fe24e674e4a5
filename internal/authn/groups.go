package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// groupsClaim is a claim that says in which groups the caller is.
type groupsClaim struct {
	pointer strictjson.Pointer
	form    string // "" or list: a string is one group; words, names and paths as below
}

// compileGroups reads "groups": a JSON Pointer, or an array of pointers and of objects with
// a pointer and a form.
func compileGroups(v strictjson.Value) (list []groupsClaim) {
	if v.Exists() && !v.JSON().IsArray() {
		return []groupsClaim{{pointer: compilePointer(v)}}
	}
	for _, item := range v.Items() {
		if !item.JSON().IsObject() {
			list = append(list, groupsClaim{pointer: compilePointer(item)})
			continue
		}
		o := item.Object("pointer", "form")
		g := groupsClaim{compilePointer(o.Need("pointer")), o.Get("form").Text()}
		if !slices.Contains([]string{"", "list", "words", "names", "paths"}, g.form) {
			o.Get("form").MustBe("list, words (a string has several), names (of an object's members) or paths (such as /a/b, which is in /a too)")
		}
		list = append(list, g)
	}
	return list
}

// maxLevels bounds the groups that one path makes.
const maxLevels = 64

// read returns the groups of a claim that is there.
func (g *groupsClaim) read(v strictjson.Result) (list []string, ok bool) {
	switch {
	case g.form == "names":
		v.ForEach(func(name, _ strictjson.Result) bool {
			list = append(list, name.Str)
			return true
		})
		return list, v.IsObject()
	case g.form == "words" && v.Type == strictjson.String:
		return strings.FieldsFunc(v.Str, func(r rune) bool { return r == ' ' }), true
	}
	list, ok = stringList(v)
	if g.form == "paths" {
		for _, path := range list { // the list grows behind what is read
			if strings.Count(path, "/") > maxLevels {
				return nil, false
			}
			for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
				list = append(list, path[:i])
			}
		}
	}
	return list, ok
}

// readGroups reads the claims with groups. A claim that is null is none. It fails for one
// that has not its form.
func (is *Issuer) readGroups(c claims, p *Principal) fault {
	if is.groups == nil && (!is.absentIsNone.has(UntoldGroups) || c.hasMoreGroups("groups")) {
		p.Untold |= UntoldGroups
	}
	for i := range is.groups {
		g := &is.groups[i]
		v, more := c.at(g.pointer), c.hasMoreGroups(g.pointer[0])
		absent := v.Type == strictjson.Null
		// A string with a space may be a list of groups, or the name of one.
		doubtful := g.form != "words" && v.Type == strictjson.String && strings.Contains(v.Str, " ")
		unvouched := !absent && !p.Vouches(g.pointer)
		if more || doubtful || unvouched || absent && !is.absentIsNone.has(UntoldGroups) {
			p.Untold |= UntoldGroups | OmittedGroups
		}
		if absent || unvouched || more && v.Type == strictjson.String { // the name of a source
			continue
		}
		list, ok := g.read(v)
		if !ok {
			return faultAt(reason.ClaimsInvalid, g.pointer)
		}
		if p.Groups == nil {
			p.Groups = list
		} else {
			p.Groups = append(p.Groups, list...)
		}
	}
	return none()
}

// groupsClaims names the claims for messages; "" if there is none.
func (is *Issuer) groupsClaims() string {
	var names []string
	for _, g := range is.groups {
		names = append(names, g.pointer.String())
	}
	return strings.Join(names, " or ")
}
