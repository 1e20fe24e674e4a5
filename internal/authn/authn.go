// Package authn answers who is calling: it finds the token in a request's
// headers, verifies it against the keys of the issuer it names, and makes a
// Principal of its claims. It knows neither models nor grants, reads no clock
// and makes no call: the time, the keys and a faster verifier are arguments.
//
// Signatures are golang-jwt's, where the host does not verify them. What it leaves
// open is decided here: which algorithm a key serves, the exact form of a token,
// and every claim's type. Dates and audiences are read here by its rules, to which
// the tests hold them: its Validator allocates anew for each token.
package authn

import (
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Principal is the authenticated caller. The zero value is anonymous.
type Principal struct {
	Issuer       string            // the configured issuer's name; "" for anonymous
	Subject      string            // sub
	Email        string            // an address the issuer vouches for, or ""
	ClaimedEmail string            // the one that is claimed, vouched for or not: for denies
	Domain       string            // hd, the hosted domain of a Google account
	Groups       []string          // of the claim that the issuer's "groups" points to
	Pool         string            // the identity pool the issuer stands for, or ""
	Attributes   [][2]string       // of that pool: name and value
	Claims       strictjson.Result // the verified payload
	Expires      time.Time         // when the token expires, skew included; zero for one that does not
	// Peer is the SPIFFE ID of the connection's validated certificate, or "". It
	// is a second, independent part: it may be there without a token.
	Peer string
}

// Anonymous reports whether the request carried no token. Its connection may
// still have a Peer.
func (p *Principal) Anonymous() bool { return p.Issuer == "" }

// Nobody is anonymous.
func Nobody() *Principal { return &nobody }

var nobody Principal // never written to

// Keys is a snapshot of every issuer's key set, nil where it is not known. It is
// immutable.
type Keys struct{ sets []*KeySet }

// Env is what the world looks like during one call. Nothing else is read.
type Env struct {
	Now  time.Time
	Keys *Keys
	// Verify checks a signature outside the module. done is false where it
	// cannot, and then Go does. Nil is the same as never done.
	Verify func(k *Key, signed, signature string) (ok, done bool)
	Cache  *Cache // nil verifies every token anew
	// WaitPolicy is what can still be done about keys that are not in Keys. The
	// zero value is for a host that cannot wait.
	WaitPolicy keys.WaitPolicy
}

// MissingKey is the key that a request waits for.
type MissingKey struct {
	Issuer string // its name
	KeyID  string
}

// Authenticator is the compiled "issuers" of a configuration. It is immutable.
type Authenticator struct {
	issuers  []*Issuer
	carriers []*carrier // in configured order
	domain   trustDomain
	binds    bool // some issuer's tokens are bound to certificates
}

// maxIssuers bounds a configuration, not an organisation.
const maxIssuers = 64

// Compile reads "issuers" and "peer". The keys are those that stand in the
// configuration.
func Compile(v, peer strictjson.Value, secrets Secrets) (*Authenticator, *Keys) {
	a, snapshot := &Authenticator{}, &Keys{}
	if peer.Exists() {
		a.domain = compileTrustDomain(peer)
	}
	items := v.Items()
	if len(items) > maxIssuers {
		v.Fail("has more than %d issuers", maxIssuers)
		return a, snapshot
	}
	for i, item := range items {
		is, set := compileIssuer(item, i, secrets, a.domain)
		if a.HasIssuer(is.Name) {
			item.Fail("the name %q stands twice", is.Name)
		}
		a.issuers = append(a.issuers, is)
		a.binds = a.binds || is.bound
		snapshot.sets = append(snapshot.sets, set)
		if is.relay != nil {
			a.carriers = append(a.carriers, &carrier{relay: is.relay})
		}
		for _, s := range is.sources {
			a.addSource(s, is, item)
		}
	}
	return a, snapshot
}

// HasIssuer reports whether an issuer of that name is configured.
func (a *Authenticator) HasIssuer(name string) bool {
	for _, is := range a.issuers {
		if is.Name == name {
			return true
		}
	}
	return false
}

// IssuerNames lists the issuers' names in configured order.
func (a *Authenticator) IssuerNames() (names []string) {
	for _, is := range a.issuers {
		names = append(names, is.Name)
	}
	return names
}

// Pool is the identity pool that the named issuer stands for, or "".
func (a *Authenticator) Pool(issuer string) string {
	for _, is := range a.issuers {
		if is.Name == issuer {
			return is.pool
		}
	}
	return ""
}

// Headers lists the headers that carry tokens, and those by which a gateway
// says who called, in lower case.
func (a *Authenticator) Headers() (tokens, relayed []string) {
	for _, c := range a.carriers {
		if c.relay == nil {
			tokens = append(tokens, c.header)
			continue
		}
		for _, name := range []string{c.relay.subject, c.relay.email, c.relay.groups} {
			if name != "" {
				relayed = append(relayed, name)
			}
		}
	}
	return tokens, relayed
}

// NeedsPeer reports whether there is any use in asking the host for the
// connection's certificate: a trust domain is pinned, or tokens are bound to it.
func (a *Authenticator) NeedsPeer() bool { return a.domain != "" || a.binds }

// HasTrustDomain reports whether a trust domain is pinned, so that certificates name
// somebody.
func (a *Authenticator) HasTrustDomain() bool { return a.domain != "" }

// IsPeerID reports whether id is a SPIFFE ID of the pinned trust domain.
func (a *Authenticator) IsPeerID(id string) bool { return a.domain.holds(id) }

// Result is the answer to the question who is calling.
type Result struct {
	// Principal is the caller, and anonymous unless Reason is Allowed. It must not be
	// changed: Env.Cache shares it. Each hit of the cache returns the same pointer,
	// unless the connection has a Peer.
	Principal *Principal
	Reason    reason.Reason
	// Missing is the key for want of which the request is refused, where the issuer
	// publishes its keys and Env.WaitPolicy allows the request to wait. It is nil
	// otherwise.
	Missing *MissingKey
	// CacheHit reports that the caller's token was in Env.Cache.
	CacheHit bool
}

// Authenticate names the caller. The first configured source that the request
// has decides, and its failure is final: a bad assertion never falls through
// to a bearer token. Without any source the caller is anonymous, which is
// Allowed here; whether anonymous may do anything is not decided here.
func (a *Authenticator) Authenticate(env Env, pairs [][2]string, peer Peer) Result {
	id := a.domain.identify(peer)
	r := a.authenticate(env, pairs, peer, id)
	if id != "" {
		also := *r.Principal
		also.Peer = id
		r.Principal = &also
	}
	return r
}

func (a *Authenticator) authenticate(env Env, pairs [][2]string, peer Peer, id string) Result {
	for _, c := range a.carriers {
		if c.relay != nil {
			if p, found, why := c.relay.read(id, pairs); found {
				return Result{Principal: &p, Reason: why}
			}
			continue
		}
		token, at, found, why := c.read(pairs)
		if !found {
			continue
		}
		if why != reason.Allowed {
			return Result{Principal: Nobody(), Reason: why}
		}
		v, hit := at.authenticate(env, token)
		switch {
		case v.why != reason.Allowed:
			return Result{Principal: Nobody(), Reason: v.why, Missing: v.missing}
		case v.thumbprint != "" && v.thumbprint != peer.thumbprint():
			return Result{Principal: Nobody(), Reason: reason.TokenBinding}
		}
		return Result{Principal: &v.principal, Reason: reason.Allowed, CacheHit: hit}
	}
	return Result{Principal: Nobody(), Reason: reason.Allowed}
}
