package gate_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// callWorld is a world with one header for each part of the call, of those in names.
func callWorld(t testing.TB, s string, names ...string) string {
	s = edit.Delete(t, s, "/identity")
	list := `{"header": "x-gate-caller", "value": "{subject}"}, {"header": "x-constant", "value": "c"}`
	for _, name := range names {
		list += fmt.Sprintf(`, {"header": "x-gate-%s", "value": "{%s}"}`, name, name)
	}
	s = edit.Set(t, s, "/routes/-", `{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.example.com"}}`)
	s = edit.Set(t, s, "/grants/-", `{"name": "open", "members": ["allUsers"], "role": "invoker", "models": ["prod/open"]}`)
	return edit.Set(t, s, "/identity", "["+list+"]")
}

// callOf is what a step says of the call: verb, model, models, namespace and service; "-"
// for a header that is not there.
func callOf(step gate.Step, edits []*gate.Edit) string {
	if step.Act != gate.Forward {
		return step.Reason.String()
	}
	if len(edits) == 0 {
		edits = []*gate.Edit{step.Edit}
	}
	var parts []string
	for _, name := range []string{"verb", "model", "models", "namespace", "service"} {
		value := "-"
		for _, e := range edits {
			for _, set := range e.Set {
				if set[0] == "x-gate-"+name {
					value = set[1]
				}
			}
		}
		parts = append(parts, value)
	}
	return strings.Join(parts, " ")
}

// TestHeadersOfTheCall has requests whose head says what they are for. The second time, the
// answer comes from the cache.
func TestHeadersOfTheCall(t *testing.T) {
	all := []string{"verb", "model", "models", "namespace", "service"}
	const both = "fraud-predictor.prod.example.com"
	for _, c := range []struct {
		name, host, line string
		told             []string
		nobody           bool
		want             string
	}{
		{"all parts", "", askStaff, all, false, "predict prod/fraud prod/fraud prod fraud"},
		{"another verb", "", "GET /kfserving/prod/fraud", all, false, "ready prod/fraud prod/fraud prod fraud"},
		{"nobody", "", "POST /kfserving/prod/open:predict", all, true, "predict prod/open prod/open prod open"},
		{"two readings, one model", both, "POST /v1/models/fraud:predict", all, false, "call_untold"},
		{"two readings, one service", both, "POST /v1/models/fraud:predict", []string{"service"}, false, "call_untold"},
		{"two readings, one namespace", both, "POST /v1/models/fraud:predict", []string{"namespace", "verb"}, false, "predict - - prod -"},
		{"two readings, a list", both, "POST /v1/models/fraud:predict", []string{"models"}, false,
			"- - prod/fraud-predictor/fraud,prod/fraud - -"},
		{"none told", both, "POST /v1/models/fraud:predict", nil, false, "- - - - -"},
		{"denied", "", "POST /kfserving/prod/frozen:predict", all, false, "denied"},
		{"refused before it is told", "", "POST /kfserving/lab/x:predict", all, false, "grant_missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := load(t, callWorld(t, world, c.told...))
			cache := g.NewCache()
			for range 4 {
				h := head(c.line)
				if c.host != "" {
					h = headOn(c.host, c.line)
				}
				for _, name := range all {
					h.Pairs = append(h.Pairs, pair{"x-gate-" + name, "forged"}, pair{"X_Gate-" + name, "forged"})
				}
				if !c.nobody {
					h.Pairs = append(h.Pairs, bearer(t, s, corp(claims{"sub": "ana"})))
				}
				_, step := g.Begin(gate.Env{Now: now, Keys: g.Keys(), Cache: cache}, h)
				if got := callOf(step, nil); got != c.want && !strings.HasPrefix(got, c.want+" ") {
					t.Fatalf("got %q, want %q", got, c.want)
				}
				for _, p := range forwarded(h, step) {
					if p[1] == "forged" && len(c.told) == len(all) {
						t.Errorf("the client's %s arrives", p[0])
					}
				}
				if caller := arrival(forwarded(h, step), "x-gate-caller"); step.Act == gate.Forward && (caller == "ana") == c.nobody {
					t.Errorf("x-gate-caller = %q", caller)
				}
			}
		})
	}
}

// TestHeadersOfTheCallInABody cuts bodies in many ways: the answer and the headers are
// always the same.
func TestHeadersOfTheCallInABody(t *testing.T) {
	f := func(messages ...string) string { return frames(t, messages...) }
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		line, body string
		more       []pair
		want       string
	}{
		{v1chat, `{"model": "open"}`, withJSON(), "generate prod/open prod/open prod open"},
		{v1chat, `{"x": 1, "model": "half", "y": 2}`, withJSON(), "generate lab/half lab/half lab half"},
		{v1chat, `{"model": "secret"}`, withJSON(), "grant_missing"},
		{llm, `{"model": "a/b"}`, withJSON(), "generate prod/llm/a/b prod/llm/a/b prod llm"},
		{llm, `{"model": "a,b"}`, withJSON(), "model_invalid"}, // so a list of models is read in one way
		{llm, `{"model": "a@2"}`, withJSON(), "generate prod/llm/a@@2 prod/llm/a@@2 prod llm"},
		{llm, `{"model": "/a:b"}`, withJSON(), "generate prod/llm//a:b prod/llm//a:b prod llm"},
		{llm, `{"model": "ä"}`, withJSON(), "model_invalid"},
		{infer, f("1:a"), withGRPC(), "predict prod/gpu/a prod/gpu/a prod gpu"},
		{infer, f("1:a 5:tensor 2:2"), withGRPC(), "predict prod/gpu/a@2 prod/gpu/a@2 prod gpu"},
		{stream, f("1:a", "1:a"), withGRPC(), "predict prod/gpu/a prod/gpu/a prod gpu"},
		{stream, f("1:a 2:2", "2:2 5:x 1:a"), withGRPC(), "predict prod/gpu/a@2 prod/gpu/a@2 prod gpu"},
		{stream, f("1:a", "1:b"), withGRPC(), "identity_conflict"},
		{stream, f("1:a 2:2", "1:a 2:3"), withGRPC(), "identity_conflict"},
		{stream, f("1:a 2:2", "1:a"), withGRPC(), "identity_conflict"},
		{stream, f("1:a", "1:a", "5:x 1:no"), withGRPC(), "denied"},
		{stream, f(), withGRPC(), "predict prod/gpu prod/gpu prod gpu"},
	} {
		t.Run(fmt.Sprintf("%s/%.60q", c.line, c.body), func(t *testing.T) {
			g, s := load(t, callWorld(t, bodyWorld(t, true), "verb", "model", "models", "namespace", "service"))
			token := bearer(t, s, corp(claims{"sub": "ana"}))
			for _, cuts := range randomCuts(random, c.body) {
				p := pump(t, g, head(c.line, append([]pair{token}, c.more...)...), c.body, cuts, always)
				if got := callOf(p.step, p.edits); got != c.want {
					t.Errorf("cut at %v = %q, want %q", cuts, got, c.want)
				}
				if p.step.Act == gate.Forward && len(p.edits) != 1 {
					t.Errorf("cut at %v: %d edits", cuts, len(p.edits))
				}
			}
		})
	}
}

// TestHeadersOfTheCallNeedTheBody: where the headers go before the body, they cannot say
// what is in it.
func TestHeadersOfTheCallNeedTheBody(t *testing.T) {
	for name, want := range map[string]reason.Reason{"verb": reason.CallUntold, "model": reason.CallUntold, "models": reason.CallUntold,
		"namespace": reason.CallUntold, "service": reason.CallUntold, "subject": reason.Allowed} {
		g, s := load(t, callWorld(t, bodyWorld(t, false), name))
		for line, body := range map[string]string{llm: `{"model": "a"}`, infer: frames(t, "1:a")} {
			h := head(line, bearer(t, s, corp(nil)), jsonType)
			if line == infer {
				h = head(line, bearer(t, s, corp(nil)), grpcType)
			}
			if p := pump(t, g, h, body, nil, always); p.step.Reason != want || p.head != (want == reason.Allowed) {
				t.Errorf("{%s} of %s = %s, head forwarded: %v; want %s", name, line, p.step.Reason, p.head, want)
			}
		}
	}
}
