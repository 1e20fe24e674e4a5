package signature

// Request is one label of Accept-Signature (RFC 9421 section 5): a signature that the client
// asks for. In Params, Created and Expires are 1 if they are wanted.
type Request struct {
	Label      string
	Components []Component
	Params
}

// ParseAccept reads Accept-Signature. There are none, and no error, if the message has none.
func ParseAccept(headers [][2]string) ([]Request, error) {
	return nil, &Error{Malformed, "accept-signature"}
}
