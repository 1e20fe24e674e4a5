package signature

// Kind is why a signature is refused.
type Kind uint8

const (
	Malformed   Kind = iota // a header that is no structured field, or is longer than any need be
	Unsupported             // a component or a parameter that this package does not read
	Absent                  // the message lacks a covered component
	Uncovered               // the signature leaves out a component that it must cover
	Algorithm               // alg is not the algorithm of the key
	Expired                 // expires has passed, or created is too long ago or missing
	NotYetValid             // created is in the future
	Invalid                 // the signature does not verify
	DigestWrong             // the content has another digest than Content-Digest
)

// Error says why a signature is refused, and where. It quotes nothing that may be secret.
type Error struct {
	Kind Kind
	What string // the header, component or parameter; "" if Kind says all
}

// refuse returns an Error. It is a call wherever it stands, to keep the module small.
//
//go:noinline
func refuse(kind Kind, what string) error { return &Error{kind, what} }

// maxWhat is how much of What is shown: a client may have written it.
const maxWhat = 80

func (e *Error) Error() string {
	text := [...]string{
		"malformed", "unsupported", "absent", "not covered", "another algorithm than the key's", "expired", "not yet valid",
		"does not verify", "does not match the content",
	}[e.Kind]
	if e.What == "" {
		return "signature: " + text
	}
	return "signature: " + e.What[:min(len(e.What), maxWhat)] + ": " + text
}
