package gate_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestKnownHeadersNeverPass sends each header of headers.Known, in each spelling.
func TestKnownHeadersNeverPass(t *testing.T) {
	g, s := load(t, world)
	token := bearer(t, s, corp(nil))
	for _, known := range headers.Known {
		names := []string{headers.Fold(known.Name)}
		if prefix, ok := known.Prefix(); ok {
			names = []string{headers.Fold(prefix) + "x", headers.Fold(prefix) + "x-y"}
		}
		for _, name := range names {
			for _, spelling := range append(spellings(name), known.Name) {
				if strings.HasSuffix(spelling, "*") || spelling == "authorization" || spelling == "x-goog-iap-jwt-assertion" {
					continue // the last two would be read
				}
				h := head(askStaff, token, pair{spelling, routingValue(name, askStaff, "root@example.com")}, pair{"x-kept", "1"})
				_, step := begin(g, h)
				got := sent(h, step)
				if values := arrivals(got, name); values != nil || arrivals(got, "x-kept") == nil {
					t.Errorf("Begin(with %s) = %s: it arrives as %q in %v", spelling, step.Reason, values, got)
				}
			}
		}
	}
}

// rulesWorld is the world with a header that is stripped, one that names a model, and some
// that are kept.
func rulesWorld(t testing.TB) string {
	return edit.Set(t, world, "/headers", `{
		"strip": ["x-corp-*", "traceparent"],
		"models": ["x-our-model"],
		"keep": ["x-forwarded-host", "x-vsr-debug", "x-corp-trace", "seldon-model", "x-maas-*", "serve_multiplexed_model_id"]
	}`)
}

func TestHeaderRules(t *testing.T) {
	g, s := load(t, rulesWorld(t))
	token := bearer(t, s, corp(nil))
	for _, c := range []struct{ name, value, want string }{
		{"x-corp-user", "root", ""},
		{"x_corp_user", "root", ""},
		{"X-Corp-User", "root", ""},
		{"traceparent", "00-1", ""},
		{"x-corp", "root", "root"},
		{"x-corporate", "root", "root"},
		// What names a model must agree with the call, also where it is kept.
		{"x-our-model", "fraud", ""},
		{"x_our_model", "fraud", ""},
		{"x-our-model", "other", "identity_conflict"},
		{"x_our_model", "other", "identity_conflict"},
		{"seldon-model", "fraud", "fraud"},
		{"seldon_model", "fraud", ""},
		{"seldon-model", "other", "identity_conflict"},
		{"serve_multiplexed_model_id", "fraud", "fraud"},
		{"serve-multiplexed-model-id", "fraud", ""},
		{"serve_multiplexed_model_id", "other", "identity_conflict"},
		// Only the usual spelling is kept.
		{"x-forwarded-host", "a.example.com", "a.example.com"},
		{"x_forwarded_host", "a.example.com", ""},
		{"x-vsr-debug", "true", "true"},
		{"x-vsr-looper-request", "true", ""},
		{"x-corp-trace", "1", "1"},
		{"x-maas-group", "a", "a"},
		{"x-maas_group", "a", ""},
		// The defaults hold for the rest.
		{"x-forwarded-user", "root", ""},
		{"x-api-key", "k", ""},
	} {
		t.Run(c.name+" "+c.value, func(t *testing.T) {
			h := head(askStaff, token, pair{c.name, c.value})
			_, step := begin(g, h)
			got := arrival(sent(h, step), headers.Fold(c.name))
			if step.Act == gate.Refuse {
				got = step.Reason.String()
			}
			if got != c.want {
				t.Errorf("Begin(%s: %s) = %q, want %q", c.name, c.value, got, c.want)
			}
		})
	}
}

// TestHeaderRulesInTrailers: a header that is stripped stops a request as a trailer.
func TestHeaderRulesInTrailers(t *testing.T) {
	g, _ := load(t, rulesWorld(t))
	x, _ := begin(g, head(askPublic))
	for name, want := range map[string]gate.Act{
		"x-corp-user": gate.Refuse, "x_corp_user": gate.Refuse, "x-corp-trace": gate.Forward, "x-maas-group": gate.Forward,
	} {
		step := x.Trailers(gate.Env{Now: now, Keys: g.Keys()}, gate.Upstream, []pair{{name, "x"}})
		if step.Act != want {
			t.Errorf("Trailers(%s) = %v, want %v", name, step.Act, want)
		}
	}
}
