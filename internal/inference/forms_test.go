package inference

import (
	"testing"

	"github.com/modelgate/modelgate/internal/testing/forms"
)

// TestForms holds each form to a regular expression, over text put together at
// random out of pieces of what it takes.
func TestForms(t *testing.T) {
	const name = `[A-Za-z_][A-Za-z0-9_]*`
	for what, x := range map[string]struct {
		form    func(string) bool
		pattern string
	}{
		"prefix":  {prefixForm, `^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`},
		"method":  {identifier, `^` + name + `$`},
		"service": {serviceForm, `^(` + name + `\.)*` + name + `$`},
	} {
		pieces := []string{"/", "/", ".", "a", "Z", "_", "0", "~", "-", "echo", "Echo", "/v1", "%", "é", "\n", "*"}
		forms.Compare(t, what, x.form, x.pattern, []string{"/", "/a", "a."}, pieces)
	}
}
