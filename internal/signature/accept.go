package signature

import "time"

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

// WantsDigest reports whether one of requests covers the Content-Digest of the response, which must
// then be there before Answer.
func WantsDigest(requests []Request) bool {
	for i := range requests {
		for _, c := range requests[i].Components {
			if c.Name == "content-digest" && !c.req {
				return true
			}
		}
	}
	return false
}

// answerLife is how long a signature holds that is asked to expire, in seconds.
const answerLife = 300

// Answer signs a response as its client has asked (RFC 9421 section 5.2), and returns the values
// of Signature-Input and Signature. It passes over what the signer cannot do: another keyid or
// algorithm, or a component that the response lacks. If that leaves none, both are empty. Each
// signature has created and keyid.
func (s *Signer) Answer(m *Message, requests []Request, keyID string, now time.Time) (input, value string) {
	for i := range requests {
		r := requests[i]
		if r.KeyID != "" && r.KeyID != keyID || r.Algorithm != "" && r.Algorithm != s.algorithm {
			continue
		}
		r.KeyID, r.Created = keyID, now.Unix()
		if r.Expires != 0 {
			r.Expires = r.Created + answerLife
		}
		oneInput, oneValue, err := s.Sign(m, r.Label, r.Components, r.Params)
		if err != nil {
			continue
		}
		if input != "" {
			input, value = input+", ", value+", "
		}
		input, value = input+oneInput, value+oneValue
	}
	return input, value
}
