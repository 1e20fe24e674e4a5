package signature

// Parse reads all signatures of a message. There are none, and no error, if it has neither
// Signature-Input nor Signature. Both must have the same labels. Strings of what it returns share
// the memory of headers.
func Parse(headers [][2]string) ([]Signature, error) {
	inputs, err := dictionaryOf(headers, "signature-input", MaxSignatures)
	if err != nil {
		return nil, err
	}
	values, err := dictionaryOf(headers, "signature", MaxSignatures)
	if err != nil {
		return nil, err
	}
	if len(inputs) == 0 && len(values) == 0 {
		return nil, nil
	}
	if len(inputs) == 0 {
		return nil, refuse(Malformed, "signature-input")
	}
	signatures := make([]Signature, 0, len(inputs))
	for i := range inputs {
		value := memberNamed(values, inputs[i].name)
		if value == nil || value.inner || value.kind != isBytes || len(value.parameters) > 0 || len(values) != len(inputs) {
			return nil, refuse(Malformed, "signature")
		}
		s := Signature{Label: inputs[i].name, Value: []byte(value.text)}
		if s.Components, err = components(&inputs[i], "signature-input"); err != nil {
			return nil, err
		}
		if s.Params, err = params(inputs[i].parameters, isInteger); err != nil {
			return nil, err
		}
		s.inner = inputs[i].write()
		signatures = append(signatures, s)
	}
	return signatures, nil
}

// components reads the covered components of one label, each of which may occur once.
func components(m *member, header string) ([]Component, error) {
	if !m.inner {
		return nil, refuse(Malformed, header)
	}
	read := make([]Component, 0, len(m.list))
	parts := 0
	for i := range m.list {
		c, err := componentOf(&m.list[i])
		if err != nil {
			return nil, err
		}
		if c.form == keyed || c.form == structured {
			parts++
		}
		if contains(read, &c) || parts > MaxParts {
			return nil, refuse(Malformed, c.text)
		}
		read = append(read, c)
	}
	return read, nil
}

func contains(components []Component, c *Component) bool {
	for i := range components {
		if components[i].same(c) {
			return true
		}
	}
	return false
}

// params reads the parameters of one label. RFC 9421 lets a verifier ignore parameters that it does
// not know; but they may say what a signature is not good for, so they are refused. times
// is the type of created and expires.
func params(parameters []parameter, times kind) (Params, error) {
	var p Params
	for i := range parameters {
		q := &parameters[i]
		text, number := p.fieldNamed(q.name)
		switch {
		case text != nil && q.kind == isString && q.text != "" && len(q.text) <= MaxText:
			*text = q.text
		case number != nil && q.kind == times && q.number > 0:
			*number = q.number
		case text != nil || number != nil:
			return p, refuse(Malformed, q.name)
		default:
			return p, refuse(Unsupported, q.name)
		}
	}
	return p, nil
}

// fieldNamed returns where the parameter of that name goes: one of both, or neither.
func (p *Params) fieldNamed(name string) (text *string, number *int64) {
	switch name {
	case "created":
		return nil, &p.Created
	case "expires":
		return nil, &p.Expires
	case "nonce":
		return &p.Nonce, nil
	case "alg":
		return &p.Algorithm, nil
	case "keyid":
		return &p.KeyID, nil
	case "tag":
		return &p.Tag, nil
	}
	return nil, nil
}
