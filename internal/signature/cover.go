package signature

// Covers returns nil if the signature covers all of minimum, else an Error with the first
// component that it leaves out.
func (s *Signature) Covers(minimum []Component) error {
	for _, c := range minimum {
		if !s.covers(c) {
			return &Error{Uncovered, c.text}
		}
	}
	return nil
}

// implied are the components from whose values that of another follows: all of one of the
// lists. In the origin form, which is the only one that is verified, a request target is the
// path and the query, of which there is one spelling (see appendDerived).
var implied = map[string][][]string{
	"@scheme":         {{"@target-uri"}},
	"@authority":      {{"@target-uri"}},
	"@path":           {{"@target-uri"}, {"@request-target"}},
	"@query":          {{"@target-uri"}, {"@request-target"}},
	"@query-param":    {{"@target-uri"}, {"@request-target"}, {"@query"}},
	"@request-target": {{"@target-uri"}, {"@path", "@query"}},
	"@target-uri":     {{"@scheme", "@authority", "@request-target"}, {"@scheme", "@authority", "@path", "@query"}},
}

// covers reports whether the value of c cannot change without that of a covered component
// changing. A whole header is covered in any form but ;key: the other members could change.
func (s *Signature) covers(c Component) bool {
	if contains(s.Components, c) {
		return true
	}
	if c.Name[0] != '@' {
		for _, form := range []form{plain, structured, binary} {
			if contains(s.Components, Component{Name: c.Name, form: form, req: c.req}) {
				return true
			}
		}
		return false
	}
lists:
	for _, names := range implied[c.Name] {
		for _, name := range names {
			if !contains(s.Components, Component{Name: name, req: c.req}) {
				continue lists
			}
		}
		return true
	}
	return false
}
