package authn

import (
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// compileSubject reads "subject": the claims that have the caller's name, in order; sub
// alone without it. Tokens of client credentials have no sub in some services: the name is
// in client_id (RFC 9068 section 2.2), azp or oid.
func (is *Issuer) compileSubject(o strictjson.Object) {
	v := o.Get("subject")
	if v.Exists() && is.trustDomain != "" {
		v.Fail(`must not be beside "trustDomain": the name is the SPIFFE ID in sub`)
	}
	is.subject = compilePointers(v)
}

// compilePointers reads one JSON Pointer, or an array of them.
func compilePointers(v strictjson.Value) (list []strictjson.Pointer) {
	if v.Exists() && !v.JSON().IsArray() {
		return []strictjson.Pointer{compilePointer(v)}
	}
	for _, item := range v.Items() {
		list = append(list, compilePointer(item))
	}
	return list
}

// subjectOf returns the caller's name: of the claims, the first that is there and not empty.
// One of another type is a fault, and no reason to look at the next.
func (is *Issuer) subjectOf(c claims) (string, fault) {
	if is.subject == nil {
		sub, isText := c.text("sub")
		if !isText || sub == "" || is.trustDomain != "" && !is.trustDomain.contains(sub) {
			return "", faultAt(reason.ClaimsInvalid, subClaim)
		}
		return sub, none()
	}
	for _, p := range is.subject {
		switch v := c.at(p); {
		case v.Type == strictjson.String && v.Str != "":
			return v.Str, none()
		case v.Type != strictjson.Null && v.Type != strictjson.String:
			return "", faultAt(reason.ClaimsInvalid, p)
		}
	}
	return "", faultAt(reason.ClaimsInvalid, is.subject[0])
}

// checkSubjectClaim refuses a name that is an address for which nobody vouches: who can write
// it could take anybody's.
func (is *Issuer) checkSubjectClaim(c claims, p *Principal) fault {
	for _, s := range is.subject {
		if c.at(s).Str == "" {
			continue
		}
		if !p.Vouches(s) {
			return faultAt(reason.ClaimsInvalid, s)
		}
		break // the others name nobody
	}
	return none()
}
