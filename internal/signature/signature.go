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

import "time"

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
	MaxBytes      = 8 << 10 // of all values of Signature-Input, and of Signature
	MaxText       = 256     // bytes of keyid, nonce, tag
)

// Parse reads all signatures of a message. There are none, and no error, if it has neither
// Signature-Input nor Signature. Both must have the same labels.
func Parse(headers [][2]string) ([]Signature, error) {
	return nil, &Error{Malformed, "signature-input"}
}

// Covers returns nil if the signature covers all of minimum.
func (s *Signature) Covers(minimum []Component) error {
	return &Error{Uncovered, ""}
}

// Times are the bounds of created and expires.
type Times struct {
	Skew   time.Duration // by how much clocks may differ
	MaxAge time.Duration // since created, which must then be there; 0 for any
}

// CheckTimes returns nil if the signature holds at that time.
func (s *Signature) CheckTimes(now time.Time, t Times) error {
	return &Error{Expired, ""}
}

// Until returns when the signature stops to hold by CheckTimes: a nonce need not be
// remembered longer. ok is false if it never does.
func (s *Signature) Until(t Times) (until time.Time, ok bool) { return time.Time{}, false }

// Verify returns nil if the value is a signature of m by k. host, unless nil, is asked first: it verifies
// the base in place of the key, unless done is false.
func (s *Signature) Verify(m *Message, k *Key, host func(base string, value []byte) (ok, done bool)) error {
	return &Error{Invalid, ""}
}

// Base returns the signature base of RFC 9421 section 2.5.
func (s *Signature) Base(m *Message) (string, error) { return "", &Error{Unsupported, ""} }
