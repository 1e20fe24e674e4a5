package authn

import (
	"slices"
	"strings"
	"unsafe"
)

// Detach returns a principal that shares no memory with the request. It is the same one
// where it is anonymous, or made of a token alone: a token is decoded into memory of its
// own. A certificate and the headers of a relay are the request's.
func (p *Principal) Detach() *Principal {
	if p.IsToken() && (p.Anonymous() || p.Claims.Exists()) {
		return p
	}
	own := *p
	own.Holder = *p.Holder.detach()
	if p.Claims.Exists() {
		return &own
	}
	own.Subject, own.Email, own.ClaimedEmail = strings.Clone(p.Subject), strings.Clone(p.Email), strings.Clone(p.ClaimedEmail)
	own.Groups = slices.Clone(p.Groups)
	for i, group := range own.Groups {
		own.Groups[i] = strings.Clone(group)
	}
	return &own
}

// Bytes estimates how much memory a principal takes; 0 for nobody. Strings that are part
// of the claims are counted twice.
func (p *Principal) Bytes() int {
	if p == &nobody {
		return 0
	}
	n := int(unsafe.Sizeof(*p)) + len(p.Claims.Raw) + len(p.Subject) + len(p.Email) + len(p.ClaimedEmail) +
		len(p.Domain) + len(p.Pool) + len(p.PoolSubject) + p.Holder.bytes()
	n += (cap(p.Groups)+cap(p.UntoldAttributes))*int(unsafe.Sizeof("")) + cap(p.Attributes)*int(unsafe.Sizeof([2]string{}))
	for _, group := range p.Groups {
		n += len(group)
	}
	for i := range p.Attributes {
		n += len(p.Attributes[i][0]) + len(p.Attributes[i][1])
	}
	return n
}
