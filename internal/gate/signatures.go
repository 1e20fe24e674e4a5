package gate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/signature"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// signatures is "signatures": whose signatures of requests (RFC 9421) count, and what they
// must cover.
type signatures struct {
	keys       map[string]*messageKey // by keyid
	components []signature.Component  // that each signature covers at least
	bodyless   []signature.Component  // the same for a request without a body
	times      signature.Times
	label, tag string       // "" for any
	replays    bool         // a signature may come again
	pages      int          // of the memory of nonces
	replies    *replySigner // nil if replies are not signed
}

// messageKey is a key by which requests are signed.
type messageKey struct {
	id      string
	key     *authn.Key // for a host that verifies
	own     *signature.Key
	callers *authz.Callers // nil for any
	period  authn.Period
}

const (
	defaultMaxAge = 5 * time.Minute
	maxMaxAge     = 24 * time.Hour
	defaultSkew   = 30 * time.Second
	maxSkew       = 5 * time.Minute
	defaultNonces = 1 << 16
	maxNonces     = 1 << 20
	maxSigners    = 1000
)

// contentDigest is the component that covers the body (RFC 9530).
const contentDigest = "content-digest"

// defaultComponents are what a signature must cover if the configuration does not say it.
var defaultComponents = []string{"@method", "@authority", "@path", "@query", contentDigest}

// signatureAlgorithms are the algorithms of RFC 9421 section 3.3, but rsa-v1_5-sha256, which
// the RFC has for old keys only, and what RFC 7518 calls each.
var signatureAlgorithms = [...][2]string{
	{signature.HMACSHA256, "HS256"}, {signature.ECDSAP256SHA256, "ES256"}, {signature.Ed25519, "EdDSA"}, {signature.RSAPSSSHA512, "PS512"},
}

// compileSignatures reads "signatures"; nil if there is none.
func (g *Gate) compileSignatures(v strictjson.Value, secrets authn.Secrets) *signatures {
	if !v.Exists() || headonly.Enabled {
		return nil
	}
	o := v.Object("keys", "components", "maxAge", "clockSkew", "label", "tag", "replay", "nonces", "responses")
	s := &signatures{keys: map[string]*messageKey{}, times: signature.Times{MaxAge: defaultMaxAge, Skew: defaultSkew}}
	items := o.Need("keys").Items()
	if len(items) > maxSigners {
		o.Get("keys").Fail("must have at most %d keys; got %d", maxSigners, len(items))
		items = nil
	}
	for _, item := range items {
		g.compileMessageKey(item, s.keys, secrets)
	}
	s.compileComponents(o.Get("components"))
	if d := o.Get("maxAge"); d.Exists() {
		s.times.MaxAge = d.Duration(time.Second, maxMaxAge)
	}
	if d := o.Get("clockSkew"); d.Exists() {
		s.times.Skew = d.Duration(0, maxSkew)
	}
	if s.label = o.Get("label").Text(); s.label != "" && (strings.Trim(s.label, labelBytes) != "" || s.label[0] < 'a') {
		o.Get("label").MustBe("a label of Signature-Input: letters a-z, digits, and _ - . after a letter")
	}
	if s.tag = o.Get("tag").Text(); !isFieldValue(s.tag) || len(s.tag) > signature.MaxText || strings.ContainsAny(s.tag, `"\`) {
		o.Get("tag").MustBe("visible ASCII of at most %d bytes, without quotes and backslashes", signature.MaxText)
	}
	s.compileReplay(o)
	s.replies = compileReplySigner(o.Get("responses"), g.holdsHeaders, secrets)
	return s
}

// labelBytes are the characters of a key of a dictionary (RFC 8941 section 3.1.2), without
// the asterisk.
const labelBytes = "abcdefghijklmnopqrstuvwxyz0123456789_-."

// isKeyID reports whether a quoted string can contain s as it is, without spaces.
func isKeyID(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// compileReplay reads whether the same signature may come again, and how many nonces are
// remembered.
func (s *signatures) compileReplay(o strictjson.Object) {
	nonces := o.Get("nonces")
	switch v := o.Get("replay"); v.Text() {
	case "", "refused": // "" is absent, or reported
		n := defaultNonces
		if nonces.Exists() {
			n = nonces.Integer(replay.PageSlots, maxNonces)
		}
		s.pages = (n + replay.PageSlots - 1) / replay.PageSlots
	case "allowed":
		if s.replays = true; nonces.Exists() {
			nonces.Fail(`must not be beside "replay": "allowed", which remembers none`)
		}
	default:
		v.MustBe("refused or allowed")
	}
}

func (s *signatures) compileComponents(v strictjson.Value) {
	names := defaultComponents
	if v.Exists() {
		names = v.Texts()
	}
	for i, name := range names {
		c, err := signature.ParseComponent(name)
		switch {
		case name == "", slices.Contains(names[:i], name): // reported
		case err != nil, c.Name == "@status", strings.HasSuffix(name, ";req"):
			v.Items()[i].MustBe("a component of a request (RFC 9421 section 2) that the gate reads")
		case slices.ContainsFunc(s.components, func(other signature.Component) bool { return other.String() == c.String() }):
			v.Items()[i].Fail("%s is there twice", c)
		default:
			s.components = append(s.components, c)
		}
		if name != contentDigest {
			s.bodyless = append(s.bodyless, c)
		}
	}
}

// compileMessageKey reads one key, and adds it to keys.
func (g *Gate) compileMessageKey(v strictjson.Value, keys map[string]*messageKey, secrets authn.Secrets) {
	o := v.Object("keyid", "algorithm", "jwk", "pem", "symmetric", "callers", "anyCaller", "notBefore", "until")
	id := o.Need("keyid")
	k := &messageKey{id: id.JSON().Str, period: authn.Period{NotBefore: o.Get("notBefore").Instant(), Until: o.Get("until").Instant()}}
	switch name := id.Text(); {
	case name == "": // reported
	case len(name) > signature.MaxText || !isKeyID(name):
		id.MustBe("visible ASCII without spaces, quotes and backslashes, of at most %d bytes", signature.MaxText)
	case keys[name] != nil:
		id.Fail("%q is there twice", name)
	default:
		keys[name] = k
	}
	k.key, k.own = compileOwnKey(o, secrets)
	if k.period.Until != 0 && k.period.Until <= k.period.NotBefore {
		o.Get("until").Fail("must be later than notBefore")
	}
	callers, anyCaller := o.Get("callers"), o.Get("anyCaller")
	switch {
	case callers.Exists() == anyCaller.Exists():
		v.Fail(`needs either "callers" or "anyCaller": true, which lets every caller use the key`)
	case anyCaller.Exists() && anyCaller.JSON().Raw != "true":
		anyCaller.MustBe("true, or left out")
	case callers.Exists():
		k.callers = authz.CompileCallers(callers, g.policy, g.authn, g.routes)
	}
}

// compileOwnKey reads the algorithm of a key, and the key.
func compileOwnKey(o strictjson.Object, secrets authn.Secrets) (*authn.Key, *signature.Key) {
	v := o.Need("algorithm")
	name, jose := v.Text(), ""
	for _, a := range signatureAlgorithms {
		if a[0] == name {
			jose = a[1]
		}
	}
	if jose == "" && name != "" {
		v.MustBe("hmac-sha256, ecdsa-p256-sha256, ed25519 or rsa-pss-sha512")
	}
	key := authn.CompileMessageKey(o, jose, secrets)
	if key == nil {
		return nil, nil
	}
	own, err := signature.NewKey(name, key.Public())
	if err != nil {
		o.Fail("must have a key that suits the algorithm")
	}
	return key, own
}

// wanted is the Accept-Signature of a refusal: what a client must sign (RFC 9421 section 5.1).
// It cannot ask for a nonce of the client's own.
func (s *signatures) wanted() string {
	text := cmp.Or(s.label, "sig1") + "=("
	for i, c := range s.components {
		if i > 0 {
			text += " "
		}
		text += c.String()
	}
	text += ");created"
	if s.tag != "" {
		text += `;tag="` + s.tag + `"`
	}
	return text
}

// NoncePages returns how many pages of package replay the host keeps for the nonces of signed
// requests; 0 if it needs none.
func (g *Gate) NoncePages() int {
	if headonly.Enabled || g.signatures == nil {
		return 0
	}
	return g.signatures.pages
}
