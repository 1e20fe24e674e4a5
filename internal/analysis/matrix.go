package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

// Row is the callers of whom a row of a matrix tells.
type Row struct {
	Issuer string // "" for every issuer, and for callers without a token
	Member string // as rules write it
}

func (r Row) String() string {
	if r.Issuer == "" {
		return r.Member
	}
	return r.Member + " of " + r.Issuer
}

// Matrix tells what callers may do with each class of models.
type Matrix struct {
	Rows    []Row
	Classes []Class
	Cells   [][]Reach // by row; of the classes that somebody of the row reaches, in the order of Classes
}

// NewMatrix returns the matrix of the members that grants name, and of everybody without a
// credential.
func NewMatrix(s *Side) (*Matrix, error) {
	rows := []Row{{Member: "allUsers"}}
	for i := range s.all {
		m := s.all[i].Member
		row := Row{m.Issuer(), m.String()}
		if !s.all[i].Deny && !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows[1:], func(a, b Row) int { return strings.Compare(a.Issuer+"\x00"+a.Member, b.Issuer+"\x00"+b.Member) })
	return newMatrix(s, rows)
}

func newMatrix(s *Side, rows []Row) (*Matrix, error) {
	members := make([]map[string][]authz.Member, len(rows))
	for i, row := range rows {
		members[i] = map[string][]authz.Member{}
		found := false
		for _, issuer := range issuerNames([]*Side{s}) {
			if row.Issuer != "" && row.Issuer != issuer {
				continue
			}
			list, err := s.membersOf(row.Member, issuer)
			if err != nil {
				return nil, err
			}
			members[i][issuer], found = list, found || list != nil
		}
		if !found {
			return nil, fmt.Errorf("%s: no issuer of the configuration can tell who is this member", row)
		}
	}
	all, err := spaces([]*Side{s}, func(issuer string) (list []authz.Member) {
		for i := range rows {
			list = append(list, members[i][issuer]...)
			list = append(list, members[i][""]...)
		}
		return list
	})
	if err != nil {
		return nil, err
	}
	m := &Matrix{Rows: rows, Classes: classes([]*Side{s})}
	for i := range rows {
		var cells []Reach
		for _, class := range m.Classes {
			r, err := reach(s, all, members[i], class)
			if err != nil {
				return nil, err
			}
			if r.All|r.Some != 0 {
				cells = append(cells, r)
			}
		}
		m.Cells = append(m.Cells, cells)
	}
	return m, nil
}

// membersOf returns what a member is to one issuer, as terms have it.
func (s *Side) membersOf(text, issuer string) ([]authz.Member, error) {
	for i := range s.all {
		if m := s.all[i].Member; !s.all[i].Deny && m.Issuer() == issuer && m.String() == text {
			return []authz.Member{m}, nil
		}
	}
	return authz.ParseMember(text, issuer, s.issuers)
}

// reach finds what the callers who are a member may do with a class.
func reach(s *Side, all map[string]*space, members map[string][]authz.Member, class Class) (Reach, error) {
	r := Reach{Class: class}
	for v := inference.Predict; v <= inference.Admin; v++ {
		q := class.question(v)
		may, mayNot := false, false
		for _, sp := range sorted(all) {
			is, ok := sp.anyOf(members)
			if !ok {
				continue
			}
			is = sp.And(is, sp.valid[0])
			allowed := sp.allowed(0, q)
			one, err := sp.exists(sp.And(is, allowed), func(who []*authn.Principal) bool { return s.allows(who[0], q) })
			if err != nil {
				return r, err
			}
			another, err := sp.exists(sp.And(is, allowed.Not()), func(who []*authn.Principal) bool {
				return who[0] != nil && !s.allows(who[0], q)
			})
			if err != nil {
				return r, err
			}
			may, mayNot = may || one, mayNot || another
		}
		switch {
		case may && !mayNot:
			r.All |= inference.NewVerbs(v)
		case may:
			r.Some |= inference.NewVerbs(v)
		}
	}
	return r, nil
}

// anyOf says which callers of the space are one of the members; ok is false if the members
// are none of its issuer's, nor of any.
func (sp *space) anyOf(members map[string][]authz.Member) (is z.Lit, ok bool) {
	is = sp.F
	for _, name := range []string{sp.issuer, ""} {
		for _, m := range members[name] {
			if m.Fact() != authz.Certificate && m.Issuer() == "" && sp.issuer != "" {
				continue // allUsers is everybody without a token here: whoever has one is in another row
			}
			is, ok = sp.Or(is, sp.member(0, m)), true
		}
	}
	return is, ok
}
