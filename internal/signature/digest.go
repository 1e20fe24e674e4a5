package signature

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// Algorithms of RFC 9530 that are computed. The others of its registry are deprecated, or
// for checks against accidents only (section 5).
const (
	SHA256 = "sha-256"
	SHA512 = "sha-512"
)

// maxDigests is the most digests of one Content-Digest.
const maxDigests = 8

// Digest compares content, as it comes, with Content-Digest (RFC 9530).
type Digest struct {
	sums []sum
}

// sum is a digest by one algorithm and what it must be.
type sum struct {
	hash hash.Hash
	want string
}

// ParseDigest reads Content-Digest. It is nil, without an error, if the message has none. At
// least one of sha-256 and sha-512 must be there, and all that are must agree with the
// content; other algorithms prove nothing and are passed over.
func ParseDigest(headers [][2]string) (*Digest, error) {
	const header = "content-digest"
	members, err := dictionaryOf(headers, header, maxDigests)
	if members == nil {
		return nil, err
	}
	d := &Digest{}
	for i := range members {
		m := &members[i]
		h := newHash(m.name)
		if m.inner || m.kind != isBytes || len(m.parameters) > 0 || h != nil && len(m.text) != h.Size() {
			return nil, refuse(Malformed, header)
		}
		if h != nil {
			d.sums = append(d.sums, sum{h, m.text})
		}
	}
	if len(d.sums) == 0 {
		return nil, refuse(Unsupported, header)
	}
	return d, nil
}

// newHash returns the hash of an algorithm, or nil.
func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	}
	return nil
}

// Write takes the next piece of the content.
func (d *Digest) Write(piece []byte) {
	for i := range d.sums {
		d.sums[i].hash.Write(piece)
	}
}

// Check returns nil if the content, which is complete, is what Content-Digest says. The zero
// Digest agrees with nothing.
func (d *Digest) Check() error {
	for i := range d.sums {
		if string(d.sums[i].hash.Sum(nil)) != d.sums[i].want {
			return refuse(DigestWrong, "content-digest")
		}
	}
	if len(d.sums) == 0 {
		return refuse(DigestWrong, "content-digest")
	}
	return nil
}

// WantedDigest returns the algorithm that Want-Content-Digest prefers among those that are
// computed, sha-256 among equals; "" if there is none. A header that cannot be read wants
// nothing.
func WantedDigest(headers [][2]string) string {
	members, _ := dictionaryOf(headers, "want-content-digest", maxDigests)
	wanted, most := "", int64(0) // 0 means: not acceptable (RFC 9530 section 4)
	for i := range members {
		m := &members[i]
		if m.inner || m.kind != isInteger || m.number < 0 || m.number > 10 {
			return ""
		}
		for _, known := range [...]string{SHA256, SHA512} { // not m.name, which is the header's memory
			if m.name == known && (m.number > most || m.number == most && most > 0 && known == SHA256) {
				wanted, most = known, m.number
			}
		}
	}
	return wanted
}

// Sum makes a Content-Digest of content as it comes.
type Sum struct {
	algorithm string
	hash      hash.Hash
}

// NewSum returns a Sum by sha-256 or sha-512, or nil for another algorithm.
func NewSum(algorithm string) *Sum {
	h := newHash(algorithm)
	if h == nil {
		return nil
	}
	return &Sum{algorithm, h}
}

// Write takes the next piece of the content.
func (s *Sum) Write(piece []byte) { s.hash.Write(piece) }

// Header returns the value of Content-Digest.
func (s *Sum) Header() string {
	return s.algorithm + "=" + writeBytes(string(s.hash.Sum(nil)))
}
