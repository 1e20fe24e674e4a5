package signature

import "strings"

// Base returns the signature base of RFC 9421 section 2.5.
func (s *Signature) Base(m *Message) (string, error) { return base(m, s.Components, s.inner) }

// base returns the signature base of a message over components. inner is the value of
// @signature-params.
func base(m *Message, components []Component, inner string) (string, error) {
	lines := make([]string, 0, len(components)+1)
	for i := range components {
		c := &components[i]
		value, err := c.value(m)
		if err != nil {
			return "", err
		}
		if !isFieldContent(value) {
			return "", refuse(Unsupported, c.text)
		}
		lines = append(lines, c.text+": "+value)
	}
	return strings.Join(append(lines, `"@signature-params": `+inner), "\n"), nil
}

// isFieldContent reports whether a value can stand in a base: a line of ASCII (RFC 9421
// section 2.5). Others need ;bs.
func isFieldContent(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}

// value returns the component's value in a message.
func (c *Component) value(m *Message) (string, error) {
	response := m.Status != ""
	if c.req {
		if m = m.Request; !response || m == nil {
			return "", refuse(Unsupported, c.text)
		}
		response = false
	}
	if c.Name[0] == '@' {
		if response != (c.Name == "@status") {
			return "", refuse(Unsupported, c.text)
		}
		return c.derived(m)
	}
	if c.form == structured || c.form == keyed {
		return c.structured(m.Headers)
	}
	values := valuesOf(m.Headers, c.Name)
	if len(values) == 0 {
		return "", refuse(Absent, c.text)
	}
	if c.form == binary {
		for i := range values {
			values[i] = writeBytes(values[i])
		}
	}
	return combine(values), nil
}

// maxMembers is the most members of a dictionary that ;sf and ;key are taken for.
const maxMembers = 32

// structured returns the header as a dictionary, or one member of it (RFC 9421 sections 2.1.1
// and 2.1.2).
func (c *Component) structured(headers [][2]string) (string, error) {
	members, err := dictionaryOf(headers, c.Name, maxMembers)
	if err != nil {
		return "", err
	}
	if c.form == structured && len(members) > 0 {
		return writeDictionary(members), nil
	}
	if m := memberNamed(members, c.key); m != nil && c.form == keyed {
		return m.write(), nil
	}
	return "", refuse(Absent, c.text)
}

// derived returns a derived component (RFC 9421 section 2.2).
func (c *Component) derived(m *Message) (string, error) {
	path, query, hasQuery := strings.Cut(m.Path, "?")
	// Of a request target only the origin form is known: CONNECT and OPTIONS * have another.
	value, ok := m.Path, strings.HasPrefix(path, "/") && isURL(m.Path, "/?:@")
	switch c.Name {
	case "@method":
		value, ok = m.Method, isMethod(m.Method)
	case "@status":
		value, ok = m.Status, isStatus(m.Status)
	case "@scheme":
		value, ok = m.Scheme, m.isKnownScheme()
	case "@authority":
		value, ok = m.canonicalAuthority()
	case "@target-uri":
		// Nothing says whether a client signs another spelling of the authority here: only one
		// that is canonical has no other.
		authority, valid := m.canonicalAuthority()
		ok = ok && valid && m.isKnownScheme() && authority == m.Authority
		value = m.Scheme + "://" + authority + m.Path
	case "@path":
		value = path
	case "@query":
		// With a question mark and nothing behind it, the value would be that of no query.
		value, ok = "?"+query, ok && hasQuery == (query != "")
	case "@query-param":
		if ok && hasQuery {
			return c.queryParam(query)
		}
		return "", refuse(Absent, c.text)
	}
	if !ok {
		return "", refuse(Unsupported, c.text)
	}
	return value, nil
}
