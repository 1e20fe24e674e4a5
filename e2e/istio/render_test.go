package istio

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"istio.io/istio/pkg/config/schema/gvk"

	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestRendered has `modelgate render` write the example with published keys, at https, in each
// form. A cluster takes all resources, and Istio's proxies have the clusters that the written
// configuration names, with TLS that verifies the server's name.
func TestRendered(t *testing.T) {
	s := load(t, "remote-keys")
	doc := strings.ReplaceAll(s.Config, `"http://`, `"https://`)
	doc = edit.Set(t, doc, "/issuers/0/jwks/remote/uri", `"https://keys.example.com:8443/jwks.json"`)
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	schemas := schemas(t)
	for _, form := range []string{"wasmplugin", "envoyfilter", "envoyfilter --native"} {
		t.Run(form, func(t *testing.T) {
			cmd := exec.Command("go", append([]string{"run", "./cmd/modelgate", "render", "--config", file}, strings.Fields(form)...)...)
			cmd.Dir, cmd.Stderr = root, os.Stderr
			text, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if err := schemas.ValidateCustomResourceYAML(string(text), nil); err != nil {
				t.Error(err)
			}
			all := parse(t, string(text))
			for _, c := range all {
				warning, err := validate(c)
				if c.GroupVersionKind == gvk.EnvoyFilter && warning != nil && strings.HasPrefix(warning.Error(), everyEnvoyFilter) {
					warning = nil
				}
				if warning != nil || err != nil {
					t.Errorf("%s %s: warning %v, error %v", c.GroupVersionKind.Kind, c.Name, warning, err)
				}
			}
			checkClusters(t, newPlane(t, nil, all...), string(text))
			if len(all) != 7 { // an entry and a rule for each of three servers, and the gate
				t.Errorf("%d resources, want 7", len(all))
			}
		})
	}
}

// checkClusters checks that the selected proxies have the clusters with TLS, and that others
// begin no TLS for those that may speak it themselves.
func checkClusters(t *testing.T, p *plane, text string) {
	t.Helper()
	clusters := map[string]*cluster.Cluster{}
	for _, c := range p.fake.Clusters(p.gateway("10.1.1.1", "istio-system", "ingressgateway")) {
		clusters[c.Name] = c
	}
	for name, host := range map[string]string{
		"outbound|8443||keys.example.com": "keys.example.com", "outbound|443||login.partner.example": "login.partner.example",
		"outbound|443||keys.partner.example": "keys.partner.example",
	} {
		if !strings.Contains(text, name) {
			t.Errorf("the configuration does not name the cluster %s", name)
		}
		socket := protojson.Format(clusters[name].GetTransportSocket())
		for _, part := range []string{`"sni":"` + host + `"`, `"exact":"` + host + `"`} {
			if !strings.Contains(strings.ReplaceAll(socket, " ", ""), part) {
				t.Errorf("the cluster %s has the transport %s, want %s", name, socket, part)
			}
		}
	}
	for _, c := range p.fake.Clusters(p.gateway("10.1.1.2", "istio-system", "another")) {
		if strings.HasPrefix(c.Name, "outbound|443||") && c.TransportSocket != nil {
			t.Errorf("a proxy that is not selected begins TLS for %s", c.Name)
		}
	}
	for _, c := range p.fake.Clusters(p.gateway("10.1.1.3", "other", "ingressgateway")) {
		if strings.HasPrefix(c.Name, "outbound|443||") {
			t.Errorf("a proxy of another namespace has the cluster %s", c.Name)
		}
	}
}
