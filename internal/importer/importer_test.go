package importer

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
)

var update = flag.Bool("update", false, "write the golden files")

// options reads the options of a file in testdata: JSON behind "# options:" in its first line.
func options(t *testing.T, text string) (o Options) {
	t.Helper()
	line, _, _ := strings.Cut(text, "\n")
	line, ok := strings.CutPrefix(line, "# options:")
	if !ok {
		return o
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestAccepted imports each file of testdata, with its kind and without, and compares the
// notes and the configuration with the file's golden one.
func TestAccepted(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(file, "testdata/"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			kind, o := filepath.Base(filepath.Dir(file)), options(t, string(text))
			given := []File{{filepath.Base(file), string(text)}}
			result, err := Import(kind, given, o)
			if err != nil {
				t.Fatal(err)
			}
			if found, err := Import("", given, o); err != nil || found.Config != result.Config {
				t.Errorf("without the kind: %v, or another configuration", err)
			}
			var got bytes.Buffer
			for _, n := range result.Notes {
				got.WriteString(n.String() + "\n")
			}
			got.WriteString(result.Config)
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || string(want) != got.String() {
				t.Errorf("%s differs (%v); got\n%s", golden, err, got.String())
			}
			checkNoWarning(t, result)
		})
	}
}

// checkNoWarning checks that a configuration has no warning that is of its rules: of grants on
// services without a route, or of groups that nobody tells.
func checkNoWarning(t *testing.T, result *Result) {
	t.Helper()
	warnings, err := gate.Review(result.Config, func(string) (string, bool) { return "", false }, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range warnings {
		if strings.Contains(w.Message, "no route leads") {
			t.Error(w)
		}
	}
}

// TestRefused: what has no configuration has an error that says why.
func TestRefused(t *testing.T) {
	const list = "model_list: [{model_name: a}]\n"
	const policy = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: prod}\n"
	const manager = "http_filters:\n- typed_config:\n    '@type': type.googleapis.com/"
	for _, c := range []struct {
		name, kind, text string
		o                Options
		want             string
	}{
		{"nothing", "", "", Options{}, "must have something of kserve, ai-gateway, litellm, iam, istio or envoy; got nothing of these"},
		{"no document", "", "- a\n", Options{}, `f:1:1: "": must be an object; got a list`},
		{"no YAML", "", "a: [", Options{}, `f:2:1: "": must be YAML`},
		{"something else", "", "a: 1\n", Options{}, `f:1:1: "": must be of kserve, ai-gateway, litellm, iam, istio or envoy; got none of these`},
		{"another kind", "iam", list, Options{}, `must be of iam; got none of these`},
		{"only other resources", "", "kind: Service\nmetadata: {name: a}\n", Options{}, "must have something of kserve"},
		{"a deny policy of IAM", "", "displayName: d\nrules: [{denyRule: {}}]\n", Options{}, "must not be a deny policy of IAM"},
		{"istio beside others", "", policy + "spec: {}\n---\n" + list, Options{}, "must have policies of istio alone"},
		{"two workloads", "", policy + "spec: {selector: {matchLabels: {app: a}}}\n---\n" + policy +
			"spec: {selector: {matchLabels: {app: b}}}\n",
			Options{}, "must be a policy of prod/a as the others, or --service must say which of prod/a, prod/b is meant"},
		{"no name of a workload", "", policy + "spec: {selector: {matchLabels: {app: A_B}}}\n",
			Options{}, "must have a workload with DNS-1123 labels"},
		{"an unknown action", "", policy + "spec: {action: PERHAPS}\n",
			Options{}, `f:4:8: "/spec/action": must be ALLOW, DENY, CUSTOM or AUDIT; got "PERHAPS"`},
		{"no filter", "envoy", "static_resources: {listeners: []}\n",
			Options{}, "must have one connection manager with jwt_authn or RBAC; got 0"},

		{"two managers", "", "filter_chains:\n- stat_prefix: a\n  " + strings.ReplaceAll(manager, "\n", "\n  ") + typeRBAC + "\n      rules: {}\n" +
			"- stat_prefix: b\n  " + strings.ReplaceAll(manager, "\n", "\n  ") + typeRBAC + "\n      rules: {action: DENY}\n", Options{},
			`got 2 of them: ["a" "b"]`},
		{"a matcher", "", manager + typeRBAC + "\n    matcher: {}\n",
			Options{}, "/matcher\": must not be there: the rules of a matcher are not read"},
		{"an unknown action of Envoy", "", manager + typeRBAC + "\n    rules: {action: SOME}\n", Options{}, "must be ALLOW, DENY or LOG"},
		{"an external authorizer", "", manager + typeExtAuthz + "\n", Options{}, "the gate does not ask an external authorizer"},
		{"rules of a route", "", manager + typeRBAC + "\n    rules: {}\nroute_config: {a: {'@type': a/" + typeRBACRoute + "}}\n", Options{},
			`"/route_config/a": must not be there: rules of single routes are not read`},
		{"rules by filter state", "", manager + typeJWT + "\n    filter_state_rules: {name: a}\n",
			Options{}, "rules by filter state are not read"},
		{"an unknown requirement", "", manager + typeJWT + "\n    rules: [{requirement_name: x}]\n",
			Options{}, `must be a name of requirement_map; got "x"`},
		{"iam without models", "", "bindings: []\n", Options{Audiences: []string{"a"}}, "must be on models"},
		{"iam without an audience", "", "bindings: []\n", Options{Models: []string{"*/*"}}, "must have an audience for Google's tokens"},
		{"iam with a bad pattern", "", "bindings: [{role: roles/run.invoker, members: ['user:ana@example.com']}]\n",
			Options{Models: []string{"fraud"}, Audiences: []string{"a"}}, "the configuration of this would not compile"},

		{"an unknown framework", "", "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a}\nspec: {predictor: {}}\n",
			Options{}, "must have an InferenceService whose protocol is known"},
		{"a server without labels", "", list,
			Options{Service: "a/B"}, `must have a server with DNS-1123 labels: name it with --service NAMESPACE/NAME; got "a/B"`},
		{"members without an issuer", "", list, Options{Members: []string{"group:a"}}, "must have --issuer beside --member"},
		{"an issuer without an audience", "", list, Options{Issuer: "https://issuer.example.com"}, "must have --audience beside --issuer"},
		{"an issuer that is no URL", "", list, Options{Issuer: "issuer", Audiences: []string{"a"}}, "must have an https URL as --issuer"},
		{"a backend alone", "", "apiVersion: aigateway.envoyproxy.io/v1alpha1\nkind: AIServiceBackend\nmetadata: {name: a}\n", Options{},
			"must be an AIGatewayRoute, which has models; got AIServiceBackend"},
	} {
		t.Run(c.name, func(t *testing.T) {
			result, err := Import(c.kind, []File{{"f", c.text}}, c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v; want an error with %q", result, err, c.want)
			}
		})
	}
}
