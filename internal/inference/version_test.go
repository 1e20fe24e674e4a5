package inference_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// versionedServers are routes to one model server each.
var versionedServers = map[string]string{
	"unknown":    `[{"protocol": "kserve-v2", "service": "prod/s"}]`,
	"kserve":     `[{"protocol": "kserve-v2", "service": "prod/s", "backend": "kserve"}]`,
	"backend":    `[{"protocol": "kserve-v2", "service": "prod/s", "backend": "triton"}]`,
	"triton":     `[{"protocol": "triton", "service": "prod/s"}]`,
	"tfserving":  `[{"protocol": "tfserving", "service": "prod/s"}]`,
	"torchserve": `[{"protocol": "torchserve", "service": "prod/s"}]`,
}

// requestsWithVersion are the places for a version.
var requestsWithVersion = []struct{ server, name, request string }{
	{"unknown", "path", "POST /v2/models/m/versions/VERSION/infer"}, {"unknown", "message", infer},
	{"kserve", "path", "POST /v2/models/m/versions/VERSION/infer"}, {"kserve", "message", infer},
	{"backend", "path", "POST /v2/models/m/versions/VERSION/infer"}, {"backend", "message", infer},
	{"triton", "path", "GET /v2/models/m/versions/VERSION/config"}, {"triton", "message", infer},
	{"tfserving", "path", "POST /v1/models/m/versions/VERSION:predict"},
	{"tfserving", "label", "POST /v1/models/m/labels/VERSION:predict"},
	{"torchserve", "path", "POST /predictions/m/VERSION"},
	{"torchserve", "message", "gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions"},
}

// versionOf returns the version of a request, or why it is refused.
func versionOf(t testing.TB, routes *inference.Routes, line, version string) string {
	t.Helper()
	m, why := routes.Match(request(strings.ReplaceAll(line, "VERSION", version), public))
	if why == reason.Allowed && m.Body != nil {
		m, why = m.Complete([]scan.Value{{ID: 0, Present: true, Text: "m"}, {ID: 2, Present: version != "", Text: version}})
	}
	if why != reason.Allowed {
		return why.String()
	}
	return m.Call.Models[0].Version
}

// TestVersions: a version is the server's own spelling of it, or is refused.
func TestVersions(t *testing.T) {
	const number, label, exact = "triton backend tfserving/path", "tfserving/label", "kserve torchserve"
	for _, c := range []struct{ version, accepted string }{
		{"1", number + " unknown " + exact},
		{"0", number + " unknown " + exact},
		{"10", number + " unknown " + exact},
		{"9223372036854775807", number + " unknown " + exact},
		{"9223372036854775808", exact},
		{"01", exact},
		{"00", exact},
		{"1x", exact + " " + label},
		{"1.5", exact + " " + label},
		{"1.0", exact + " " + label},
		{"1_000", exact + " " + label},
		{"2e5", exact + " " + label},
		{"2-canary", exact + " " + label},
		{"-1", exact + " " + label},
		{"-", exact + " " + label},
		{"v1", "unknown " + exact + " " + label},
		{"_1", "unknown " + exact + " " + label},
		{"stable", "unknown " + exact + " " + label},
		{"v1.5", "unknown " + exact + " " + label},
		{"0x1", exact + " " + label},
		{".1", ""},
		{"+1", ""},
		{" 1", ""},
		{"1 ", ""},
		{"\t1", ""},
		{"1\n2", ""},
		{"1;2", ""},
		{"1/2", ""},
		{"\u0661", ""}, // a digit to some readers
	} {
		for _, r := range requestsWithVersion {
			if r.name != "message" && strings.ContainsAny(c.version, " \t\n") {
				continue // no path has white space
			}
			t.Run(strconv.Quote(c.version)+" in the "+r.name+" of "+r.server, func(t *testing.T) {
				list := strings.Fields(c.accepted)
				want := slices.Contains(list, r.server) || slices.Contains(list, r.server+"/"+r.name)
				got := versionOf(t, compile(t, versionedServers[r.server]), r.request, c.version)
				if (got == c.version) != want || !want && !slices.Contains([]string{"model_invalid", "path_invalid", "path_unknown"}, got) {
					t.Errorf("version = %s, want it accepted: %v", got, want)
				}
			})
		}
	}
}

// stol is C's, by which Triton reads the version of a message: it skips white space,
// takes a sign, and ignores what follows the digits.
func stol(s string) (n int64, ok bool) {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	end := 0
	for i, c := range s {
		if c >= '0' && c <= '9' {
			end = i + 1
		} else if i > 0 || c != '-' && c != '+' {
			break
		}
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	return n, err == nil
}

// FuzzVersions: what is accepted and what stol reads of it are the same.
func FuzzVersions(f *testing.F) {
	for _, s := range []string{"1", "01", "1x", "1.5", "+1", "-1", " 1", "v1", "", "18446744073709551617"} {
		f.Add(s)
	}
	servers := map[string]*inference.Routes{}
	for name, routes := range versionedServers {
		servers[name] = compile(f, routes)
	}
	f.Fuzz(func(t *testing.T, version string) {
		for _, name := range []string{"unknown", "backend", "triton"} {
			got := versionOf(t, servers[name], infer, version)
			if got != version {
				continue // refused
			}
			if n, ok := stol(version); ok && strconv.FormatInt(n, 10) != version {
				t.Errorf("%s: version %q is accepted, and the server reads %d", name, version, n)
			}
		}
	})
}

func TestUnversioned(t *testing.T) {
	const fields = `"service": "prod/s", "aliases": {"short": "m"}, "unversioned": {"m": "3", "a/b": "4"}`
	routes := compile(t, `[{"protocol": "triton", `+fields+`}]`)
	for _, c := range []struct{ request, version, want string }{
		{"POST /v2/models/m/infer", "", "3"},
		{"POST /v2/models/m/versions/2/infer", "", "2"},
		{"POST /v2/models/short/infer", "", "3"},
		{"GET /v2/models/m/ready", "", "3"},
		{"GET /v2/models/m/config", "", "3"},
		{"POST /v2/models/other/infer", "", ""},
		{"POST /v2/models/m/trace/setting", "", ""}, // all versions
		{infer, "", "3"},
		{infer, "2", "2"},
	} {
		t.Run(c.request+" "+c.version, func(t *testing.T) {
			if got := versionOf(t, routes, c.request, c.version); got != c.want {
				t.Errorf("version = %q, want %q", got, c.want)
			}
		})
	}
}

func TestDeclaresVersion(t *testing.T) {
	routes := compile(t, `[
		{"protocol": "triton", "service": "prod/gpu", "unversioned": {"m": "3", "gpu": "1"}, "aliases": {"short": "m"}},
		{"protocol": "tfserving", "service": "prod/tf"},
		{"protocol": "openai", "service": "prod/llm"}]`)
	for _, c := range []struct {
		pattern string
		want    bool
	}{
		{"prod/gpu/m@2", true},
		{"prod/gpu/short@2", true},
		{"prod/gpu@1", true},
		{"prod/gpu/other@2", false},
		{"prod/gpu/*@2", false},
		{"prod/tf/m@2", false},
		{"*/*/m@2", false},
		{"prod/llm/m@2", false}, // whose requests name no version
		{"prod/none/m@2", true},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			p, err := inference.ParsePattern(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := routes.DeclaresVersion(p); got != c.want {
				t.Errorf("DeclaresVersion = %v, want %v", got, c.want)
			}
		})
	}
}
