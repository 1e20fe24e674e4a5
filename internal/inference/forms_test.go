package inference

import (
	"testing"

	"github.com/modelgate/modelgate/internal/testing/forms"
)

// TestForms compares each form with a regular expression, on text put together at
// random out of pieces that the form may take.
func TestForms(t *testing.T) {
	const identifier = `[A-Za-z_][A-Za-z0-9_]*`
	const label = `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`
	const segment = `[A-Za-z0-9_-][A-Za-z0-9._-]*`
	pieces := []string{"/", "/", ".", "a", "Z", "_", "0", "~", "-", "echo", "Echo", "/v1", "%", "é", "\n", "*"}
	for _, c := range []struct {
		name    string
		form    func(string) bool
		pattern string
	}{
		{"path prefix", isPathPrefix, `^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`},
		{"identifier", isIdentifier, `^` + identifier + `$`},
		{"gRPC service", isGRPCService, `^(` + identifier + `\.)*` + identifier + `$`},
		{"label", IsLabel, `^` + label + `$`},
		{"host name", isHostName, `^(` + label + `\.)*` + label + `$`},
		{"name segment", isNameSegment, `^` + segment + `$`},
		{"model name", isModelName, `^(` + segment + `/)*` + segment + `$`},
		{"exact version", isExactVersion, `^` + segment + `$`},
		{"version number", isVersionNumber, `^(0|[1-9][0-9]*)$`},
		{"version or label", isVersionOrLabel, `^(0|[1-9][0-9]*|[0-9]*[A-Za-z_-][A-Za-z0-9._-]*|[0-9]+\.[A-Za-z0-9._-]*)$`},
		{"version of any server", isSharedVersion, `^(0|[1-9][0-9]*|[A-Za-z_][A-Za-z0-9._-]*)$`},
		{"number", isNumber, `^[0-9]+$`},
		{"header name", IsHeaderName, `^[a-z0-9-]+$`},
		{"registered name", isRegisteredName, `^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`},
		{"IPv6 literal", isIPv6Literal, `^\[[0-9A-Fa-f:.]+\]$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			forms.Compare(t, c.name, c.form, c.pattern, []string{"/", "/a", "a.", "[::", "[a"}, append(pieces, "[::1]"))
		})
	}
}
