package authn

import (
	"slices"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Issuer is one trusted signer, compiled from a row of the configuration.
type Issuer struct {
	Name        string
	index       int // in Keys
	issuers     []string
	audiences   []string
	oneAudience bool // aud must be a string, as IAP's is
	algorithms  []*algorithm
	typ         string // required typ, "" for a plain JWT
	skew        time.Duration
	maxLifetime time.Duration // 0 for none
	emailByName bool          // email holds without email_verified
	groups      strictjson.Pointer
	pool        string
	attributes  []attribute
	sources     []source
	relay       *relay       // for a gateway, which signs nothing
	remote      *keys.Source // where further keys are published, or nil
	baseline    *KeySet      // the keys that stand in the configuration
	bound       bool         // tokens are bound to the connection's certificate
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

// A preset is what a token service states of its own tokens; none of it can be
// set beside it.
type preset struct {
	issuers     []string
	algorithms  []string
	from        source
	audience    func(string) bool // its form, nil for any
	oneAudience bool
	maxLifetime time.Duration
	emailByName bool
}

// presetNamed holds Google's two kinds of token.
//
// google-iap: cloud.google.com/iap/docs/signed-headers-howto, which has the
// header, ES256, the issuer, the forms of aud, 30 s of skew and ten minutes of
// lifetime. An assertion has no email_verified; its e-mail is IAP's word.
//
// google-oidc: developers.google.com/identity/openid-connect, whose iss comes
// with and without the scheme, signed RS256.
func presetNamed(name string) *preset {
	switch name {
	case "google-iap":
		return &preset{
			issuers:     []string{"https://cloud.google.com/iap"},
			algorithms:  []string{"ES256"},
			from:        source{header: "x-goog-iap-jwt-assertion"},
			audience:    audienceOfIAP,
			oneAudience: true,
			maxLifetime: 10 * time.Minute,
			emailByName: true,
		}
	case "google-oidc":
		return &preset{
			issuers:    []string{"https://accounts.google.com", "accounts.google.com"},
			algorithms: []string{"RS256"},
			from:       defaultSource,
		}
	}
	return nil
}

// compileIssuer reads one row of "issuers".
func compileIssuer(v strictjson.Value, index int, secrets Secrets, d trustDomain) (*Issuer, *KeySet) {
	if v.JSON().Get("relay").Exists() {
		o := v.Object("name", "relay")
		name := o.Need("name").Text()
		return &Issuer{Name: name, index: index, relay: compileRelay(o.Get("relay"), name, d)}, &KeySet{}
	}
	o := v.Object("name", "preset", "issuer", "audiences", "algorithms", "type", "from", "clockSkew",
		"maxLifetime", "email", "groups", "pool", "attributes", "jwks", "symmetric", "certificateBound")
	is := &Issuer{Name: o.Need("name").Text(), index: index, skew: defaultSkew}
	is.audiences = o.Need("audiences").Texts()
	if p := o.Get("preset"); p.Exists() {
		is.usePreset(o, p)
	} else {
		is.readOwn(o)
	}
	if from := o.Get("from"); from.Exists() {
		is.sources = compileSources(from)
	}
	if t := o.Get("type"); t.Exists() {
		if is.typ = t.Text(); is.typ != "at+jwt" {
			t.Fail(`is "at+jwt" (RFC 9068), or absent for an ordinary JWT`)
		}
	}
	if d := o.Get("clockSkew"); d.Exists() {
		is.skew = d.Duration(0, maxSkew)
	}
	is.groups = pointer(o.Get("groups"))
	is.readPool(o)
	if b := o.Get("certificateBound"); b.Exists() {
		is.bound = b.Bool()
	}
	is.baseline = is.readKeys(o, secrets)
	if is.remote != nil && len(is.baseline.keys) == 0 {
		return is, nil
	}
	return is, is.baseline
}

func (is *Issuer) usePreset(o strictjson.Object, name strictjson.Value) {
	p := presetNamed(name.Text())
	if p == nil {
		name.Fail(`is "google-iap" or "google-oidc"`)
		return
	}
	for _, fixed := range []string{"issuer", "algorithms", "type", "maxLifetime", "email", "symmetric"} {
		if o.Get(fixed).Exists() {
			o.Get(fixed).Fail("is given by the preset")
		}
	}
	if p.audience != nil {
		for _, a := range o.Get("audiences").Items() {
			if !p.audience(a.JSON().Str) {
				a.Fail("is none of IAP's forms, such as /projects/NUMBER/global/backendServices/ID")
			}
		}
	}
	is.issuers, is.oneAudience, is.maxLifetime, is.emailByName = p.issuers, p.oneAudience, p.maxLifetime, p.emailByName
	is.sources = []source{p.from}
	for _, a := range p.algorithms {
		is.algorithms = append(is.algorithms, algorithmNamed(a))
	}
}

func (is *Issuer) readOwn(o strictjson.Object) {
	is.issuers = []string{o.Need("issuer").Text()}
	is.sources = []source{defaultSource}
	for _, item := range o.Need("algorithms").Items() {
		a := algorithmNamed(item.Text())
		switch {
		case a == nil:
			item.Fail("is no algorithm that a token may be signed with")
		case slices.Contains(is.algorithms, a):
			item.Fail("stands twice")
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
			is.emailByName = true
		default:
			e.Fail(`is "verified" (needs email_verified) or "trusted" (the issuer vouches for every address)`)
		}
	}
}

// readPool reads the identity pool whose principal:// and principalSet://
// identifiers the issuer's tokens stand for.
func (is *Issuer) readPool(o strictjson.Object) {
	pool, attributes := o.Get("pool"), o.Get("attributes")
	if pool.Exists() {
		if is.pool = pool.Text(); !IsPool(is.pool) {
			pool.Fail("is locations/global/workforcePools/POOL or projects/NUMBER/locations/global/workloadIdentityPools/POOL")
		}
	}
	if !attributes.Exists() {
		return
	}
	if !pool.Exists() {
		attributes.Fail(`has no meaning without "pool"`)
	}
	for _, m := range attributes.Object().Members {
		if !attributeForm(m.Name) {
			m.Value.Fail("the name of an attribute has letters a-z, digits and underscores")
		}
		is.attributes = append(is.attributes, attribute{m.Name, pointer(m.Value)})
	}
}

func pointer(v strictjson.Value) strictjson.Pointer {
	if !v.Exists() {
		return nil
	}
	p, err := strictjson.ParsePointer(v.Text())
	if err != nil {
		v.Fail("%s", err)
	}
	return p
}
