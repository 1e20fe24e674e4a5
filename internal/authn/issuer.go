package authn

import (
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Issuer is one trusted signer, compiled from one entry of "issuers".
type Issuer struct {
	Name             string
	index            int // in Keys
	iss              []string
	audiences        []string
	singleAudience   bool // aud must be a string, as IAP's is
	algorithms       []*algorithm
	typ              string // required typ, "" for a plain JWT
	skew             time.Duration
	maxLifetime      time.Duration // 0 for any
	trustsEmail      bool          // email counts without email_verified
	groups           strictjson.Pointer
	required         []strictjson.Pointer // claims that every token must have
	absentIsNone     Untold               // the kinds of members that a caller without the claim is not
	pool             string
	preset           bool
	workforce        bool // the pool's callers are those of workforce_identity, as IAP has it
	attributes       []attribute
	cluster          bool        // a Kubernetes cluster, whose sub names a service account
	trustDomain      trustDomain // in which the sub of its tokens is a SPIFFE ID; "" if sub is another name
	certificateBound bool        // tokens are bound to the connection's certificate
	require          Proofs      // beside the token
	locations        []tokenLocation
	relay            *relay       // for a gateway, which signs nothing
	inline           *KeySet      // the keys in the configuration
	remote           *keys.Source // where the issuer publishes keys, or nil
}

// attribute maps a claim to an attribute of a workload or workforce identity
// pool, for principalSet://…/attribute.NAME/VALUE.
type attribute struct {
	name    string
	pointer strictjson.Pointer
}

const (
	defaultSkew = 30 * time.Second
	maxSkew     = 5 * time.Minute
)

// issuerFields are the fields of an issuer that signs tokens.
var issuerFields = []string{
	"name", "preset", "issuer", "audiences", "algorithms", "type", "from", "clockSkew", "maxLifetime",
	"email", "groups", "absent", "requiredClaims", "pool", "attributes", "jwks", "symmetric", "certificateBound", "require",
}

// issuerHints are for fields that other configurations have, such as Istio's
// JWTRule and Envoy's JwtProvider.
var issuerHints = []struct{ field, hint string }{
	{"jwks_uri", remoteHint}, {"jwksUri", remoteHint}, {"remoteJwks", remoteHint},
	{"fromHeaders", `must be called "from", with "header" and "scheme" in each item`},
}

const remoteHint = `must be in "jwks": {"remote": {"uri": "https://…", "cluster": "…"}}`

// compileIssuer reads one entry of "issuers". The key set is nil for an issuer of
// which no key is known yet.
func (a *Authenticator) compileIssuer(v strictjson.Value, index int, secrets Secrets) (*Issuer, *KeySet) {
	if v.JSON().Get("relay").Exists() {
		o := v.Object("name", "relay", "absent")
		name := o.Need("name").Text()
		is := &Issuer{Name: name, index: index, relay: compileRelay(o.Get("relay"), name, a.trustDomain)}
		is.absentIsNone = compileAbsent(o.Get("absent"), 0)
		is.relay.absentIsNone = is.absentIsNone
		return is, &KeySet{}
	}
	o := v.Object(issuerFields...)
	for _, h := range issuerHints {
		if given := o.Get(h.field); given.Exists() {
			given.Fail("%s", h.hint)
		}
	}
	is := &Issuer{Name: o.Need("name").Text(), index: index, skew: defaultSkew}
	is.audiences = o.Need("audiences").Texts()
	if p := o.Get("preset"); p.Exists() {
		is.applyPreset(o, p)
	} else {
		is.compileCustom(o)
	}
	if from := o.Get("from"); from.Exists() {
		is.locations = compileLocations(from)
	}
	if t := o.Get("type"); t.Exists() {
		if is.typ = t.Text(); is.typ != "at+jwt" {
			t.MustBe("at+jwt (RFC 9068), or left out for an ordinary JWT")
		}
	}
	if d := o.Get("clockSkew"); d.Exists() {
		is.skew = d.Duration(0, maxSkew)
	}
	is.groups = compilePointer(o.Get("groups"))
	is.absentIsNone = compileAbsent(o.Get("absent"), is.absentIsNone)
	is.required = compileRequired(o.Get("requiredClaims"))
	is.compilePool(o)
	if b := o.Get("certificateBound"); b.Exists() {
		is.certificateBound = b.Bool()
	}
	is.require = a.CompileProofs(o.Get("require"))
	is.inline = is.compileKeys(o, secrets)
	if is.remote != nil && len(is.inline.keys) == 0 {
		return is, nil
	}
	return is, is.inline
}

// compileCustom reads what a preset would give.
func (is *Issuer) compileCustom(o strictjson.Object) {
	is.iss = []string{o.Need("issuer").Text()}
	is.locations = []tokenLocation{defaultLocation}
	for _, item := range o.Need("algorithms").Items() {
		name := item.Text()
		a := algorithmNamed(name)
		switch {
		case strings.EqualFold(name, "none"):
			item.Fail("must not be none: anyone can make a token without a signature")
		case a == nil:
			item.MustBe("one of %s", algorithmNames)
		case slices.Contains(is.algorithms, a):
			item.Fail("%s is there twice", a.name)
		default:
			is.algorithms = append(is.algorithms, a)
		}
	}
	if d := o.Get("maxLifetime"); d.Exists() {
		is.maxLifetime = d.Duration(time.Second, 10*365*24*time.Hour)
	}
	if e := o.Get("email"); e.Exists() {
		switch e.Text() {
		case "verified":
		case "trusted":
			is.trustsEmail = true
		default:
			e.MustBe("verified (needs email_verified) or trusted (the issuer vouches for every address)")
		}
	}
}

// compilePool reads the identity pool whose principal:// and principalSet://
// identifiers the issuer's tokens have.
func (is *Issuer) compilePool(o strictjson.Object) {
	pool, attributes := o.Get("pool"), o.Get("attributes")
	if pool.Exists() {
		if is.pool = pool.Text(); !IsPool(is.pool) {
			pool.MustBe("locations/global/workforcePools/POOL or projects/NUMBER/locations/global/workloadIdentityPools/POOL")
		} else if is.workforce && !strings.HasPrefix(is.pool, workforcePools) {
			pool.MustBe("a workforce pool, locations/global/workforcePools/POOL: IAP has no others")
		}
	}
	if !attributes.Exists() {
		return
	}
	if !pool.Exists() {
		attributes.Fail(`needs "pool", whose attributes they are`)
	}
	for _, m := range attributes.Object().Members {
		if !isAttributeName(m.Name) {
			m.Value.Fail("must have a name of letters a-z, digits and underscores; got %q", m.Name)
		}
		is.attributes = append(is.attributes, attribute{m.Name, compilePointer(m.Value)})
	}
}

// compilePointer reads a JSON Pointer to a claim; nil if v does not exist.
func compilePointer(v strictjson.Value) strictjson.Pointer {
	if !v.Exists() {
		return nil
	}
	p, err := strictjson.ParsePointer(v.Text())
	if err != nil {
		v.MustBe(`a JSON Pointer (RFC 6901), such as /groups, with "~0" for "~" and "~1" for "/" in a name`)
	}
	return p
}
