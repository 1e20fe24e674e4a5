package signature

// Digest compares content, as it comes, with Content-Digest (RFC 9530).
type Digest struct{}

// ParseDigest reads Content-Digest. It is nil, without an error, if the message has none. At
// least one of sha-256 and sha-512 must be there, and all that are must agree with the
// content; other algorithms prove nothing and are passed over.
func ParseDigest(headers [][2]string) (*Digest, error) {
	return nil, &Error{Malformed, "content-digest"}
}

// Write takes the next piece of the content.
func (d *Digest) Write(piece []byte) {}

// Check returns nil if the content, which is complete, is what Content-Digest says.
func (d *Digest) Check() error { return &Error{DigestWrong, "content-digest"} }

// Algorithms of RFC 9530 that NewSum takes.
const (
	SHA256 = "sha-256"
	SHA512 = "sha-512"
)

// WantedDigest returns the algorithm that Want-Content-Digest prefers among those of NewSum, or "" if
// there is none.
func WantedDigest(headers [][2]string) string { return "" }

// Sum makes a Content-Digest of content as it comes.
type Sum struct{}

// NewSum returns a Sum by sha-256 or sha-512.
func NewSum(algorithm string) *Sum { return &Sum{} }

// Write takes the next piece of the content.
func (s *Sum) Write(piece []byte) {}

// Header returns the value of Content-Digest.
func (s *Sum) Header() string { return "" }
