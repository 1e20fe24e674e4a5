// Package signature reads, checks and makes HTTP Message Signatures (RFC 9421) and
// Content-Digest (RFC 9530). It knows neither issuers nor configuration: which keys there
// are, which components a signature must cover and whether a nonce has been seen before
// is for its caller to say.
//
// A request is checked in this order:
//
//	Parse               reads Signature-Input and Signature
//	Signature.KeyID     selects a key; the caller finds it
//	Signature.Covers    refuses a signature that leaves out what it must cover
//	Signature.CheckTimes
//	Signature.Verify    builds the signature base and verifies it
//	ParseDigest         reads Content-Digest, which the signature covers
//	Digest.Write, Digest.Check
//
// What the package does not support it refuses: nothing is ignored.
package signature

import "strings"

// Message is a request or a response that is or will be signed.
type Message struct {
	Method    string      // of a request
	Scheme    string      // of a request, as its client wrote it: "https", if TLS ended before
	Authority string      // of a request
	Path      string      // of a request, with its query, as in :path
	Status    string      // of a response: three digits
	Headers   [][2]string // all in order, names in lower case; pseudo-headers are passed over
	Request   *Message    // of a response: what it answers, for components with ;req
}

// Signature is one label of Signature-Input with its value from Signature. Before Verify
// has returned nil, nothing in it is to be believed.
type Signature struct {
	Label      string
	Components []Component
	Params
	Value []byte

	inner string // the inner list in strict form: the value of @signature-params
}

// Params are the signature parameters of RFC 9421 section 2.3. A signature with any other is
// refused.
type Params struct {
	KeyID, Algorithm, Nonce, Tag string // "" if absent; an empty one is refused
	Created, Expires             int64  // seconds since 1970; 0 if absent
}

// The bounds of what Parse reads.
const (
	MaxSignatures = 4       // labels
	MaxComponents = 32      // of one signature
	MaxParts      = 8       // of those, @query-param, ;key and ;sf: each reads the whole query or header
	MaxBytes      = 8 << 10 // of all values of Signature-Input, and of Signature
	MaxText       = 256     // bytes of keyid, nonce, tag
)

// Verify returns nil if Value is a signature of m by k, and alg, if there, is the algorithm of k.
// host, unless it is nil, may verify in place of the package: it reports done if it has. It is
// never asked about a value of another length than the algorithm's.
func (s *Signature) Verify(m *Message, k *Key, host func(base string, value []byte) (ok, done bool)) error {
	if s.Algorithm != "" && s.Algorithm != k.algorithm {
		return refuse(Algorithm, "alg")
	}
	base, err := s.Base(m)
	if err != nil {
		return err
	}
	if len(s.Value) == k.size {
		ok, done := false, false
		if host != nil {
			ok, done = host(base, s.Value)
		}
		if done && ok || !done && k.verify(base, s.Value) {
			return nil
		}
	}
	return refuse(Invalid, s.Label)
}

// Clone returns a copy of a message that shares no memory with it, with the headers that keep
// names. It has no Request.
func (m *Message) Clone(keep func(name string) bool) Message {
	c := Message{
		Method: strings.Clone(m.Method), Scheme: strings.Clone(m.Scheme), Authority: strings.Clone(m.Authority),
		Path: strings.Clone(m.Path), Status: strings.Clone(m.Status),
	}
	for _, h := range m.Headers {
		if keep(h[0]) {
			c.Headers = append(c.Headers, [2]string{strings.Clone(h[0]), strings.Clone(h[1])})
		}
	}
	return c
}

// Bytes returns how many bytes the strings of a message have.
func (m *Message) Bytes() int {
	n := len(m.Method) + len(m.Scheme) + len(m.Authority) + len(m.Path) + len(m.Status)
	for _, h := range m.Headers {
		n += len(h[0]) + len(h[1])
	}
	return n
}
