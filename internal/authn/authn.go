// Package authn says who is calling: it finds the token in a request's headers,
// verifies it with the keys of its issuer, and makes a Principal of its claims. It
// knows neither models nor grants, reads no clock and makes no call: the time, the
// keys and a faster verifier of signatures are arguments.
//
// golang-jwt verifies the signatures that the host does not verify. This package
// decides what golang-jwt leaves open: which algorithm a key serves, the exact form of
// a token, and the type of each claim. It also checks dates and audiences, by the
// rules of golang-jwt's Validator: that one allocates for each token. The tests
// compare the two.
package authn

import (
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Principal is the authenticated caller. The zero value is anonymous.
type Principal struct {
	Issuer       string      // the configured issuer's name; "" for anonymous
	Subject      string      // sub
	Email        string      // an address that the issuer vouches for, or ""
	ClaimedEmail string      // the address in the token, even if nobody vouches for it: for denies
	Domain       string      // hd, the hosted domain of a Google account
	Groups       []string    // from the claim to which the issuer's "groups" points
	Pool         string      // the identity pool that the caller is in, or ""
	PoolSubject  string      // the caller's subject in Pool
	Attributes   [][2]string // of the pool: name and value
	// Untold has the kinds of members that the token leaves open; none if there is no token.
	Untold           Untold
	UntoldAttributes []string             // names of attributes of Pool that the token leaves open
	Unverified       []strictjson.Pointer // claims with an address for which nobody vouches, see Vouches
	Claims           strictjson.Result    // the verified payload
	Expires          time.Time            // when the token expires, skew included; zero if there is no token
	Holder                                // of the client certificate
	// SignedBy is the keyid of the signature of the whole request, or "". Authenticate never
	// sets it: whoever verifies the signature does.
	SignedBy string
}

// Anonymous reports whether the request carried no token. Its connection may
// still have a Peer.
func (p *Principal) Anonymous() bool { return p.Issuer == "" }

// Nobody returns the anonymous principal. It must not be changed.
func Nobody() *Principal { return &nobody }

var nobody Principal // never written to

// Keys is an immutable snapshot of the key sets of all issuers.
type Keys struct{ sets []*KeySet } // by Issuer.index; nil if not known yet

// Env is the input of Authenticate beside the request. Nothing else is read.
type Env struct {
	Now  time.Time
	Keys *Keys
	// Verify verifies a signature outside the module. If done is false, it could not,
	// and Go verifies the signature. Verify may be nil.
	Verify func(k *Key, signed, signature string) (ok, done bool)
	Cache  *Cache // if nil, each token is verified anew
	// WaitPolicy is what the request may still do about a key that is not in Keys.
	// The zero value is for a host that cannot wait.
	WaitPolicy keys.WaitPolicy
}

// MissingKey is the key for which a request waits.
type MissingKey struct {
	Issuer string // its name
	KeyID  string
}

// Authenticator is the compiled "issuers" and "peer" of a configuration. It is
// immutable.
type Authenticator struct {
	issuers          []*Issuer
	extractors       []*extractor // in configured order
	peers            peerRules
	certificateBound bool // some issuer's tokens are bound to certificates
	byName           map[string]*Issuer
	signatures       bool // requests may be signed
}

// maxIssuers bounds the memory of a configuration. For one token their number does not
// matter: its iss finds its issuer.
const maxIssuers = 4096

// Compile reads "issuers" and "peer". signatures says that requests may be signed. The
// snapshot has the keys that are in the configuration.
func Compile(issuers, peer strictjson.Value, signatures bool, secrets Secrets) (*Authenticator, *Keys) {
	a, snapshot := &Authenticator{signatures: signatures, byName: map[string]*Issuer{}}, &Keys{}
	if peer.Exists() {
		a.peers = compilePeer(peer)
	}
	items := issuers.Items()
	if len(items) > maxIssuers {
		issuers.Fail("must have at most %d issuers; got %d", maxIssuers, len(items))
		return a, snapshot
	}
	for i, item := range items {
		is, set := a.compileIssuer(item, i, secrets)
		if a.HasIssuer(is.Name) {
			item.Fail("the name %q is there twice", is.Name)
		}
		a.issuers = append(a.issuers, is)
		a.byName[is.Name] = is
		a.certificateBound = a.certificateBound || is.certificateBound
		snapshot.sets = append(snapshot.sets, set)
		if is.relay != nil {
			a.extractors = append(a.extractors, &extractor{relay: is.relay})
		}
		for _, l := range is.locations {
			a.addLocation(l, is, item)
		}
	}
	return a, snapshot
}

// Result is who calls, or why that is not known.
type Result struct {
	// Principal is the caller, and anonymous unless Reason is Allowed. It must not be
	// changed: Env.Cache shares it. Each hit of the cache returns the same pointer,
	// unless the connection has a Peer.
	Principal *Principal
	Reason    reason.Reason
	// Missing is the key that the token needs and the snapshot does not have. It is nil
	// unless the issuer publishes its keys and Env.WaitPolicy allows the request to wait.
	Missing *MissingKey
	// Issuer is the name of the configured issuer whose token is refused, and Claim the
	// JSON Pointer of the claim at fault, if Reason is of a token whose signature holds.
	Issuer, Claim string
	// Refusal is what is at fault, for those who run the gate; nil if Reason is Allowed.
	Refusal *Refusal
	// CacheHit reports that the caller's token was in Env.Cache.
	CacheHit bool
	// Token says whether the request's token was in Env.Cache, also if it is refused.
	Token Lookup
	// Require is what the issuer asks for beside the token. Authenticate has checked it, but
	// for a signature of the request, which is checked by whoever verifies that.
	Require Proofs
}

// Lookup is what a cache was asked for, and had.
type Lookup uint8

// The zero Lookup is of a cache that was not asked.
const (
	NotLooked Lookup = iota
	Miss
	Hit
)

// LookupOf returns Hit or Miss.
func LookupOf(hit bool) Lookup {
	if hit {
		return Hit
	}
	return Miss
}

// Authenticate returns the caller of a request. The first configured location where
// the request has a credential decides, and its failure is final: a bearer token is
// not tried after a bad assertion. Without a credential the caller is anonymous, and
// the reason is Allowed: what an anonymous caller may do is not decided here.
func (a *Authenticator) Authenticate(env Env, pairs [][2]string, peer Peer) Result {
	holder, connection, why := a.peers.holder(pairs, &peer)
	if why != reason.Allowed {
		return Result{Principal: Nobody(), Reason: why, Refusal: refusalAt("", "header "+forwardedHeader, forwardedRule)}
	}
	r := a.authenticate(env, pairs, &holder, &connection)
	if !holder.IsToken() {
		also := *r.Principal
		also.Holder = holder
		r.Principal = &also
	}
	return r
}

func (a *Authenticator) authenticate(env Env, pairs [][2]string, holder, connection *Holder) Result {
	for _, e := range a.extractors {
		if e.relay != nil {
			if p, found, why := e.relay.principal(connection, pairs); found {
				return Result{Principal: &p, Reason: why, Refusal: e.relay.describe(pairs, why)}
			}
			continue
		}
		token, s, found, why := e.extract(pairs)
		if !found {
			continue
		}
		if why != reason.Allowed {
			return Result{Principal: Nobody(), Reason: why, Refusal: e.describe(pairs, why)}
		}
		v, hit := s.verifyCached(env, token)
		r := v.result(holder)
		r.CacheHit, r.Token = hit && r.Reason == reason.Allowed, LookupOf(hit)
		return r
	}
	return Result{Principal: Nobody(), Reason: reason.Allowed}
}

// result returns the caller whose token was verified, unless it needs a certificate that the
// connection lacks.
func (v *verification) result(holder *Holder) Result {
	switch {
	case v.why != reason.Allowed:
		return v.refused()
	case v.thumbprint != "" && v.thumbprint != thumbprint(holder.digest):
		r := refusalAt(v.issuer.Name, "certificate", "must be the one whose thumbprint is x5t#S256 in the token's cnf")
		return Result{Principal: Nobody(), Reason: reason.TokenBinding, Issuer: v.issuer.Name, Claim: "/cnf", Refusal: r}
	case v.issuer.require.Has(ByCertificate) && holder.Peer == "":
		r := refusalAt(v.issuer.Name, "certificate", `must be one that "peer" makes a principal, because the issuer has "require"`)
		return Result{Principal: Nobody(), Reason: reason.CertificateMissing, Issuer: v.issuer.Name, Refusal: r}
	}
	return Result{Principal: &v.principal, Reason: reason.Allowed, Require: v.issuer.require}
}
