package gate

import (
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/signature"
)

// checkSignatures verifies the signatures of a request whose caller is known. Even if
// nothing asks for a signature, one that is there must be good, and so must each of several.
// The caller of a signed request is a copy that says by which key: no decision is cached for
// it, and none is recalled.
func (x *Exchange) checkSignatures(env Env, d *decision) reason.Reason {
	if headonly.Enabled {
		return reason.Internal
	}
	if !x.head.signed {
		if d.caller.Require.Has(authn.BySignature) {
			return reason.RequestSignatureMissing
		}
		return reason.Allowed
	}
	s := x.gate.signatures
	list, err := signature.Parse(x.request.Pairs)
	if err != nil {
		return x.signatureReason(err)
	}
	m := x.message()
	for i := range list {
		if why := x.checkSignature(env, d.caller.Principal, &m, &list[i]); why != reason.Allowed {
			return why
		}
	}
	labelled := func(sig signature.Signature) bool { return s.label == "" || sig.Label == s.label }
	if !slices.ContainsFunc(list, labelled) {
		return x.blame(reason.RequestSignatureInvalid, "label")
	}
	if why := x.checkDigest(d, list); why != reason.Allowed {
		return why
	}
	for i := range list {
		if why := x.checkNonce(env, &list[i]); why != reason.Allowed {
			return why
		}
	}
	signed := *d.caller.Principal
	signed.SignedBy = s.keys[list[0].KeyID].id
	d.caller.Principal, d.caller.CacheHit = &signed, false
	return reason.Allowed
}

// checkSignature verifies one signature: first what is cheap, then the signature, and only
// then whose key it is.
func (x *Exchange) checkSignature(env Env, who *authn.Principal, m *signature.Message, sig *signature.Signature) reason.Reason {
	s := x.gate.signatures
	k := s.keys[sig.KeyID]
	components := s.components
	if x.request.End || x.head.Upgrade {
		components = s.bodyless
	}
	switch {
	case k == nil || !k.period.Contains(env.Now):
		return x.blame(reason.RequestSignatureInvalid, "keyid")
	case s.tag != "" && sig.Tag != s.tag:
		return x.blame(reason.RequestSignatureInvalid, "tag")
	case sig.Created == 0:
		return x.blame(reason.RequestSignatureUncovered, "created")
	case sig.Nonce == "" && !s.replays:
		return x.blame(reason.RequestSignatureUncovered, "nonce")
	}
	if err := sig.Covers(components); err != nil {
		return x.signatureReason(err)
	}
	if err := sig.CheckTimes(env.Now, s.times); err != nil {
		return x.signatureReason(err)
	}
	var host func(base string, value []byte) (ok, done bool)
	if env.Verify != nil && k.key.SubjectPublicKeyInfo() != nil {
		host = func(base string, value []byte) (ok, done bool) { return env.Verify(k.key, base, string(value)) }
	}
	if err := sig.Verify(m, k.own, host); err != nil {
		return x.signatureReason(err)
	}
	if name := x.twin(sig.Components); name != "" {
		return x.blame(reason.RequestSignatureMalformed, name)
	}
	if k.callers != nil && !k.callers.Has(who, env.Now) {
		return x.blame(reason.RequestSignatureCaller, "keyid")
	}
	return reason.Allowed
}

// twin returns the name of a header of the request that a server could take for one of those
// that are covered, and that is not; "" if there is none.
func (x *Exchange) twin(covered []signature.Component) string {
	for i := range covered {
		name := covered[i].Name
		for j := range x.request.Pairs {
			if other := x.request.Pairs[j][0]; other != name && len(other) == len(name) && headers.Fold(other) == headers.Fold(name) {
				return other
			}
		}
	}
	return ""
}

// checkNonce refuses a nonce that has come before. A host without a memory lets none pass.
func (x *Exchange) checkNonce(env Env, sig *signature.Signature) reason.Reason {
	s := x.gate.signatures
	if s.replays {
		return reason.Allowed
	}
	until, ok := sig.Until(s.times)
	if !ok || env.Admit == nil {
		return reason.Internal
	}
	switch env.Admit(replay.NewID(sig.KeyID, sig.Nonce), env.Now, until) {
	case replay.Fresh:
		return reason.Allowed
	case replay.Known:
		return reason.RequestSignatureReplayed
	}
	return reason.NoncesFull
}

// checkDigest begins to compare the body with Content-Digest, if a signature covers that.
func (x *Exchange) checkDigest(d *decision, list []signature.Signature) reason.Reason {
	covered := func(c signature.Component) bool { return c.Name == contentDigest }
	if !slices.ContainsFunc(list, func(sig signature.Signature) bool { return slices.ContainsFunc(sig.Components, covered) }) {
		return reason.Allowed
	}
	if x.head.Upgrade { // what follows the head is no body, and has no end to wait for
		return reason.UpgradeRefused
	}
	digest, err := signature.ParseDigest(x.request.Pairs)
	if err == nil && x.request.End {
		err = digest.Check()
	}
	if err != nil {
		return x.signatureReason(err)
	}
	d.digest = digest
	return reason.Allowed
}

// heldBack is how many bytes at the end of a body wait for its digest, at least. All of a
// shorter body waits.
const heldBack = 32 << 10

// checkContent reads the next bytes of a body whose digest is signed, and holds back its end
// until the digest agrees. What goes before that, a server could act upon: so nothing goes
// before of gRPC, whose messages are each complete, unless it is one message that is scanned.
func (x *Exchange) checkContent(chunk []byte, end bool) reason.Reason {
	b := x.body
	if b.digest.Write(chunk); end {
		if err := b.digest.Check(); err != nil {
			return x.signatureReason(err)
		}
		return reason.Allowed
	}
	most := b.scanned - heldBack
	wait := x.head.GRPC && (b.frames == nil || b.match.Body.Stream)
	if wait || most < b.released+heldBack { // in larger parts, because each is copied
		most = b.released
	}
	b.releasable = min(b.releasable, most)
	return reason.Allowed
}

// message is the request as its client has signed it.
func (x *Exchange) message() signature.Message {
	m := signature.Message{Method: x.head.Method, Authority: x.head.Authority, Path: x.head.Path, Headers: x.request.Pairs}
	for i := range m.Headers {
		if m.Headers[i][0] == ":scheme" {
			m.Scheme = m.Headers[i][1]
		}
	}
	return m
}

// signatureReason is the Reason for an error of package signature.
func (x *Exchange) signatureReason(err error) reason.Reason {
	e, ok := err.(*signature.Error)
	if !ok {
		return reason.Internal
	}
	why := reason.RequestSignatureInvalid
	switch e.Kind {
	case signature.Malformed, signature.Unsupported:
		why = reason.RequestSignatureMalformed
	case signature.Uncovered:
		why = reason.RequestSignatureUncovered
	case signature.Expired:
		why = reason.RequestSignatureExpired
	case signature.NotYetValid:
		why = reason.RequestSignatureNotYetValid
	case signature.DigestWrong:
		why = reason.DigestMismatch
	}
	return x.blame(why, e.What)
}

// SignatureFault returns which part of the request's signature is at fault, or "".
func (x *Exchange) SignatureFault() string { return x.refusedPart }

// blame notes for the log which part of a signature is at fault.
func (x *Exchange) blame(why reason.Reason, part string) reason.Reason {
	x.refusedPart = part
	return why
}
