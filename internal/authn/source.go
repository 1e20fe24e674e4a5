package authn

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// source is a place in a request that carries a token: a header (a gRPC
// metadata key is one too), with a scheme before the token or without. A
// query parameter is none: RFC 9700 section 4.3.2.
type source struct {
	header string // lower case
	scheme string // "" for the bare token
}

var defaultSource = source{header: "authorization", scheme: "Bearer"}

func compileSources(v strictjson.Value) (sources []source) {
	for _, item := range v.Items() {
		o := item.Object("header", "scheme")
		s := source{header: o.Need("header").Text()}
		if h := o.Get("header"); h.Exists() && !headerForm(s.header) {
			h.Fail("is no header name in lower case, without underscores")
		}
		if scheme := o.Get("scheme"); scheme.Exists() {
			if s.scheme = scheme.Text(); !schemeForm(s.scheme) {
				scheme.Fail("is no authentication scheme")
			}
		}
		sources = append(sources, s)
	}
	return sources
}

// carrier is one header with everything that is read out of it.
type carrier struct {
	header string
	places []*place // in configured order; a bare token has one, with no scheme
	relay  *relay   // instead of all that
}

// place is a scheme in a header, and the issuers whose tokens are found there.
type place struct {
	scheme  string
	issuers []*Issuer
}

// addSource files an issuer under its source. Two issuers in one place must
// differ in iss, which tells them apart.
func (a *Authenticator) addSource(s source, is *Issuer, at strictjson.Value) {
	var c *carrier
	for _, known := range a.carriers {
		if known.relay == nil && known.header == s.header {
			c = known
		}
	}
	if c == nil {
		c = &carrier{header: s.header}
		a.carriers = append(a.carriers, c)
	}
	if len(c.places) > 0 && (c.places[0].scheme == "") != (s.scheme == "") {
		at.Fail("header %s carries a bare token here and a scheme there", s.header)
		return
	}
	for _, p := range c.places {
		if strings.EqualFold(p.scheme, s.scheme) {
			for _, other := range p.issuers {
				if issuerNamed([]*Issuer{other}, is.issuers...) != nil {
					at.Fail("issuer %q has the same iss in the same header", other.Name)
				}
			}
			p.issuers = append(p.issuers, is)
			return
		}
	}
	c.places = append(c.places, &place{s.scheme, []*Issuer{is}})
}

// HasGroups reports whether the named issuer says which groups a caller is in.
func (a *Authenticator) HasGroups(issuer string) bool {
	for _, is := range a.issuers {
		if is.Name == issuer {
			return is.groups != nil || is.relay != nil && is.relay.groups != ""
		}
	}
	return false
}

func issuerNamed(among []*Issuer, iss ...string) *Issuer {
	for _, is := range among {
		for _, have := range is.issuers {
			for _, want := range iss {
				if have == want {
					return is
				}
			}
		}
	}
	return nil
}

// read takes the token out of the carrier's header. found is false where the
// request does not have the header at all. A repeated header reaches us as two
// pairs or, as Envoy joins authorization, as one value with a comma; no token
// and no scheme contains one.
func (c *carrier) read(pairs [][2]string) (token string, at *place, found bool, why reason.Reason) {
	var value string
	n := 0
	for i := range pairs {
		if pairs[i][0] == c.header {
			if n++; n > 1 {
				value += "," + pairs[i][1]
			} else {
				value = pairs[i][1]
			}
		}
	}
	switch {
	case n == 0:
		return "", nil, false, reason.CredentialMissing
	case strings.IndexByte(value, ',') >= 0:
		return "", nil, true, repeated(value)
	case c.places[0].scheme == "":
		return value, c.places[0], true, reason.Allowed
	}
	scheme, token, _ := strings.Cut(value, " ")
	for _, p := range c.places {
		// Schemes compare without case (RFC 9110 section 11.1); exactly one
		// space follows, so that no two readers can cut differently.
		if strings.EqualFold(p.scheme, scheme) {
			return token, p, true, reason.Allowed
		}
	}
	return "", nil, true, reason.SchemeUnsupported
}

// repeated tells two tokens from two methods of authentication.
func repeated(value string) reason.Reason {
	first, rest, _ := strings.Cut(value, ",")
	a, _, hasScheme := strings.Cut(strings.TrimSpace(first), " ")
	b, _, both := strings.Cut(strings.TrimSpace(rest), " ")
	if hasScheme && both && !strings.EqualFold(a, b) {
		return reason.CredentialMixed
	}
	return reason.CredentialRepeated
}
