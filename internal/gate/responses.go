package gate

import (
	"cmp"
	"crypto/ed25519"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/signature"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// replySigner is "signatures.responses": how the gate signs replies.
type replySigner struct {
	keyID      string
	signer     *signature.Signer
	components []signature.Component
	limit      int // bytes of the longest reply that is signed
}

// replyComponents are what a signature of a reply covers if the configuration does not say it: the
// reply, and what it answers. That of a signed request is among them too.
var replyComponents = []string{"@status", contentDigest, `"@method";req`, `"@authority";req`, `"@path";req`, `"@query";req`}

const (
	defaultReplyKiB = 512
	maxReplyKiB     = 4096
	keyBytes        = 32 // of each algorithm
)

// compileReplySigner reads "responses"; nil if there is none.
func compileReplySigner(v strictjson.Value, holdsHeaders bool, secrets authn.Secrets) *replySigner {
	if !v.Exists() {
		return nil
	}
	o := v.Object("keyid", "algorithm", "private", "components", "maxKiB")
	if !holdsHeaders {
		v.Fail(`needs "host": {"holdHeaders": true}: the signature is among the headers, which wait for the body`)
	}
	r := &replySigner{keyID: o.Need("keyid").Text(), limit: defaultReplyKiB << 10}
	if !isKeyID(r.keyID) {
		o.Get("keyid").MustBe("visible ASCII without spaces, quotes and backslashes")
	}
	names := replyComponents
	if list := o.Get("components"); list.Exists() {
		names = list.Texts()
	}
	for i, name := range names {
		c, err := signature.ParseComponent(name)
		if err != nil && name != "" {
			o.Get("components").Items()[i].MustBe("a component of RFC 9421 section 2 that the gate reads")
		}
		r.components = append(r.components, c)
	}
	if n := o.Get("maxKiB"); n.Exists() {
		r.limit = n.Integer(1, maxReplyKiB) << 10
	}
	r.compileKey(o, secrets)
	return r
}

// compileKey reads the private key: of hmac-sha256 the secret, of ed25519 the seed, which is d
// of RFC 8037 section 2. What signs by another algorithm would add 0.25 MB to the module.
func (r *replySigner) compileKey(o strictjson.Object, secrets authn.Secrets) {
	algorithm, v := o.Need("algorithm"), o.Need("private")
	key := authn.CompilePrivateKey(v, keyBytes, algorithm.JSON().Str, secrets)
	switch name := algorithm.Text(); {
	case name != "" && name != signature.HMACSHA256 && name != signature.Ed25519:
		algorithm.MustBe("ed25519 or hmac-sha256")
	case key == nil: // reported
	case name == signature.Ed25519 && len(key) != ed25519.SeedSize:
		v.Fail("must name a variable with the %d bytes of a private key of Ed25519; got %d", ed25519.SeedSize, len(key))
	case name == signature.Ed25519:
		r.signer, _ = signature.NewEd25519Signer(ed25519.NewKeyFromSeed(key)) // no error for a key of this length
	default:
		r.signer, _ = signature.NewHMACSigner(key) // nor here
	}
}

// signedReply is a reply that is to be signed.
type signedReply struct {
	label      string
	params     signature.Params
	components []signature.Component
	digest     string            // the algorithm of Content-Digest
	request    signature.Message // what it answers, as far as the signature covers that
	message    signature.Message
	sum        *signature.Sum // of what has come of the body; nil before the head has come
	size       int
}

// expectReply notes that the reply is to be signed, if the request is signed or asks for it.
// What asks in a way that cannot be read gets none.
func (x *Exchange) expectReply() {
	if headonly.Enabled {
		return
	}
	s, signed := x.gate.signatures.replies, x.Principal.SignedBy != ""
	if s == nil || !signed && !x.head.wantsSigned || x.head.Method == "HEAD" || x.head.GRPC || x.head.Upgrade {
		return
	}
	wanted, err := signature.ParseAccept(x.request.Pairs)
	if err != nil {
		return
	}
	r := &signedReply{label: "gate", components: slices.Clone(s.components)}
	r.digest = cmp.Or(signature.WantedDigest(x.request.Pairs), signature.SHA256)
	if len(wanted) > 0 {
		r.label, r.params.Nonce, r.params.Tag = strings.Clone(wanted[0].Label), strings.Clone(wanted[0].Nonce), strings.Clone(wanted[0].Tag)
		for _, c := range wanted[0].Components {
			r.cover(strings.Clone(c.String()))
		}
	}
	if signed {
		if list, err := signature.Parse(x.request.Pairs); err == nil && len(list) > 0 {
			r.cover(`"signature";req;key="` + list[0].Label + `"`)
		}
	}
	m := x.message()
	r.request = m.Clone(func(name string) bool { return r.covers(name, true) })
	x.reply = r
}

// cover adds a component, unless it is there.
func (r *signedReply) cover(text string) {
	c, err := signature.ParseComponent(text)
	if err == nil && !slices.ContainsFunc(r.components, func(o signature.Component) bool { return o.String() == text }) {
		r.components = append(r.components, c)
	}
}

// covers reports whether a header of the request, or of the reply, is covered.
func (r *signedReply) covers(name string, ofRequest bool) bool {
	return slices.ContainsFunc(r.components, func(c signature.Component) bool {
		return c.Name == name && strings.Contains(c.String(), ";req") == ofRequest
	})
}

// respondSigned reads the head of a reply that is to be signed. One that is streamed or too long passes
// as it is.
func (x *Exchange) respondSigned(env Env, pairs [][2]string, end bool) Step {
	length, _ := strconv.Atoi(joinedHeader(pairs, "content-length"))
	if length > x.gate.signatures.replies.limit || strings.HasPrefix(joinedHeader(pairs, "content-type"), "text/event-stream") {
		return x.passReply()
	}
	x.beginReply(pairs)
	if end {
		return x.sealReply(env)
	}
	return Step{Act: Hold, Reason: reason.Allowed}
}

// beginReply copies what the signature covers of a reply's head.
func (x *Exchange) beginReply(pairs [][2]string) {
	r, head := x.reply, signature.Message{Status: joinedHeader(pairs, ":status"), Headers: pairs}
	r.message = head.Clone(func(name string) bool {
		changes := x.listing != nil && (name == "cache-control" || slices.Contains(wholeReplyHeaders, name))
		return name != contentDigest && !changes && r.covers(name, false)
	})
	r.message.Request, r.sum = &r.request, signature.NewSum(r.digest)
}

// passReply lets a reply pass without a signature.
func (x *Exchange) passReply() Step {
	if x.reply, x.responded = nil, true; x.body == nil {
		x.hostBytes = 0
	}
	x.count() // less is never too much
	return Step{Act: Forward, Reason: reason.Allowed}
}

// signedBody reads the next bytes of a reply that is to be signed.
func (x *Exchange) signedBody(env Env, chunk []byte, end bool) Step {
	r := x.reply
	r.sum.Write(chunk)
	if r.size += len(chunk); r.size > x.gate.signatures.replies.limit {
		return x.passReply()
	}
	if !end {
		return Step{Act: Hold, Reason: reason.Allowed}
	}
	return x.sealReply(env)
}

// sealReply signs a whole reply, and lets it pass. What it is asked to cover and does not have
// leaves it without a signature.
func (x *Exchange) sealReply(env Env) Step {
	e := x.reply.sign(env.Now, x.gate.signatures.replies)
	step := x.passReply()
	step.Edit = e
	return step
}

// sign returns the headers of the signature.
func (r *signedReply) sign(now time.Time, s *replySigner) *Edit {
	digest := [2]string{contentDigest, r.sum.Header()}
	r.message.Headers = append(r.message.Headers, digest)
	r.params.KeyID, r.params.Created = s.keyID, now.Unix()
	input, value, err := s.signer.Sign(&r.message, r.label, r.components, r.params)
	if err != nil {
		return nil
	}
	return &Edit{Set: [][2]string{digest, {"signature-input", input}, {"signature", value}}}
}
