package authn

import (
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Warnings says where issuers may not mean what they say, and where they accept more than
// others. A token service mostly has an https URL as its iss, which is compared exactly.
// activators are the peers that pass on what any caller sends.
func (a *Authenticator) Warnings(activators []string) (list strictjson.Problems) {
	warn := func(at, format string, args ...any) {
		list = append(list, strictjson.Problem{Pointer: at, Message: phrase.Sprintf(format, args...)})
	}
	for _, open := range []struct {
		field string
		names []string
	}{{"dns", a.peers.dns}, {"subjects", a.peers.subjects}, {"certificates", a.peers.certificates}} {
		if slices.Contains(open.names, "*") {
			warn("/peer/"+open.field, "peer has \"*\" in %q: whoever has a certificate of an authority that the listener trusts "+
				"is a principal, and meets \"require\"", open.field)
		}
	}
	for i, is := range a.issuers {
		at := "/issuers/" + strconv.Itoa(i)
		if is.relay != nil && slices.ContainsFunc(is.relay.peers, func(name string) bool { return slices.Contains(activators, name) }) {
			warn(at, "the activator is a peer of the relay %q: every caller can send that relay's headers through it", is.Name)
		}
		if len(is.iss) == 1 && strings.Contains(is.iss[0], ".") && !strings.ContainsAny(is.iss[0], ":@") {
			warn(at+"/issuer", "issuer %q has the iss %q without https://: it is compared exactly with the token's", is.Name, is.iss[0])
		}
		for _, text := range is.keyWarnings() {
			warn(at, "%s", text)
		}
		if !is.noAudience {
			continue
		}
		var claims []string
		for _, r := range is.required {
			if r.anyOf != nil {
				claims = append(claims, r.pointer.String())
			}
		}
		warn(at+"/noAudience", "issuer %q has \"noAudience\": its tokens for any other service count here too, unless they differ in %s",
			is.Name, strings.Join(claims, " and "))
	}
	return list
}

// FoldsAddresses reports whether grants compare addresses of the named issuer in lower case.
func (a *Authenticator) FoldsAddresses(issuer string) bool {
	is := a.issuer(issuer)
	return is != nil && is.address.folded
}

// keyWarnings says which keys that the configuration has verify nothing.
func (is *Issuer) keyWarnings() (list []string) {
	for _, n := range is.notes {
		if n.Why != "" {
			list = append(list, phrase.Sprintf("issuer %q has in its variable the key %q, which is skipped: %s", is.Name, n.ID, n.Why))
		}
	}
	if is.inline == nil {
		return list
	}
	unnamed := map[string]int{}
	for _, k := range is.inline.keys {
		if k.ID == "" {
			unnamed[k.alg.name]++
		}
	}
	for _, alg := range is.algorithms {
		if n := unnamed[alg.name]; n > maxTried {
			list = append(list, phrase.Sprintf("issuer %q has %d keys without kid for %s: only the first %d are tried",
				is.Name, n, alg.name, maxTried))
		}
	}
	return list
}
