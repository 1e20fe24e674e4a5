package authz

import (
	"slices"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// groups are the groups in the configuration: for each subject, user or service account,
// without an issuer, the names of its groups.
type groups map[member][]string

// haveSubjects reports whether a subject is in a group.
func (g groups) haveSubjects() bool {
	for m := range g {
		if m.kind == callerSubject {
			return true
		}
	}
	return false
}

// lowerCase returns the groups for denies.
func (g groups) lowerCase() groups {
	lower := groups{}
	for m, names := range g {
		lower[m.lowerCase()] = append(lower[m.lowerCase()], names...)
	}
	return lower
}

// compileGroups reads "groups": members of groups that no token names. The result has the
// groups that are known before, too.
func compileGroups(v strictjson.Value, known groups) groups {
	g := groups{}
	names := map[string]bool{}
	for m, of := range known {
		g[m] = slices.Clone(of)
		for _, name := range of {
			names[name] = true
		}
	}
	for _, item := range v.Items() {
		o := item.Object("name", "members")
		name := o.Need("name").Text()
		if names[name] && name != "" {
			o.Get("name").Fail("%q is there twice", name)
		}
		names[name] = true
		for _, m := range o.Need("members").Items() {
			id, ok := parseMember(m)
			switch {
			case !ok || id.deleted:
			case id.kind != user && id.kind != serviceAccount && id.kind != callerSubject:
				m.MustBe("sub:, a user or a service account by its address (write nested groups out)")
			default:
				g[id.member] = append(g[id.member], name)
			}
		}
	}
	return g
}

// has reports whether there is a group of that name.
func (g groups) has(name string) bool {
	addresses, subjects := g.tells(name)
	return addresses || subjects
}

// tells reports whether the group of that name has users or service accounts, and whether
// it has subjects.
func (g groups) tells(name string) (addresses, subjects bool) {
	for m, names := range g {
		if slices.Contains(names, name) {
			addresses, subjects = addresses || m.kind != callerSubject, subjects || m.kind == callerSubject
		}
	}
	return addresses, subjects
}
