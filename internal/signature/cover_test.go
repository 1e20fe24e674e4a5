package signature_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/modelgate/modelgate/internal/signature"
)

func TestCovers(t *testing.T) {
	for _, tt := range []struct{ covered, minimum, want string }{
		{``, ``, ``},
		{`"@method" "@path"`, `"@path" "@method"`, ``},
		{`"@method"`, `"@method" "@path"`, `"@path"`},
		{``, `"@method"`, `"@method"`},
		{`"@target-uri"`, `"@scheme" "@authority" "@path" "@query" "@request-target" "@query-param";name="x"`, ``},
		{`"@target-uri"`, `"@method"`, `"@method"`},
		{`"@request-target"`, `"@path" "@query" "@query-param";name="x"`, ``},
		{`"@request-target"`, `"@authority"`, `"@authority"`},
		{`"@request-target"`, `"@scheme"`, `"@scheme"`},
		{`"@request-target"`, `"@target-uri"`, `"@target-uri"`},
		{`"@path" "@query"`, `"@request-target"`, ``},
		{`"@path"`, `"@request-target"`, `"@request-target"`},
		{`"@query"`, `"@request-target"`, `"@request-target"`},
		{`"@scheme" "@authority" "@request-target"`, `"@target-uri"`, ``},
		{`"@scheme" "@authority" "@path" "@query"`, `"@target-uri"`, ``},
		{`"@authority" "@path" "@query"`, `"@target-uri"`, `"@target-uri"`},
		{`"@scheme" "@authority" "@path"`, `"@target-uri"`, `"@target-uri"`},
		{`"@query"`, `"@query-param";name="x"`, ``},
		{`"@query-param";name="x"`, `"@query-param";name="x"`, ``},
		{`"@query-param";name="y"`, `"@query-param";name="x"`, `"@query-param";name="x"`},
		{`"@query-param";name="x"`, `"@query"`, `"@query"`},
		{`"@path"`, `"@query"`, `"@query"`},
		{`"@query"`, `"@path"`, `"@path"`},
		{`"x"`, `"x"`, ``},
		{`"y"`, `"x"`, `"x"`},
		{`"x"`, `"x";bs`, ``},
		{`"x";bs`, `"x"`, ``},
		{`"x"`, `"x";key="a"`, ``},
		{`"x";bs`, `"x";key="a"`, ``},
		{`"x";key="a"`, `"x";key="a"`, ``},
		{`"x";key="a"`, `"x"`, `"x"`},
		{`"x";key="a"`, `"x";bs`, `"x";bs`},
		{`"x";key="a"`, `"x";key="b"`, `"x";key="b"`},
		{`"content-digest";sf`, `"content-digest"`, ``},
		{`"content-digest";key="sha-256"`, `"content-digest"`, `"content-digest"`},
		{`"x";req`, `"x"`, `"x"`},
		{`"x"`, `"x";req`, `"x";req`},
		{`"x";req;bs`, `"x";req`, ``},
		{`"x";bs;req`, `"x";req;bs`, ``},
		{`"@target-uri";req`, `"@path";req`, ``},
		{`"@target-uri";req`, `"@path"`, `"@path"`},
		{`"@target-uri"`, `"@path";req`, `"@path";req`},
		{`"@status"`, `"@method"`, `"@method"`},
	} {
		s := parsed(t, tt.covered)
		want := tt.want
		if want != "" {
			want = "signature: " + want + ": not covered"
		}
		if got := text(s.Covers(parsed(t, tt.minimum).Components)); got != want {
			t.Errorf("%s covers %s: %q, want %q", tt.covered, tt.minimum, got, want)
		}
	}
}

// parsed is a signature over components.
func parsed(t testing.TB, components string) *Signature {
	t.Helper()
	signatures, err := Parse(headersOf("signature-input: a=("+components+")", "signature: a=:AA==:"))
	if err != nil {
		t.Fatalf("%s: %v", components, err)
	}
	return &signatures[0]
}

func TestTimes(t *testing.T) {
	const now = 1_700_000_000
	for _, tt := range []struct {
		created, expires int64 // after now; 0 for none
		times            Times
		want             string
	}{
		{0, 0, Times{}, ""},
		{0, 0, Times{MaxAge: time.Hour}, "created: expired"},
		{-10, 0, Times{}, ""},
		{-10, 0, Times{MaxAge: 11 * time.Second}, ""},
		{-10, 0, Times{MaxAge: 10 * time.Second}, "created, expires: expired"},
		{-10, 0, Times{MaxAge: 10 * time.Second, Skew: time.Second}, ""},
		{-11, 0, Times{MaxAge: 10 * time.Second, Skew: time.Second}, "created, expires: expired"},
		{1, 0, Times{}, "created: not yet valid"},
		{1, 0, Times{Skew: time.Second}, ""},
		{2, 0, Times{Skew: time.Second}, "created: not yet valid"},
		{0, 1, Times{}, ""},
		{0, -1, Times{}, "created, expires: expired"},
		{0, -1, Times{Skew: time.Second}, "created, expires: expired"},
		{0, -1, Times{Skew: 2 * time.Second}, ""},
		{-10, 10, Times{MaxAge: time.Hour}, ""},
		{-10, -1, Times{MaxAge: time.Hour}, "created, expires: expired"},
		{-10, 10, Times{MaxAge: 5 * time.Second}, "created, expires: expired"},
		{-1, -2, Times{Skew: time.Hour}, "expires: expired"},
		{0, 10, Times{MaxAge: time.Hour}, "created: expired"},
	} {
		s := Signature{}
		if tt.created != 0 {
			s.Created = now + tt.created
		}
		if tt.expires != 0 {
			s.Expires = now + tt.expires
		}
		err := s.CheckTimes(time.Unix(now, 0), tt.times)
		if got := strings.TrimPrefix(text(err), "signature: "); got != tt.want {
			t.Errorf("CheckTimes of %+d, %+d with %v = %q, want %q", tt.created, tt.expires, tt.times, got, tt.want)
		}
		if until, ends := s.Until(tt.times); err == nil && ends &&
			(s.CheckTimes(until, tt.times) == nil || s.CheckTimes(until.Add(-1), tt.times) != nil) {
			t.Errorf("Until of %+d, %+d with %v = %v", tt.created, tt.expires, tt.times, until)
		}
	}
}
