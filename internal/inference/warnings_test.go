package inference_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Rows of "routes".
const (
	kserveHosts   = `{"protocol": "kserve-v1", "names": "kserve"}`
	grpcWithNames = `{"protocol": "grpc", "service": "s.S", "model": "a/b", "names": "kserve"}`
	grpcAnyHost   = `{"protocol": "grpc", "service": "s.S", "model": "a/b"}`
)

// kserveRow is a row of "routes" with a prefix and with names, which are JSON.
func kserveRow(prefix, names string) string {
	return fmt.Sprintf(`{"prefix": "/%s", "protocol": "kserve-v1", "names": %s}`, prefix, names)
}

func kserveRowServiceHosts(prefix, names string) string {
	return fmt.Sprintf(`{"prefix": "/%s", "protocol": "kserve-v1", "names": %s, "serviceHosts": true}`, prefix, names)
}

func overlapWarning(i, j int) string {
	return fmt.Sprintf("routes %d and %d read the same hosts; the first decides about credentials and shadow, "+
		"and a caller needs a grant on every service that one of them reads", i, j)
}

func twoLabelsWarning(i int) string {
	return fmt.Sprintf(`route %d has public paths and "serviceHosts": a public host of two labels, such as example.com, `+
		"is read as service example in namespace com, and requests for other services on it are refused as identity_conflict", i)
}

func TestOverlapWarnings(t *testing.T) {
	const (
		kserve    = `"kserve"`
		kfserving = `"kfserving"`
		cluster   = `{"predictor": "{service}.{namespace}.svc.cluster.local"}`
		example   = `{"predictor": "{service}.{namespace}.example.com"}`
		x         = `{"predictor": "{service}.{namespace}.x"}`
		y         = `{"predictor": "{service}.{namespace}.y"}`
		yAndX     = `{"predictor": "{service}.{namespace}.y", "explainer": "{service}-why.{namespace}.x"}`
		grpcOther = `{"protocol": "grpc", "service": "s.T", "model": "a/b", "names": "kserve"}`
	)
	overlap := overlapWarning(0, 1)
	for _, c := range []struct{ name, a, b, want string }{
		{"the same names", kserveRow("a", kserve), kserveRow("b", kserve), overlap},
		{"two presets", kserveRow("a", kserve), kserveRow("b", kfserving), ""},
		{"a service host of the second", kserveRow("a", kserve), kserveRowServiceHosts("b", kfserving), overlap + "\n" + twoLabelsWarning(1)},
		{"a service host of the first", kserveRowServiceHosts("a", kserve), kserveRow("b", kfserving), overlap + "\n" + twoLabelsWarning(0)},
		{"another domain", kserveRowServiceHosts("a", kserve), kserveRow("b", example), twoLabelsWarning(0)},
		{"the cluster's domain first", kserveRow("a", cluster), kserveRow("b", kserve), overlap},
		{"the cluster's domain second", kserveRow("a", kserve), kserveRow("b", cluster), overlap},
		{"one component's template", kserveRow("a", x), kserveRow("b", yAndX), overlap},
		{"two templates", kserveRow("a", x), kserveRow("b", y), ""},
		{"gRPC second", kserveRow("a", kserve), grpcWithNames, ""},
		{"gRPC first", grpcWithNames, kserveRow("a", kserve), ""},
		{"two of gRPC", grpcWithNames, grpcOther, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(messages(compile(t, "["+c.a+","+c.b+"]").Warnings()), "\n")
			if got != c.want {
				t.Errorf("Warnings(%s, %s) = %q, want %q", c.a, c.b, got, c.want)
			}
		})
	}
	t.Run("three with the same names", func(t *testing.T) {
		rows := []string{kserveRow("a", kserve), kserveRow("b", kserve), kserveRow("c", kserve)}
		got := messages(compile(t, "["+strings.Join(rows, ",")+"]").Warnings())
		if len(got) != 3 || !slices.Contains(got, overlapWarning(1, 2)) {
			t.Errorf("Warnings = %q, want 3, one of them %q", got, overlapWarning(1, 2))
		}
	})
}

func TestServesIsMissingWarning(t *testing.T) {
	const service = `{"namespace": "a", "service": "b"}`
	public := kserveRow("p", `"kfserving"`)
	for _, c := range []struct {
		name, routes, serves string
		warns                bool
	}{
		{"services' hosts", kserveHosts, "", true},
		{"services' hosts and then gRPC", kserveHosts + "," + grpcWithNames, "", true},
		{"services' hosts after gRPC", grpcWithNames + "," + kserveHosts, "", true},
		{"services' hosts by a template", `{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.x"}}`, "", true},
		{"in front of one service", kserveHosts, service, false},
		{"after a public path", public + "," + kserveHosts, "", false},
		{"before a public path", kserveHosts + "," + public, "", false},
		{"gRPC only", grpcWithNames, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			routes, problems := compileServing(t, "["+c.routes+"]", c.serves)
			got := strings.Join(messages(routes.Warnings()), "\n")
			if problems != "" || strings.Contains(got, `"serves" is missing`) != c.warns {
				t.Errorf("Warnings = %q, %s, want one of a missing serves: %v", got, problems, c.warns)
			}
		})
	}
}

func TestAnyHostWarning(t *testing.T) {
	warning := func(i int) []string {
		return []string{fmt.Sprintf(`route %d takes any host and forwards to it: add "hosts" or "names" to say where the model is`, i)}
	}
	for _, c := range []struct {
		name, routes, serves string
		want                 []string
	}{
		{"gRPC", "[" + grpcAnyHost + "]", "", warning(0)},
		{"gRPC in front of one service", "[" + grpcAnyHost + "]", `{"namespace": "a", "service": "b"}`, nil},
		{"gRPC among others", everyRoute, "", warning(3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			routes, _ := compileServing(t, c.routes, c.serves)
			if got := messages(routes.Warnings()); !slices.Equal(got, c.want) {
				t.Errorf("Warnings = %q, want %q", got, c.want)
			}
		})
	}
}
