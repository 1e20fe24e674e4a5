package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// tokenLocation is where a request carries a token: a header (or gRPC metadata,
// which are headers), with a scheme before the token or without. A query parameter
// is no location: RFC 9700 section 4.3.2.
type tokenLocation struct {
	header string // lower case
	scheme string // "" for the bare token
}

var defaultLocation = tokenLocation{header: "authorization", scheme: "Bearer"}

// compileLocations reads "from".
func (is *Issuer) compileLocations(v strictjson.Value) {
	if !v.Exists() {
		is.locations = []tokenLocation{defaultLocation}
	}
	for _, item := range v.Items() {
		o := item.Object("header", "scheme")
		l := tokenLocation{header: compileHeaderName(o.Need("header"), headers.Credential, headers.Assertion)}
		if scheme := o.Get("scheme"); scheme.Exists() {
			if l.scheme = scheme.Text(); !isScheme(l.scheme) {
				scheme.MustBe("an authentication scheme, such as Bearer")
			}
		}
		is.locations = append(is.locations, l)
	}
}

// compileHeaderName reads the name of a header from which identities come; "" if v
// does not exist. The header is of one of the kinds, or means nothing to anybody else.
func compileHeaderName(v strictjson.Value, kinds ...headers.Kind) string {
	name := v.Text()
	switch kind := headers.KindOf(name); {
	case !v.Exists():
	case !isHeaderName(name):
		v.MustBe("a header name in lower case without underscores")
	case kind != headers.Unknown && !slices.Contains(kinds, kind):
		v.Fail("must not be a header that %s; got %q", kind, name)
	}
	return name
}

// extractor takes credentials out of one header, or out of a relay's headers.
type extractor struct {
	header  string
	schemes []*schemeIssuers // in configured order; a bare token has one, with scheme ""
	relay   *relay           // if set, header and schemes are not
}

// schemeIssuers is a scheme in a header, and the issuers whose tokens come with it.
type schemeIssuers struct {
	scheme   string
	issuers  []*Issuer
	byIss    map[string]*Issuer
	tenanted []*Issuer               // whose iss has a tenant
	byDomain map[trustDomain]*Issuer // whose tokens need no iss
	keyed    []*Issuer               // of API keys, not of tokens
}

// addLocation adds an issuer to the extractor of one of its locations. Two issuers
// with the same header and scheme must differ in iss, which tells their tokens
// apart. v is the issuer in the configuration.
func (a *Authenticator) addLocation(l tokenLocation, is *Issuer, v strictjson.Value) {
	e := a.extractorFor(l.header)
	if len(e.schemes) > 0 && (e.schemes[0].scheme == "") != (l.scheme == "") {
		v.Fail("must not read header %s both with and without a scheme", l.header)
		return
	}
	for _, s := range e.schemes {
		if strings.EqualFold(s.scheme, l.scheme) {
			s.add(is, v)
			return
		}
	}
	s := &schemeIssuers{scheme: l.scheme, byIss: map[string]*Issuer{}, byDomain: map[trustDomain]*Issuer{}}
	e.schemes = append(e.schemes, s)
	s.add(is, v)
}

// add adds an issuer, whose tokens something must tell from those of the others.
func (s *schemeIssuers) add(is *Issuer, v strictjson.Value) {
	defer s.checkPrefixes(v)
	if is.apiKeys != nil {
		s.addAPIKeys(is, v)
		return
	}
	s.issuers = append(s.issuers, is)
	switch other := s.byDomain[is.trustDomain]; {
	case is.iss != nil:
	case other != nil:
		v.Fail("must not have the trust domain of issuer %q in the same header: nothing tells their tokens apart", other.Name)
	default:
		s.byDomain[is.trustDomain] = is
	}
	others := s.tenanted
	if is.tenants != nil {
		others = s.issuers
	}
	for _, other := range others {
		if other != is && is.overlaps(other) {
			is.failAsSame(other, v)
		}
	}
	if is.tenants != nil {
		s.tenanted = append(s.tenanted, is)
		return
	}
	for _, iss := range is.iss {
		if other := s.byIss[iss]; other != nil {
			is.failAsSame(other, v)
		}
		s.byIss[iss] = is
	}
}

func (is *Issuer) failAsSame(other *Issuer, v strictjson.Value) {
	v.Fail("must not have the iss of issuer %q in the same header: nothing tells their tokens apart", other.Name)
}

// extractorFor returns the extractor of a header, which it adds if there is none.
func (a *Authenticator) extractorFor(header string) *extractor {
	for _, e := range a.extractors {
		if e.relay == nil && e.header == header {
			return e
		}
	}
	e := &extractor{header: header}
	a.extractors = append(a.extractors, e)
	return e
}

// extract takes the token out of the header. found is false if the request does not
// have the header. A repeated header reaches us as two pairs or, as Envoy joins
// authorization, as one value with a comma; no token and no scheme contains a comma.
func (e *extractor) extract(pairs [][2]string) (token string, s *schemeIssuers, found bool, why reason.Reason) {
	value, n := headerValue(pairs, e.header)
	switch {
	case n == 0:
		return "", nil, false, reason.CredentialMissing
	case strings.IndexByte(value, ',') >= 0:
		return "", nil, true, repeated(value)
	case e.schemes[0].scheme == "":
		return value, e.schemes[0], true, reason.Allowed
	}
	scheme, token, _ := strings.Cut(value, " ")
	for _, s := range e.schemes {
		// Schemes compare without case (RFC 9110 section 11.1). Exactly one space
		// follows, so that no two readers can cut differently.
		if strings.EqualFold(s.scheme, scheme) {
			return token, s, true, reason.Allowed
		}
	}
	return "", nil, true, reason.SchemeUnsupported
}

// headerValue returns the value of a header and how often the header occurs. Where it is
// repeated, the first two values are joined by a comma: more are not needed to refuse
// them. A name "" has none.
func headerValue(pairs [][2]string, name string) (value string, n int) {
	if name == "" {
		return "", 0
	}
	for i := range pairs {
		if pairs[i][0] == name {
			switch n++; n {
			case 1:
				value = pairs[i][1]
			case 2:
				value += "," + pairs[i][1]
			}
		}
	}
	return value, n
}

// repeated returns why a value with a comma is refused: it has two tokens, or two
// authentication schemes.
func repeated(value string) reason.Reason {
	first, rest, _ := strings.Cut(value, ",")
	a, _, hasScheme := strings.Cut(strings.TrimSpace(first), " ")
	b, _, both := strings.Cut(strings.TrimSpace(rest), " ")
	if hasScheme && both && !strings.EqualFold(a, b) {
		return reason.CredentialMixed
	}
	return reason.CredentialRepeated
}
