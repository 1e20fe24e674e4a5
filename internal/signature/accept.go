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
	const header = "accept-signature"
	members, err := dictionaryOf(headers, header, MaxSignatures)
	if err != nil {
		return nil, err
	}
	var requests []Request
	for i := range members {
		r := Request{Label: members[i].name}
		if r.Components, err = components(&members[i], header); err != nil {
			return nil, err
		}
		if r.Params, err = params(members[i].parameters, isBoolean); err != nil {
			return nil, err
		}
		requests = append(requests, r)
	}
	return requests, nil
}
