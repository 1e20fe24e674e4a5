package analysis

import (
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// addTerm adds what a rule compares.
func (d *description) addTerm(t *authz.Term) {
	if of := t.Member.Issuer(); of != "" && of != d.sp.issuer {
		return
	}
	if d.sp.shapes[0].Kind != authn.Relayed {
		for _, c := range t.Conditions {
			for _, p := range c.Pointers() {
				d.at(d.claim(p)).addCondition(c)
			}
		}
	}
	d.addMember(t.Member)
}

func (d *description) addMember(of authz.Member) {
	if of.Untold() || of.Issuer() != "" && of.Issuer() != d.sp.issuer {
		return
	}
	for i := range d.sp.shapes {
		sh := &d.sp.shapes[i]
		if d.sp.sides[i].issuers.HasIssuer(d.sp.issuer) {
			d.addMemberOf(sh, of)
		}
	}
}

func (d *description) addMemberOf(sh *authn.Shape, of authz.Member) {
	name := of.Name()
	switch of.Fact() {
	case authz.Address:
		d.at(sh.Address).addText(spellings(name)...)
	case authz.Domain:
		if sh.IsDomain {
			d.at(sh.Address).addText(filler + "@" + name)
		} else if sh.Kind == authn.Tokens {
			d.at(strictjson.Pointer{"hd"}).addText(spellings(name)...)
		}
	case authz.Groups:
		for _, g := range sh.Groups {
			d.at(g.Pointer).addGroup(g.Form, name)
		}
	case authz.Subject, authz.Pool:
		d.addSubject(sh, of, name)
	case authz.Attribute:
		for _, a := range sh.Attributes {
			if a.Name == of.Attribute() {
				d.at(a.Pointer).addText(name)
			}
		}
	}
}

func (d *description) addSubject(sh *authn.Shape, of authz.Member, name string) {
	if sh.Workforce && of.Fact() == authz.Pool {
		m := d.at(strictjson.Pointer{"workforce_identity"})
		if name != "" {
			m.add(&m.values, workforceIdentity(sh.Pool, name))
		}
		return
	}
	for _, p := range sh.Subject {
		m := d.at(p)
		switch {
		case name == "":
		case of.IsNamespace() && sh.Cluster:
			m.addText("system:serviceaccount:" + name + ":" + filler)
		case of.IsNamespace():
			m.addText("spiffe://" + sh.TrustDomain + "/ns/" + name + "/sa/" + filler)
		case of.IsAccount():
			m.addText("spiffe://" + sh.TrustDomain + "/ns/" + name)
		default:
			m.addText(name)
		}
	}
}

// addGroupMember adds who is in a group of the configuration.
func (d *description) addGroupMember(name string, isSubject bool) {
	for i := range d.sp.shapes {
		sh := &d.sp.shapes[i]
		switch {
		case isSubject:
			for _, p := range sh.Subject {
				d.at(p).addText(name)
			}
		case len(sh.Address) > 0:
			d.at(sh.Address).addText(spellings(name)...)
		}
	}
}
