package signature

import "strings"

// Component is a component identifier of RFC 9421 section 2: the name of a header in lower
// case or a derived component, with its parameters.
type Component struct {
	Name string // "content-type", "@path"

	text string // the whole in strict form: `"@path";req`
	form form
	req  bool   // ;req: of the request that a response answers
	key  string // of keyed: the member of the dictionary; of @query-param: its name
}

// form is which value of a header a component is (RFC 9421 section 2.1).
type form byte

const (
	plain      form = iota // all values, as they are
	structured             // ;sf: the dictionary in its strict form
	keyed                  // ;key: one member of a dictionary
	binary                 // ;bs: each value as a byte sequence
)

// String returns the component as it stands in a signature base.
func (c Component) String() string { return c.text }

// derived are the derived components of RFC 9421 section 2.2.
const derived = " @method @authority @scheme @target-uri @request-target @path @query @query-param @status "

// dictionaries are the headers that ;sf is taken for: those of this package, all dictionaries.
// The form of others is not known.
const dictionaries = " accept-signature content-digest signature signature-input want-content-digest "

// among reports whether name is one of a list that begins and ends with a space.
func among(list, name string) bool { return strings.Contains(list, " "+name+" ") }

// componentOf reads a component identifier. What it does not know it refuses: ;tr among it, for
// trailers come when the request has been forwarded.
func componentOf(i *item) (Component, error) {
	c := Component{Name: i.text, text: i.write()}
	if i.kind != isString || !isComponentName(c.Name) {
		return c, refuse(Malformed, c.text)
	}
	forms := 0
	for j := range i.parameters {
		p := &i.parameters[j]
		flag, hasName := p.isTrue(), p.kind == isString
		switch {
		case p.name == "req" && flag:
			c.req = true
			continue
		case c.Name == "@query-param" && p.name == "name" && hasName, c.Name[0] != '@' && p.name == "key" && hasName:
			c.form, c.key = keyed, p.text
		case p.name == "bs" && flag && c.Name[0] != '@':
			c.form = binary
		case p.name == "sf" && flag && among(dictionaries, c.Name):
			c.form = structured
		default:
			return c, refuse(Unsupported, c.text)
		}
		forms++
	}
	isDerived := c.Name[0] == '@'
	if forms > 1 || isDerived && !among(derived, c.Name) || (c.Name == "@query-param") != (isDerived && forms == 1) {
		return c, refuse(Unsupported, c.text)
	}
	return c, nil
}

// isComponentName reports whether name is @ and a word, or the name of a header, in lower case.
func isComponentName(name string) bool {
	rest := strings.TrimPrefix(name, "@")
	for i := range len(rest) {
		if c := rest[i]; c >= 'A' && c <= 'Z' || !isTokenByte(c) {
			return false
		}
	}
	return rest != ""
}

// same reports whether two identifiers mean the same: the order of parameters does not count
// (RFC 9421 section 2).
func (c *Component) same(d *Component) bool {
	return c.Name == d.Name && c.form == d.form && c.key == d.key && c.req == d.req
}

// ParseComponent reads a component as the configuration writes it: a name alone (@method,
// content-digest), or the form of Signature-Input with parameters ("@query-param";name="v").
func ParseComponent(text string) (Component, error) {
	if !strings.HasPrefix(text, `"`) {
		return componentOf(&item{bare: bare{kind: isString, text: text}})
	}
	r := fieldReader{text}
	var i item
	var ok bool
	if i.bare, ok = r.bare(); ok {
		i.parameters, ok = r.parameters()
	}
	if !ok || r.rest != "" {
		return Component{}, refuse(Malformed, text)
	}
	return componentOf(&i)
}
