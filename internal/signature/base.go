package signature

import "strings"

// Base returns the signature base of RFC 9421 section 2.5.
func (s *Signature) Base(m *Message) (string, error) { return base(m, s.Components, s.inner) }

// base returns the signature base of a message over components. inner is the value of
// @signature-params.
func base(m *Message, components []Component, inner string) (string, error) {
	b := make([]byte, 0, 512)
	for i := range components {
		c := &components[i]
		b = append(append(b, c.text...), ": "...)
		from := len(b)
		var err error
		if b, err = c.appendValue(b, m); err != nil {
			return "", err
		}
		if !isFieldContent(b[from:]) {
			return "", &Error{Unsupported, c.text}
		}
		b = append(b, '\n')
	}
	b = append(append(b, `"@signature-params": `...), inner...)
	return string(b), nil
}

// isFieldContent reports whether a value can stand in a base: a line of ASCII (RFC 9421
// section 2.5). Others need ;bs.
func isFieldContent(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}

// appendValue appends the component's value in a message.
func (c *Component) appendValue(b []byte, m *Message) ([]byte, error) {
	response := m.Status != ""
	if c.req {
		if m = m.Request; !response || m == nil {
			return b, &Error{Unsupported, c.text}
		}
		response = false
	}
	if c.Name[0] == '@' {
		if response != (c.Name == "@status") {
			return b, &Error{Unsupported, c.text}
		}
		return c.appendDerived(b, m)
	}
	var n int
	switch c.form {
	case plain:
		b, n = appendCombined(b, m.Headers, c.Name)
	case binary:
		for i := range m.Headers {
			if m.Headers[i][0] != c.Name {
				continue
			}
			if n++; n > 1 {
				b = append(b, ", "...)
			}
			b = appendBare(b, bare{kind: isBytes, text: trim(m.Headers[i][1])})
		}
	default:
		return c.appendStructured(b, m.Headers)
	}
	if n == 0 {
		return b, &Error{Absent, c.text}
	}
	return b, nil
}

// maxMembers is the most members of a dictionary that ;sf and ;key are taken for.
const maxMembers = 32

// appendStructured appends the header as a dictionary, or one member of it (RFC 9421 sections
// 2.1.1 and 2.1.2).
func (c *Component) appendStructured(b []byte, headers [][2]string) ([]byte, error) {
	members, err := dictionaryOf(headers, c.Name, maxMembers)
	if err != nil {
		return b, err
	}
	if c.form == structured && len(members) > 0 {
		return appendDictionary(b, members), nil
	}
	if m := memberNamed(members, c.key); m != nil && c.form == keyed {
		return appendValue(b, m), nil
	}
	return b, &Error{Absent, c.text}
}

// appendDerived appends a derived component (RFC 9421 section 2.2). Of a request target
// only the origin form is known: CONNECT and OPTIONS * have another.
func (c *Component) appendDerived(b []byte, m *Message) ([]byte, error) {
	path, query, hasQuery := strings.Cut(m.Path, "?")
	authority, ok := m.canonicalAuthority()
	valid := strings.HasPrefix(path, "/") && !strings.ContainsAny(m.Path, "# \t")
	switch c.Name {
	case "@method":
		return append(b, m.Method...), c.check(isMethod(m.Method))
	case "@status":
		return append(b, m.Status...), c.check(isStatus(m.Status))
	case "@scheme":
		return append(b, m.Scheme...), c.check(m.isKnownScheme())
	case "@authority":
		return append(b, authority...), c.check(ok)
	case "@target-uri":
		// Nothing says whether a client signs another spelling of the authority here: only one
		// that is canonical has no other.
		b = append(append(append(b, m.Scheme...), "://"...), authority...)
		return append(b, m.Path...), c.check(valid && ok && m.isKnownScheme() && authority == m.Authority)
	case "@request-target":
		return append(b, m.Path...), c.check(valid)
	case "@path":
		return append(b, path...), c.check(valid)
	case "@query":
		// With a question mark and nothing behind it, the value would be that of no query.
		return append(append(b, '?'), query...), c.check(valid && hasQuery == (query != ""))
	default: // @query-param
		if !hasQuery || !valid {
			return b, &Error{Absent, c.text}
		}
		return c.appendQueryParam(b, query)
	}
}

// check returns an error unless the component has a value of which there is one reading.
func (c *Component) check(ok bool) error {
	if ok {
		return nil
	}
	return &Error{Unsupported, c.text}
}
