package inference_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestModelWarnings(t *testing.T) {
	row := func(base, models string) string {
		return fmt.Sprintf(`{"protocol": "openai", "base": %q, "models": {%s}, "modelHeader": "x-m"}`, base, models)
	}
	const want = `routes 0 and 1 have the model "x" in two services, prod/x and lab/x: ` +
		`if it is one model, a rule on the one does not apply to the other`
	for _, c := range []struct{ name, a, b, want string }{
		{"one model in two services", row("/a", `"x": "prod/x", "y": "prod/y"`), row("/b", `"x": "lab/x", "y": "prod/y"`), want},
		{"one model in one service", row("/a", `"x": "prod/x"`), row("/b", `"x": "prod/x"`), ""},
		{"two models", row("/a", `"x": "prod/x"`), row("/b", `"y": "lab/x"`), ""},
		{"another protocol", row("/a", `"x": "prod/x"`), grpcWithNames, ""},
	} {
		t.Run(c.name, func(t *testing.T) { checkWarnings(t, "["+c.a+","+c.b+"]", c.want) })
	}
}

func TestEndedShadows(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, c := range []struct{ name, shadow, want string }{
		{"none", "", ""},
		{"it ends now", `, "shadow": {"until": "2023-11-14T22:13:20Z"}`,
			`the shadow of route 1 ended at 2023-11-14T22:13:20Z: the route refuses since then; leave "shadow" out`},
		{"it ends in a second", `, "shadow": {"until": "2023-11-14T22:13:21Z"}`, ""},
		{"in another zone", `, "shadow": {"until": "2023-11-14T23:13:20+01:00"}`,
			`the shadow of route 1 ended at 2023-11-14T22:13:20Z: the route refuses since then; leave "shadow" out`},
	} {
		t.Run(c.name, func(t *testing.T) {
			routes := compile(t, `[`+grpcWithNames+`, {"protocol": "kserve-v2", "service": "prod/gpu", "hosts": ["m"]`+c.shadow+`}]`)
			if got := strings.Join(messages(routes.EndedShadows(now)), "\n"); got != c.want {
				t.Errorf("EndedShadows = %q, want %q", got, c.want)
			}
		})
	}
}
