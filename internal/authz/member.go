package authz

import (
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// memberKind is a kind of Google IAM principal identifier
// (cloud.google.com/iam/docs/principal-identifiers).
type memberKind uint8

const (
	everyone       memberKind = iota // allUsers
	authenticated                    // allAuthenticatedUsers of one issuer
	user                             // user:ADDRESS
	serviceAccount                   // serviceAccount:ADDRESS
	group                            // group:NAME
	domain                           // domain:NAME
	callerSubject                    // sub:SUBJECT, and what workload.go makes of other members
	account                          // serviceAccount:NAMESPACE/NAME, of Kubernetes
	subject                          // principal://POOL/subject/SUB
	poolAttribute                    // principalSet://POOL/attribute.NAME/VALUE
	poolGroup                        // principalSet://POOL/group/NAME
	poolMember                       // principalSet://POOL/*
	spiffe                           // spiffe://TRUST-DOMAIN/PATH
	certificate                      // dns:NAME, subject:NAME or certificate:SHA-256, of a certificate
	namespace                        // namespace:NAME, any workload of that namespace

	// Each of these stands for all members of a kind, see member.untold.
	untoldSubject
	untoldAddress
	untoldDomain
	untoldGroup
	untoldPoolGroup
	untoldAttribute
	untoldPool
	untoldCertificate
)

// member is one of them, as an issuer asserts it. The issuer is "" in a deny that
// names none: then any issuer may assert it.
type member struct {
	issuer    string
	kind      memberKind
	name      string
	attribute string // of poolAttribute and untoldAttribute
}

// identifier is a member as it is written, before its issuers are known.
type identifier struct {
	member
	at      strictjson.Value // for problems
	pool    string           // of the issuers that may assert it; "" for any
	deleted bool             // it matches nobody
}

const serviceAccountDomain = ".gserviceaccount.com"

// parseMember reads a member of a grant, a deny, a group or an IAM binding.
func parseMember(v strictjson.Value) (id identifier, ok bool) {
	text := v.Text()
	kind, name, _ := strings.Cut(text, ":")
	id.name, id.at = name, v
	switch {
	case text == "allUsers":
		id.kind = everyone
		return id, true
	case text == "allAuthenticatedUsers":
		id.kind = authenticated
		return id, true
	case text == "":
		return id, false // reported by Text
	}
	mustBe := anyMember
	if name != "" {
		mustBe = id.parse(kind, text)
	}
	if mustBe != "" {
		failWithHint(v, "must be "+mustBe+"; got "+strconv.Quote(text), likelyMember(text))
		return id, false
	}
	return id, true
}

// anyMember is what a member must be whose kind is not known.
const anyMember = "allUsers, allAuthenticatedUsers, " +
	"or a name after sub:, user:, serviceAccount:, group:, domain:, principal:, principalSet:, spiffe:, namespace:, dns:, " +
	"subject: or certificate:"

// parse reads a member of a kind whose name, in id, is not empty. It returns what
// a member of that kind must be, or "" if this is one.
func (id *identifier) parse(kind, text string) (mustBe string) {
	name := id.name
	switch kind {
	case "deleted": // deleted:user:ANA?uid=… remains in IAM policies and matches no account
		id.deleted = true
	case "user":
		id.kind = user
		if !addressForm(name) || strings.HasSuffix(strings.ToLower(name), serviceAccountDomain) {
			mustBe = "user: and an address, such as user:ana@example.com"
		}
	case "sub":
		id.kind = callerSubject
	case "serviceAccount":
		id.kind = serviceAccount
		if accountForm(name) {
			id.kind = account
		} else if !addressForm(name) || !strings.HasSuffix(name, serviceAccountDomain) {
			mustBe = "serviceAccount: and the address in its tokens, NAME@PROJECT.iam" + serviceAccountDomain +
				", or NAMESPACE/NAME of a Kubernetes cluster"
		}
	case "group":
		id.kind = group
	case "domain":
		id.kind = domain
		if !domainForm(name) {
			mustBe = "domain: and a domain in lower case"
		}
	case "spiffe":
		id.kind, id.name = spiffe, text
	case "dns", "subject", "certificate":
		id.kind, id.name = certificate, text
		return mustBeName(kind, name)
	case "namespace":
		id.kind = namespace
		if !inference.IsLabel(name) {
			mustBe = "namespace: and a DNS-1123 label"
		}
	case "principal", "principalSet":
		return id.parsePool(kind, name)
	default:
		return anyMember
	}
	return mustBe
}

// parsePool reads the name after principal: or principalSet:. It returns the same
// as parse.
func (id *identifier) parsePool(scheme, name string) (mustBe string) {
	pool, within, ok := splitPool(name)
	if !ok {
		return scheme + "://iam.googleapis.com/locations/global/workforcePools/POOL/… or " +
			scheme + "://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/…"
	}
	id.pool = pool
	kind, rest, _ := strings.Cut(within, "/")
	attribute, isAttribute := strings.CutPrefix(kind, "attribute.")
	switch {
	case scheme == "principal" && kind == "subject" && rest != "":
		id.kind, id.name = subject, rest
	case scheme == "principalSet" && within == "*":
		id.kind, id.name = poolMember, ""
	case scheme == "principalSet" && kind == "group" && rest != "":
		id.kind, id.name = poolGroup, rest
	case scheme == "principalSet" && isAttribute && attribute != "" && rest != "":
		id.kind, id.name, id.attribute = poolAttribute, rest, attribute
	case scheme == "principal":
		return "principal://…/POOL/subject/SUBJECT"
	default:
		return "principalSet://…/POOL/ and then group/NAME, attribute.NAME/VALUE or *"
	}
	return ""
}
