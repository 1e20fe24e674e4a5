package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// describe makes the slots of the issuer's documents: of each claim that rules or the
// issuer itself read, on any side.
func (sp *space) describe(more []authz.Member) error {
	if sp.shapes[0].Kind == authn.APIKeys {
		if entries, known := sp.sides[0].issuers.KeyEntries(sp.sides[0].keys, sp.issuer, sp.sides[0].now); known {
			s := &slot{}
			for _, entry := range entries {
				s.addKind(kind{raw: entry})
			}
			if entries == nil {
				s.addKind(kind{raw: "{}"})
			}
			sp.slots, sp.inline = []*slot{s}, true
			return nil
		}
	}
	d := description{sp: sp}
	for i, s := range sp.sides {
		if s.issuers.HasIssuer(sp.issuer) {
			d.addShape(&sp.shapes[i])
		}
	}
	for _, s := range sp.sides {
		for i := range s.all {
			d.addTerm(&s.all[i])
		}
		s.policy.GroupMembers(d.addGroupMember)
	}
	for _, m := range more {
		d.addMember(m)
	}
	for _, m := range d.list {
		if raw := fixedValue(sp.fixed, m.pointer); raw != "" {
			m.add(&m.values, raw)
		}
		s := m.slot()
		if sp.shapes[0].Kind != authn.Tokens {
			s.restrict(sp.shapes[0].Kind)
		}
		sp.slots = append(sp.slots, s)
		if len(s.kinds) > maxKinds {
			return fmt.Errorf("issuer %q: the claim %s is compared with too many texts to tell all callers apart: %d kinds of it",
				sp.issuer, m.pointer, len(s.kinds))
		}
	}
	return nil
}

// maxKinds bounds the kinds of one claim.
const maxKinds = 4096

// restrict leaves out the kinds that only a token can have: a gateway's headers and the
// entries of API keys have their own forms.
func (s *slot) restrict(of authn.CredentialKind) {
	if len(s.pointer) != 1 {
		return
	}
	s.kinds = slices.DeleteFunc(s.kinds, func(k kind) bool {
		isText := strings.HasPrefix(k.raw, `"`) && k.raw != `""`
		isMissing := k.raw == "" && k.list == noList && !k.elsewhere
		switch s.pointer[0] {
		case "subject":
			return !isText
		case "email":
			return !isMissing && (!isText || strings.Count(k.raw, "@") != 1)
		case "groups":
			return k.elsewhere || !isMissing && k.list != inArray
		}
		return of == authn.Relayed && !isMissing
	})
}

// description collects what claims are compared with.
type description struct {
	sp   *space
	list []*mentions
}

func (d *description) at(p strictjson.Pointer) *mentions {
	for _, m := range d.list {
		if slices.Equal(m.pointer, p) {
			return m
		}
	}
	m := &mentions{pointer: p}
	d.list = append(d.list, m)
	return m
}

// claim returns the place of a token's claim in the document.
func (d *description) claim(p strictjson.Pointer) strictjson.Pointer {
	if d.sp.shapes[0].Kind == authn.APIKeys {
		return append(strictjson.Pointer{"claims"}, p...)
	}
	return p
}

// addShape adds the claims that an issuer reads.
func (d *description) addShape(sh *authn.Shape) {
	tokens := sh.Kind == authn.Tokens
	for _, p := range sh.Subject {
		m := d.at(p)
		m.forms = append(m.forms, subjectForms(sh, filler)...)
	}
	if len(sh.Address) > 0 {
		m := d.at(sh.Address)
		m.address, m.told = true, tokens
	}
	if sh.Vouched != nil {
		m := d.at(sh.Vouched)
		for _, v := range sh.VouchedBy {
			m.add(&m.values, v.Raw)
		}
		m.addText("true")
	}
	if tokens && !sh.IsDomain {
		d.at(strictjson.Pointer{"hd"}).told = true
	}
	for _, g := range sh.Groups {
		m := d.at(g.Pointer)
		m.list, m.told = true, tokens
		m.addText(filler + " " + filler)
		if g.Form == "names" {
			m.add(&m.names, filler)
		}
	}
	if tokens && len(sh.Groups) == 0 { // a token may say all the same that its caller is in groups
		d.at(strictjson.Pointer{"groups"}).told = true
	}
	for _, a := range sh.Attributes {
		d.at(a.Pointer).told = true
	}
	for _, r := range sh.Required {
		m := d.at(r.Pointer)
		for _, v := range r.AnyOf {
			m.add(&m.values, v.Raw)
			m.add(&m.items, v.Raw)
		}
	}
	if sh.Workforce {
		m := d.at(strictjson.Pointer{"workforce_identity"})
		m.add(&m.values, workforceIdentity(sh.Pool, filler))
		m.add(&m.values, workforceIdentity("locations/global/workforcePools/"+filler, filler))
	}
}

func workforceIdentity(pool, subject string) string {
	return `{"iam_principal":` + quote("principal://iam.googleapis.com/"+pool+"/subject/"+subject) +
		`,"workforce_pool_name":` + quote(pool) + `}`
}

// subjectForms are subjects as the issuer writes them.
func subjectForms(sh *authn.Shape, name string) []string {
	switch {
	case sh.TrustDomain != "":
		return []string{"spiffe://" + sh.TrustDomain + "/" + name}
	case sh.Cluster:
		return []string{"system:serviceaccount:" + name + ":" + name, name}
	}
	return []string{name}
}
