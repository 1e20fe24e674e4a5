package inference_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// TestDeclaredHostWarnings has hosts that a route declares, and that are another
// service's by the names of a route.
func TestDeclaredHostWarnings(t *testing.T) {
	const (
		template = `{"protocol": "kserve-v1", "prefix": "/p", "names": {"predictor": "{service}.{namespace}.example.com"}}`
		want     = `route 1 is service prod/x on the host %q, which the names of the routes give to service prod/fraud: ` +
			`every request on it is refused as identity_conflict`
	)
	declared := func(hosts string) string {
		return fmt.Sprintf(`{"protocol": "kserve-v2", "service": "prod/x", "hosts": [%s]}`, hosts)
	}
	for _, c := range []struct{ name, row, want string }{
		{"another service's host", declared(`"fraud.prod.example.com"`), fmt.Sprintf(want, "fraud.prod.example.com")},
		{"one of two", declared(`"models.example.com", "fraud.prod.example.com"`), fmt.Sprintf(want, "fraud.prod.example.com")},
		{"its own host", declared(`"x.prod.example.com"`), ""},
		{"a host of no service", declared(`"models.example.com"`), ""},
		{"gRPC", `{"protocol": "grpc", "service": "s.S", "model": "prod/x", "hosts": ["fraud.prod.example.com"]}`,
			fmt.Sprintf(want, "fraud.prod.example.com")},
		{"gRPC on its own host", `{"protocol": "grpc", "service": "s.S", "model": "prod/x", "hosts": ["x.prod.example.com"]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) { checkWarnings(t, "["+template+","+c.row+"]", c.want) })
	}
}

// TestOneServerWarnings has routes that keep a request's host, and take one host for
// two services.
func TestOneServerWarnings(t *testing.T) {
	const want = `routes 0 and 1 take requests on %s for two services, prod/a and prod/b: ` +
		`if one server answers both, a deny on the one does not apply to the other`
	row := func(protocol, service, hosts string) string {
		if hosts != "" {
			hosts = fmt.Sprintf(`, "hosts": [%s]`, hosts)
		}
		return fmt.Sprintf(`{"protocol": %q, "service": %q%s}`, protocol, service, hosts)
	}
	for _, c := range []struct{ name, a, b, want string }{
		{"one host", row("kserve-v2", "prod/a", `"h.example.com"`), row("openai", "prod/b", `"i.example.com", "h.example.com"`),
			fmt.Sprintf(want, `the host "h.example.com"`)},
		{"one service", row("kserve-v2", "prod/a", `"h.example.com"`), row("openai", "prod/a", `"h.example.com"`), ""},
		{"two hosts", row("kserve-v2", "prod/a", `"h.example.com"`), row("openai", "prod/b", `"i.example.com"`), ""},
	} {
		t.Run(c.name, func(t *testing.T) { checkWarnings(t, "["+c.a+","+c.b+"]", c.want) })
	}
	t.Run("any host", func(t *testing.T) {
		got := messages(compile(t, "["+row("kserve-v2", "prod/a", "")+","+row("openai", "prod/b", "")+"]").Warnings())
		if w := fmt.Sprintf(want, "any host"); !slices.Contains(got, w) {
			t.Errorf("Warnings = %q, want %q among them", got, w)
		}
	})
	t.Run("any host of one", func(t *testing.T) {
		got := messages(compile(t, "["+row("kserve-v2", "prod/a", "")+","+row("openai", "prod/b", `"h.example.com"`)+"]").Warnings())
		if w := fmt.Sprintf(want, `the host "h.example.com"`); !slices.Contains(got, w) {
			t.Errorf("Warnings = %q, want %q among them", got, w)
		}
	})
}

func TestTwoLabelsWarning(t *testing.T) {
	for _, c := range []struct{ name, routes, want string }{
		{"public paths", "[" + kserveRowServiceHosts("p", `"kserve"`) + "]", twoLabelsWarning(0)},
		{"without serviceHosts", "[" + kserveRow("p", `"kserve"`) + "]", ""},
		{"a template, which has no short names", "[" + kserveRowServiceHosts("p", `{"predictor": "{service}.{namespace}.x"}`) + "]", ""},
	} {
		t.Run(c.name, func(t *testing.T) { checkWarnings(t, c.routes, c.want) })
	}
}

func checkWarnings(t *testing.T, routes, want string) {
	t.Helper()
	if got := strings.Join(messages(compile(t, routes).Warnings()), "\n"); got != want {
		t.Errorf("Warnings(%s) = %q, want %q", routes, got, want)
	}
}

// messages are the messages of warnings.
func messages(list strictjson.Problems) (texts []string) {
	for _, p := range list {
		texts = append(texts, p.Message)
	}
	return texts
}

func TestReaches(t *testing.T) {
	const (
		byHost   = `[{"protocol": "kserve-v1", "names": "kserve"}]`
		byPath   = `[{"protocol": "kserve-v2", "prefix": "/", "names": "kserve"}]`
		declared = `[{"protocol": "kserve-v2", "service": "prod/gpu"}, {"protocol": "grpc", "service": "s.S", "model": "prod/echo"}]`
		models   = `[{"protocol": "openai", "names": "kserve", "models": {"a": "prod/llm", "b": "prod/prev-chat"}}]`
		sidecar  = `{"namespace": "prod", "service": "fraud"}`
	)
	for _, c := range []struct {
		name, routes, serves, pattern string
		want                          bool
	}{
		{"by host", byHost, "", "prod/any", true},
		{"by path", byPath, "", "prod/any", true},
		{"declared", declared, "", "prod/gpu", true},
		{"declared, a model inside", declared, "", "prod/gpu/m@3", true},
		{"declared, gRPC", declared, "", "prod/echo", true},
		{"declared, a pattern", declared, "", "prod/g*", true},
		{"declared, every namespace", declared, "", "*/gpu", true},
		{"declared, another service", declared, "", "prod/gpu2", false},
		{"declared, another namespace", declared, "", "test/*", false},
		{"models", models, "", "prod/llm", true},
		{"models, whose host is a tag of another", models, "", "prod/chat", true},
		{"models, another", models, "", "prod/other", false},
		{"serves", byHost, sidecar, "prod/fraud", true},
		{"serves, a component", byHost, sidecar, "prod/fraud-predictor", true},
		{"serves, a pattern", byHost, sidecar, "prod/*", true},
		{"serves, another service", byHost, sidecar, "prod/churn", false},
		{"serves, another namespace", byHost, sidecar, "test/fraud", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			routes, problems := compileServing(t, c.routes, c.serves)
			p, err := inference.ParsePattern(c.pattern)
			if problems != "" || err != nil {
				t.Fatalf("Compile: %s, ParsePattern: %v", problems, err)
			}
			if got := routes.Reaches(p); got != c.want {
				t.Errorf("Reaches(%s) = %v, want %v", c.pattern, got, c.want)
			}
		})
	}
}
