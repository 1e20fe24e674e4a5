package istio

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/importer"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// imported are policies, and what their import has made of them.
type imported struct {
	mark     string // the name of a policy that the test has added
	port     string // of the workload
	text     string // with the keys of the test's tokens
	result   *importer.Result
	scenario *corpus.Scenario
	gate     *gate.Gate
	env      gate.Env
}

// compile compiles a configuration that was imported.
func (p *imported) compile(t *testing.T, config string) {
	t.Helper()
	var err error
	if p.gate, err = gate.New(config, p.scenario.Secret); err != nil {
		t.Fatal(err)
	}
	p.env = gate.Env{Now: time.Now(), Keys: p.gate.Keys()}
}

// placeholder is a key in the place of those of the test's tokens, which are made for the
// configuration.
const placeholder = `{"keys":[{"kty":"EC","use":"sig","alg":"ES256","kid":"k1","crv":"P-256",` +
	`"x":"NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58","y":"SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}]}`

// newImported imports a file of Istio's module.
func newImported(t *testing.T, file, mark, port string) *imported {
	t.Helper()
	p := &imported{mark: mark, port: port}
	template := policiesOf(t, file, port) + fmt.Sprintf("---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"+
		"metadata: { name: %s, namespace: prod }\nspec: { action: DENY, rules: [{ to: [{ operation: { paths: [/%s] } }] }] }\n", mark, mark)
	var err error
	p.result, err = importer.Import("istio", []importer.File{{Name: file, Text: strings.ReplaceAll(template, "KEYS", placeholder)}},
		importer.Options{Service: "prod/fraud", AnyAudience: true, Port: port})
	if err != nil {
		t.Fatal(err)
	}
	p.scenario, err = corpus.New(file, p.result.Config, `[{"name": "none", "request": "GET /", "want": "none"}]`)
	if err != nil {
		t.Fatal(err)
	}
	p.compile(t, p.scenario.Config)
	keys := publicKeys(t, p.scenario.Config)
	p.text = keysOf.ReplaceAllStringFunc(template, func(rule string) string {
		issuer := keysOf.FindStringSubmatch(rule)[1]
		return strings.Replace(rule, "KEYS", cmp.Or(keys[issuer], placeholder), 1)
	})
	return p
}

// keysOf is an issuer and the place of its keys.
var keysOf = regexp.MustCompile(`issuer: "([^"]+)"\n +jwks: 'KEYS'`)

// managers returns the connection managers of a proxy, as a document that has nothing else.
func managers(t *testing.T, x *proxy) string {
	t.Helper()
	dump, err := x.Admin("/config_dump")
	if err != nil {
		t.Fatal(err)
	}
	var root any
	if err := json.Unmarshal([]byte(dump), &root); err != nil {
		t.Fatal(err)
	}
	var found []any
	var find func(any)
	find = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if v["http_filters"] != nil {
				found = append(found, v)
			}
			for _, below := range v {
				find(below)
			}
		case []any:
			for _, below := range v {
				find(below)
			}
		}
	}
	find(root)
	text, err := json.Marshal(map[string]any{"listeners": found})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fromEnvoy imports the filters that Istio has made of the policies.
func (p *imported) fromEnvoy(t *testing.T, filters string) *imported {
	t.Helper()
	result, err := importer.Import("envoy", []importer.File{{Name: "config_dump", Text: filters}},
		importer.Options{Service: "prod/fraud", AnyAudience: true, Port: p.port})
	if err != nil {
		t.Fatal(err)
	}
	q := &imported{mark: p.mark, port: p.port, text: filters, result: result, scenario: p.scenario}
	q.compile(t, result.Config)
	return q
}

// policiesOf returns the policies of a file as Istio's tests apply them, in the namespace prod.
// KEYS stands for the keys that a server of theirs publishes.
func policiesOf(t *testing.T, file, port string) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "tests/integration/security/testdata", file+".yaml.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), `jwksUri: "{{ .JWTServer.JwksURI }}"`, `jwks: 'KEYS'`)
	parsed, err := template.New(file).Funcs(template.FuncMap{"toJson": func(v any) string {
		text, _ := json.Marshal(v) // only texts
		return string(text)
	}}).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := parsed.Execute(&b, map[string]any{
		"To": service{"fraud", "prod", port}, "Allowed": service{"friend", "friends", ""}, "Denied": service{"stranger", "strangers", ""},
		"Namespace": map[string]any{"Prefix": "prod"},
	}); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for doc := range strings.SplitSeq(b.String(), "\n---") {
		if !strings.Contains(doc, "security.istio.io/") || strings.Contains(doc, "kind: PeerAuthentication") {
			continue
		}
		if !strings.Contains(doc, "\n  namespace:") {
			doc = strings.Replace(doc, "metadata:", "metadata:\n  namespace: prod", 1)
		}
		kept = append(kept, doc)
	}
	return strings.Join(kept, "\n---\n") + "\n"
}

// service is an instance of Istio's tests, as far as their templates ask.
type service struct{ ServiceName, NamespaceName, port string }

func (s service) SpiffeIdentity() string {
	return "cluster.local/ns/" + s.NamespaceName + "/sa/" + s.ServiceName
}
func (s service) NamespacedName() string { return s.NamespaceName + "/" + s.ServiceName }
func (s service) ClusterLocalFQDN() string {
	return s.ServiceName + "." + s.NamespaceName + ".svc.cluster.local"
}

// PortForName returns a port. Only the one for HTTP is open.
func (s service) PortForName(name string) map[string]string {
	port := map[string]string{"http": s.port, "http2": "8085", "grpc": "7070", "tcp": "9090"}[name]
	return map[string]string{"WorkloadPort": port, "ServicePort": port}
}

func (s service) MustWorkloads() map[string][]string {
	return map[string][]string{"Addresses": {"127.0.0.1"}}
}

func (s service) Config() map[string]any {
	return map[string]any{"Namespace": map[string]string{"Prefix": s.NamespaceName}}
}

// publicKeys returns the key set of each issuer of a configuration, on one line.
func publicKeys(t *testing.T, doc string) map[string]string {
	t.Helper()
	var parsed struct {
		Issuers []struct {
			Issuer string
			JWKS   struct{ Inline any }
		}
	}
	if err := json.Unmarshal([]byte(doc), &parsed); err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, is := range parsed.Issuers {
		text, err := json.Marshal(is.JWKS.Inline)
		if err != nil {
			t.Fatal(err)
		}
		keys[is.Issuer] = string(text)
	}
	return keys
}
