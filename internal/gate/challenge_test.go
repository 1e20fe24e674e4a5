package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

const metadata = "https://models.example.com/.well-known/oauth-protected-resource?a=b"

// TestResourceMetadata is RFC 9728 section 5.1, to the last byte.
func TestResourceMetadata(t *testing.T) {
	g, s := load(t, edit.Set(t, world, "/challenge", `{"resourceMetadata": "`+metadata+`"}`))
	ok, basic := bearer(t, s, corp(nil)), pair{"authorization", "Basic YTpi"}
	expired := bearer(t, s, corp(claims{"exp": "now-31s"}))
	for _, c := range []struct {
		name   string
		h      *gate.Head
		status int
		want   string // of WWW-Authenticate, between the realm and the metadata; "-" for no challenge
	}{
		{"no credential", head(askStaff), 401, ``},
		{"expired", head(askStaff, expired), 401, `, error="invalid_token", error_description="token_expired"`},
		{"another scheme", head(askStaff, basic), 401, `, error="invalid_token", error_description="scheme_unsupported"`},
		{"two schemes", head(askStaff, ok, basic), 400, `, error="invalid_request", error_description="credential_mixed"`},
		{"two tokens", head(askStaff, ok, ok), 400, `, error="invalid_request", error_description="credential_repeated"`},
		{
			"token in the query", head(askStaff + "?access_token=x"), 400,
			`, error="invalid_request", error_description="query_token"`,
		},
		{
			"no grant", head("POST /kfserving/secret/fraud:predict", ok), 403,
			`, error="insufficient_scope", error_description="grant_missing"`,
		},
		{
			"denied", head("POST /kfserving/prod/frozen:predict", ok), 403,
			`, error="insufficient_scope", error_description="denied"`,
		},
		{"unknown path", head("GET /x", ok), 404, "-"},
		{"odd path", head("GET //x", ok), 400, "-"},
		{"upgrade", head(askStaff, ok, pair{"upgrade", "h2c"}), 400, "-"},
	} {
		want := []string{`Bearer realm="model gate"` + c.want + `, resource_metadata="` + metadata + `"`}
		if c.want == "-" {
			want = nil
		}
		for name, h := range map[string]*gate.Head{c.name: c.h, c.name + ", gRPC": withGRPCType(c.h)} {
			t.Run(name, func(t *testing.T) {
				_, step := begin(g, h)
				if got := arrivals(step.Reply.Headers, "www-authenticate"); !slices.Equal(got, want) || step.Reply.Status != c.status {
					t.Errorf("Begin = %d with challenges %q, want %d with %q", step.Reply.Status, got, c.status, want)
				}
			})
		}
	}
}

func TestResourceMetadataForm(t *testing.T) {
	for _, value := range []string{
		`"https://a"`,
		`"https://a:8443/b?c=d&e=%22"`,
		`"https://[::1]/x"`,
		`"https://a/b'c,d;e=f"`,
		`"` + metadata + `"`,
	} {
		t.Run(value, func(t *testing.T) {
			if got := metadataProblem(t, value); got != "" {
				t.Errorf("New(resourceMetadata %s) = %q, want a gate", value, got)
			}
		})
	}
	for _, value := range []string{
		// Another scheme, or none.
		`"http://a/b"`,
		`"HTTP://a"`,
		`"a/b"`,
		`"/b"`,
		`"//a/b"`,
		`"https:a"`,
		`"ftp://a"`,
		`"javascript:x"`,
		// No host.
		`"https://"`,
		`"https:///b"`,
		`"https://:443/b"`,
		// What a quoted string cannot contain.
		`"https://a/\\b"`,
		`"https://a/\"b"`,
		`"https://a/b c"`,
		`" https://a"`,
		`"https://a "`,
		`"https://a/é"`,
		`"https://a/\t"`,
		`"https://a/\r\nx: y"`,
		`"https://a/\u0000"`,
		// A fragment.
		`"https://a/b#c"`,
		`"https://a/b#"`,
		// No URL.
		`"https://a/%zz"`,
		`"https://a:b/"`,
	} {
		t.Run(value, func(t *testing.T) {
			want := "must be an https URL with a host, without a user and a fragment; got " + value
			if got := metadataProblem(t, value); got != want {
				t.Errorf("New(resourceMetadata %s) = %q, want %q", value, got, want)
			}
		})
	}
	for value, want := range map[string]string{
		`"https://u:p@a/"`:   "must be an https URL with a host, without a user and a fragment", // and no password is shown
		`"https://u@a/"`:     "must be an https URL with a host, without a user and a fragment",
		`"https://a/\u007f"`: "must be an https URL with a host, without a user and a fragment; got \"https://a/\ufffd\"",
		`""`:                 "must not be empty; leave it out instead",
		`7`:                  "must be a string; got 7",
		`["https://a"]`:      "must be a string; got an array",
		`null`:               "must be a string; got null",
	} {
		t.Run(value, func(t *testing.T) {
			if got := metadataProblem(t, value); got != want {
				t.Errorf("New(resourceMetadata %s) = %q, want %q", value, got, want)
			}
		})
	}
}

// metadataProblem is what New says of a resourceMetadata; "" if nothing.
func metadataProblem(t *testing.T, value string) string {
	t.Helper()
	config := edit.Set(t, world, "/challenge", `{"resourceMetadata": `+value+`}`)
	_, err := gate.New(config, func(string) (string, bool) { return strings.Repeat("A", 86), true })
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), `"/challenge/resourceMetadata": `)
}
