package authz

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// memberKind is a kind of Google IAM principal identifier
// (cloud.google.com/iam/docs/principal-identifiers).
type memberKind uint8

const (
	everyone       memberKind = iota // allUsers
	authenticated                    // allAuthenticatedUsers of one issuer; principalSet://POOL/*
	user                             // user:ADDRESS
	serviceAccount                   // serviceAccount:ADDRESS
	group                            // group:NAME; principalSet://POOL/group/NAME
	domain                           // domain:NAME
	subject                          // principal://POOL/subject/SUB
	poolAttribute                    // principalSet://POOL/attribute.NAME/VALUE
	spiffe                           // spiffe://TRUST-DOMAIN/PATH, the connection's certificate
	namespace                        // namespace:NAME, any certificate of that namespace
)

// member is one of them as an issuer asserts it; issuer is "" where any may,
// which only a deny allows.
type member struct {
	issuer    string
	kind      memberKind
	name      string
	attribute string // of poolAttribute
}

// identifier is a member as it is written, before it is bound to issuers.
type identifier struct {
	member
	pool    string // the issuer must stand for this pool
	deleted bool   // matches nobody
}

const serviceAccountDomain = ".gserviceaccount.com"

// parseMember reads a member of a grant, a deny, a group or an IAM binding.
func parseMember(v strictjson.Value) (id identifier, ok bool) {
	text := v.Text()
	kind, name, _ := strings.Cut(text, ":")
	id.name = name
	switch {
	case text == "allUsers":
		id.kind = everyone
		return id, true
	case text == "allAuthenticatedUsers":
		id.kind = authenticated
		return id, true
	case text == "":
		return id, false // reported by Text
	case name == "":
		v.Fail("is no member such as user:ana@example.com")
		return id, false
	}
	if why := id.parse(kind, text); why != "" {
		v.Fail("%q %s", text, why)
		return id, false
	}
	return id, true
}

// parse reads a member of a kind; its name is what follows.
func (id *identifier) parse(kind, text string) (why string) {
	name := id.name
	switch kind {
	case "deleted": // deleted:user:ANA?uid=… stays in policies and never matches a living account
		id.deleted = true
	case "user":
		id.kind = user
		if !oneAt(name) || strings.HasSuffix(strings.ToLower(name), serviceAccountDomain) {
			why = "is no user's address"
		}
	case "serviceAccount":
		id.kind = serviceAccount
		if !oneAt(name) || !strings.HasSuffix(name, serviceAccountDomain) {
			why = "is no service account's address: tokens carry NAME@PROJECT.iam" + serviceAccountDomain
		}
	case "group":
		id.kind = group
	case "domain":
		id.kind = domain
		if !domainForm(name) {
			why = "is no domain in lower case"
		}
	case "spiffe":
		id.kind, id.name = spiffe, text
	case "namespace":
		id.kind = namespace
		if !inference.Label(name) {
			why = "is no DNS-1123 label"
		}
	case "principal", "principalSet":
		return id.parsePool(kind, name)
	default:
		return "is of a kind that is not known here"
	}
	return why
}

// parsePool reads what follows principal: or principalSet:.
func (id *identifier) parsePool(scheme, name string) (why string) {
	pool, within, ok := splitPool(name)
	if !ok {
		return "names no workforce or workload identity pool"
	}
	id.pool = pool
	kind, rest, _ := strings.Cut(within, "/")
	attribute, isAttribute := strings.CutPrefix(kind, "attribute.")
	switch {
	case scheme == "principal" && kind == "subject" && rest != "":
		id.kind, id.name = subject, rest
	case scheme == "principalSet" && within == "*":
		id.kind, id.name = authenticated, ""
	case scheme == "principalSet" && kind == "group" && rest != "":
		id.kind, id.name = group, rest
	case scheme == "principalSet" && isAttribute && attribute != "" && rest != "":
		id.kind, id.name, id.attribute = poolAttribute, rest, attribute
	default:
		return "is no subject, group, attribute or \"*\" of the pool"
	}
	return ""
}

// ofPeer reports whether it is a member by certificate and not by token.
func (id identifier) ofPeer() bool { return !id.deleted && (id.kind == spiffe || id.kind == namespace) }

func oneAt(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	return ok && local != "" && host != "" && !strings.Contains(host, "@")
}

// asGranted is what a caller goes by for grants: the address that its issuer vouches for,
// and every name exactly as the rule has it.
func asGranted(p *authn.Principal) (address, domain string) { return p.Email, p.Domain }

// asDenied is what a caller goes by for denies: an address that it only claims, and
// in whatever case, is enough. Google IAM takes addresses and domains without
// regard to case; so who is denied could otherwise call under another spelling.
func asDenied(p *authn.Principal) (address, domain string) {
	return strings.ToLower(p.ClaimedEmail), strings.ToLower(p.Domain)
}

// folded is the form of a member in the rules that asDenied is looked up in.
func (m member) folded() member {
	if m.kind == user || m.kind == serviceAccount || m.kind == domain {
		m.name = strings.ToLower(m.name)
	}
	return m
}

// of calls yield with every member that p is for an issuer's rules: what the
// issuer's token says, and the snapshot's groups of its address.
func (t *table) of(p *authn.Principal, issuer string, yield func(member)) {
	address, hosted := t.as(p)
	yield(member{issuer: issuer, kind: authenticated})
	if address != "" {
		m := member{issuer: issuer, kind: user, name: address}
		if strings.HasSuffix(address, serviceAccountDomain) {
			m.kind = serviceAccount
		}
		yield(m)
		for _, name := range t.groups[member{kind: m.kind, name: address}] {
			yield(member{issuer: issuer, kind: group, name: name})
		}
	}
	if hosted != "" {
		yield(member{issuer: issuer, kind: domain, name: hosted})
	}
	for _, name := range p.Groups {
		yield(member{issuer: issuer, kind: group, name: name})
	}
	if p.Pool == "" {
		return
	}
	yield(member{issuer: issuer, kind: subject, name: p.Subject})
	for _, a := range p.Attributes {
		yield(member{issuer: issuer, kind: poolAttribute, attribute: a[0], name: a[1]})
	}
}

// groups is the snapshot: from a user or service account, without issuer, to
// the names of its groups.
type groups map[member][]string

// folded is the snapshot for denies.
func (g groups) folded() groups {
	f := groups{}
	for m, names := range g {
		f[m.folded()] = append(f[m.folded()], names...)
	}
	return f
}

// compileGroups reads "groups": membership that no token carries.
func compileGroups(v strictjson.Value) groups {
	g := groups{}
	names := map[string]bool{}
	for _, item := range v.Items() {
		o := item.Object("name", "members")
		name := o.Need("name").Text()
		if names[name] && name != "" {
			o.Get("name").Fail("%q stands twice", name)
		}
		names[name] = true
		for _, m := range o.Need("members").Items() {
			id, ok := parseMember(m)
			switch {
			case !ok || id.deleted:
			case id.kind != user && id.kind != serviceAccount:
				m.Fail("a group's snapshot holds users and service accounts; write nested groups out")
			default:
				g[id.member] = append(g[id.member], name)
			}
		}
	}
	return g
}
