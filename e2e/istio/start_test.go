package istio

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	extensions "istio.io/api/extensions/v1alpha1"
	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/gvk"
	"sigs.k8s.io/yaml"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const keycloakHost = "keycloak.example.com"

// startPage is what docs/start-istio-keycloak-vllm.md has a newcomer write.
type startPage struct{ config, cases, models string }

func readStartPage(t *testing.T) (p startPage) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "start-istio-keycloak-vllm.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
		switch {
		case strings.HasPrefix(block[1], "version: 1\n"):
			p.config = block[1]
		case strings.HasPrefix(block[1], "- name: "):
			p.cases = block[1]
		case strings.Contains(block[1], "kind: VirtualService"):
			p.models = block[1]
		}
	}
	if p.config == "" || p.cases == "" || p.models == "" {
		t.Fatalf("the page has not all: %+v", p)
	}
	return p
}

// TestStart does what docs/start-istio-keycloak-vllm.md says: the configuration is rendered, Istio takes
// it and the page's own resources, the proxy fetches keys by TLS through the cluster that Istio made,
// and each of the page's cases ends as it says, before a server in vLLM's place.
func TestStart(t *testing.T) {
	page := readStartPage(t)
	toJSON := func(text string) string {
		out, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	s, err := corpus.New("start", toJSON(page.config), toJSON(page.cases))
	if err != nil {
		t.Fatal(err)
	}
	keys, ca := serveKeycloak(t, s)
	servers := recording(t, "llm")
	w := ingress(t)
	resources := front(t, w)[1:] // the gateway's pods, and the page's own Gateway
	resources = append(resources, parse(t, entryOf("llm.prod.svc.cluster.local", "prod", 8000, "HTTP", portOf(servers["llm"].Addr)))...)
	for _, c := range parse(t, page.models) {
		if gateway, ok := c.Spec.(*networking.Gateway); ok {
			gateway.Servers[0].Bind = w.ip
		}
		resources = append(resources, c)
	}
	for _, c := range rendered(t, page.config) {
		switch spec := c.Spec.(type) {
		case *extensions.WasmPlugin:
			spec.Url = "file://" + shipped
		case *networking.DestinationRule:
			spec.TrafficPolicy.Tls.CaCertificates = ca
		}
		if c.GroupVersionKind == gvk.ServiceEntry { // there is no DNS here
			c = parse(t, entryOf(keycloakHost, c.Namespace, 443, "HTTPS", portOf(keys)))[0]
		}
		resources = append(resources, c)
	}
	gateway := newPlane(t, nil, resources...).start(t, w)
	first, err := s.Request(s.Cases[0], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	settled(t, gateway, first, s.Cases[0].Want, s.Cases[0].Name)
	for _, c := range s.Cases {
		r, err := s.Request(c, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(t, gateway.addr, nil, r).Line; got != c.Want {
			t.Errorf("%s: %s, want %s", c.Name, got, c.Want)
		}
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// rendered is what `modelgate render wasmplugin` writes.
func rendered(t *testing.T, configuration string) []config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "./cmd/modelgate", "render", "wasmplugin", "--config", file)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

// entryOf is a service at a port of this machine.
func entryOf(host, namespace string, port int, protocol, local string) string {
	return fmt.Sprintf(`
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: %s, namespace: %s }
spec:
  hosts: [%s]
  resolution: STATIC
  ports: [{ number: %d, name: main, protocol: %s }]
  endpoints: [{ address: 127.0.0.1, ports: { main: %s } }]
`, strings.ReplaceAll(host, ".", "-"), namespace, host, port, protocol, local)
}

// serveKeycloak publishes the keys by which the cases' tokens are signed, as Keycloak does. It
// returns the address, and the file with the authority of the server's certificate.
func serveKeycloak(t *testing.T, s *corpus.Scenario) (addr, ca string) {
	t.Helper()
	var c struct {
		Issuers []struct {
			Issuer string
			JWKS   struct{ Inline json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(s.Config), &c); err != nil {
		t.Fatal(err)
	}
	issuer := c.Issuers[0]
	authority, err := certs.NewAuthority("keycloak")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.New(certs.Leaf{DNS: []string{keycloakHost}})
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
			json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.Issuer, "jwks_uri": issuer.Issuer + "/protocol/openid-connect/certs"})
			return
		}
		w.Write(issuer.JWKS.Inline)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), ca
}
