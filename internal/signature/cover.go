package signature

// Covers returns nil if the signature covers all of minimum, else an Error with the first
// component that it leaves out.
func (s *Signature) Covers(minimum []Component) error {
	for i := range minimum {
		if !s.covers(&minimum[i]) {
			return refuse(Uncovered, minimum[i].text)
		}
	}
	return nil
}

// implied are the components from whose values that of another follows. In the origin form,
// which is the only one that is verified, a request target is the path and the query, of
// which there is one spelling (see Component.derived).
var implied = [...]struct {
	name string
	by   [4]string
}{
	{"@scheme", [4]string{"@target-uri"}},
	{"@authority", [4]string{"@target-uri"}},
	{"@path", [4]string{"@target-uri"}},
	{"@path", [4]string{"@request-target"}},
	{"@query", [4]string{"@target-uri"}},
	{"@query", [4]string{"@request-target"}},
	{"@query-param", [4]string{"@target-uri"}},
	{"@query-param", [4]string{"@request-target"}},
	{"@query-param", [4]string{"@query"}},
	{"@request-target", [4]string{"@target-uri"}},
	{"@request-target", [4]string{"@path", "@query"}},
	{"@target-uri", [4]string{"@scheme", "@authority", "@request-target"}},
	{"@target-uri", [4]string{"@scheme", "@authority", "@path", "@query"}},
}

// covers reports whether the value of c cannot change without that of a covered component
// changing. A whole header is covered in any form but ;key: the other members could change.
func (s *Signature) covers(c *Component) bool {
	if contains(s.Components, c) {
		return true
	}
	if c.Name[0] != '@' {
		whole := Component{Name: c.Name, req: c.req}
		for _, whole.form = range [...]form{plain, structured, binary} {
			if contains(s.Components, &whole) {
				return true
			}
		}
		return false
	}
	for i := range implied {
		if implied[i].name == c.Name && s.coversAll(&implied[i].by, c.req) {
			return true
		}
	}
	return false
}

// coversAll reports whether the signature covers the derived components of these names.
func (s *Signature) coversAll(names *[4]string, req bool) bool {
	for _, name := range names {
		if name != "" && !contains(s.Components, &Component{Name: name, req: req}) {
			return false
		}
	}
	return true
}
