package signature

// Component is a component identifier of RFC 9421 section 2: the name of a header in lower
// case or a derived component, with its parameters.
type Component struct {
	Name string // "content-type", "@path"

	text                   string // the whole in strict form: `"@path";req`
	structured, bytes, req bool   // ;sf ;bs ;req
	key                    string // ;key
	hasKey                 bool
	query                  string // ;name of @query-param
}

// String returns the component as it stands in a signature base.
func (c Component) String() string { return c.text }

// ParseComponent reads a component as the configuration writes it: a name alone (@method,
// content-digest), or the form of Signature-Input with parameters ("@query-param";name="v").
func ParseComponent(text string) (Component, error) {
	return Component{}, &Error{Unsupported, text}
}
