package authn

import (
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Issuer is one trusted signer, compiled from one entry of "issuers". What its tokens must
// say is in files by topic: audience.go, subject.go, type.go, address.go, groups.go,
// required.go, tenants.go, svid.go, pool.go.
type Issuer struct {
	Name             string
	index            int      // in Keys
	iss              []string // of its tokens; with tenants, the forms of it
	tenants          map[string]bool
	audiences        []string
	audienceClaim    strictjson.Pointer   // stands for aud, nil for aud itself
	noAudience       bool                 // a token may have no aud
	singleAudience   bool                 // aud must be a string, as IAP's is
	subject          []strictjson.Pointer // nil for sub
	algorithms       []*algorithm
	typ              string   // required typ of RFC 9068, "" for another
	types            []string // accepted typ without "application/", nil for a plain JWT
	skew             time.Duration
	maxLifetime      time.Duration // 0 for any
	trustsEmail      bool          // an address counts without its verification
	address          addressRule
	groups           []groupsClaim
	required         []requiredClaim
	absentIsNone     Untold // the kinds of members that a caller without the claim is not
	pool             string
	google           bool // a preset of Google, who says of each address whether it is verified
	workforce        bool // the pool's callers are those of workforce_identity, as IAP has it
	attributes       []attribute
	cluster          bool        // a Kubernetes cluster, whose sub names a service account
	trustDomain      trustDomain // in which the sub of its tokens is a SPIFFE ID; "" if sub is another name
	certificateBound bool        // tokens are bound to the connection's certificate
	require          Proofs      // beside the token
	locations        []tokenLocation
	relay            *relay       // for a gateway, which signs nothing
	apiKeys          *apiKeys     // for keys in place of tokens
	inline           *KeySet      // the keys in the configuration
	notes            []KeyNote    // of those in a variable
	remote           *keys.Source // where the issuer publishes keys, or nil
}

const (
	defaultSkew = 30 * time.Second
	maxSkew     = 5 * time.Minute
)

// issuerFields are the fields of an issuer that signs tokens.
var issuerFields = []string{
	"name", "preset", "issuer", "tenants", "trustDomain", "audiences", "audienceClaim", "noAudience", "subject", "algorithms",
	"type", "types", "from", "clockSkew", "maxLifetime", "email", "address", "domain", "groups", "absent", "requiredClaims", "pool",
	"attributes", "jwks", "symmetric", "certificateBound", "require",
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
		return compileRelayIssuer(v, index, &a.peers), &KeySet{}
	}
	if v.JSON().Get("apiKeys").Exists() {
		return a.compileAPIKeyIssuer(v, index, secrets)
	}
	o := v.Object(issuerFields...)
	for _, h := range issuerHints {
		if given := o.Get(h.field); given.Exists() {
			given.Fail("%s", h.hint)
		}
	}
	is := &Issuer{Name: o.Need("name").Text(), index: index, skew: defaultSkew}
	is.required = compileRequired(o.Get("requiredClaims"))
	own := is.required // what a preset requires ties no token to this service
	if p := o.Get("preset"); p.Exists() {
		var known bool
		if o, known = is.applyPreset(o, p); !known {
			return is, &KeySet{}
		}
	}
	is.compileIss(o)
	is.compileSubject(o)
	is.compileAudience(o, own)
	is.compileAlgorithms(o.Need("algorithms"))
	is.compileLocations(o.Get("from"))
	is.compileTypes(o)
	is.compileTimes(o)
	is.compileAddress(o)
	is.groups = compileGroups(o.Get("groups"))
	is.absentIsNone = compileAbsent(o.Get("absent"), is.absentIsNone)
	is.compilePool(o)
	is.certificateBound = o.Get("certificateBound").Bool()
	is.require = a.CompileProofs(o.Get("require"))
	is.inline = is.compileKeys(o, secrets)
	if is.inline.partial = is.remote != nil; is.inline.partial && len(is.inline.keys) == 0 {
		return is, nil
	}
	return is, is.inline
}

// compileRelayIssuer reads an entry of "issuers" that is a gateway.
func compileRelayIssuer(v strictjson.Value, index int, rules *peerRules) *Issuer {
	o := v.Object("name", "relay", "absent")
	name := o.Need("name").Text()
	is := &Issuer{Name: name, index: index, relay: compileRelay(o.Get("relay"), name, rules)}
	is.absentIsNone = compileAbsent(o.Get("absent"), 0)
	is.relay.absentIsNone = is.absentIsNone
	return is
}

// compileAlgorithms reads "algorithms".
func (is *Issuer) compileAlgorithms(v strictjson.Value) {
	for _, item := range v.Items() {
		name := item.Text()
		a := algorithmNamed(name)
		switch {
		case strings.EqualFold(name, "none"):
			item.Fail("must not be none: anyone can make a token without a signature")
		case a == nil:
			item.MustBe("one of %s", algorithmNames)
		case is.trustDomain != "" && a.family != familyRSA && a.family != familyEC:
			item.MustBe("an algorithm of JWT-SVIDs: RS, PS or ES") // JWT-SVID section 2.1
		case slices.Contains(is.algorithms, a):
			item.Fail("%s is there twice", a.name)
		default:
			is.algorithms = append(is.algorithms, a)
		}
	}
}

// compileTimes reads "clockSkew" and "maxLifetime".
func (is *Issuer) compileTimes(o strictjson.Object) {
	if d := o.Get("clockSkew"); d.Exists() {
		is.skew = d.Duration(0, maxSkew)
	}
	if d := o.Get("maxLifetime"); d.Exists() {
		is.maxLifetime = d.Duration(time.Second, 10*365*24*time.Hour)
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
