package importer

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// oneAlgorithmEach has one algorithm for each type of key.
var oneAlgorithmEach = []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"}

// provider is who makes tokens, as a source says.
type provider struct {
	at        value
	iss       string
	audiences []string
	keys      string // a JWK Set, or ""
	uri       string // where the keys are
	cluster   string // of the proxy that leads to uri; "" is its host
	from      []location
	skew      string
}

// addIssuer adds an issuer to the configuration and returns its name. What is not carried over
// of it is noted; then ok is false, and its tokens count for nothing.
func (s *session) addIssuer(p provider) (name string, ok bool) {
	is := issuer{
		Name:   uniqueName(issuerName(p.iss), s.config.issuerNames()),
		Issuer: p.iss, Audiences: p.audiences, From: p.from, ClockSkew: p.skew,
	}
	switch {
	case p.iss == "":
		s.leftOut(p.at, "must have an issuer: the gate does not take tokens of whomever the key signs for")
		return "", false
	case slices.ContainsFunc(s.config.Issuers, func(other issuer) bool { return other.Issuer == p.iss }):
		s.leftOut(p.at, "the issuer %s is there already, and the gate has one entry for an issuer", p.iss)
		return "", false
	}
	if !s.setAudience(&is, p) || !s.setKeys(&is, p) {
		return "", false
	}
	s.config.Issuers = append(s.config.Issuers, is)
	return is.Name, true
}

// issuerName returns a short name for an issuer.
func issuerName(iss string) string {
	_, name, found := strings.Cut(iss, "://")
	if !found {
		name = iss
	}
	return strings.TrimSuffix(name, "/")
}

// setAudience sets whom the tokens are for.
func (s *session) setAudience(is *issuer, p provider) bool {
	switch {
	case is.Audiences != nil:
	case s.options.Audiences != nil:
		is.Audiences = s.options.Audiences
	case s.options.AnyAudience:
		is.AudienceClaim, is.Audiences = "/iss", []string{p.iss}
		s.remark(p.at, "tokens of %s are taken whomever they are for, as before", p.iss)
	default:
		s.leftOut(p.at, "%s has no audiences, so that a token for anybody would do: "+
			"say whom tokens are for with --audience, or --any-audience", p.iss)
		return false
	}
	is.Audiences = union(is.Audiences, nil)
	return true
}

// setKeys sets the keys, and the algorithms.
func (s *session) setKeys(is *issuer, p provider) bool {
	is.Algorithms = s.options.Algorithms
	if is.Algorithms == nil {
		is.Algorithms = oneAlgorithmEach
	}
	if p.keys != "" {
		return s.setInline(is, p)
	}
	r := &remote{URI: p.uri, Cluster: p.cluster}
	if p.uri == "" {
		r.Discovery = strings.TrimSuffix(p.iss, "/") + "/.well-known/openid-configuration"
	}
	at, err := url.Parse(r.URI + r.Discovery)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" {
		s.leftOut(p.at, "the keys of %s must be at an http or https URI; got %q", p.iss, r.URI+r.Discovery)
		return false
	}
	if r.Cluster == "" {
		r.Cluster = at.Hostname()
	}
	is.JWKS.Remote = r
	if s.options.Algorithms == nil {
		s.remark(p.at, "the keys of %s are taken for %s: --algorithms names others", p.iss, strictjson.Or(is.Algorithms))
	}
	return true
}

// setInline sets the keys that the source has, as far as they verify signatures.
func (s *session) setInline(is *issuer, p provider) bool {
	if strictjson.Check(p.keys) != nil || !gjson.Parse(p.keys).IsObject() {
		s.leftOut(p.at, "the keys of %s must be a JWK Set in JSON", p.iss)
		return false
	}
	var kept []json.RawMessage
	var algorithms []string
	set := value{json: gjson.Parse(p.keys)}
	for _, key := range set.member("keys").items() {
		notes, err := authn.ExamineKeys(`{"keys":[`+key.json.Raw+`]}`, is.Algorithms, false)
		if err != nil || len(notes) != 1 || notes[0].Algorithm == "" {
			why := "it serves no algorithm"
			if len(notes) > 0 && notes[0].Why != "" {
				why = notes[0].Why
			}
			s.leftOut(p.at, "a key of %s: %s", p.iss, why)
			continue
		}
		kept = append(kept, json.RawMessage(key.json.Raw))
		algorithms = union(algorithms, []string{notes[0].Algorithm})
	}
	if kept == nil {
		s.leftOut(p.at, "%s has no key that verifies signatures", p.iss)
		return false
	}
	is.Algorithms = algorithms
	text, err := json.Marshal(struct {
		Keys []json.RawMessage `json:"keys"`
	}{kept})
	if err != nil {
		s.leftOut(p.at, "the keys of %s: %v", p.iss, err)
		return false
	}
	is.JWKS.Inline = text
	return true
}

// location reads a header that has a token after a prefix.
func (s *session) location(at value, header, prefix string) (l location, ok bool) {
	scheme, isScheme := strings.CutSuffix(prefix, " ")
	switch {
	case !headerForm.MatchString(strings.ToLower(header)):
		s.leftOut(at, "a token in the header %q, which is no name of one for the gate", header)
		return l, false
	case !slices.Contains([]headers.Kind{headers.Unknown, headers.Credential, headers.Assertion}, headers.KindOf(strings.ToLower(header))):
		s.leftOut(at, "a token in the header %q, which is one that %s", header, headers.KindOf(strings.ToLower(header)))
		return l, false
	case prefix != "" && !isScheme:
		s.leftOut(at, "a token after %q in %s: the gate takes a scheme and a space before a token", prefix, header)
		return l, false
	case isScheme && strings.Trim(scheme, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" || isScheme && scheme == "":
		s.leftOut(at, "a token after %q in %s: a scheme has letters, digits and -", prefix, header)
		return l, false
	}
	return location{strings.ToLower(header), scheme}, true
}

var (
	headerForm   = regexp.MustCompile("^[a-z0-9!#$%&'*+.^|~-]+$")
	identityForm = regexp.MustCompile("^[a-z0-9-]+$")
)

// tell adds a header that tells the upstream a claim of an issuer's tokens. Dots are between
// the names of nested claims.
func (s *session) tell(at value, header, claim, issuer string) {
	header = strings.ToLower(header)
	kind := headers.KindOf(header)
	switch {
	case !identityForm.MatchString(header) || claim == "":
		s.leftOut(at, "the header %q of the claim %q: a header of the gate has letters, digits and -", header, claim)
		return
	case kind == headers.Framing, kind == headers.Destination, kind == headers.Override, kind.Names():
		s.leftOut(at, "the header %q is one that %s, which no claim may decide", header, kind)
		return
	case slices.ContainsFunc(s.config.Identity, func(other identity) bool { return other.Header == header && other.Issuers[0] == issuer }):
		s.leftOut(at, "the header %q is there already", header)
		return
	}
	s.config.Identity = append(s.config.Identity, identity{
		Header: header, Value: "{claim:" + claimPointer(strings.Split(claim, ".")) + "}", Issuers: []string{issuer},
	})
}

// nobodysKey is a public key of Ed25519 of which nobody has the private half: the SHA-256 of
// "model gate: nobody".
const nobodysKey = `{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"nobody",` +
	`"x":"0rocLxMM7Y8S-EY_0KKKmvLJlakrlpdPUJE4U0fm5Zo"}]}`

// finish adds what a configuration needs and the sources do not have.
func (s *session) finish() {
	if len(s.config.Issuers) == 0 {
		s.config.Issuers = []issuer{{
			Name: "nobody", Issuer: "https://nobody.invalid", Audiences: []string{"nobody"}, Algorithms: []string{"EdDSA"},
			From: []location{{Header: "x-nobodys-token"}}, JWKS: jwks{Inline: json.RawMessage(nobodysKey)},
		}}
	}
}
