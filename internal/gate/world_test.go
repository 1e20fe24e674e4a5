package gate_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// world is a configuration with two issuers, a route of each kind, and every
// kind of identity header.
const world = `{
	"version": 1,
	"issuers": [
		{
			"name": "iap",
			"preset": "google-iap",
			"audiences": ["/projects/1/apps/a"],
			"jwks": {"inline": {"keys": [{
				"kty": "EC", "use": "sig", "alg": "ES256", "kid": "k", "crv": "P-256",
				"x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58",
				"y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"
			}]}}
		},
		{
			"name": "corp",
			"issuer": "https://corp.example",
			"audiences": ["models"],
			"algorithms": ["HS256"],
			"groups": "/groups",
			"symmetric": {"env": "CORP", "kid": "corp"}
		}
	],
	"routes": [
		{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kfserving"},
		{"prefix": "/forward", "protocol": "kserve-v1", "names": "kserve", "credentials": "forward"},
		{"protocol": "grpc", "service": "echo.Echo", "model": "prod/echo", "hosts": ["models.example.com"]}
	],
	"grants": [
		{
			"name": "staff",
			"issuers": ["iap", "corp"],
			"members": ["allAuthenticatedUsers"],
			"role": "invoker",
			"models": ["prod/*"]
		},
		{"name": "showcase", "members": ["allUsers"], "role": "invoker", "models": ["public/*"]}
	],
	"denies": [{"name": "frozen", "models": ["*/frozen"]}],
	"identity": [
		{"header": "kubeflow-userid", "value": "accounts.google.com:{email}"},
		{"header": "x-gate-caller", "value": "{issuer}/{subject}"},
		{"header": "x-tenant-id", "value": "{claim:/tenant/id}"},
		{"header": "x-hosted-domain", "value": "{domain}"}
	],
	"audit": "all"
}`

// now is when every request of these tests is made.
var now = time.Unix(1_700_000_000, 0)

const (
	askPublic = "POST /kfserving/public/iris:predict" // allUsers may
	askStaff  = "POST /kfserving/prod/fraud:predict"  // everybody with a token may
)

// load compiles a configuration with fresh keys that the test can sign with.
func load(t testing.TB, config string) (*gate.Gate, *corpus.Scenario) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"config.json": config, "cases.json": "[]"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := corpus.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.New(s.Config, s.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return g, s
}

func mint(t testing.TB, s *corpus.Scenario, token corpus.Token) string {
	t.Helper()
	text, err := s.Mint(token, now)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

type claims = map[string]any

// corp is a token of the issuer corp with more claims.
func corp(more claims) corpus.Token { return corpus.Token{Issuer: "corp", Claims: more} }

// iap is a token of the issuer iap with more claims.
func iap(more claims) corpus.Token { return corpus.Token{Issuer: "iap", Claims: more} }

// forged is a token of corp whose payload was changed after it was signed.
var forged = corpus.Token{Issuer: "corp", Fault: "tampered"}

type pair = [2]string

func bearer(t testing.TB, s *corpus.Scenario, token corpus.Token) pair {
	t.Helper()
	return pair{"authorization", "Bearer " + mint(t, s, token)}
}

// head is a request's head: "METHOD path" to a public host, and more headers.
func head(line string, more ...pair) *gate.Head {
	method, path, _ := strings.Cut(line, " ")
	pairs := []pair{{":method", method}, {":path", path}, {":scheme", "https"}, {":authority", "models.example.com"}}
	return &gate.Head{Pairs: append(pairs, more...)}
}

// headOn is head to another host.
func headOn(host, line string, more ...pair) *gate.Head {
	h := head(line, more...)
	h.Pairs[3][1] = host
	return h
}

func begin(g *gate.Gate, h *gate.Head) (*gate.Exchange, gate.Step) {
	return g.Begin(gate.Env{Now: now, Keys: g.Keys()}, h)
}

// outcome is "allowed", "shadow REASON", or the reason of the refusal.
func outcome(step gate.Step) string {
	if step.Act == gate.Forward && step.Reason.Refuses() {
		return "shadow " + step.Reason.String()
	}
	return step.Reason.String()
}

// sent is what the upstream gets of an allowed request; nil for any other.
func sent(h *gate.Head, step gate.Step) []pair {
	if step.Reason != reason.Allowed {
		return nil
	}
	return forwarded(h, step)
}

// forwarded is what the upstream gets of a request that is forwarded for any reason.
func forwarded(h *gate.Head, step gate.Step) []pair {
	if step.Act != gate.Forward {
		return nil
	}
	return corpus.Apply(slices.Clone(h.Pairs), step.Edit)
}

// arrivals are the values of all headers that fold to a name.
func arrivals(pairs []pair, name string) (values []string) {
	for _, p := range pairs {
		if strings.ReplaceAll(strings.ToLower(p[0]), "_", "-") == name {
			values = append(values, p[1])
		}
	}
	return values
}

// arrival is arrivals in one text.
func arrival(pairs []pair, name string) string { return strings.Join(arrivals(pairs, name), ",") }

// spellings are all the ways to write a header's name that a server could take
// for it. A host hands names over in lower case; no test relies on that.
func spellings(name string) []string {
	underscored := strings.ReplaceAll(name, "-", "_")
	list := []string{name, underscored, strings.ToUpper(name), strings.ToUpper(underscored), strings.ToUpper(name[:1]) + name[1:]}
	for i := range name {
		if name[i] == '-' {
			list = append(list, name[:i]+"_"+name[i+1:])
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
