package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// config is a configuration of the gate, as far as an import writes one.
type config struct {
	Version  int        `json:"version"`
	Peer     *peer      `json:"peer,omitempty"`
	Issuers  []issuer   `json:"issuers"`
	Routes   []route    `json:"routes"`
	Grants   []rule     `json:"grants,omitempty"`
	Denies   []rule     `json:"denies,omitempty"`
	IAM      []iam      `json:"iam,omitempty"`
	Identity []identity `json:"identity,omitempty"`
	Lint     []lint     `json:"lint,omitempty"`
}

// lint silences a finding of modelgate check --lint.
type lint struct {
	Check  string `json:"check"`
	Of     string `json:"of"`
	Reason string `json:"reason"`
}

type peer struct {
	TrustDomain string `json:"trustDomain"`
}

type issuer struct {
	Name          string     `json:"name"`
	Preset        string     `json:"preset,omitempty"`
	Issuer        string     `json:"issuer,omitempty"`
	Audiences     []string   `json:"audiences,omitempty"`
	AudienceClaim string     `json:"audienceClaim,omitempty"`
	Algorithms    []string   `json:"algorithms,omitempty"`
	ClockSkew     string     `json:"clockSkew,omitempty"`
	From          []location `json:"from,omitempty"`
	Groups        string     `json:"groups,omitempty"`
	JWKS          jwks       `json:"jwks"`
}

type location struct {
	Header string `json:"header"`
	Scheme string `json:"scheme,omitempty"`
}

type jwks struct {
	Inline json.RawMessage `json:"inline,omitempty"`
	Remote *remote         `json:"remote,omitempty"`
}

type remote struct {
	URI       string `json:"uri,omitempty"`
	Discovery string `json:"discovery,omitempty"`
	Cluster   string `json:"cluster"`
}

type route struct {
	Protocol     string            `json:"protocol"`
	Service      string            `json:"service,omitempty"`
	Hosts        []string          `json:"hosts,omitempty"`
	Base         string            `json:"base,omitempty"`
	Prefix       string            `json:"prefix,omitempty"`
	Names        any               `json:"names,omitempty"` // a text, or *names
	Transformers []string          `json:"transformers,omitempty"`
	Aliases      map[string]string `json:"aliases,omitempty"`
	Credentials  string            `json:"credentials,omitempty"`
	Resources    []resource        `json:"resources,omitempty"`
}

type names struct {
	Preset      string   `json:"preset,omitempty"`
	Predictor   string   `json:"predictor,omitempty"`
	Explainer   string   `json:"explainer,omitempty"`
	Transformer string   `json:"transformer,omitempty"`
	Namespaces  []string `json:"namespaces,omitempty"`
	Predictors  []string `json:"predictors,omitempty"`
}

type resource struct {
	Path          string   `json:"path"`
	Methods       []string `json:"methods"`
	Verb          string   `json:"verb"`
	Model         string   `json:"model,omitempty"`
	Query         string   `json:"query,omitempty"`
	Encoded       bool     `json:"encoded,omitempty"`
	TrailingSlash bool     `json:"trailingSlash,omitempty"`
}

// rule is a grant or a deny.
type rule struct {
	Name    string      `json:"name"`
	Issuers []string    `json:"issuers,omitempty"`
	Peer    bool        `json:"peer,omitempty"`
	Members []string    `json:"members,omitempty"`
	Claims  []condition `json:"claims,omitempty"`
	Require []string    `json:"require,omitempty"`
	Role    string      `json:"role,omitempty"`
	Verbs   []string    `json:"verbs,omitempty"`
	Models  []string    `json:"models"`
}

// condition is one on a claim. It has one operator.
type condition struct {
	Pointer  string   `json:"pointer"`
	AnyOf    []string `json:"anyOf,omitempty"`
	Contains []string `json:"contains,omitempty"`
	Word     []string `json:"word,omitempty"`
	Prefix   string   `json:"prefix,omitempty"`
	Suffix   string   `json:"suffix,omitempty"`
	Exists   bool     `json:"exists,omitempty"`
}

type iam struct {
	Name    string             `json:"name"`
	Issuers []string           `json:"issuers"`
	Roles   map[string]iamRole `json:"roles"`
	Policy  iamPolicy          `json:"policy"`
}

type iamRole struct {
	Role   string   `json:"role"`
	Models []string `json:"models"`
}

type iamPolicy struct {
	Bindings []iamBinding `json:"bindings"`
}

type iamBinding struct {
	Role    string   `json:"role"`
	Members []string `json:"members"`
}

type identity struct {
	Header  string   `json:"header"`
	Value   string   `json:"value"`
	Issuers []string `json:"issuers,omitempty"`
}

// json returns the configuration as a text.
func (c *config) json() string {
	c.Version = 1
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(c); err != nil { // keys were read as JSON
		panic(err)
	}
	return string(appendLines(nil, gjson.ParseBytes(text.Bytes()), 0)) + "\n"
}

// width is how long a line of a configuration is at most, if it is more than one scalar.
const width = 120

// appendLines appends a value of JSON, on one line if it is short, else with a line for each part.
func appendLines(to []byte, v gjson.Result, indent int) []byte {
	open, end := byte('{'), byte('}')
	if v.IsArray() {
		open, end = '[', ']'
	}
	raw := strings.TrimSpace(v.Raw)
	if !v.IsObject() && !v.IsArray() || indent > 0 && len(raw)+indent < width {
		return append(to, spaced(raw)...)
	}
	to = append(to, open)
	between := "\n"
	v.ForEach(func(name, part gjson.Result) bool {
		to = append(append(to, between...), strings.Repeat(" ", indent+2)...)
		if v.IsObject() {
			to = append(append(to, name.Raw...), ": "...)
		}
		to = appendLines(to, part, indent+2)
		between = ",\n"
		return true
	})
	to = append(append(to, '\n'), strings.Repeat(" ", indent)...)
	return append(to, end)
}

// spaced returns JSON without spaces with one behind each comma and colon.
func spaced(raw string) []byte {
	var line []byte
	inText := false
	for i := range len(raw) {
		line = append(line, raw[i])
		switch c := raw[i]; {
		case c == '"' && (i == 0 || !isEscaped(raw[:i])):
			inText = !inText
		case !inText && (c == ',' || c == ':'):
			line = append(line, ' ')
		}
	}
	return line
}

// isEscaped reports whether what follows a text is escaped by a backslash at its end.
func isEscaped(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1
}

// uniqueName returns a name that is not among those that are taken.
func uniqueName(name string, taken []string) string {
	unique := name
	for n := 2; slices.Contains(taken, unique); n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	return unique
}

// ruleNames returns the names of rules.
func ruleNames(rules []rule) (list []string) {
	for _, r := range rules {
		list = append(list, r.Name)
	}
	return list
}

// issuerNames returns the names of the issuers.
func (c *config) issuerNames() (list []string) {
	for _, is := range c.Issuers {
		list = append(list, is.Name)
	}
	return list
}
