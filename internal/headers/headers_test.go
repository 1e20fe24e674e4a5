package headers_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/headers"
)

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		name string
		want headers.Kind
	}{
		{"authorization", headers.Credential},
		{"AUTHORIZATION", headers.Credential},
		{"x_api_key", headers.Credential},
		{"x-aigw-anything", headers.Credential},
		{"x-vsr-internal-auth", headers.Credential}, // an exact row before a prefix
		{"x-vsr-debug", headers.Destination},
		{"x-pomerium-jwt-assertion", headers.Assertion},
		{"x-pomerium-claim-email", headers.Identity},
		{"x-maas-group", headers.Identity},
		{"X_MaaS_Group", headers.Identity},
		{"x-maas-", headers.Identity},
		{"x-maas", headers.Unknown},
		{"x-maasgroup", headers.Unknown},
		{"serve_multiplexed_model_id", headers.Model},
		{"serve-multiplexed-model-id", headers.Model},
		{"serve-multiplexed-session-id", headers.Destination},
		{"x-ai-eg-model", headers.Model},
		{"x-ai-eg-mcp-backend", headers.Destination},
		{"mm-model-id-bin", headers.ModelBase64},
		{"kserve-isvc-name", headers.Service},
		{"kserve-isvc-namespace", headers.Namespace},
		{"x-http-method-override", headers.Override},
		{"host", headers.Framing},
		{":path", headers.Framing},
		{"Transfer_Encoding", headers.Framing},
		{"x-request-id", headers.Unknown},
		{"", headers.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := headers.KindOf(c.name); got != c.want {
				t.Errorf("KindOf(%q) = %v, want %v", c.name, got, c.want)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range headers.Known {
		prefix, isPrefix := h.Prefix()
		switch {
		case seen[headers.Fold(h.Name)]:
			t.Errorf("%s is there twice", h.Name)
		case h.Source == "" || h.Kind == headers.Unknown || h.Kind == headers.Framing:
			t.Errorf("%s has the kind %v and the source %q", h.Name, h.Kind, h.Source)
		case isPrefix && (len(prefix) < headers.MinPrefix || h.Kind.Names()):
			t.Errorf("%s must have a prefix of at least %d bytes, and name no model", h.Name, headers.MinPrefix)
		case h.Name != strings.ToLower(h.Name):
			t.Errorf("%s must be in lower case", h.Name)
		}
		seen[headers.Fold(h.Name)] = true
		if got := headers.KindOf(prefix); got != h.Kind {
			t.Errorf("KindOf(%s) = %v, want %v", prefix, got, h.Kind)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern headers.Pattern
		valid   bool
		covers  string
		not     string
	}{
		{"x-a", true, "x-a", "x-ab"},
		{"x-corp-*", true, "x-corp-user", "x-corp"},
		{"x-c1-*", true, "x-c1-", "x-c2-"},
		{"x-c-*", false, "", ""}, // four characters
		{"x-*", false, "", ""},
		{"*", false, "", ""},
		{"x-corp*", false, "", ""},
		{"x-*-corp", false, "", ""},
		{"x-corp-**", false, "", ""},
		{"x_corp", false, "", ""},
		{"X-Corp", false, "", ""},
		{":path", false, "", ""},
		{"x corp", false, "", ""},
		{"", false, "", ""},
	} {
		t.Run(string(c.pattern), func(t *testing.T) {
			if got := c.pattern.Valid(); got != c.valid {
				t.Fatalf("Pattern(%q).Valid() = %v, want %v", c.pattern, got, c.valid)
			}
			if c.valid && (!c.pattern.Covers(c.covers) || c.pattern.Covers(c.not)) {
				t.Errorf("Pattern(%q) must cover %q, and not %q", c.pattern, c.covers, c.not)
			}
		})
	}
}

// FuzzPattern compares Valid and Covers with regular expressions.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"x-a", "x-corp-*", "x-*", "host*", "content-*", "x_a", "*", "", "-----*"} {
		f.Add(seed, "x-corp-user")
	}
	form := regexp.MustCompile(`^([a-z0-9-]+|[a-z0-9-]{4,}-\*)$`)
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p := headers.Pattern(pattern)
		if p.Valid() != (form.MatchString(pattern) && !strings.HasSuffix(pattern, "\n")) {
			t.Fatalf("Pattern(%q).Valid() = %v", pattern, p.Valid())
		}
		if !p.Valid() {
			return
		}
		want := name == pattern
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			want = strings.HasPrefix(name, prefix)
		}
		if p.Covers(name) != want {
			t.Errorf("Pattern(%q).Covers(%q) = %v, want %v", pattern, name, !want, want)
		}
		if framing := p.CoversFraming(); framing != "" && (!p.Covers(framing) || headers.KindOf(framing) != headers.Framing) {
			t.Errorf("Pattern(%q).CoversFraming() = %q", pattern, framing)
		}
	})
}

// FuzzFold: two names that a server could take for one have one spelling, and IsFolded
// tells which needs none.
func FuzzFold(f *testing.F) {
	for _, seed := range []string{"x-a", "X_A", "serve_multiplexed_model_id", "\u212a", "\x80", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		folded := headers.Fold(name)
		if headers.Fold(folded) != folded || headers.KindOf(name) != headers.KindOf(folded) {
			t.Errorf("Fold(%q) = %q, which folds to %q", name, folded, headers.Fold(folded))
		}
		if headers.IsFolded(name) && folded != name {
			t.Errorf("IsFolded(%q) = true, and Fold returns %q", name, folded)
		}
	})
}
