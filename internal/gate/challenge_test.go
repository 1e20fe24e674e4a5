package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
)

const metadata = "https://models.example.com/.well-known/oauth-protected-resource?a=b"

// TestResourceMetadata is RFC 9728 section 5.1, to the last byte.
func TestResourceMetadata(t *testing.T) {
	const at = `, resource_metadata="` + metadata + `"`
	g, s := load(t, more(`"challenge": {"resourceMetadata": "`+metadata+`"}`))
	ok := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
	expired := pair{"authorization", "Bearer " + mint(t, s, corp(map[string]any{"exp": "now-31s"}))}
	for _, c := range []struct {
		name   string
		h      *gate.Head
		status int
		want   string // of WWW-Authenticate, "" for none
	}{
		{"no credential", head(askStaff), 401, `Bearer realm="model gate"` + at},
		{"expired", head(askStaff, expired), 401, `Bearer realm="model gate", error="invalid_token", error_description="token_expired"` + at},
		{"another scheme", head(askStaff, pair{"authorization", "Basic YTpi"}), 401, `Bearer realm="model gate", error="invalid_token", error_description="scheme_unsupported"` + at},
		{"two methods", head(askStaff, ok, pair{"authorization", "Basic YTpi"}), 400, `Bearer realm="model gate", error="invalid_request", error_description="credential_mixed"` + at},
		{"two tokens", head(askStaff, ok, ok), 400, `Bearer realm="model gate", error="invalid_request", error_description="credential_repeated"` + at},
		{"token in the query", head(askStaff + "?access_token=x"), 400, `Bearer realm="model gate", error="invalid_request", error_description="query_token"` + at},
		{"no grant", head("POST /kfserving/secret/fraud:predict", ok), 403, `Bearer realm="model gate", error="insufficient_scope", error_description="grant_missing"` + at},
		{"denied", head("POST /kfserving/prod/frozen:predict", ok), 403, `Bearer realm="model gate", error="insufficient_scope", error_description="denied"` + at},
		{"unknown path", head("GET /x", ok), 404, ""}, {"odd path", head("GET //x", ok), 400, ""}, {"upgrade", head(askStaff, ok, pair{"upgrade", "h2c"}), 400, ""},
	} {
		for _, grpc := range []bool{false, true} {
			h := &gate.Head{Pairs: slices.Clone(c.h.Pairs)}
			if grpc {
				h.Pairs = append(h.Pairs, pair{"content-type", "application/grpc"})
			}
			_, step := begin(g, h)
			var got []string
			for _, header := range step.Reply.Headers {
				if header[0] == "www-authenticate" {
					got = append(got, header[1])
				}
			}
			if strings.Join(got, "; ") != c.want || len(got) > 1 || step.Reply.Status != c.status {
				t.Errorf("%s (grpc %v): %d %q, want %d %q", c.name, grpc, step.Reply.Status, got, c.status, c.want)
			}
		}
	}
}

func TestResourceMetadataForm(t *testing.T) {
	const form, empty, text = "is an https URL without a user and a fragment", "is empty; leave it out instead", "must be a string"
	config := func(value string) string {
		return strings.Replace(world, `"version": 1,`, `"version": 1, "challenge": {"resourceMetadata": `+value+`},`, 1)
	}
	for value, want := range map[string]string{
		`"https://a"`: "", `"https://a:8443/b?c=d&e=%22"`: "", `"https://[::1]/x"`: "", `"https://a/b'c,d;e=f"`: "", `"` + metadata + `"`: "",
		`"http://a/b"`: form, `"HTTP://a"`: form, `"a/b"`: form, `"/b"`: form, `"//a/b"`: form, `"https:a"`: form, `"https://"`: form, `"https:///b"`: form, `"https://:443/b"`: form, `"ftp://a"`: form, `"javascript:x"`: form,
		`"https://a/\"b"`: form, `"https://a/\\b"`: form, `"https://a/b c"`: form, `" https://a"`: form, `"https://a "`: form, `"https://a/b#c"`: form, `"https://a/b#"`: form, `"https://a/é"`: form, `"https://a/\t"`: form,
		`"https://a/\r\nx: y"`: form, `"https://a/\u007f"`: form, `"https://a/\u0000"`: form, `"https://u:p@a/"`: form, `"https://u@a/"`: form, `"https://a/%zz"`: form, `"https://a:b/"`: form,
		`""`: empty, `7`: text, `["https://a"]`: text, `null`: text,
	} {
		_, err := gate.New(config(value), func(string) (string, bool) { return strings.Repeat("A", 86), true })
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), `"/challenge/resourceMetadata": `)
		}
		if got != want {
			t.Errorf("New(resourceMetadata %s) = %q, want %q", value, got, want)
		}
	}
}
