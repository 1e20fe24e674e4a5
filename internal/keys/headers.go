package keys

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Secrets looks up an environment variable of the VM.
type Secrets = func(name string) (value string, ok bool)

// compileHeaders reads the headers that are sent with each fetch, such as the bearer token
// that Kubernetes' API server wants. Their values come from the environment of the VM, and no
// error shows them, nor what stands in their place by mistake.
func (s *Source) compileHeaders(v strictjson.Value, secrets Secrets) {
	if !v.Exists() {
		return
	}
	for _, m := range v.Object().Members {
		if strings.Trim(m.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || m.Name == "" || m.Name == "host" {
			m.Value.Fail("must have a header's name in lower case as its name; got %q", m.Name)
		}
		env := m.Value.Object("env").Need("env")
		name := env.Text()
		value, ok := secrets(name)
		switch value = strings.TrimSpace(value); {
		case name == "": // reported
		case !ok:
			env.Fail("must name an environment variable of the VM; there is none of this name")
		case value == "" || !isFieldValue(value):
			env.Fail("must name a variable with the value of a header, in visible ASCII, as its value")
		default:
			s.headers = append(s.headers, [2]string{m.Name, value})
			s.headerNames = append(s.headerNames, m.Name, name)
		}
	}
}

// isFieldValue reports whether s has only visible ASCII and spaces (RFC 9110 section 5.5).
func isFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// newFetch returns a request to a target. The headers go where the configuration's own URI
// leads, and to no other cluster: a discovery document does not decide who gets to see them.
func (s *Source) newFetch(t Target, f Fetch) *Fetch {
	if f.Target = t; t.Cluster == s.endpoint.Cluster {
		f.Headers = s.headers
	}
	return &f
}
