package authn

import (
	"slices"

	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// relay is an issuer that signs nothing: a gateway in front of this proxy that has
// verified the caller and names the caller in headers. The headers count only on a
// connection from one of the relay's peers. From anyone else they are forgeries,
// and they never reach the upstream.
type relay struct {
	name                   string
	peers                  []string // names of certificates, as members are written
	subject, email, groups string   // header names; email and groups may be ""
	absentIsNone           Untold   // as Issuer's
}

// compileRelay reads "relay" of the issuer called name.
func compileRelay(v strictjson.Value, name string, rules *peerRules) *relay {
	o := v.Object("peers", "subject", "email", "groups")
	r := &relay{name: name, peers: rules.readHolders(o.Need("peers"))}
	var names []string
	header := func(h strictjson.Value) string {
		name := compileHeaderName(h, headers.Identity)
		if name != "" && slices.Contains(names, name) {
			h.Fail("%q is there twice", name)
		}
		names = append(names, name)
		return name
	}
	r.subject, r.email, r.groups = header(o.Need("subject")), header(o.Get("email")), header(o.Get("groups"))
	return r
}

// principal makes the caller of the gateway's headers; peer has the connection's
// certificate. found is false if the connection is not the gateway's, or if it names
// nobody.
func (r *relay) principal(peer *Holder, pairs [][2]string) (p Principal, found bool, why reason.Reason) {
	if !peer.isOneOf(r.peers) {
		return Principal{}, false, reason.Allowed
	}
	subject, subjects := headerValue(pairs, r.subject)
	email, emails := headerValue(pairs, r.email)
	groups, groupLists := headerValue(pairs, r.groups)
	switch {
	case subjects > 1 || emails > 1 || groupLists > 1:
		return Principal{}, true, reason.CredentialRepeated
	case subjects == 0:
		return Principal{}, false, reason.Allowed
	case subject == "", emails == 1 && !isEmailAddress(email):
		return Principal{}, true, reason.ClaimsInvalid
	}
	var named Untold
	if emails == 1 {
		named |= UntoldAddress
	}
	if groupLists == 1 {
		named |= UntoldGroups
	}
	return r.principalOf(subject, email, groups, named), true, reason.Allowed
}
